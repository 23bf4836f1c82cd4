"""The form of a finished automaton over bytes, and the sums over its states.

In: states with labelled acceptance and, per state, moves by whole code points or by bytes. Out: a frozen ``Dfa``. The
idea: the reader of a ``Dfa`` checks by itself that the bytes are well-formed UTF-8, so a state may treat continuation
bytes as nothing; a class with *all* code points beyond ASCII then costs two edges instead of a dozen states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structgen import _native

INFINITE = 2**31 - 1
"""Saturated lengths and counts: this many or more."""

Edge = tuple[int, int, int]
Edges = tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Dfa:
    """A finite automaton over the UTF-8 bytes of a text; every state leads to acceptance.

    Feed it well-formed UTF-8 only. A state may have an edge [80..BF] to itself that means nothing: it absorbs the rest
    of a character whose first byte has already decided. Lengths count code points at their first byte, so a state
    inside a character does not count that character any more.

    One that the native part has made shows each field as tuples when it is first asked for; only the Python engine asks.
    """

    start: int
    edges: tuple[Edges, ...]
    """Per state (first byte, last byte, target), sorted and disjoint."""
    accept: tuple[int, ...]
    """Per state -1 or the label of the language that accepts there (0 in a plain language)."""
    min_length: tuple[int, ...]
    """Per state the code points still to begin before the nearest acceptance."""
    max_length: tuple[int, ...]
    """The same for the farthest acceptance; ``INFINITE`` where there is none."""
    count: tuple[int, ...]
    """Per state the number of texts accepted from there; ``INFINITE`` means that many or more."""
    labels: tuple[tuple[int, ...], ...] = field(default=())
    """Per state the sorted labels still reachable; only in labelled automata."""
    ascii_only: bool = False
    """No text of the language has a character beyond ASCII."""
    native: _native.Automaton | None = field(default=None, compare=False, repr=False)
    """The same in flat arrays; see ``dfa_native.handle``."""

    @classmethod
    def of_native(cls, native: _native.Automaton) -> Dfa:
        """An automaton whose fields are read from its native form when they are asked for."""
        dfa = object.__new__(cls)
        object.__setattr__(dfa, "native", native)
        return dfa

    def __getattr__(self, name: str) -> Any:
        """A field that has not been asked for yet."""
        if name not in Dfa.__slots__ or name == "native" or self.native is None:
            raise AttributeError(name)
        value = getattr(self.native, name)
        object.__setattr__(self, name, value)
        return value

    @property
    def texts(self) -> int:
        """The number of texts in the language; ``INFINITE`` means that many or more."""
        return self.count[self.start] if self.native is None else self.native.texts

    def accepts(self, text: str) -> bool:
        """Whether the whole text belongs to the language (with any label)."""
        return self.label(text) >= 0

    def label(self, text: str) -> int:
        """The label of the text, -1 where it does not belong to the language."""
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return -1
        if self.native is not None:
            return self.native.label(data)
        state = self.start
        for byte in data:
            for low, high, target in self.edges[state]:
                if low <= byte <= high:
                    state = target
                    break
            else:
                return -1
        return self.accept[state]


ANY = Dfa(start=0, edges=(((0, 255, 0),),), accept=(0,), min_length=(0,), max_length=(INFINITE,), count=(INFINITE,),
          labels=(), ascii_only=False)
"""Every text."""


def saturate(number: int) -> int:
    """The number, or ``INFINITE`` where it is larger."""
    return number if number < INFINITE else INFINITE


def merge_edges(edges: list[Edge]) -> Edges:
    """Sorted edges with neighbours that have one target joined."""
    edges.sort()
    merged: list[Edge] = []
    for low, high, target in edges:
        if merged and merged[-1][2] == target and merged[-1][1] + 1 == low:
            merged[-1] = (merged[-1][0], high, target)
        else:
            merged.append((low, high, target))
    return tuple(merged)


def reachable_labels(edges: Sequence[Edges], accept: Sequence[int]) -> list[tuple[int, ...]]:
    """Per state the sorted labels that can still be accepted; states are best numbered breadth-first."""
    targets = [{target for _, _, target in row} for row in edges]
    masks = [1 << label if label >= 0 else 0 for label in accept]
    changed = True
    while changed:
        changed = False
        for state in range(len(accept) - 1, -1, -1):
            mask = masks[state]
            for target in targets[state]:
                mask |= masks[target]
            if mask != masks[state]:
                masks[state] = mask
                changed = True
    known: dict[int, tuple[int, ...]] = {}
    for mask in masks:
        if mask not in known:
            known[mask] = tuple(i for i in range(mask.bit_length()) if mask >> i & 1)
    return [known[mask] for mask in masks]
