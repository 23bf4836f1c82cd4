"""Tables as CSV, so that they are read again without a repair.

In: rows as lists of texts, the header first, or as members by name. Out: the text. A cell is quoted where RFC 4180 asks
for it; all are where the bare table could be taken for something else, such as prose.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from structgen.errors import ReadError
from structgen.formats.csv.dialects import DELIMITERS, is_rule
from structgen.formats.csv.quoting import quoted_literal
from structgen.schema.scalars import scalar_text

__all__ = ["write", "written"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(value: Any) -> str:
    """A table as CSV."""
    rows = _rows(value)
    texts = [[_text(cell) for cell in row] for row in rows]
    if texts and (any(one in cell for cell in texts[0] for one in DELIMITERS) or any(
            is_rule(",".join(row)) for row in texts)):  # another delimiter, or a line between rows
        return _joined(texts, ",", csv.QUOTE_ALL, "\n")
    bare = _joined(texts, ",", csv.QUOTE_MINIMAL, "\n")
    from structgen.formats.csv.read import FORMAT

    try:
        if FORMAT.strict(bare) == texts:
            return bare
    except ValueError:
        pass
    return _joined(texts, ",", csv.QUOTE_ALL, "\n")


def written(rows: Sequence[Sequence[Any]], delimiter: str, quoting: str, line_end: str, neutral: bool) -> str:
    """Rows as the grammar of ``Csv`` has them. ``neutral``: no cell is a formula to a spreadsheet."""
    if neutral:
        rows = [[_neutral(cell) for cell in row] for row in rows]
    always = {"minimal": (), "texts": (str,), "all": (object,)}[quoting]
    lines: list[str] = []
    for row in rows:
        cells = [quoted_literal(_text(cell), delimiter, isinstance(cell, always)) for cell in row]
        lines.append(delimiter.join(cells) if cells != [""] else '""')
    return "".join(line + line_end for line in lines)


def _neutral(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _text(cell: Any) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else scalar_text(cell)


def _rows(value: Any) -> list[Sequence[Any]]:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise ReadError(f"a {type(value).__name__} is no table", instead="give a list of rows")
    rows = list(value)
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [names, *([row.get(name) for name in names] for row in rows)]
    if not all(isinstance(row, list | tuple) for row in rows):
        raise ReadError("the rows are neither lists nor objects", instead="give rows of one sort")
    return rows


def _joined(rows: list[list[str]], delimiter: str, quoting: Any, line_end: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(rows)
    return stream.getvalue()
