"""CSV read tolerantly: a valid table by the standard library, all else by ``table``.

In: a text. Out: candidates, each a table: a list of the header and the rows as lists of texts; where a type is wanted, a
list of rows by name, with cells typed as ``Csv`` writes them. Tables are looked for in code fences first, then in the whole
text; rows that are written as JSON, as tuples or as ``name: value`` are read, too.

The one idea: what the standard library reads as rows of one width is the table, unless something about it says that it
was meant otherwise (a line of prose that happens to have a comma, a space behind every delimiter, a row of dots).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from structgen.errors import ReadError
from structgen.formats.base import Candidate, Format, Found, format_named
from structgen.formats.csv.header import mapped
from structgen.formats.csv.others import cell_text, other_rows
from structgen.formats.csv.records import MAX_LINES
from structgen.formats.csv.rows import Cell
from structgen.formats.csv.table import Built, built, is_sentence
from structgen.formats.csv.typed import ABSENT, Aim, aim_of, cell_value
from structgen.formats.csv.write import write
from structgen.formats.extract import Fence, Region, fence_at, regions
from structgen.schema.kinds import Kind
from structgen.schema.scalars import folded

__all__ = ["FORMAT"]

MAX_FENCES = 50
_FENCE = re.compile(r"^[ \t\ufeff]*(?:`{3,}|~{3,})", re.MULTILINE)
_SUSPECT = re.compile(r"\.\.|\u2026|--|==|[,;\t|] \"|\ufeff|\u2500|~~~|```|\|-|[\n\r]#")
"""What a table may hold that is not meant for a cell."""
_SIGNS = frozenset("[{(|'<#")
"""What other notations begin with."""
_BRACKET_LINE = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
_ALL_QUOTED = re.compile(r'(?:"(?:[^"]++|"")*+"(?:[,;|\t](?=")|\r?\n|\Z))*+')
"""A table whose every cell is quoted: nothing about it can have been meant otherwise."""
_SPACE_BEFORE = re.compile(r"[\s\ufeff]*")


class _Reader:
    """Reads tables for one aim."""

    def __init__(self, aim: Aim) -> None:
        self.aim = aim

    def strict(self, text: str) -> Any:
        """The value of a table as it should be; ``ValueError`` for any other text."""
        aim = self.aim
        delimiter = aim.delimiter or ","
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise ValueError(str(error)) from error
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("no table")
        may_be_other = len(rows[0]) < 2 or (len(rows) <= MAX_LINES and _is_suspect(text, rows))
        if may_be_other and not (rows[0] and _ALL_QUOTED.fullmatch(text)):
            raise ValueError("not plainly a table")
        if aim.names is not None and len(aim.names) > 1 and rows.count(rows[0]) > 1:
            raise ValueError("the header occurs twice")
        if aim.as_table and aim.names is None:
            return rows
        if aim.header and aim.names is not None and rows[0] != aim.names:
            raise ValueError("another header")
        if not aim.header and aim.names is not None and len(rows[0]) != len(aim.names):
            raise ValueError("another number of columns")
        if aim.as_table:
            return rows if aim.header or aim.names is None else [aim.names, *rows]
        names = aim.names if aim.names is not None else rows[0]
        if len(set(names)) < len(names):
            raise ValueError("a column occurs twice")
        kinds = aim.kinds or [Kind({"string"}) for _ in names]
        return [_members(names, kinds, row) for row in rows[aim.header:]]

    def candidates(self, text: str, typed: bool) -> Iterator[Candidate]:
        """The ways to read a text as a table."""
        for region in regions(text):
            found = False
            for fence in _fences(text, region):
                for candidate in self._within(text, fence.content, fence.end):
                    found = True
                    candidate.found.insert(0, Found("code-fence", fence.start, text[fence.start:fence.content], ""))
                    candidate.span = (fence.start, fence.after)
                    _around(candidate, text, region)
                    yield candidate
                if fence.end == fence.after and text[region.start:fence.start].strip():  # it may close what no fence opened
                    for candidate in self._within(text, region.start, fence.start):
                        _around(candidate, text, region)
                        yield candidate
            if found:
                continue
            for candidate in self._within(text, region.start, region.end):
                _around(candidate, text, region)
                yield candidate

    def _within(self, text: str, start: int, end: int) -> Iterator[Candidate]:
        """The ways to read a part of the text."""
        space = _SPACE_BEFORE.match(text, start, end)
        start = space.end() if space else start
        if start >= end:
            return
        begins = [start]
        if text[start] not in "[{(<" and (line := _BRACKET_LINE.search(text, start, end)) is not None:
            begins.append(line.end() - 1)
        for begin in begins:
            other = other_rows(text, begin, end, self.aim.names)
            made = None if other is None or (begin > start and not self._are_named(other.rows)) else self._from_rows(*other)
            if made is not None:
                yield made
                return
        aim = self.aim
        table = built(text, start, end, aim.names, aim.judges, aim.delimiter)
        if table is None or (table.header is None and not table.rows):
            return
        candidate = self._made(table)
        if table.is_cut and not aim.as_table:
            whole = self._made(Built(table.header, table.rows[:-1], table.offsets[:-1], [], table.span))
            lost = len(table.rows) - 1
            whole.found[:0] = [one for one in table.found if one.place != (None, lost)]
            whole.found.append(Found("cut-row", table.offsets[-1], text[table.offsets[-1]:end], "", (None, lost)))
            yield whole
        yield candidate

    def _are_named(self, rows: list[Any]) -> bool:
        """Whether rows are objects that have the columns as names, so that they are no part of a cell."""
        if not isinstance(rows[0], dict):
            return False
        names = {folded(str(name)) for name in rows[0]}
        known = names if self.aim.names is None else names & set(map(folded, self.aim.names))
        return len(names) > 1 and len(known) * 2 > len(names)

    def _made(self, table: Built) -> Candidate:
        """A table as a value."""
        aim = self.aim
        found = [one if one.place is None or not aim.as_table else one._replace(place=(None, one.place[1] + 1))
                 for one in table.found]
        names = None if table.header is None else [cell.text for cell in table.header]
        order: list[int | None]
        if aim.names is None:
            names = names or []
            order, wanted = list(range(len(names))), names
            if not aim.as_table and len(set(wanted)) < len(wanted):
                raise ReadError("a name of a column occurs twice", position=f"offset {table.span[0]}")
        else:
            wanted = aim.names
            if table.header is None:
                order = list(range(len(wanted)))
                if aim.header:
                    found.insert(0, Found("missing-header", table.span[0], "", ",".join(wanted)))
            else:
                order = mapped(table.header, wanted, table.span[0], found, keep=aim.open and not aim.as_table)
                if not aim.header:
                    found.insert(0, Found("repeated-header", table.span[0], ",".join(names or ())[:200], ""))
                if aim.as_table and None in order:
                    raise ReadError(f"there is no column {wanted[order.index(None)]!r}", position=f"offset {table.span[0]}")
                wanted = [*wanted, *(table.header[at].text for at in order[len(wanted):] if at is not None)]
        kinds = [*aim.kinds, *(Kind({"string"}) for _ in wanted[len(aim.kinds):])]
        places: dict[int, dict[Any, int]] = {}
        value: list[Any] = []
        if aim.as_table:
            value.append(list(wanted))
        for row, offset in zip(table.rows, table.offsets, strict=True):
            cells = [None if at is None or at >= len(row) else row[at] for at in order]
            texts = [None if cell is None else cell.text for cell in cells]
            one: Any = [text or "" for text in texts] if aim.as_table else _members(wanted, kinds, texts)
            places[id(one)] = {(index if aim.as_table else wanted[index]): offset if cell is None else cell.start
                               for index, cell in enumerate(cells)}
            value.append(one)
        shift = len(value) - len(table.rows)
        places[id(value)] = {index + shift: offset for index, offset in enumerate(table.offsets)}
        return Candidate(value, found, table.span, places)


    def _from_rows(self, rows: list[Any], found: list[Found], span: tuple[int, int]) -> Candidate | None:
        """A table of rows that have values already."""
        aim = self.aim
        if isinstance(rows[0], dict):
            if not aim.as_table:
                return Candidate(rows, found, span)
            names = aim.names or list(dict.fromkeys(str(name) for row in rows[:1000] for name in row))
            by_fold = [{folded(str(name)): item for name, item in row.items()} for row in rows]
            if not all(any(folded(name) in row for row in by_fold) for name in names):
                return None
            table = [[cell_text(row.get(folded(name))) for name in names] for row in by_fold]
            return Candidate([list(names), *table], found, span)
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            return None
        names = aim.names or []
        is_header = not names or sum(folded(one) in set(map(folded, names)) for one in rows[0]) * 2 > width
        cells: list[list[Cell | None]] = [[Cell(one, span[0]) for one in row] for row in rows]
        header = [cell for cell in cells.pop(0) if cell is not None] if is_header else None
        if header is None and width != len(names):
            return None
        return self._made(Built(header, cells, [span[0]] * len(cells), found, span))


def _members(names: Sequence[str], kinds: Sequence[Kind], row: Sequence[str | None]) -> dict[str, Any]:
    """A row by name, without the cells that say nothing."""
    values = ((name, cell_value(kind, cell)) for name, kind, cell in zip(names, kinds, row, strict=True))
    return {name: value for name, value in values if value is not ABSENT}


def _is_suspect(text: str, rows: list[list[str]]) -> bool:
    """Whether a valid table may have been meant otherwise, so that it has to be looked at."""
    first, last = rows[0], rows[-1]
    if _SUSPECT.search(text) or first[0].lstrip()[:1] in _SIGNS or rows.count(first) > 1 or not any(first[1:]):
        return True
    if all(":" in cell for cell in first) or (len(rows) == 1 and "\\n" in text):
        return True
    lines = text.strip("\r\n")
    ends = max(lines.rfind("\n"), lines.rfind("\r")) + 1
    begins = min((at for at in (lines.find("\n"), lines.find("\r")) if at >= 0), default=len(lines))
    if is_sentence(lines[:begins]) or is_sentence(lines[ends:]):
        return True
    if not any(row[-1] for row in rows) or (len(rows) > 1 and all(row[0] == "" for row in rows)):
        return True
    return all(cell[:1] == " " for cell in last[1:]) and all(cell[:1] == " " for row in rows[1:] for cell in row[1:])


def _fences(text: str, region: Region) -> Iterator[Fence]:
    """The code fences in a region that hold something."""
    at = region.start
    for _ in range(MAX_FENCES):
        found = _FENCE.search(text, at, region.end)
        if found is None:
            return
        start = found.end() - len(found.group().lstrip("\ufeff \t"))
        fence = fence_at(text, start, region.end)
        if fence is None:
            return
        if text[fence.content:fence.end].strip():
            yield fence
        at = max(fence.after, found.end())


def _around(candidate: Candidate, text: str, region: Region) -> None:
    """Adds the repairs for what is left away before and behind a candidate."""
    start, end = candidate.span
    found: list[Found] = []
    if region.thinking:
        found.append(Found("thinking", region.thinking[0], text[slice(*region.thinking)], ""))
    before, after = text[region.start:start], text[end:region.end]
    if "\ufeff" in before:
        found.append(Found("byte-order-mark", region.start, "\ufeff", ""))
    if before.strip("\ufeff \t\r\n"):
        found.append(Found("surrounding-text", region.start, before, ""))
    elif before.strip("\ufeff"):
        found.append(Found("blank-line", region.start, before, ""))
    candidate.found[:0] = found
    if after.strip():
        candidate.found.append(Found("surrounding-text", end, after, ""))
    elif after.strip("\r\n"):
        candidate.found.append(Found("blank-line", end, after, ""))


def _embedded(text: str) -> tuple[Any, int]:
    found: tuple[Any, int] = format_named("json").embedded(text)
    return found


def _aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    return _format(aim_of(schema, options))


def _format(aim: Aim) -> Format:
    reader = _Reader(aim)
    return Format("csv", reader.strict, reader.candidates, _embedded, write, _aimed)


FORMAT = _format(Aim())
