"""What values: a schema as a union of facets per JSON type, blind to any syntax.

A ``Schema`` holds, for each JSON type, the alternatives that are allowed: no alternative means that no value of
that type belongs to it, and a value belongs to the schema if one alternative of its type holds for it. Two schemas are
intersected type by type (``merge``), so an ``anyOf`` over strings never multiplies the objects beside it.

Child schemas are not held here but named by a ``Link``: the set of raw subschemas that a child must satisfy all at
once. There are finitely many of those, so recursion stays finite and a merge never looks further than one level.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

Number = int | Decimal
Link = tuple[int, ...]
"""Sorted ids of the raw subschemas whose conjunction is meant."""
ANYTHING: Link = ()
NOTHING: Link = (0,)

NULL, BOOLEAN, FRACTION, INTEGER, STRING, ARRAY, OBJECT = 1, 2, 4, 8, 16, 32, 64
NUMBER = FRACTION | INTEGER
ALL_TYPES = 127
FALSE_BIT, TRUE_BIT = 1, 2


class NumberFacet(NamedTuple):
    """Numbers between two bounds; ``kinds`` tells integers (``INTEGER``) from numbers with a fraction (``FRACTION``)."""

    values: tuple[Number, ...] | None = None
    excluded: tuple[Number, ...] = ()
    low: Number | None = None
    low_open: bool = False
    high: Number | None = None
    high_open: bool = False
    kinds: int = NUMBER
    multiples: tuple[Number, ...] = ()
    origin: int = 0
    no_multiples: tuple[Number, ...] = ()
    """Steps of which the number is no multiple."""


class TextTest(NamedTuple):
    """One test of a string: ``kind`` is "pattern" (searched), "format", "substring" or "words"; ``holds`` False: negated."""

    kind: str
    argument: str
    holds: bool
    origin: int


class StringFacet(NamedTuple):
    """Strings of some length in code points that pass every test; ``values``: only these."""

    values: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    tests: tuple[TextTest, ...] = ()
    origin: int = 0


class Count(NamedTuple):
    """Of the items from number ``start`` on, ``least`` to ``most`` satisfy ``link``."""

    link: Link
    least: int = 1
    most: int | None = None
    start: int = 0


class ArrayFacet(NamedTuple):
    """Arrays: item ``i`` satisfies ``prefix[i]``, later ones ``rest``; ``unique``: no two items are equal."""

    prefix: tuple[Link, ...] = ()
    rest: Link = ANYTHING
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    origin: int = 0
    counts: tuple[Count, ...] = ()


class ObjectPart(NamedTuple):
    """What one raw schema says of member values: by name, by pattern, and of names neither lists nor matches."""

    properties: dict[str, Link]
    patterns: tuple[tuple[str, Link], ...] = ()
    other: Link = ANYTHING
    origin: int = 0


class Breach(NamedTuple):
    """Some member breaks what is said here of all members: ``part``, or that its name satisfies ``names``."""

    part: ObjectPart
    names: Link = ANYTHING


class ObjectFacet(NamedTuple):
    """Objects whose members satisfy every part; ``names`` are schemas every member name must satisfy."""

    parts: tuple[ObjectPart, ...] = ()
    required: tuple[str, ...] = ()
    min_members: int = 0
    max_members: int | None = None
    names: Link = ANYTHING
    origin: int = 0
    breaches: tuple[Breach, ...] = ()


class Schema(NamedTuple):
    """The alternatives per type; ``null`` and ``booleans`` need no facet."""

    null: bool = False
    booleans: int = 0
    numbers: tuple[NumberFacet, ...] = ()
    strings: tuple[StringFacet, ...] = ()
    arrays: tuple[ArrayFacet, ...] = ()
    objects: tuple[ObjectFacet, ...] = ()


ANY_NUMBER = NumberFacet()
ANY_INTEGER = NumberFacet(kinds=INTEGER)
ANY_FRACTION = NumberFacet(kinds=FRACTION)
ANY_STRING = StringFacet()
ANY_ARRAY = ArrayFacet()
ANY_OBJECT = ObjectFacet()
ANY = Schema(True, FALSE_BIT | TRUE_BIT, (ANY_NUMBER,), (ANY_STRING,), (ANY_ARRAY,), (ANY_OBJECT,))
NEVER = Schema()


def link_union(first: Link, second: Link) -> Link:
    """The conjunction of two links."""
    if not first or first == second:
        return second
    if not second:
        return first
    if first[0] == 0 or second[0] == 0:
        return NOTHING
    if len(first) == 1 == len(second):
        return first + second if first < second else second + first
    return tuple(sorted({*first, *second}))
