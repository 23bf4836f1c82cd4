"""The code points of one language, cut into classes that its automaton need not tell apart.

In: the character sets that occur in a language. Out: an ``Alphabet``: per set its class numbers, per class its ranges.
Two code points share a class when every set has both or neither. No class is empty, and together they cover every
code point but the surrogates. The automaton is built over classes and spelled in bytes at the end.
"""

from __future__ import annotations

from collections.abc import Iterable

from structgen.grammar.nodes import MAX_CODE_POINT

Ranges = tuple[tuple[int, int], ...]
_WHOLE: Ranges = ((0, 0xD7FF), (0xE000, MAX_CODE_POINT))


class Alphabet:
    """The classes of the code points that a family of sets tells apart."""

    __slots__ = ("_classes_of", "ranges", "size")

    def __init__(self, sets: Iterable[Ranges]) -> None:
        distinct = list(dict.fromkeys(sets))
        self.ranges: list[list[tuple[int, int]]] = []
        """Per class its ranges of code points, sorted."""
        events: list[tuple[int, int]] = []
        for number, ranges in enumerate((_WHOLE, *distinct)):
            bit = 1 << number
            for low, high in ranges:
                events.append((low, bit))
                events.append((high + 1, bit))
        events.sort()
        classes: dict[int, int] = {}
        current, since = 0, 0
        for point, bit in events:
            if point > since:
                if current & 1:
                    number = classes.setdefault(current, len(classes))
                    if number == len(self.ranges):
                        self.ranges.append([])
                    self.ranges[number].append((since, point - 1))
                since = point
            current ^= bit
        self.size = len(self.ranges)
        members: list[list[int]] = [[] for _ in distinct]
        for signature, number in classes.items():
            rest = signature >> 1
            while rest:
                lowest = rest & -rest
                members[lowest.bit_length() - 1].append(number)
                rest ^= lowest
        self._classes_of = {ranges: tuple(members[i]) for i, ranges in enumerate(distinct)}

    def classes(self, ranges: Ranges) -> tuple[int, ...]:
        """The classes that make up one of the sets."""
        return self._classes_of[ranges]

    def weight(self, number: int) -> int:
        """How many code points a class has."""
        return sum(high - low + 1 for low, high in self.ranges[number])
