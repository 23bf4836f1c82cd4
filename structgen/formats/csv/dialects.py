"""How the cells of a table are set apart: a delimiter, the bars of a Markdown table, or columns aligned with spaces.

In: the lines of a text. Out: a ``Dialect`` and the records read by it. The delimiter is the one by which most lines have
the same number of cells, of equal ones the one that is asked for, or the comma; names of columns that a caller knows weigh
most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from structgen.formats.csv.records import Lines, Record, records
from structgen.schema.scalars import folded

__all__ = ["DELIMITERS", "Dialect", "Table", "best_table", "is_rule"]

DELIMITERS = (",", "\t", ";", "|")
_RARE = "^~:!#&/\u00a6\uff0c\u060c\u3001\uff1b\uff5c"
"""Delimiters tried where the columns are known and no usual one fits."""
_RULE = " \t|:+=-,;\u2014" + "".join(map(chr, range(0x2500, 0x2580)))
"""What lines between header and rows are made of."""
_ALIGNED = re.compile(r"(?:[ \t]{2,}|\t)+")
_BAR = re.compile(r"(?<!\\)\|")
MAX_COLUMNS = 1000
"""Cells of a record in a table that needs repairs."""


class Dialect(NamedTuple):
    """``kind``: "delimited", "markdown", "aligned" or "lines" (one cell a line)."""

    kind: str
    delimiter: str


class Table(NamedTuple):
    """The records of a text by one dialect, and how many cells most of them have."""

    dialect: Dialect
    records: list[Record]
    width: int


def best_table(lines: Lines, names: Sequence[str] | None, preferred: str | None = None) -> Table:
    """The table that most of the lines make."""
    barred = ruled = 0
    for start, end in lines.spans:
        line = lines.text[start:end]
        if "|" in line:
            plain = line.strip()
            barred += plain[0] == "|" == plain[-1] and len(plain) > 1
            ruled += is_rule(line)
    if preferred != "|" and (barred >= 2 or ruled):
        return _measured(Dialect("markdown", "|"), _barred(lines), names)
    options = [one for one in dict.fromkeys((preferred or ",", *DELIMITERS)) if one in lines.text]
    tables = [_measured(Dialect("delimited", one), list(records(lines, one)), names) for one in options]
    found = _best(tables, names)
    if found is not None and (names is None or found.width == len(names) or len(names) < 2 or _has_header(found, names)):
        return found
    rare = _RARE if names and len(names) > 1 else ""
    other = [_measured(Dialect("delimited", one), list(records(lines, one)), names) for one in rare
             if lines.text.count(one, lines.start, lines.end) >= min(len(names or ()) - 1, len(lines.spans))]
    if "  " in lines.text:
        other.append(_measured(Dialect("aligned", " "), _aligned(lines), names))
    better = _best(other, names)
    if better is not None and (found is None or better.width == len(names or ())):
        return better
    if found is not None:
        return found
    return Table(Dialect("lines", preferred or ","), [_line(lines, start, end) for start, end in lines.spans], 1)


def is_rule(line: str) -> bool:
    """Whether a line holds no cell but sets header and rows apart, as ``---|:--:`` and ``+===+`` do."""
    if line[:1] not in _RULE or line.strip(_RULE):
        return False
    return any(mark in line for mark in ("--", "==", "|-", "-|", ":-", "\u2500", "\u2550", "\u2014\u2014"))


def _best(tables: list[Table], names: Sequence[str] | None) -> Table | None:
    """The table whose width most of its records have; None where none has two columns."""
    def rank(table: Table) -> tuple[bool, bool, float]:
        known = names is not None
        fits = sum(len(one.cells) == table.width for one in table.records)
        return known and _has_header(table, names or ()), known and table.width == len(names or ()), fits / max(
            1, sum(not one.is_blank for one in table.records))

    wide = [table for table in tables if table.width > 1]
    return max(wide, key=rank) if wide else None


def _has_header(table: Table, names: Sequence[str]) -> bool:
    wanted = {folded(name) for name in names}
    return any(len(wanted & {folded(cell[:100]) for cell in one.cells}) > len(wanted) // 2
               for one in table.records[:20] if len(one.cells) <= MAX_COLUMNS)


def _measured(dialect: Dialect, found: list[Record], names: Sequence[str] | None) -> Table:
    counts = Counter(len(one.cells) for one in found if len(one.cells) > 1)
    if not counts:
        return Table(dialect, found, 1)
    if names is not None and counts[len(names)] * 2 >= sum(not one.is_blank for one in found):
        return Table(dialect, found, len(names))
    return Table(dialect, found, max(counts, key=lambda count: (counts[count], -count)))


def _line(lines: Lines, start: int, end: int) -> Record:
    return Record(start, end, [lines.text[start:end]], [start])


def _barred(lines: Lines) -> list[Record]:
    """Lines with bars as records: the outer bars left away where most lines have them, the cells without spaces."""
    plain = [lines.text[start:end].strip() for start, end in lines.spans]
    barred = [line for line in plain if "|" in line]
    first = sum(line[0] == "|" for line in barred) * 2 > len(barred)
    last = sum(line[-1] == "|" for line in barred) * 2 > len(barred)
    found: list[Record] = []
    for (start, end), line in zip(lines.spans, plain, strict=True):
        if "|" not in line:
            found.append(_line(lines, start, end))
            continue
        at = lines.text.index(line, start, end)
        edges = [-1, *(bar.start() for bar in _BAR.finditer(line)), len(line)]
        if first and len(edges) > 2 and edges[1] == 0:
            edges = edges[1:]
        if last and len(edges) > 2 and edges[-2] == len(line) - 1:
            edges = edges[:-1]
        cells = [line[left + 1:right].strip().replace("\\|", "|") for left, right in pairwise(edges)]
        found.append(Record(start, end, cells, [at + left + 1 for left in edges[:-1]]))
    return found


def _aligned(lines: Lines) -> list[Record]:
    found: list[Record] = []
    for start, end in lines.spans:
        line = lines.text[start:end].rstrip()
        at = len(line) - len(line.lstrip())
        cells: list[str] = []
        starts: list[int] = []
        for gap in _ALIGNED.finditer(line, at):
            cells.append(line[at:gap.start()])
            starts.append(start + at)
            at = gap.end()
        found.append(Record(start, end, [*cells, line[at:]], [*starts, start + at]))
    return found
