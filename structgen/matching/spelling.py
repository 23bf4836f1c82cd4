"""How many bytes the text of a span still takes: the part of ``matching.completion`` that looks inside texts.

In: a span's automaton, where it stands and what has been used. Out: least numbers of bytes. The one idea is to search
for the cheapest way through an automaton whose bytes cost what they take in the output: in JSON a quote takes two, a
control character up to six, and so does any character beyond ASCII where that must be escaped. Where texts must differ,
the texts of each cost are counted instead of listed, so the cheapest *unused* one is known without naming it.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from structgen.automaton.dfa import Dfa
from structgen.automaton.tables import Encoding, Role
from structgen.automaton.utf8 import utf8_sequences
from structgen.matching import decoder
from structgen.matching.spans import Reading, SpanReader

NEVER = 1 << 60
"""The cost of what cannot be."""

Place = TypeVar("Place", bound=Hashable)
_SHORT_ESCAPES = frozenset(b'"\\\b\f\n\r\t')
_LEFT_IN_CHARACTER = (0, 1, 2, 3, 2, 2, 3, 3)
"""Bytes still to come, by the decoder's UTF-8 mode."""


def cheapest(start: Place, onward: Callable[[Place], Iterable[tuple[int, Place | None]]], known: dict[Place, int]) -> int:
    """The least cost from ``start`` to an end (``None``); what lies on the way there is remembered in ``known``."""
    costs: dict[Place, int] = {start: 0}
    came: dict[Place, Place] = {}
    heap: list[tuple[int, int, Place, bool]] = [(0, 0, start, False)]
    order = 0
    while heap:
        cost, _, place, ended = heapq.heappop(heap)
        if not ended and cost > costs[place]:
            continue
        if ended:
            total = cost
            while True:
                known[place] = total - costs[place]
                if place == start:
                    return total
                place = came[place]
        if place in known:
            if known[place] < NEVER:
                order += 1
                heapq.heappush(heap, (cost + known[place], order, place, True))
            continue
        for step, following in onward(place):
            if step >= NEVER:
                continue
            order += 1
            if following is None:
                heapq.heappush(heap, (cost + step, order, place, True))
            elif cost + step < costs.get(following, NEVER):
                costs[following] = cost + step
                came[following] = place
                heapq.heappush(heap, (cost + step, order, following, False))
    known[start] = NEVER
    return NEVER


def byte_cost(byte: int, encoding: int) -> int:
    """The bytes that one byte of a text takes in the output; of an escaped character its first byte takes the most."""
    if encoding & decoder.ASCII and byte >= 0x7F:
        return 1 if 0x80 <= byte < 0xC0 else _character_cost(byte, encoding) - _size(byte) + 1
    if encoding == Encoding.RAW or (byte >= 0x20 and byte not in b'"\\'):
        return 1
    return 2 if byte in _SHORT_ESCAPES else 6


def _size(lead: int) -> int:
    return 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _character_cost(lead: int, encoding: int) -> int:
    """The bytes that a character beyond ASCII takes."""
    if encoding & decoder.ASCII:
        return 6 if lead < 0xF0 else 12
    return _size(lead)


