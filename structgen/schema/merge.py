"""Intersection of schemas, type by type and facet by facet.

Every function takes two facets and gives the facet of what satisfies both, or None where nothing can. A facet that
allows everything gives the other one back unchanged, object identity included: what is not merged stays shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from structgen.schema.nodes import (
    ANY,
    ANY_ARRAY,
    ANY_NUMBER,
    ANY_OBJECT,
    ANY_STRING,
    ANYTHING,
    INTEGER,
    NOTHING,
    ArrayFacet,
    Link,
    Number,
    NumberFacet,
    ObjectFacet,
    Schema,
    StringFacet,
    TextTest,
    link_union,
)
from structgen.schema.numbers import is_multiple

Facet = TypeVar("Facet")


def intersect(first: Schema, second: Schema) -> Schema:
    """The schema of what belongs to both."""
    if first is ANY:
        return second
    if second is ANY:
        return first
    return Schema(
        first.null and second.null, first.booleans & second.booleans,
        merge_all(first.numbers, second.numbers, merge_numbers),
        merge_all(first.strings, second.strings, merge_strings),
        merge_all(first.arrays, second.arrays, merge_arrays),
        merge_all(first.objects, second.objects, merge_objects))


def unite(schemas: list[Schema]) -> Schema:
    """The schema of what belongs to one of them at least."""
    if len(schemas) == 1:
        return schemas[0]
    null, booleans = False, 0
    numbers: dict[NumberFacet, None] = {}
    strings: dict[StringFacet, None] = {}
    arrays: dict[int, ArrayFacet] = {}
    objects: dict[int, ObjectFacet] = {}
    for schema in schemas:
        null, booleans = null or schema.null, booleans | schema.booleans
        numbers.update(dict.fromkeys(schema.numbers))
        strings.update(dict.fromkeys(schema.strings))
        arrays.update((id(facet), facet) for facet in schema.arrays)
        objects.update((id(facet), facet) for facet in schema.objects)
    return Schema(null, booleans,
                  (ANY_NUMBER,) if ANY_NUMBER in numbers else tuple(numbers),
                  (ANY_STRING,) if ANY_STRING in strings else _joined(tuple(strings)),
                  (ANY_ARRAY,) if id(ANY_ARRAY) in arrays else tuple(arrays.values()),
                  (ANY_OBJECT,) if id(ANY_OBJECT) in objects else tuple(objects.values()))


def _joined(facets: tuple[StringFacet, ...]) -> tuple[StringFacet, ...]:
    """The alternatives with all those that are plain sets of values in one."""
    if len(facets) < 2:
        return facets
    values: dict[str, None] = {}
    others: list[StringFacet] = []
    origin = 0
    for facet in facets:
        if facet.values is None or facet.tests:
            others.append(facet)
        else:
            values.update(dict.fromkeys(facet.values))
            origin = origin or facet.origin
    return (*others, StringFacet(values=tuple(values), origin=origin)) if values else facets


def merge_all(first: tuple[Facet, ...], second: tuple[Facet, ...],
              merge: Callable[[Facet, Facet], Facet | None]) -> tuple[Facet, ...]:
    """Every alternative of the one with every alternative of the other."""
    if not first or not second or first is second:
        return first if first is second else ()
    return tuple(facet for a in first for b in second if (facet := merge(a, b)) is not None)


def merge_numbers(a: NumberFacet, b: NumberFacet) -> NumberFacet | None:
    """Numbers in both sets."""
    if a is b or b is ANY_NUMBER:
        return a
    if a is ANY_NUMBER:
        return b
    low, low_open = a.low, a.low_open
    if b.low is not None and (low is None or b.low > low or (b.low == low and b.low_open)):
        low, low_open = b.low, b.low_open
    high, high_open = a.high, a.high_open
    if b.high is not None and (high is None or b.high < high or (b.high == high and b.high_open)):
        high, high_open = b.high, b.high_open
    values = a.values
    if values is None:
        values = b.values
    elif b.values is not None:
        kept = set(b.values)
        values = tuple(value for value in values if value in kept)
    multiples = a.multiples + tuple(m for m in b.multiples if m not in a.multiples)
    excluded = a.excluded + tuple(value for value in b.excluded if value not in a.excluded)
    no_multiples = a.no_multiples + tuple(m for m in b.no_multiples if m not in a.no_multiples)
    return settle_numbers(NumberFacet(values, excluded, low, low_open, high, high_open, a.kinds & b.kinds, multiples,
                                      a.origin or b.origin, no_multiples))


def settle_numbers(facet: NumberFacet) -> NumberFacet | None:
    """The facet with its finite values filtered; None if it is plainly empty."""
    if not facet.kinds:
        return None
    if facet.values is not None:
        values = tuple(value for value in facet.values if number_belongs(value, facet))
        return NumberFacet(values=values, kinds=facet.kinds, origin=facet.origin) if values else None
    low, high = facet.low, facet.high
    if low is not None and high is not None and (
            low > high or (low == high and (facet.low_open or facet.high_open))):
        return None
    if facet.no_multiples and any(is_multiple(step, none) for step in facet.multiples for none in facet.no_multiples):
        return None
    return facet


def number_belongs(value: Number, facet: NumberFacet) -> bool:
    """Whether a number satisfies every test of the facet but its ``values``."""
    if not facet.kinds & (INTEGER if isinstance(value, int) else ~INTEGER) or value in facet.excluded:
        return False
    low, high = facet.low, facet.high
    if low is not None and (value < low or (facet.low_open and value == low)):
        return False
    if high is not None and (value > high or (facet.high_open and value == high)):
        return False
    return all(is_multiple(value, step) for step in facet.multiples) and not any(
        is_multiple(value, step) for step in facet.no_multiples)


def merge_strings(a: StringFacet, b: StringFacet) -> StringFacet | None:
    """Strings in both sets."""
    if a is b or b is ANY_STRING:
        return a
    if a is ANY_STRING:
        return b
    values = a.values
    if values is None:
        values = b.values
    elif b.values is not None:
        kept = set(b.values)
        values = tuple(value for value in values if value in kept)
    excluded = a.excluded + tuple(value for value in b.excluded if value not in a.excluded)
    max_length = a.max_length if b.max_length is None else (
        b.max_length if a.max_length is None else min(a.max_length, b.max_length))
    tests = a.tests + tuple(test for test in b.tests if test not in a.tests)
    if a.tests and b.tests and _are_opposed(a.tests, b.tests):
        return None
    return settle_strings(StringFacet(values, excluded, max(a.min_length, b.min_length), max_length, tests,
                                      a.origin or b.origin))


def _are_opposed(first: tuple[TextTest, ...], second: tuple[TextTest, ...]) -> bool:
    """Whether one side asks for what the other forbids."""
    return any(one.holds != other.holds and one.kind == other.kind and one.argument == other.argument
               for one in first for other in second)


def settle_strings(facet: StringFacet) -> StringFacet | None:
    """The facet with its finite values filtered by what is decided here (not by patterns); None if plainly empty."""
    low, high = facet.min_length, facet.max_length
    if high is not None and low > high:
        return None
    if facet.values is None:
        return facet
    excluded = facet.excluded
    values = tuple(value for value in facet.values
                   if low <= len(value) and (high is None or len(value) <= high) and value not in excluded)
    return StringFacet(values=values, tests=facet.tests, origin=facet.origin) if values else None


def merge_arrays(a: ArrayFacet, b: ArrayFacet) -> ArrayFacet | None:
    """Arrays in both sets."""
    if a is b or b is ANY_ARRAY:
        return a
    if a is ANY_ARRAY:
        return b
    prefix = tuple(link_union(item_link(a, i), item_link(b, i)) for i in range(max(len(a.prefix), len(b.prefix))))
    max_items = a.max_items if b.max_items is None else (
        b.max_items if a.max_items is None else min(a.max_items, b.max_items))
    return settle_array(ArrayFacet(prefix, link_union(a.rest, b.rest), max(a.min_items, b.min_items), max_items,
                                   a.unique or b.unique, a.origin or b.origin, _both(a.counts, b.counts)))


def _both(first: tuple[Facet, ...], second: tuple[Facet, ...]) -> tuple[Facet, ...]:
    return first + tuple([item for item in second if item not in first]) if second else first


def item_link(facet: ArrayFacet, index: int) -> Link:
    """What item ``index`` must satisfy."""
    return facet.prefix[index] if index < len(facet.prefix) else facet.rest


def settle_array(facet: ArrayFacet) -> ArrayFacet | None:
    """The facet, or None if it asks for more items than it allows."""
    if facet.max_items is not None and facet.min_items > facet.max_items:
        return None
    for count in facet.counts:
        if count.most is not None and count.least > count.most:
            return None
        if facet.max_items is not None and count.least > max(0, facet.max_items - count.start):
            return None
    reach = next((i for i, link in enumerate(facet.prefix) if link == NOTHING), None)
    if reach is None and facet.rest == NOTHING:
        reach = len(facet.prefix)
    return None if reach is not None and facet.min_items > reach else facet


def merge_objects(a: ObjectFacet, b: ObjectFacet) -> ObjectFacet | None:
    """Objects in both sets."""
    if a is b or b is ANY_OBJECT:
        return a
    if a is ANY_OBJECT:
        return b
    required = a.required + tuple(name for name in b.required if name not in a.required)
    max_members = a.max_members if b.max_members is None else (
        b.max_members if a.max_members is None else min(a.max_members, b.max_members))
    parts = a.parts + tuple(part for part in b.parts if not any(part is other for other in a.parts))
    return settle_object(ObjectFacet(parts, required, max(a.min_members, b.min_members), max_members,
                                     link_union(a.names, b.names), a.origin or b.origin,
                                     _both(a.breaches, b.breaches)))


def settle_object(facet: ObjectFacet) -> ObjectFacet | None:
    """The facet, or None if a required member is plainly forbidden or the counts contradict."""
    high = facet.max_members
    if high is not None and (facet.min_members > high or len(facet.required) > high):
        return None
    if facet.breaches and (high == 0 or facet.names == NOTHING):
        return None
    if facet.required and (facet.names == NOTHING or
                           any(member_link(facet, name) == NOTHING for name in facet.required)):
        return None
    return facet


def member_link(facet: ObjectFacet, name: str) -> Link:
    """What the member must satisfy as far as that is known without matching patterns: a lower bound of its link."""
    link = ANYTHING
    for part in facet.parts:
        own = part.properties.get(name)
        if own is None:
            if part.patterns:
                continue
            own = part.other
        if own:
            link = link_union(link, own)
    return link
