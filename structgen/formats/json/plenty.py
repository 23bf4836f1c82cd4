"""Whether a schema has at least so many different values.

In: a link and a number. Out: a lower bound of how many values satisfy it, at most that number. Where items must differ, so
many items as a list needs at least must be there for the list to be completed, whichever came before. Types share no
values, so their bounds add up; alternatives of one type may overlap, so the best of them counts. A recursion counts as
nothing: a bound that is too low only refuses more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from structgen.automaton.dfa import compile_text
from structgen.formats.json.names import Kind
from structgen.formats.json.numbers import Spelling, number_node
from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Text
from structgen.limits import Limits
from structgen.schema.json_schema import Reader
from structgen.schema.merge import item_link
from structgen.schema.nodes import ANYTHING, ArrayFacet, Link, NumberFacet, ObjectFacet, StringFacet, link_union

MAX_LENGTHS = 100
"""Lengths of a list that are looked at."""
INFINITE = 2**31 - 1
"""More texts than are counted."""


class Shapes(NamedTuple):
    """How the texts of facets look: strings, the spelling of numbers, and what members of an object must satisfy."""

    limits: Limits
    string: Callable[[StringFacet], Text]
    spelling: Spelling
    members: Callable[[ObjectFacet], tuple[dict[str, Link], list[Kind]]]

    def strings(self, facet: StringFacet) -> int:
        """At least so many strings satisfy the facet."""
        return n_texts(self.string(facet), self.limits)

    def numbers(self, facet: NumberFacet) -> int:
        """At least so many numbers satisfy the facet."""
        node = number_node(facet, self.spelling)
        return n_texts(node, self.limits) if isinstance(node, Text) else int(node is None and not facet.excluded)

    def names(self, facet: ObjectFacet) -> tuple[dict[str, Link], Link | None]:
        """What members must satisfy by name, and those of which there is no end."""
        links, kinds = self.members(facet)
        endless = [kind.link for kind in kinds
                   if kind.name is None or n_texts(Text(kind.name), self.limits) == INFINITE]
        return links, endless[0] if endless else None


def n_texts(node: Text, limits: Limits) -> int:
    """At least so many texts belong to a node, at most ``INFINITE``."""
    if node.body is ANY_TEXT and node.max_length != 0:
        return INFINITE if node.max_length is None or node.max_length >= node.min_length else 0
    language = compile_text(node.body, node.min_length, node.max_length, limits)
    if language is None:
        return 0
    dfa, least, most = language
    count = dfa.count[dfa.start]
    return count if most is None and (least == 0 or count >= INFINITE) else 1


def enough_values(reader: Reader, facet: ArrayFacet, depth: int, shapes: Shapes) -> bool:
    """Whether an array whose items differ can be completed whichever items came first: place ``i`` has more than ``i``
    values, as far as it must have an item."""
    wanted = max(facet.min_items, sum(count.least for count in facet.counts))
    if wanted <= 1:
        return True
    if wanted > MAX_LENGTHS * 1000:
        return False
    plenty = Plenty(reader, wanted, shapes)
    last = min(wanted, len(facet.prefix) + 1)
    for place in range(last):
        needed = place + 1 if place < len(facet.prefix) else wanted
        asked = [(ANYTHING, needed)]
        for count in facet.counts:
            asked += [(count.link, count.least)] * (place == last - 1 or count.least > 1)
            asked += [(reader.negation(count.link, facet.origin), needed)] * (count.most is not None)
        if any(plenty.of(link_union(item_link(facet, place), link), depth) < least for link, least in asked):
            return False
    return True


class Plenty:
    """Bounds up to ``wanted`` of how many values there are."""

    def __init__(self, reader: Reader, wanted: int, shapes: Shapes) -> None:
        self._reader, self._wanted = reader, wanted
        self._shapes = shapes
        self._known: dict[tuple[Link, int], int] = {}

    def of(self, link: Link, depth: int) -> int:
        """How many values satisfy a link, with containers nested at most ``depth`` deep (negative: as deep as they like)."""
        key = (link, depth)
        known = self._known.get(key)
        if known is None:
            self._known[key] = 0  # for what refers back to it
            known = self._known[key] = min(self._wanted, self._count(link, depth))
        return known

    def _count(self, link: Link, depth: int) -> int:
        schema = self._reader.expand(link)
        found = schema.null + schema.booleans.bit_count()
        found += max(map(self._shapes.strings, schema.strings), default=0)
        found += max(map(self._shapes.numbers, schema.numbers), default=0)
        if depth and found < self._wanted:
            found += max((self._lists(facet, depth - (depth > 0)) for facet in schema.arrays), default=0)
            found += max((self._objects(facet, depth - (depth > 0)) for facet in schema.objects), default=0)
        return found

    def _lists(self, facet: ArrayFacet, depth: int) -> int:
        if facet.unique or facet.counts:
            return int(facet.min_items == 0 and not any(count.least for count in facet.counts))
        found, ways = 0, 1
        for length in range(MAX_LENGTHS):
            if length >= facet.min_items:
                found += ways
            if found >= self._wanted or length == facet.max_items:
                break
            ways *= self.of(item_link(facet, length), depth)
        return found

    def _objects(self, facet: ObjectFacet, depth: int) -> int:
        if facet.breaches:
            return 0
        links, other = self._shapes.names(facet)
        counts = {name: self.of(link, depth) for name, link in links.items()}
        if not all(counts.get(name) for name in facet.required):
            return 0
        least, most = facet.min_members, facet.max_members
        if other is not None and (most is None or most > max(len(facet.required), least - 1)) and self.of(other, depth):
            return self._wanted
        possible = [count for count in counts.values() if count]
        if least > len(possible) or (most is not None and most < len(facet.required)):
            return 0
        ways = 1
        for name in facet.required:
            ways *= counts[name]
        if least <= len(facet.required) and most is None:
            for name, count in counts.items():
                ways *= 1 if name in facet.required else 1 + count
            return ways
        if least > len(facet.required) or (most is not None and most > len(facet.required)):
            return max([ways * (least <= len(facet.required)), *possible])
        return ways

