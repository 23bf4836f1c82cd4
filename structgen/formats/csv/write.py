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
from structgen.schema.scalars import scalar_text

__all__ = ["write"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(value: Any, *, delimiter: str = ",", neutral: bool = False) -> str:
    """A table as CSV. ``neutral``: a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    rows = _rows(value)
    if neutral:
        rows = [[_neutral(cell) for cell in row] for row in rows]
    texts = [["" if cell is None else cell if isinstance(cell, str) else scalar_text(cell) for cell in row] for row in rows]
    bare = _written(texts, delimiter, csv.QUOTE_MINIMAL)
    from structgen.formats.csv.read import FORMAT

    assert FORMAT.aimed is not None
    try:
        if FORMAT.aimed(None, {"delimiter": delimiter}).strict(bare) == texts:
            return bare
    except ValueError:
        pass
    return _written(texts, delimiter, csv.QUOTE_ALL)


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


def _neutral(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _written(rows: list[list[str]], delimiter: str, quoting: Any) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    return stream.getvalue()
