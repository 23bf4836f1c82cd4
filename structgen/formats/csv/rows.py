"""Which pieces of a damaged record are its cells.

In: the pieces between the delimiters of one record, the number of columns, and what is known of each column. Out: the
cells, at least cost. The one idea: of all ways to join neighbouring pieces into as many cells as there are columns, the
one wins whose quotes close, whose numbers stand where numbers do, and whose joints are commas as prose has them. The work
is bounded by ``Fuel``; without it the surplus goes to the last column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from structgen.formats.base import Found
from structgen.formats.csv.records import Record

__all__ = ["Cell", "Column", "Fuel", "columns_of", "decoded", "fitted", "is_number", "unmarked"]

FUEL = 20_000
FUEL_PER_CHARACTER = 4
MAX_STEPS = 4_000
"""Joins weighed for one record."""
SAMPLES = 200
"""Records looked at for what a column holds."""
_GROUPED = re.compile(r"\s*[-+]?[$\u20ac\u00a3]?\s?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?\s*%?\s*")
_NUMBER = re.compile(r"\s*[-+]?[$\u20ac\u00a3]?\s?[0-9][0-9_]*(?:[.,][0-9]+)*(?:[eE][-+]?[0-9]+)?\s*%?\s*")
_MARKED = re.compile(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*")
_BREAK = re.compile(r" ?<br ?/?> ?", re.IGNORECASE)
_WORST = 1_000
_TRAILING = 4
"""What a delimiter too many at the end costs."""


class Cell(NamedTuple):
    """The text of a cell, where it begins, and what repairs reading it took."""

    text: str
    start: int
    found: tuple[Found, ...] = ()


@dataclass(slots=True)
class Column:
    """What a column holds."""

    numbers: bool = False
    """Whether it holds nothing else."""
    lists: bool = False
    """Whether cells have delimiters in them."""
    spaced: bool = False
    """Whether its cells begin with a space."""
    fits: Callable[[str], bool] | None = None
    """What tells by a type whether a text may be meant."""


@dataclass(slots=True)
class Fuel:
    """How much more may be weighed."""

    left: int

    @classmethod
    def of(cls, characters: int) -> Fuel:
        return cls(FUEL + FUEL_PER_CHARACTER * characters)

    def spend(self, much: int) -> bool:
        """Takes so much; False where there is not so much left."""
        self.left -= much
        return self.left >= 0


def is_number(text: str) -> bool:
    return len(text) <= 40 and _NUMBER.fullmatch(text) is not None


def columns_of(rows: Sequence[Record], width: int, delimiter: str) -> list[Column]:
    """What the columns hold, by the rows that need no repair."""
    columns = [Column() for _ in range(width)]
    samples = [row for row in rows[:SAMPLES] if len(row.cells) == width and not row.damaged]
    for index, column in enumerate(columns):
        cells = [row.cells[index] for row in samples if row.cells[index].strip()]
        column.numbers = bool(cells) and all(map(is_number, cells))
        column.lists = any(delimiter in cell for cell in cells)
        column.spaced = index > 0 and bool(cells) and all(cell[0] == " " for cell in cells)
    return columns


def fitted(pieces: list[str], starts: list[int], delimiter: str, columns: Sequence[Column],
           fuel: Fuel) -> list[Cell] | None:
    """The cells of a record, as many as there are columns; None where it has too few pieces for that.

    ``pieces``: what stands between the delimiters, quotes and all, and where. A delimiter at the end may be one too many."""
    made = _fitted(pieces, starts, delimiter, columns, fuel)
    if made is None or pieces[-1].strip() or len(pieces) != len(columns) + 1:
        return None if made is None else made[0]
    less = _fitted(pieces[:-1], starts, delimiter, columns, fuel)
    if less is None or less[1] + _TRAILING > made[1]:
        return made[0]
    cells = less[0]
    cells[-1] = cells[-1]._replace(found=(*cells[-1].found, Found("trailing-delimiter", starts[-1] - 1, delimiter, "")))
    return cells


def _fitted(pieces: list[str], starts: list[int], delimiter: str, columns: Sequence[Column],
            fuel: Fuel) -> tuple[list[Cell], int] | None:
    """The cells at least cost, and the cost."""
    width, surplus = len(columns), len(pieces) - len(columns)
    if surplus < 0:
        return None
    steps = width * (surplus + 1) ** 2
    if surplus == 0:
        cuts = list(range(width + 1))
    elif steps > MAX_STEPS or not fuel.spend(steps * (surplus + 1) // 4 + sum(map(len, pieces)) * (surplus + 1)):
        cuts = [*range(width), len(pieces)]
    else:
        cuts = _cheapest(pieces, delimiter, columns)
    cells: list[Cell] = []
    for first, last in pairwise(cuts):
        text = delimiter.join(pieces[first:last])
        cell = decoded(text, starts[first])
        if last - first > 1 and text[:1] != '"':
            cell = cell._replace(found=(*cell.found, Found("unescaped-delimiter", starts[first], text, f'"{text}"')))
        cells.append(cell)
    cost = sum(_cost(pieces[first:last], delimiter, column, first > 0) for (first, last), column in zip(
        pairwise(cuts), columns, strict=True)) if surplus <= MAX_STEPS else 0
    return cells, cost


def _cheapest(pieces: list[str], delimiter: str, columns: Sequence[Column]) -> list[int]:
    """Where the pieces are cut: the indexes at which the cells begin, and the end."""
    surplus = len(pieces) - len(columns)
    best: list[tuple[int, list[int]]] = [(0, [0])] + [(_WORST * 100, [0])] * surplus
    for number, column in enumerate(columns):
        after: list[tuple[int, list[int]]] = [(_WORST * 100, [0])] * (surplus + 1)
        for before in range(surplus + 1):
            cost, cuts = best[before]
            if cost >= _WORST * 100:
                continue
            for more in range(surplus + 1 - before):
                first, last = number + before, number + before + more + 1
                total = cost + _cost(pieces[first:last], delimiter, column, first > 0)
                if total <= after[before + more][0]:
                    # of equals the one with more pieces in the later column, which is where lists stand
                    if total == after[before + more][0] and cuts[-1] > after[before + more][1][-2]:
                        continue
                    after[before + more] = (total, [*cuts, last])
        best = after
    return best[surplus][1]


def _cost(pieces: list[str], delimiter: str, column: Column, is_behind: bool) -> int:
    """What it costs to take the pieces for one cell of a column."""
    text = delimiter.join(pieces)
    plain = text.strip()
    inside = len(pieces) - 1
    cost = 0
    if plain[:1] == '"':
        ends = len(plain) > 1 and plain[-1] == '"'
        inner = plain[1:-1] if ends else plain[1:]
        if ends:
            cost += 2 * min(5, inner.replace('""', "").replace('\\"', "").count('"'))
            cost += 40 * sum(1 for left, right in pairwise(pieces)
                             if left.rstrip()[-1:] == '"' == right.lstrip()[:1])
        else:
            cost += 12 + 6 * inside
    else:
        cost += 5 * (plain.count('"') % 2)
        if inside and _GROUPED.fullmatch(text):
            cost += 3
        else:
            cost += sum(6 if right[:1] == " " and left.strip() else 12 for left, right in pairwise(pieces))
        cost -= 3 * inside if column.lists else 0
    if is_behind and text[:1] == " " and not column.spaced and not plain.startswith('"'):
        cost += 3
    bare = plain.strip('"')
    if bare and ((column.numbers and not is_number(bare)) or (column.fits is not None and not column.fits(bare))):
        cost += 20
    return cost


def decoded(raw: str, start: int) -> Cell:
    """The text of a cell that is written as ``raw``, quotes and all."""
    plain = raw.strip()
    if plain[:1] != '"':
        return Cell(raw, start)
    offset = start + len(raw) - len(raw.lstrip())
    found: list[Found] = []
    if len(plain) > 1 and plain[-1] == '"':
        inner = plain[1:-1]
    elif plain.count('"') % 2 == 0:
        return Cell(plain, offset)  # "this" and that: quotes of the content
    else:
        inner = plain[1:]
        found.append(Found("missing-quote", offset + len(plain), "", '"'))
    if len(inner) > 1 and inner[0] == inner[-1] == '"' and inner.count('"') == 2:
        return Cell(inner[1:-1], offset, (Found("doubled-quote", offset, '""', '"'), *found))
    if '\\"' in inner:
        found.append(Found("escaped-quote", offset + 1 + inner.index('\\"'), '\\"', '""'))
        inner = inner.replace('\\"', '"')
    elif '"' in inner.replace('""', ""):
        found.append(Found("unescaped-quote", offset + 1 + inner.index('"'), '"', '""'))
        return Cell(inner, offset, tuple(found))
    return Cell(inner.replace('""', '"'), offset, tuple(found))


def unmarked(cell: Cell) -> Cell:
    """A cell of a Markdown table that is not bold as a whole; ``<br>`` is a line break."""
    text, found = cell.text, list(cell.found)
    if marked := _MARKED.fullmatch(text):
        found.append(Found("emphasis", cell.start, text, marked[1]))
        text = marked[1]
    if _BREAK.search(text):
        found.append(Found("line-break", cell.start, text, ""))
        text = _BREAK.sub("\n", text)
    return cell if text == cell.text else Cell(text, cell.start, tuple(found))
