"""The rows of a damaged table: what belongs to it, which record is the header, and what is missing in the others.

In: a part of a text, and the columns where the caller knows them. Out: a ``Built`` table: header and rows of cells with
the repairs, each where it was found. Prose before and behind the rows is left away, as are lines that hold no row: rules,
comments, an ellipsis, the header once more. A short row lacks its last cells, a long one has delimiters in its cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from structgen.errors import ReadError
from structgen.formats.base import Found
from structgen.formats.csv.dialects import DELIMITERS, MAX_COLUMNS, Table, best_table, is_rule
from structgen.formats.csv.header import words_of
from structgen.formats.csv.prepared import prepared, respelled
from structgen.formats.csv.records import Lines, Record
from structgen.formats.csv.rows import Cell, Column, Fuel, columns_of, decoded, fitted, is_number, unmarked
from structgen.schema.scalars import folded

__all__ = ["Built", "built", "is_sentence"]

MAX_FOUND = 20_000
"""Repairs of one table; what has more is no damaged table."""
_ELLIPSIS = re.compile(r"[\s\[(<,;|]*(?:\.{3,}|\u2026)")
_COMMENT = ("#", "//", "<!--", "--")
_DOTS = frozenset(("...", "\u2026", "[...]", "....", "(...)"))
_WIDE_GAP = re.compile(r"\t+| {2,}")


@dataclass(slots=True)
class Built:
    """``header`` is None where the table has none; ``rows`` hold as many cells as it has columns, None for a missing one."""

    header: list[Cell] | None
    rows: list[list[Cell | None]]
    offsets: list[int]
    found: list[Found]
    span: tuple[int, int]
    is_cut: bool = False
    """Whether the last row was cut off, so that its last cells are missing."""


@dataclass(slots=True)
class _Work:
    text: str
    table: Table
    names: Sequence[str] | None
    fits: Sequence[Callable[[str], bool] | None]
    fuel: Fuel
    found: list[Found] = field(default_factory=list)
    header: Record | None = None
    width: int = 1
    columns: list[Column] = field(default_factory=list)
    spaced: bool = False
    """Whether a space follows every delimiter."""
    is_trailing: bool = False
    """Whether most rows end in a delimiter too many."""

    def note(self, kind: str, offset: int, before: str, after: str = "", row: int | None = None) -> None:
        if len(self.found) >= MAX_FOUND:
            raise ReadError("the text is too damaged to be read", position=f"offset {offset}",
                            because=f"it takes more than {MAX_FOUND} repairs")
        # the place is that of a row, without the header
        self.found.append(Found(kind, offset, before[:400], after[:400], None if row is None else (None, row)))

    def raw(self, record: Record) -> str:
        return self.text[record.start:record.end]

    def pieces(self, record: Record) -> list[str]:
        """What stands between the delimiters of a record, quotes and all."""
        if self.table.dialect.kind != "delimited":
            return list(record.cells)
        ends = [*(start - 1 for start in record.starts[1:]), record.end]
        return [self.text[start:end] for start, end in zip(record.starts, ends, strict=True)]


def built(text: str, start: int, end: int, names: Sequence[str] | None,
          fits: Sequence[Callable[[str], bool] | None], delimiter: str | None) -> Built | None:
    """The table between two offsets; None where there is none. ``fits``: what tells the cells of a known column."""
    found: list[Found] = []
    begin = start
    text, start, fixed = prepared(text, start, end, found)
    table = best_table(Lines(text, start, end), names, delimiter or fixed)
    other = respelled(text, start, end, table, None if names is None else len(names), found)
    if other is not None:
        text = other
        table = best_table(Lines(text, start, end), names, delimiter or fixed)
    work = _Work(text, table, names, fits, Fuel.of(end - start), found)
    records = _trimmed(work, table.records)
    if not records:
        return None
    _measure(work, records)
    body = [one for one in records if one is not work.header]
    rows: list[list[Cell | None]] = []
    offsets: list[int] = []
    _note_dialect(work, records[0].start, delimiter or fixed or ",")
    _rows(work, body, rows, offsets)
    last = body[-1] if body else None
    is_cut = last is not None and bool(rows) and rows[-1][-1] is None and last.end >= end and offsets[-1] == last.start
    header = None if work.header is None else _cells(work, work.header)
    return Built(None if header is None else [one for one in header if one is not None], rows, offsets, work.found,
                 (begin if fixed else records[0].start, records[-1].end), is_cut)


def is_sentence(line: str) -> bool:
    """Whether a line is prose rather than a record: words that end in a full stop, a colon, …"""
    plain = line.strip().rstrip("*_\"'")
    if not plain or plain[0] in "\"|'" or plain[-1] not in ".!?:\u2026":
        return False
    words = plain.split(None, 5)
    return len(words) >= (2 if plain[-1] == ":" else 4) or (plain[-1] == "!" and len(words) == 1)


def _is_prose(work: _Work, record: Record, is_apart: bool, is_behind: bool = False) -> bool:
    """Whether a record before the rows, or behind them, is prose; ``is_apart``: a blank line stands between."""
    line = work.raw(record)
    cells, width = len(record.cells), work.width
    plain = line.strip()
    if plain.startswith(("```", "~~~")):
        return True
    words = len(plain.split(None, 5))
    if width > 1 and cells == 1 and not record.quoted:
        return is_sentence(line) or words >= 4 or (is_apart and words >= 2) or plain.endswith(":") or plain.startswith(
            ("# ", "## ", "**", "### "))
    if width == 1:
        return is_sentence(line) and (is_apart or words >= 4)
    spaced = all(cell[:1] in (" ", "") for cell in record.cells[1:]) and not work.spaced
    is_colon = plain.endswith(":") and not is_behind
    if is_sentence(line) and (spaced or is_colon) and (
            cells != width or is_apart or is_colon or _breaks_numbers(work, record)):
        return True
    return is_apart and spaced and words >= 4 and (cells != width or _breaks_numbers(work, record))


def _fits(work: _Work, record: Record) -> bool:
    """Whether a record is a row of the known columns."""
    return work.names is not None and len(record.cells) == len(work.names) > 1 and not all(
        cell[:1] == " " for cell in record.cells[1:]) and all(
        judge is None or not cell.strip() or judge(cell.strip())
        for cell, judge in zip(record.cells, work.fits, strict=True))


def _is_title(work: _Work, records: list[Record]) -> bool:
    """Whether the first of the records is a line of its own above a header and rows."""
    return len(records) == 3 and work.width > 1 and len(records[0].cells) == 1 and not records[0].quoted and all(
        len(one.cells) == work.width for one in records[1:]) and not all(map(is_number, records[1].cells))


def _breaks_numbers(work: _Work, record: Record) -> bool:
    return any(column.numbers and cell.strip() and not is_number(cell)
               for column, cell in zip(work.columns, record.cells, strict=False))


def _trimmed(work: _Work, records: list[Record]) -> list[Record]:
    """The records between the prose before the table and the prose behind it."""
    work.width = work.table.width
    regular = [one for one in records if len(one.cells) == work.width and not one.damaged]
    work.columns = columns_of(regular[1:], work.width, work.table.dialect.delimiter) if work.width <= MAX_COLUMNS else []
    some = regular[:200] if len(regular) > 1 or not (regular and is_sentence(work.raw(regular[0]))) else []
    work.spaced = work.table.dialect.kind != "delimited" or (work.width > 1 and bool(some) and sum(
        one.spaced or all(cell[:1] == " " for cell in one.cells[1:]) for one in some) * 2 > len(some))
    filled = [index for index, one in enumerate(records) if not one.is_blank]
    if all(is_sentence(work.raw(records[index])) and not _fits(work, records[index]) for index in filled):
        return []
    first, last = 0, len(filled) - 1
    known = _header_at(work, [records[index] for index in filled])
    if known is not None:
        first = known
    else:
        while first <= last and (_is_prose(work, records[filled[first]],
                                          first < last and filled[first + 1] - filled[first] > 1)
                                 or _is_title(work, [records[index] for index in filled[first:first + 3]])):
            first += 1
    while last > first and _is_prose(work, records[filled[last]], filled[last] - filled[last - 1] > 1, is_behind=True):
        last -= 1
    if first > last:
        return []
    kept = records[filled[first]:filled[last] + 1]
    if work.width == 1 and len(kept) == 1 and not kept[0].quoted and (
            work.names is None or is_sentence(work.raw(kept[0]))) and len(work.raw(kept[0]).split(None, 1)) > 1:
        return []
    return kept


def _header_at(work: _Work, records: list[Record]) -> int | None:
    """Which record holds the names that the caller knows."""
    if not work.names:
        return None
    wanted = {folded(name) for name in work.names}
    for index, one in enumerate(records[:50]):
        if len(one.cells) <= MAX_COLUMNS:
            cells = {folded(cell[:100]) for cell in one.cells}
            if len(wanted & cells) * 2 > len(wanted):
                return index
    return None


def _measure(work: _Work, records: list[Record]) -> None:
    """Finds the header, and what the columns hold."""
    filled = [one for one in records if not one.is_blank and not is_rule(work.raw(one))]
    first = filled[0] if filled else records[0]
    names = work.names
    if len(first.cells) > MAX_COLUMNS:
        raise ReadError(f"a damaged table of more than {MAX_COLUMNS} columns", position=f"offset {first.start}")
    if names is None or _is_header(work, first, filled[1:]):
        work.header = first
        work.width = len(first.cells)
    else:
        work.width = len(names)
    kind = work.table.dialect.kind
    header, rest = work.header, [one for one in filled if one is not work.header]
    if header is not None and kind == "delimited" and _has_spare_column(header, rest):
        work.width -= 1
    if header is not None and header.damaged:
        work.width = len(_repaired_header(work, header))
    if header is None and work.table.width > work.width and not _are_numbered(work, rest):
        _refuse_width(work, rest)
    work.columns = columns_of(rest, work.width, work.table.dialect.delimiter)
    work.is_trailing = sum(len(one.cells) == work.width + 1 and not one.cells[-1].strip() for one in rest) * 2 > len(rest)
    if names is not None and work.width == len(names) and (header is None or _same_names(header.cells, names)):
        for column, judge in zip(work.columns, work.fits, strict=True):
            column.fits = judge


def _has_spare_column(header: Record, rest: list[Record]) -> bool:
    """Whether the last column is only what stands behind a delimiter at the end of every line."""
    width = len(header.cells)
    if header.cells[-1].strip() or (header.quoted and header.quoted[-1]) or not any(map(str.strip, header.cells)):
        return False
    return all(len(one.cells) < width or not one.cells[width - 1].strip() for one in rest)


def _refuse_width(work: _Work, rows: list[Record]) -> None:
    """Raises ``ReadError`` for rows of more cells than there are columns, unless prose makes them so."""
    wide = [one for one in rows if len(one.cells) == work.table.width]
    if sum(any(cell[:1] == " " for cell in one.cells[1:]) for one in wide) * 2 < len(wide):
        raise ReadError(f"the rows have {work.table.width} cells and no header", position=f"offset {rows[0].start}",
                        because=f"the columns are {', '.join(work.names or ())[:200]}")


def _repaired_header(work: _Work, header: Record) -> list[Cell]:
    most = work.table.width if work.table.width > 1 else len(header.cells)
    pieces = work.pieces(header)
    cells = fitted(pieces, header.starts, work.table.dialect.delimiter, [Column() for _ in range(most)], work.fuel)
    return cells if cells is not None else [decoded(*pair) for pair in zip(pieces, header.starts, strict=True)]


def _same_names(cells: Sequence[str], names: Sequence[str]) -> bool:
    return len(cells) >= len(names) and all(folded(cell[:100]) == folded(name)
                                            for cell, name in zip(cells, names, strict=False))


def _is_header(work: _Work, first: Record, rest: list[Record]) -> bool:
    """Whether the first record of a table with known columns is a header, and no row."""
    names, fits = work.names or (), work.fits
    wanted = {folded(name) for name in names}
    cells = [folded(cell[:100].split(":")[0].split("(")[0]) for cell in first.cells]
    if sum(cell in wanted for cell in cells) * 2 >= min(len(cells), len(wanted)):
        return True
    known, named = [words_of(name) for name in names], [words_of(cell) for cell in first.cells]
    if len(cells) > 1 and sum(any(one and one <= words for one in known) for words in named) * 2 > len(cells):
        return True
    if len(first.cells) != len(names) or first.damaged or not rest:
        return False
    columns = columns_of(rest, len(names), work.table.dialect.delimiter)
    for cell, column, judge in zip(first.cells, columns, fits, strict=True):
        body = [one.cells for one in rest[:20] if len(one.cells) == len(names)]
        if judge is not None and cell.strip() and not judge(cell.strip()) and body:
            return True
        if column.numbers and len(body) > 1 and cell.strip() and not is_number(cell):
            return True
    return False


def _note_dialect(work: _Work, offset: int, wanted: str) -> None:
    kind, delimiter = work.table.dialect
    if work.width == 1 and kind != "markdown":
        return
    if kind == "markdown":
        work.note("markdown-table", offset, "|", ",")
    elif kind == "aligned" or delimiter != wanted:
        work.note("other-delimiter", offset, "  " if kind == "aligned" else delimiter, wanted)
    if kind == "delimited" and work.spaced:
        work.note("white-space", offset, f"{delimiter} ", delimiter)


def _rows(work: _Work, body: list[Record], rows: list[list[Cell | None]], offsets: list[int]) -> None:
    """Adds the rows that the records are."""
    names = work.header
    heads = None if names is None else [cell.strip().casefold() for cell in names.cells]
    numbered = _are_numbered(work, body)
    if heads is not None and all(_no_row(work, one, heads) for one in body):
        heads = None  # rows that are all like the header are rows
    was_blank = False
    for one in body:
        if one.is_blank:
            if not was_blank and not (names is not None and one.start < names.start):
                work.note("blank-line", one.start, "\n")
            was_blank = True
            continue
        was_blank = False
        kind = _no_row(work, one, heads)
        if kind:
            if not (kind == "separator-line" and work.table.dialect.kind == "markdown"):
                work.note(kind, one.start, work.raw(one))
            continue
        if numbered:
            work.note("row-number", one.start, one.cells[0], row=len(rows))
            after = one.starts[1]
            one = Record(after, one.end, one.cells[1:], one.starts[1:], one.quoted and one.quoted[1:], one.damaged)
        if rows and _goes_on(work, one, rows[-1]):
            last = rows[-1][-1]
            assert last is not None
            work.note("control-character", one.start - 1, "\n", "\\n", len(rows) - 1)
            rows[-1][-1] = last._replace(text=f"{last.text}\n{work.raw(one)}")
            continue
        cells = _cells(work, one, len(rows))
        rows.append(cells)
        offsets.append(one.start)


def _goes_on(work: _Work, one: Record, before: list[Cell | None]) -> bool:
    """Whether a line is the rest of the cell before it, which has a line break that is not quoted."""
    return len(one.cells) == 1 < work.width and work.columns[0].numbers and not work.columns[-1].numbers and (
        before[-1] is not None and not is_number(one.cells[0]) and work.table.dialect.kind == "delimited")


def _no_row(work: _Work, one: Record, heads: list[str] | None) -> str:
    """Why a record is no row; nothing if it is one."""
    raw = work.raw(one)
    if is_rule(raw):
        return "separator-line"
    cells = one.cells
    if one.quoted is None and all(not cell.strip() or cell.strip() in _DOTS for cell in cells) and _ELLIPSIS.match(raw):
        return "ellipsis"
    if len(cells) == 1 and work.width > 1 and _ELLIPSIS.match(raw):
        return "ellipsis"
    if raw.lstrip().startswith(_COMMENT) and (len(cells) == 1 < work.width or (
            not work.spaced and raw.startswith(("# ", "// ")) and all(cell[:1] == " " for cell in cells[1:]))):
        return "comment"
    if len(cells) == 1 < work.width and (raw.startswith(("```", "~~~")) or (is_sentence(raw) and (
            raw.rstrip().endswith(":") or _breaks_numbers(work, one)))):
        return "surrounding-text"
    may_repeat = one.quoted is None or (work.names is not None and len(cells) > 1)
    if heads is not None and may_repeat and [cell.strip().casefold() for cell in cells] == heads:
        return "repeated-header"
    return ""


def _are_numbered(work: _Work, body: list[Record]) -> bool:
    """Whether every row begins with its number, which the header has no name for."""
    if sum(len(one.cells) == work.width + 1 for one in body) * 2 < len(body):
        return False
    filled = [one for one in body if not one.is_blank and not _no_row(work, one, None)]
    if work.width < 2 or len(filled) < 2 or any(len(one.cells) != work.width + 1 for one in filled):
        return False
    first = filled[0].cells[0].strip().rstrip(".)")
    return first in ("0", "1") and all(one.cells[0].strip().rstrip(".)") == str(number)
                                       for number, one in enumerate(filled, int(first)))


def _cells(work: _Work, one: Record, row: int | None = None) -> list[Cell | None]:
    """The cells of a record, as many as the table has columns."""
    width, delimiter, kind = work.width, work.table.dialect.delimiter, work.table.dialect.kind
    cells: list[Cell] | None = None
    if kind == "lines" or (width == 1 and not one.quoted and kind != "markdown" and any(map(str.strip, one.cells[1:]))):
        cells = [decoded(work.raw(one), one.start)]
        if delimiter in cells[0].text and kind == "delimited":
            cells[0] = cells[0]._replace(found=(*cells[0].found, Found("unescaped-delimiter", one.start, work.raw(one), "")))
    elif one.damaged or len(one.cells) > width:
        cells = _weighed(work, one, row)
    elif len(one.cells) < width:
        cells = _by_another(work, one, row)
    if cells is None:
        quoted = one.quoted or [False] * len(one.cells)
        if kind != "delimited":
            cells = [decoded(text, start) for text, start in zip(one.cells, one.starts, strict=True)]
            cells = [unmarked(cell) for cell in cells] if kind == "markdown" else cells
        else:
            cells = [Cell(text.strip() if work.spaced and not is_quoted else text, start)
                     for text, start, is_quoted in zip(one.cells, one.starts, quoted, strict=True)]
    for column, cell in enumerate(cells):
        for found in cell.found:
            work.note(found.kind, found.offset, found.before, found.after, row)
        if work.spaced and cell.found:
            cells[column] = cell._replace(text=cell.text.strip())
    if len(cells) < width:
        work.note("missing-cell", one.end, "", delimiter * (width - len(cells)), row)
    return [*cells, *[None] * (width - len(cells))]


def _weighed(work: _Work, one: Record, row: int | None) -> list[Cell] | None:
    """The cells of a record with quotes or delimiters that do not fit."""
    width, delimiter = work.width, work.table.dialect.delimiter
    surplus = one.cells[width:]
    is_empty = not one.damaged and not any(cell.strip() for cell in surplus) and not any((one.quoted or [])[width:])
    if is_empty and (work.is_trailing or one is work.header or len(surplus) > 1):
        work.note("trailing-delimiter", one.starts[width] - 1, delimiter * len(surplus), row=row)
        return [Cell(text.strip() if work.spaced else text, start)
                for text, start in zip(one.cells[:width], one.starts, strict=False)]
    if work.table.dialect.kind == "aligned":
        return [*(Cell(text, start) for text, start in zip(one.cells[:width - 1], one.starts, strict=False)),
                Cell(" ".join(one.cells[width - 1:]), one.starts[width - 1],
                     (Found("unescaped-delimiter", one.starts[width - 1], " ".join(one.cells[width - 1:]), ""),))]
    pieces = work.pieces(one)
    if work.is_trailing and len(pieces) > width and not pieces[-1].strip():
        work.note("trailing-delimiter", one.starts[-1] - 1, delimiter, row=row)
        pieces = pieces[:-1]
    cells = fitted(pieces, one.starts[:len(pieces)], delimiter, work.columns, work.fuel)
    if cells is None and one.damaged:
        cells = [decoded(text, start) for text, start in zip(pieces, one.starts, strict=False)]
    if cells is not None and work.spaced:
        cells = [cell._replace(text=cell.text.strip()) for cell in cells]
    return cells


def _by_another(work: _Work, one: Record, row: int | None) -> list[Cell] | None:
    """The cells of a short record that is written with another delimiter."""
    raw = work.raw(one)
    if len(one.cells) > 1 or one.quoted:
        return None
    for other in DELIMITERS:
        if other != work.table.dialect.delimiter and raw.count(other) == work.width - 1:
            record = Record(one.start, one.end, raw.split(other), [one.start] * work.width)
            cells = fitted(record.cells, record.starts, other, work.columns, work.fuel)
            if cells is not None and not _breaks_numbers(work, record):
                work.note("other-delimiter", one.start + raw.index(other), other, work.table.dialect.delimiter, row)
                return cells
    gaps = _WIDE_GAP.split(raw.strip())
    if len(gaps) == work.width:
        work.note("other-delimiter", one.start, "  ", work.table.dialect.delimiter, row)
        return [Cell(text, one.start) for text in gaps]
    return None
