"""Which members and items the keywords beside ``unevaluated…`` evaluate.

In: the key of a raw schema. Out: *ways* in which values may satisfy it: what must hold, and what is evaluated then. The one
idea: evaluating more only ever allows more. So nobody has to say which branches of an ``anyOf`` do not hold: the union over
all sets of branches that may hold is exact, and only ``else`` needs the opposite of its ``if``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.schema.nodes import ALL_TYPES, ANYTHING, NOTHING, Link, link_union

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

MAX_WAYS = 256
"""Ways that are told apart; each becomes an alternative."""
MAX_DEPTH = 40
"""Schemas within schemas that apply to the same value."""


class TooManyWays(Exception):
    """The branches multiply beyond ``MAX_WAYS``, or nest beyond ``MAX_DEPTH``."""


class Way(NamedTuple):
    """What is evaluated where ``condition`` holds."""

    condition: Link = ANYTHING
    everything: bool = False
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    items: int = 0
    """Items from the first on."""
    matching: frozenset[Link] = frozenset()
    """Items that satisfy one of these (``contains``)."""

    def joined(self, other: Way) -> Way:
        """What is evaluated where both hold."""
        return Way(link_union(self.condition, other.condition), self.everything or other.everything,
                   self.names | other.names, self.patterns | other.patterns, max(self.items, other.items),
                   self.matching | other.matching)

    def under(self, condition: Link) -> Way:
        """The way with one more condition."""
        return self._replace(condition=link_union(self.condition, condition))

    def covers(self, other: Way) -> bool:
        """Whether it holds wherever the other does, and evaluates as much."""
        return set(self.condition) <= set(other.condition) and (self.everything or (
            not other.everything and self.names >= other.names and self.patterns >= other.patterns
            and self.items >= other.items and self.matching >= other.matching))


NONE = Way()


def ways_of(reader: Reader, key: int, of_items: bool, depth: int = 0, *, is_root: bool = True) -> list[Way]:
    """The ways in which a value may satisfy a raw schema; what ``unevaluated…`` of the root does is left out."""
    if key <= ALL_TYPES:
        return [NONE]
    if depth > MAX_DEPTH:
        raise TooManyWays
    ways = [_own(reader, key, of_items, is_root)]
    for options in _choices(reader, key, of_items, depth + 1):
        ways = _undominated([way.joined(option) for way in ways for option in options])
        if len(ways) > MAX_WAYS:
            raise TooManyWays
    return ways


def _of_link(reader: Reader, link: Link, of_items: bool, depth: int) -> list[Way]:
    """The ways in which a value may satisfy every raw schema of a link."""
    ways = [NONE]
    for key in link:
        if link == NOTHING:
            break
        ways = [way.joined(other) for way in ways for other in ways_of(reader, key, of_items, depth, is_root=False)]
        if len(ways) > MAX_WAYS:
            raise TooManyWays
    return ways


def _own(reader: Reader, key: int, of_items: bool, is_root: bool) -> Way:
    """What the keywords evaluate that apply to members or items directly."""
    raw = reader.visible(key)
    if not of_items:
        everything = "additionalProperties" in raw or ("unevaluatedProperties" in raw and not is_root)
        return Way(everything=everything, names=frozenset(_object(raw, "properties")),
                   patterns=frozenset(_object(raw, "patternProperties")))
    items = raw.get("items")
    tuple_form = isinstance(items, (list, tuple))
    prefix = len(_list(raw, "items" if tuple_form else "prefixItems"))
    everything = ("unevaluatedItems" in raw and not is_root) or (items is not None and not tuple_form) or (
        tuple_form and "additionalItems" in raw)
    counts = "contains" in raw and reader.dialect_of(key).draft >= 2020
    matching = frozenset({reader.link(raw["contains"], key, "contains", None)}) if counts else frozenset[Link]()
    return Way(everything=everything, items=prefix, matching=matching)


def _choices(reader: Reader, key: int, of_items: bool, depth: int) -> Iterator[list[Way]]:
    """For each keyword that applies schemas to the value itself: the ways it may go."""
    raw = reader.visible(key)

    def ways(link: Link) -> list[Way]:
        return _of_link(reader, link, of_items, depth)

    def links(keyword: str) -> list[Link]:
        return [reader.link(below, key, keyword, str(i)) for i, below in enumerate(_list(raw, keyword))]

    if "$ref" in raw:
        yield ways(reader.follow(raw, key))
    for keyword in ("$dynamicRef", "$recursiveRef"):
        if keyword in raw:
            yield ways(reader.follow_dynamically(raw, key, keyword))
    for link in links("allOf"):
        yield ways(link)
    for link in links("anyOf"):
        yield [NONE, *(way.under(link) for way in ways(link))]
    branches = links("oneOf")
    if branches:
        yield list(chain.from_iterable((way.under(link) for way in ways(link)) for link in branches))
    if "if" in raw:
        test = reader.link(raw["if"], key, "if", None)
        then, otherwise = (ways(reader.link(raw[name], key, name, None)) if name in raw else [NONE]
                           for name in ("then", "else"))
        fails = ANYTHING if otherwise == [NONE] else reader.negation(test, key)
        yield [*(a.joined(b).under(test) for a in ways(test) for b in then), *(way.under(fails) for way in otherwise)]
    for name, below in _object(raw, "dependentSchemas").items():
        present = reader.synthetic({"type": "object", "required": [name]}, key)
        yield [NONE, *(way.under(present) for way in ways(reader.link(below, key, "dependentSchemas", name)))]


def _undominated(ways: list[Way]) -> list[Way]:
    """The ways without those that another covers."""
    kept: list[Way] = []
    for way in ways:
        if not any(other.covers(way) for other in kept):
            kept = [other for other in kept if not way.covers(other)]
            kept.append(way)
    return kept


def _list(raw: dict[str, Any], keyword: str) -> Sequence[Any]:
    """A list, as far as it is one: what has another form is refused where the keyword itself is read."""
    value = raw.get(keyword)
    return value if isinstance(value, (list, tuple)) else ()


def _object(raw: dict[str, Any], keyword: str) -> dict[str, Any]:
    value = raw.get(keyword)
    return value if isinstance(value, dict) else {}
