"""``unevaluatedProperties`` and ``unevaluatedItems``: what the subschemas in place evaluate, branch by branch.

In: a raw schema. Out: the ways in which its subschemas may evaluate members and items, each with what must hold for it.
The one idea: to take fewer members for evaluated only asks more of a value, so the ways need not exclude each other: for
``anyOf`` any of its branches may be counted on together, and what holds without being counted on does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.schema.nodes import ANYTHING, NOTHING, Link, link_union

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

MAX_WAYS = 128
"""Ways to evaluate that the branches of a schema may multiply into."""


class TooManyWays(Exception):
    """More than ``MAX_WAYS``."""


class Way(NamedTuple):
    """What is evaluated where ``link`` holds."""

    link: Link = ANYTHING
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    every_member: bool = False
    first_items: int = 0
    every_item: bool = False
    items: frozenset[Link] = frozenset()
    """Items that satisfy one of these are evaluated, wherever they are."""

    @property
    def evaluates(self) -> bool:
        """Whether anything is evaluated."""
        return any(self[1:])

    def with_(self, other: Way) -> Way:
        """What both evaluate, where both hold."""
        return Way(link_union(self.link, other.link), self.names | other.names, self.patterns | other.patterns,
                   self.every_member or other.every_member, max(self.first_items, other.first_items),
                   self.every_item or other.every_item, self.items | other.items)


NOTHING_EVALUATED = Way()


def ways(reader: Reader, key: int, own: str) -> list[Way]:
    """The ways of a raw schema, its own keyword ``own`` apart."""
    return list(dict.fromkeys(_Search(reader, own).of_raw(key)))


class _Search:
    """One search; ``active`` are the raw schemas that it is in."""

    def __init__(self, reader: Reader, own: str) -> None:
        self._reader, self._own = reader, own
        self._active: list[int] = []

    def of_raw(self, key: int) -> list[Way]:
        """The ways of a raw schema."""
        if key in self._active:
            raise TooManyWays
        raw = self._reader.visible(key)
        found = [self._plain(key, raw, "" if self._active else self._own)]
        self._active.append(key)
        for counted_on in self._branches(key, raw):
            found = self._both(found, counted_on)
        self._active.pop()
        return found

    def _of_link(self, link: Link) -> list[Way]:
        found = [NOTHING_EVALUATED]
        for key in link:
            if key:
                found = self._both(found, self.of_raw(key))
        return found

    def _both(self, first: list[Way], second: list[Way]) -> list[Way]:
        found = [way for way in dict.fromkeys(a.with_(b) for a in first for b in second) if way.link != NOTHING]
        self._reader.steps += len(found)
        if len(found) > MAX_WAYS:
            raise TooManyWays
        return found

    def _plain(self, key: int, raw: dict[str, Any], own: str) -> Way:
        """What the keywords of a raw schema evaluate by themselves."""
        items = raw.get("items")
        is_list = isinstance(items, (list, tuple))
        counted: frozenset[Link] = frozenset()
        if "contains" in raw and self._reader.dialect_of(key).draft >= 2020:
            counted = frozenset((self._reader.link(raw["contains"], key, "contains", None),))
        every_member = "additionalProperties" in raw or (own != "unevaluatedProperties" and "unevaluatedProperties" in raw)
        every_item = ("items" in raw and not is_list) or (is_list and "additionalItems" in raw) or (
            own != "unevaluatedItems" and "unevaluatedItems" in raw)
        return Way(ANYTHING, frozenset(_object(raw, "properties")), frozenset(_object(raw, "patternProperties")),
                   every_member, len(_list(raw, "items" if is_list else "prefixItems")), every_item, counted)

    def _branches(self, key: int, raw: dict[str, Any]) -> Iterator[list[Way]]:
        """For each subschema in place, the ways to count on it."""
        reader = self._reader
        if "$ref" in raw:
            yield self._of_link(reader.follow(raw, key))
        for keyword in ("$dynamicRef", "$recursiveRef"):
            if keyword in raw:
                yield self._of_link(reader.follow_dynamically(raw, key, keyword))
        for i, part in enumerate(_list(raw, "allOf")):
            yield self._of_link(reader.link(part, key, "allOf", str(i)))
        for i, part in enumerate(_list(raw, "anyOf")):
            yield self._where(reader.link(part, key, "anyOf", str(i)))
        one_of = [reader.link(part, key, "oneOf", str(i)) for i, part in enumerate(_list(raw, "oneOf"))]
        if one_of:  # one at most
            yield list(dict.fromkeys(way for link in one_of for way in self._where(link)))
        if "if" in raw:
            test = reader.link(raw["if"], key, "if", None)
            holds = self._of_link(test)
            if "then" in raw:
                holds = self._both(holds, self._of_link(reader.link(raw["then"], key, "then", None)))
            fails = self._of_link(reader.link(raw["else"], key, "else", None)) if "else" in raw else []
            yield [NOTHING_EVALUATED, *_under(test, holds),
                   *(_under(reader.negation(test, key), fails) if any(way.evaluates for way in fails) else ())]
        for keyword in ("dependentSchemas", "dependencies"):
            for name, part in _object(raw, keyword).items():
                if not isinstance(part, (list, tuple, str)):
                    present = reader.synthetic({"type": "object", "required": [name]}, key)
                    yield [NOTHING_EVALUATED, *_under(present, self._of_link(reader.link(part, key, keyword, name)))]

    def _where(self, link: Link) -> list[Way]:
        """The ways of a branch that may hold or not: it need not be counted on."""
        return [NOTHING_EVALUATED, *_under(link, self._of_link(link))]


def _under(link: Link, found: list[Way]) -> list[Way]:
    """The ways that evaluate something, where a link holds too."""
    return [way._replace(link=link_union(way.link, link)) for way in found if way.evaluates]


def _list(raw: dict[str, Any], keyword: str) -> Any:
    """A list, as far as it is one: what has another form is refused where the keyword is read."""
    value = raw.get(keyword)
    return value if isinstance(value, (list, tuple)) else ()


def _object(raw: dict[str, Any], keyword: str) -> dict[str, Any]:
    value = raw.get(keyword)
    return value if isinstance(value, dict) else {}
