"""CSV read while it is written: the rows that are finished.

In: the pieces of a text, in order. Out: after each piece the header and the rows whose line has ended, as lists of texts.
The one idea: a machine that knows whether it is in a quoted cell, so all pieces together cost one pass. Fences, rules and
sentences before the header are passed. It cannot look ahead: of a row with damaged quotes it may show something else
than the reading of the whole text in the end.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.formats.csv.dialects import DELIMITERS, is_rule
from structgen.formats.csv.table import is_sentence

__all__ = ["CsvGrowth"]

_QUOTE = '"'
_BARRED = re.compile(r"\s*\|(?:.*\|\s*|[^,;\t]*)")
"""The first line of a Markdown table."""
_QUOTED = re.compile(r'"[^"]*(?:"|$)')


class CsvGrowth:
    """The rows of a table so far: the header first. ``value``: None until the header is finished."""

    def __init__(self) -> None:
        self.value: list[list[str]] | None = None
        self._text = ""
        """What is not read yet: the record that is open."""
        self._at = self._begin = 0
        """Where the machine is in it, and where its cell begins."""
        self._cells: list[str] = []
        self._state = "cell"
        self._was_quoted = False
        self._delimiter = ""
        self._stop = re.compile("")

    @property
    def open_path(self) -> tuple[Any, ...] | None:
        """The keys to the row that is being read."""
        return (len(self.value or ()),)

    def feed(self, piece: str) -> None:
        """Reads the next piece."""
        self._text += piece
        while True:
            if not self._delimiter and not self._choose():
                return
            if not self._step():
                return

    def _choose(self) -> bool:
        """Finds the delimiter by the first line that is no prose; False where it is not there yet."""
        while True:
            end = self._line_end()
            if end < 0:
                return False
            line = self._text[:end].strip("\ufeff")
            if line.strip() and not line.startswith(("```", "~~~")) and not is_rule(line) and not is_sentence(line):
                break
            self._text = self._text[end:].lstrip("\r\n")
        plain = _QUOTED.sub("", line)
        counts = {one: plain.count(one) for one in DELIMITERS}
        self._delimiter = "|" if _BARRED.fullmatch(line) else max(DELIMITERS, key=lambda one: counts[one])
        self._text = self._text.lstrip("\ufeff")
        self._stop = re.compile(rf"[{re.escape(self._delimiter)}\r\n]")
        return True

    def _line_end(self) -> int:
        ends = [at for at in (self._text.find("\n"), self._text.find("\r")) if at >= 0]
        return min(ends, default=-1)

    def _step(self) -> bool:
        """One step of the machine; False where the text ends."""
        text = self._text
        if self._state == "cell":
            if self._at >= len(text):
                return False
            self._begin = self._at
            is_quoted = text[self._at] == _QUOTE
            self._at += is_quoted
            self._was_quoted = self._was_quoted or is_quoted
            self._state = "quoted" if is_quoted else "bare"
        elif self._state == "quoted":
            close = text.find(_QUOTE, self._at)
            if close < 0 or close + 1 >= len(text):
                self._at = len(text) if close < 0 else close
                return False
            self._at = close + (2 if text[close + 1] == _QUOTE else 1)
            self._state = "quoted" if text[close + 1] == _QUOTE else "bare"
        else:
            found = self._stop.search(text, self._at)
            if found is None or (found.group() == "\r" and found.end() >= len(text)):
                self._at = len(text) if found is None else found.start()
                return False
            self._ended(found.start(), found.group())
        return True

    def _ended(self, end: int, sign: str) -> None:
        """A cell has ended, and with a line end the record."""
        cell = self._text[self._begin:end]
        if cell.startswith(_QUOTE) and cell.rstrip().endswith(_QUOTE) and len(cell.rstrip()) > 1:
            cell = cell.rstrip()[1:-1].replace('""', _QUOTE)
        elif self._delimiter == "|":
            cell = cell.strip()
        self._cells.append(cell)
        self._state = "cell"
        self._at = end + 1
        if sign == self._delimiter:
            return
        if sign == "\r" and self._text[self._at] == "\n":
            self._at += 1
        self._row(self._text[:end])
        self._text, self._at, self._cells, self._was_quoted = self._text[self._at:], 0, [], False

    def _row(self, line: str) -> None:
        """Takes the record as a row, if it is one."""
        cells = self._cells
        if self._delimiter == "|" and line.lstrip().startswith("|"):
            cells = cells[1:-1] if not cells[-1] else cells[1:]
        if not self._was_quoted and (not line.strip() or is_rule(line) or line.startswith(("```", "~~~"))):
            return
        if self.value is None:
            self.value = [cells]
            return
        width = len(self.value[0])
        if len(cells) > width:
            cells = [*cells[:width - 1], self._delimiter.join(cells[width - 1:])]
        self.value.append(cells + [""] * (width - len(cells)))
