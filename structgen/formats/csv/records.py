"""The records of a table as they stand in a text: cells by RFC 4180 where the quotes allow it, else a line each.

In: a part of a text and a delimiter. Out: ``Record``s. A record whose quotes are as they should be may run over several
lines; one whose quotes are not is marked ``damaged``, its bad cells are cut at every delimiter of their line, and what its
cells are is weighed by ``rows``. Every character is looked at a fixed number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from structgen.errors import ReadError

__all__ = ["MAX_LINES", "Lines", "Record", "records"]

_LINE_END = re.compile(r"\r\n|\n|\r")
MAX_LINES = 21_000
"""Lines of a table that needs repairs, and of one that is looked at twice because it may have been meant otherwise: no
answer of a model is so long."""
MAX_RUN_ON = 20
"""Lines over which the quotes of a damaged cell are followed."""


@dataclass(slots=True)
class Record:
    """One record: its cells, where each begins, which were quoted (None: none was), and where it stands.

    ``known_starts``: where the cells begin; None where one character stands between two of them.
    ``damaged``: its quotes do not fit, so where the cells begin and end is to be weighed."""

    start: int
    end: int
    cells: list[str]
    known_starts: list[int] | None
    quoted: list[bool] | None = None
    damaged: bool = False
    spaced: bool = False
    """Whether spaces stand before a quote."""

    @property
    def starts(self) -> list[int]:
        """Where each cell begins."""
        if self.known_starts is None:
            self.known_starts = [at + index for index, at in enumerate(accumulate(
                map(len, self.cells[:-1]), initial=self.start))]
        return self.known_starts

    @property
    def is_blank(self) -> bool:
        return len(self.cells) == 1 and not self.cells[0].strip() and self.quoted is None


class Lines:
    """The lines of a part of a text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.spans: list[tuple[int, int]] = []
        at = start
        for found in _LINE_END.finditer(text, start, end):
            if len(self.spans) >= MAX_LINES:
                raise ReadError(f"a damaged table of more than {MAX_LINES} lines", position=f"offset {start}",
                                instead="read it in parts")
            self.spans.append((at, found.start()))
            at = found.end()
        if at < end or not self.spans:
            self.spans.append((at, end))
        self.is_ended = at >= end
        """Whether the last line has a line end."""


@lru_cache(32)
def _cell_pattern(delimiter: str) -> re.Pattern[str]:
    """A quoted cell with what ends it, or one without quotes."""
    one = re.escape(delimiter)
    after = rf"[ \t]*+(?={one}|[\r\n]|\Z)" if delimiter != "\t" else rf" *+(?={one}|[\r\n]|\Z)"
    return re.compile(rf'[ ]*+"((?:[^"]++|"")*+)"{after}|([^\r\n{one}]*+)')


def records(lines: Lines, delimiter: str) -> Iterator[Record]:
    """The records of the lines, blank ones too."""
    index = 0
    text, spans = lines.text, lines.spans
    while index < len(spans):
        start, end = spans[index]
        if text.find('"', start, end) < 0:
            yield _plain(text, start, end, delimiter)
            index += 1
            continue
        record = _quoted(text, start, end, lines.end, delimiter)
        if record.damaged and record.end <= end:
            last = _run_on(lines, index, delimiter)
            if last > index:
                record = _plain(text, start, spans[last][1], delimiter, damaged=True)
        yield record
        index += 1
        while index < len(spans) and spans[index][0] <= record.end:
            index += 1


def _plain(text: str, start: int, end: int, delimiter: str, *, damaged: bool = False) -> Record:
    return Record(start, end, text[start:end].split(delimiter), None, None, damaged)


def _quoted(text: str, start: int, end: int, limit: int, delimiter: str) -> Record:
    """A record in whose lines quotes stand. A cell whose quotes do not fit ends at the next delimiter of its line."""
    pattern = _cell_pattern(delimiter)
    cells: list[str] = []
    starts: list[int] = []
    quoted: list[bool] = []
    at, spaced, damaged = start, False, False
    while True:
        found = pattern.match(text, at, limit)
        assert found is not None  # a cell may be empty
        inner = found[1]
        if inner is not None and damaged and "\n" in inner and (
                delimiter + '"' in inner or '"' + delimiter in inner or '\n"' in inner):
            inner, stop = None, _stop(text, at, limit, delimiter)
        else:
            stop = found.end()
        if inner is None:
            cell = text[at:stop]
            damaged = damaged or cell.lstrip()[:1] == '"'
            cells.append(cell)
        else:
            cells.append(inner.replace('""', '"'))
            spaced = spaced or (text[at] == " " and at > start)
        quoted.append(inner is not None)
        starts.append(at)
        at = stop
        if at < limit and text.startswith(delimiter, at):
            at += 1
            continue
        return Record(start, at, cells, starts, quoted if any(quoted) else None, damaged, spaced)


def _stop(text: str, at: int, limit: int, delimiter: str) -> int:
    """Where a cell ends whose quotes do not matter."""
    found = [one for one in (text.find(mark, at, limit) for mark in (delimiter, "\n", "\r")) if one >= 0]
    return min(found, default=limit)


def _run_on(lines: Lines, index: int, delimiter: str) -> int:
    """The last line of a damaged record: where an odd quote at the end of a cell closes one that was opened."""
    text, spans = lines.text, lines.spans
    start, end = spans[index]
    if not _is_open(text[start:end], delimiter):
        return index
    for later in range(index + 1, min(index + MAX_RUN_ON, len(spans))):
        line = text[slice(*spans[later])]
        if not line.strip():
            continue
        pieces = line.split(delimiter)
        if pieces[0].lstrip().startswith('"') or (delimiter + '"') in line.replace(delimiter + " ", delimiter):
            closes = next((number for number, piece in enumerate(pieces) if piece.rstrip().endswith('"')), None)
            opens = next(number for number, piece in enumerate(pieces) if piece.lstrip().startswith('"'))
            return later if closes is not None and closes < opens else index
        if any(piece.rstrip().endswith('"') for piece in pieces):
            return later
        if len(pieces) > 1 and len(pieces) >= len(text[start:end].split(delimiter)):
            return index
    return index


def _is_open(line: str, delimiter: str) -> bool:
    """Whether the last quoted cell of a line is not closed in it."""
    last = max(line.rfind(delimiter + '"'), line.rfind(delimiter + ' "'), 0 if line.startswith('"') else -1)
    if last < 0:
        return False
    rest = line[last:].lstrip(delimiter + " ")
    return not rest.rstrip().endswith('"') or rest.strip() == '"'
