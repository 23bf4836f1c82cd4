"""Which column of a table each wanted name means.

In: the cells of a header and the names that the caller knows. Out: for each name the index of its column. Names are
compared without case, accents and punctuation, then without a type or a unit behind them, then by one or two letters;
what is left over is matched by its place only where one of each is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from structgen.errors import ReadError
from structgen.formats.base import Found
from structgen.formats.csv.rows import Cell
from structgen.schema.scalars import distance, folded

__all__ = ["mapped", "words_of"]

_SUFFIX = re.compile(r"\s*(?:[:(\[/].*|\b(?:string|str|int|integer|float|number|text|date|bool|boolean))$")
_WORD = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[^\W\d_]+|[0-9]+")
MAX_NAME = 100


def mapped(header: Sequence[Cell], names: Sequence[str], offset: int, found: list[Found], *, keep: bool) -> list[int | None]:
    """For each name the index of its column, None where it has none; with ``keep`` also those of all other columns.

    ``ReadError`` where a name without a column cannot be told from others."""
    cells = [cell.text.strip().strip("*_`\"'") for cell in header]
    free = dict.fromkeys(range(len(cells)))
    order: list[int | None] = [None] * len(names)
    for key in (str, _fold, _short):
        by_key: dict[str, list[int]] = {}
        for index in free:
            by_key.setdefault(key(cells[index]), []).append(index)
        for place, name in enumerate(names):
            hits = by_key.get(key(name), []) if order[place] is None else []
            if hits and (len(hits) == 1 or key is str) and hits[0] in free:
                if len(hits) > 1:
                    raise ReadError(f"the column {name!r} occurs twice", position=f"offset {header[hits[0]].start}")
                order[place] = hits[0]
                del free[hits[0]]
    _by_words(cells, names, order, free)
    _by_letters(cells, names, order, free)
    for place, at in enumerate(order):
        if at is not None and header[at].text != names[place]:
            found.append(Found("field-name", header[at].start, header[at].text, names[place]))
    left = [place for place, at in enumerate(order) if at is None]
    if left and len(left) == len(free) and (len(left) == 1 or len(left) == len(names)):
        for place, index in zip(left, list(free), strict=True):
            order[place] = index
            del free[index]
            found.append(Found("renamed-column", header[index].start, header[index].text, names[place]))
    known = [at for at in order if at is not None]
    if not known:
        raise ReadError("the header has none of the columns", position=f"offset {offset}",
                        because=f"wanted are {', '.join(names)[:200]}")
    if known != sorted(known):
        found.append(Found("column-order", offset, ",".join(cells), ",".join(names)))
    if keep:
        return [*order, *free]
    found += [Found("extra-column", header[index].start, header[index].text, "") for index in free]
    return order


def _fold(name: str) -> str:
    return folded(name[:MAX_NAME])


def _short(name: str) -> str:
    return folded(_SUFFIX.sub("", name[:MAX_NAME]))


def words_of(name: str) -> frozenset[str]:
    """The words of a name, as it is written with spaces, signs or capitals between them."""
    return frozenset(one.casefold() for one in _WORD.findall(name[:MAX_NAME]))


def _by_words(cells: Sequence[str], names: Sequence[str], order: list[int | None], free: dict[int, None]) -> None:
    """Matches names that are part of a longer one, as in "Unit price", where each could mean but one."""
    if len(free) > 50 or len(names) > 200:
        return
    words = {index: words_of(cells[index]) for index in free}
    hits = {place: [index for index in free if words_of(name) and words_of(name) <= words[index]]
            for place, name in enumerate(names) if order[place] is None}
    for place, found in hits.items():
        if len(found) == 1 and sum(found[0] in other for other in hits.values()) == 1:
            order[place] = found[0]
            del free[found[0]]


def _by_letters(cells: Sequence[str], names: Sequence[str], order: list[int | None], free: dict[int, None]) -> None:
    """Matches names that differ by one or two letters, where only one does."""
    for place, name in enumerate(names):
        if order[place] is not None or len(free) > 50:
            continue
        wanted = _fold(name)
        bound = min(2, len(wanted) // 4)
        near = [index for index in free if bound and distance(wanted, _fold(cells[index]), bound) <= bound]
        if len(near) == 1:
            order[place] = near[0]
            del free[near[0]]
