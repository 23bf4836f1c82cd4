"""What is in one schema and not in another, and proofs that two facets share nothing.

``subtract`` negates a facet test by test: a value fails a conjunction if it fails one of its tests, so the result is the
union of what fails each. That a member is there and satisfies something is one test: it fails where the member is absent or
satisfies the opposite. What some unnamed member or item fails is said as such (``Breach``, ``Count``). Where a test has
no such form (two equal items), the answer is None and the keyword that asked is refused. The pieces may overlap, and
none is larger than what it was taken from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from structgen.schema.merge import (
    item_link,
    member_link,
    merge_arrays,
    merge_numbers,
    merge_objects,
    merge_strings,
)
from structgen.schema.nodes import (
    ANY_ARRAY,
    ANY_NUMBER,
    ANY_OBJECT,
    ANY_STRING,
    ANYTHING,
    INTEGER,
    NOTHING,
    NUMBER,
    ArrayFacet,
    Breach,
    Count,
    Link,
    NumberFacet,
    ObjectFacet,
    ObjectPart,
    Schema,
    StringFacet,
    link_union,
)

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

Facet = TypeVar("Facet", NumberFacet, StringFacet, ArrayFacet, ObjectFacet)
FEW = 8
"""Pieces that are taken as they are; of more it is seen which are parts of others."""
MAX_PIECES = 200
"""Alternatives that taking facets away may leave of one type."""


def subtract(reader: Reader, first: Schema, second: Schema, origin: int) -> Schema | None:
    """What is in ``first`` and not in ``second``; None where that has no exact form."""
    numbers = _subtract_all(reader, first.numbers, second.numbers, origin)
    strings = _subtract_all(reader, first.strings, second.strings, origin)
    arrays = _subtract_all(reader, first.arrays, second.arrays, origin)
    objects = _subtract_all(reader, first.objects, second.objects, origin)
    if numbers is None or strings is None or arrays is None or objects is None:
        return None
    return Schema(first.null and not second.null, first.booleans & ~second.booleans, numbers, strings, arrays, objects)


def _subtract_all(reader: Reader, first: tuple[Facet, ...], second: tuple[Facet, ...],
                  origin: int) -> tuple[Facet, ...] | None:
    left = first
    for b in second:
        rest: list[Facet] = []
        for a in left:
            if a is b:
                continue
            if apart(reader, a, b):
                rest.append(a)
                continue
            pieces = _subtract_one(reader, a, b, origin)
            if pieces is None:
                return None
            rest.extend(pieces)
        left = tuple(_uncovered(rest) if len(rest) > FEW else rest)
        reader.steps += len(left)
        if len(left) > MAX_PIECES:
            return None
    return left


def _uncovered(pieces: list[Facet]) -> list[Facet]:
    """The pieces without those that plainly are parts of others."""
    kept: list[Facet] = []
    for piece in sorted(pieces, key=_size):
        if isinstance(piece, ObjectFacet):
            if any(isinstance(other, ObjectFacet) and _covers(other, piece) for other in kept):
                continue
        elif piece in kept:
            continue
        kept.append(piece)
    return kept


def _size(piece: Facet) -> int:
    """How much a facet asks for."""
    if not isinstance(piece, ObjectFacet):
        return 0
    return len(piece.parts) + len(piece.required) + len(piece.breaches)


def _covers(whole: ObjectFacet, part: ObjectFacet) -> bool:
    """Whether whatever satisfies ``part`` plainly satisfies ``whole``: it asks for no more."""
    if whole.min_members > part.min_members or (whole.max_members is not None and (
            part.max_members is None or part.max_members > whole.max_members)):
        return False
    return set(whole.names) <= set(part.names) and set(whole.required) <= set(part.required) and \
        all(breach in part.breaches for breach in whole.breaches) and all(own in part.parts for own in whole.parts)


def _subtract_one(reader: Reader, a: Facet, b: Facet, origin: int) -> list[Facet] | None:
    if isinstance(a, NumberFacet) and isinstance(b, NumberFacet):
        return _subtract_number(a, b)
    if isinstance(a, StringFacet) and isinstance(b, StringFacet):
        return _subtract_string(a, b)
    if isinstance(a, ArrayFacet) and isinstance(b, ArrayFacet):
        return _subtract_array(reader, a, b, origin)
    assert isinstance(a, ObjectFacet) and isinstance(b, ObjectFacet)
    return _subtract_object(reader, a, b, origin)


def _subtract_number(a: NumberFacet, b: NumberFacet) -> list[NumberFacet] | None:
    if b is ANY_NUMBER:
        return []
    if b.values is not None:
        pieces = [NumberFacet(excluded=b.values)]
    else:
        pieces = [NumberFacet(values=b.excluded)] if b.excluded else []
        if not (b.kinds == INTEGER and b.multiples == (1,)):
            pieces += [NumberFacet(no_multiples=(step,)) for step in b.multiples]
        pieces += [NumberFacet(multiples=(step,)) for step in b.no_multiples]
        if b.kinds != NUMBER:
            pieces.append(NumberFacet(kinds=NUMBER & ~b.kinds))
        if b.low is not None:
            pieces.append(NumberFacet(high=b.low, high_open=not b.low_open))
        if b.high is not None:
            pieces.append(NumberFacet(low=b.high, low_open=not b.high_open))
    return [facet for piece in pieces if (facet := merge_numbers(a, piece)) is not None]


def _subtract_string(a: StringFacet, b: StringFacet) -> list[StringFacet] | None:
    if b is ANY_STRING:
        return []
    pieces = [StringFacet(values=b.values, tests=(test._replace(holds=not test.holds),)) for test in b.tests]
    if b.values is not None:
        pieces.append(StringFacet(excluded=b.values))
    if b.excluded:
        pieces.append(StringFacet(values=b.excluded))
    if b.min_length:
        pieces.append(StringFacet(max_length=b.min_length - 1))
    if b.max_length is not None:
        pieces.append(StringFacet(min_length=b.max_length + 1))
    return [facet for piece in pieces if (facet := merge_strings(a, piece)) is not None]


def _subtract_array(reader: Reader, a: ArrayFacet, b: ArrayFacet, origin: int) -> list[ArrayFacet] | None:
    if b is ANY_ARRAY:
        return []
    if b.unique and not a.unique and (a.max_items is None or a.max_items > 1):
        return None
    pieces: list[ArrayFacet] = []
    if b.min_items:
        pieces.append(ArrayFacet(max_items=b.min_items - 1))
    if b.max_items is not None:
        pieces.append(ArrayFacet(min_items=b.max_items + 1))
    for count in b.counts:
        if count.least:
            pieces.append(ArrayFacet(counts=(count._replace(least=0, most=count.least - 1),)))
        if count.most is not None:
            pieces.append(ArrayFacet(counts=(count._replace(least=count.most + 1, most=None),)))
    reach = len(b.prefix)
    if b.rest == NOTHING:
        pieces.append(ArrayFacet(min_items=reach + 1))
    elif b.rest != ANYTHING and (a.max_items is None or a.max_items > reach):
        negated = reader.negation(b.rest, origin)
        pieces.append(ArrayFacet(counts=(Count(negated, start=reach),)))
    for i in range(reach):
        link = item_link(b, i)
        if link != ANYTHING:
            negated = reader.negation(link, origin)
            if not reader.is_empty(link_union(item_link(a, i), negated)):
                pieces.append(ArrayFacet(prefix=(ANYTHING,) * i + (negated,), min_items=i + 1))
    return [facet for piece in pieces if (facet := merge_arrays(a, piece)) is not None]


def _subtract_object(reader: Reader, a: ObjectFacet, b: ObjectFacet, origin: int) -> list[ObjectFacet] | None:
    if b is ANY_OBJECT:
        return []
    possible = _possible_names(a)
    pieces: list[ObjectFacet] = []
    if b.min_members:
        pieces.append(ObjectFacet(max_members=b.min_members - 1))
    if b.max_members is not None:
        pieces.append(ObjectFacet(min_members=b.max_members + 1))
    if possible is not None and not all(name in possible for name in b.required):
        return [a]  # what is required there cannot occur here
    asked: dict[str, Link] = dict.fromkeys([name for name in b.required if name not in a.required], ANYTHING)
    if b.names == NOTHING:
        pieces.append(ObjectFacet(min_members=1))
    elif b.names != ANYTHING and b.names != a.names:
        pieces.append(ObjectFacet(breaches=(Breach(ObjectPart({}), b.names),)))
    for breach in b.breaches:
        pieces.append(ObjectFacet(parts=(breach.part,), names=breach.names))
    for part in b.parts:
        if any(part is other for other in a.parts):
            continue
        if part.patterns:
            pieces.append(ObjectFacet(breaches=(Breach(part),)))
            continue
        links = dict(part.properties)
        if part.other != ANYTHING:
            if possible is None:
                pieces.append(ObjectFacet(breaches=(Breach(part._replace(properties=dict.fromkeys(links, ANYTHING))),)))
            else:
                links.update((name, part.other) for name in possible if name not in links)
        for name, link in links.items():
            if name in asked:
                asked[name] = link_union(asked[name], link)
            if name in asked or link == ANYTHING or (possible is not None and name not in possible):
                continue
            negated = reader.negation(link, origin)
            if not reader.is_empty(link_union(member_link(a, name), negated)):
                pieces.append(ObjectFacet(parts=(ObjectPart({name: negated}),), required=(name,)))
    for name, link in asked.items():  # it may be absent, or be there and not satisfy its part
        negated = reader.negation(link, origin)
        if negated != NOTHING and reader.is_empty(link_union(member_link(a, name), negated)):
            negated = NOTHING
        pieces.append(ObjectFacet(parts=(ObjectPart({name: negated}),)))
    return [facet for piece in pieces if (facet := merge_objects(a, piece)) is not None]


def _possible_names(facet: ObjectFacet) -> list[str] | None:
    """The names that can occur at all, where they are finitely many."""
    closed = [part for part in facet.parts if part.other == NOTHING and not part.patterns]
    if not closed:
        return None
    return [name for name in closed[0].properties if member_link(facet, name) != NOTHING]


def disjoint(reader: Reader, first: tuple[Facet, ...], second: tuple[Facet, ...]) -> bool:
    """Whether provably no value belongs to an alternative of both."""
    return all(apart(reader, a, b) for a in first for b in second)


def apart(reader: Reader, a: Facet, b: Facet) -> bool:
    """Whether provably no value satisfies both facets."""
    if isinstance(a, NumberFacet) and isinstance(b, NumberFacet):
        return merge_numbers(a, b) is None
    if isinstance(a, StringFacet) and isinstance(b, StringFacet):
        string = merge_strings(a, b)
        return string is None or (reader.looks_closely and reader.holds_no_string(string))
    if isinstance(a, ArrayFacet) and isinstance(b, ArrayFacet):
        array = merge_arrays(a, b)
        return array is None or array_is_empty(reader, array)
    assert isinstance(a, ObjectFacet) and isinstance(b, ObjectFacet)
    merged = merge_objects(a, b)
    return merged is None or object_is_empty(reader, merged)


def array_is_empty(reader: Reader, facet: ArrayFacet) -> bool:
    """Whether an item that must be there can provably not be."""
    needed = min(facet.min_items, len(facet.prefix) + 1)
    return any(reader.is_empty(item_link(facet, i)) for i in range(needed)) or \
        any(_is_out_of_reach(reader, facet, count) for count in facet.counts if count.least)


def _is_out_of_reach(reader: Reader, facet: ArrayFacet, count: Count) -> bool:
    """Whether provably not so many items can satisfy what is counted."""
    most = facet.max_items
    reach = len(facet.prefix) + 1 if most is None else min(most, len(facet.prefix) + 1)
    able = [i for i in range(count.start, max(reach, count.start + (most is None or most > count.start)))
            if not reader.is_empty(link_union(item_link(facet, i), count.link))]
    return not able or (able[-1] < len(facet.prefix) and len(able) < count.least)


def object_is_empty(reader: Reader, facet: ObjectFacet) -> bool:
    """Whether a member that must be there can provably not be."""
    return any(link and reader.is_empty(link)
               for name in facet.required if len(link := member_link(facet, name)) > 1 or link == NOTHING)


def prune(reader: Reader, schema: Schema) -> Schema:
    """The schema without alternatives that are provably empty."""
    return schema._replace(arrays=tuple(facet for facet in schema.arrays if not array_is_empty(reader, facet)),
                           objects=tuple(facet for facet in schema.objects if not object_is_empty(reader, facet)))