class Spelling:
    """The costs of one span's texts."""

    def __init__(self, reader: SpanReader) -> None:
        self.reader = reader
        self._dfa: Dfa = reader.dfa
        self._byte_cost = [byte_cost(byte, reader.span.encoding) for byte in range(256)]
        self._known: dict[int, dict[tuple[int, int], int]] = {}
        self._absorbs = [any(low <= 0x80 <= high and target == state for low, high, target in edges)
                         for state, edges in enumerate(self._dfa.edges)]
        self._levels: list[Counter[int]] = []
        self._frontier: dict[int, Counter[tuple[int, int]]] = {0: Counter({(self._dfa.start, 0): 1})}

    def spelled(self, text: bytes) -> int:
        """The bytes that a remembered text takes, its quotes not counted."""
        if self.reader.span.role == Role.UNIQUE:
            text = text[1:]  # says how it is written
        return sum(map(self._byte_cost.__getitem__, text))

    def least(self, state: int, needed: int, label: int = -1) -> int:
        """The least bytes from a state to a text with this label (-1: any), ``needed`` characters away or more."""
        known = self._known.setdefault(label, {})
        found = known.get((state, needed))
        return cheapest((state, needed), lambda at: self._onward(at, label), known) if found is None else found

    def _onward(self, at: tuple[int, int], label: int) -> Iterable[tuple[int, tuple[int, int] | None]]:
        state, needed = at
        accept = self._dfa.accept[state]
        if not needed and accept >= 0 and label in (-1, accept):
            yield 0, None
        fewer = max(0, needed - 1)
        for low, high, target in self._dfa.edges[state]:
            if label >= 0 and not _reaches(self._dfa, target, label):
                continue
            if low < 0x80:
                yield min(self._byte_cost[low : min(high, 0x7F) + 1]), (target, fewer)
            if high >= 0xC2:
                lead = max(low, 0xC2)
                yield (_character_cost(lead, self.reader.span.encoding) if self._absorbs[target]
                       else min(self._byte_cost[lead : high + 1])), (target, fewer)
            if low <= 0xBF and high >= 0x80 and target != state:
                yield 1, (target, needed)

    def remaining(self, reading: Reading, label: int = -1) -> int:
        """The least bytes from inside a text to its end with this label; its closing quote is not counted."""
        needed = max(0, self.reader.span.min_length - reading.count)
        mode = reading.decoder & 15
        if mode < decoder.ESCAPE:
            open_bytes, rest = _LEFT_IN_CHARACTER[mode], self.least(reading.state, needed, label)
            return rest + open_bytes if self._absorbs[reading.state] else max(rest, open_bytes)
        digits = 4 - (reading.decoder >> 4 & 3)
        escape = {decoder.ESCAPE: 1, decoder.PAIR_ESCAPE: 6, decoder.PAIR_U: 5}.get(mode, digits)
        states = {state for low, high in decoder.pending(reading.decoder, self.reader.span.encoding)
                  for sequence in utf8_sequences(low, high)
                  for state in self._behind(reading.state, sequence)}
        return escape + min((self.least(state, max(0, needed - 1), label) for state in states
                             if label < 0 or _reaches(self._dfa, state, label)), default=NEVER)

    def _behind(self, state: int, sequence: tuple[tuple[int, int], ...]) -> set[int]:
        states = {state}
        for first, last in sequence:
            states = {target for here in states for low, high, target in self._dfa.edges[here]
                      if low <= last and first <= high}
        return states

    # -- texts that must differ -----------------------------------------------------------------------------------

    def unused(self, used: tuple[int, ...], label: int) -> int:
        """The cost of the cheapest text with this label, where ``used[c]`` texts of each cost ``c`` are used, by whatever
        label: not above the truth."""
        cost = 0
        while True:
            while len(self._levels) <= cost:
                if not any(_reaches(self._dfa, state, label) for level in self._frontier.values() for state, _ in level):
                    return NEVER
                self._count_level()
            level = self._levels[cost]
            if label in level and level.total() > (used[cost] if cost < len(used) else 0):
                return cost
            cost += 1

    def _count_level(self) -> None:
        """Counts the texts of the next cost."""
        span, keys = self.reader.span, self.reader.keys
        cost = len(self._levels)
        found: Counter[int] = Counter()
        for (state, count), number in self._frontier.pop(cost, Counter()).items():
            accept = self._dfa.accept[state]
            if accept >= 0 and (keys is None or accept >= keys.listed) and count >= span.min_length:
                found[accept] += number
            for low, high, target in self._dfa.edges[state]:
                if keys is not None and self._dfa.labels[target][-1] < keys.listed:
                    continue
                if low < 0x80:
                    high = min(high, 0x7F)
                elif target == state:
                    continue  # the meaningless rest of a character
                for byte_costs, times in Counter(self._byte_cost[low : high + 1]).items():
                    begun = count + (low < 0x80 or low >= 0xC0)
                    if begun <= span.max_length:
                        level = self._frontier.setdefault(cost + byte_costs, Counter())
                        level[target, min(begun, self._cap)] += number * times
        self._levels.append(found)

    @property
    def _cap(self) -> int:
        """Characters beyond this number need no count."""
        span = self.reader.span
        return span.min_length if span.max_length >= 1 << 30 else span.max_length


def _reaches(dfa: Dfa, state: int, label: int) -> bool:
    """Whether a label can still be accepted."""
    if not dfa.labels:
        return True
    labels = dfa.labels[state]
    at = bisect_left(labels, label)
    return at < len(labels) and labels[at] == label
