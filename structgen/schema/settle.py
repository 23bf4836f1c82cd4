"""From what a conjunction asserts to its ``Schema``: facets first, then the keywords that need to know them.

``anyOf``, ``enum`` and the like intersect; ``not`` takes away; ``if`` and ``oneOf`` become unions of what is left of each
branch. A ``oneOf`` whose branches are disjoint, given everything beside it, is the plain union of its branches;
otherwise from each branch the others are taken away. Where that cannot be done exactly, the keyword is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from structgen.schema.contradictions import contradiction
from structgen.schema.gathered import Gathered
from structgen.schema.merge import (
    intersect,
    merge_arrays,
    settle_array,
    settle_numbers,
    settle_object,
    settle_strings,
    unite,
)
from structgen.schema.nodes import (
    ALL_TYPES,
    ANY,
    ANY_ARRAY,
    ANY_FRACTION,
    ANY_INTEGER,
    ANY_NUMBER,
    ANY_OBJECT,
    ANY_STRING,
    ANYTHING,
    ARRAY,
    BOOLEAN,
    FALSE_BIT,
    FRACTION,
    INTEGER,
    NEVER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    TRUE_BIT,
    ArrayFacet,
    Link,
    NumberFacet,
    ObjectFacet,
    Schema,
    StringFacet,
    link_union,
)
from structgen.schema.subtract import disjoint, prune, subtract

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

Found = TypeVar("Found", Schema, list[Schema])
FEW = 16
"""Alternatives that are taken as they are; where more are left, strings are looked at closely."""
MAX_ALTERNATIVES = 1000
"""Alternatives of one type that a combination of keywords may multiply into."""
NUMBERS = {NUMBER: (ANY_NUMBER,), INTEGER: (ANY_INTEGER,), FRACTION: (ANY_FRACTION,)}
PLAIN = {
    types: Schema(bool(types & NULL), FALSE_BIT | TRUE_BIT if types & BOOLEAN else 0, NUMBERS.get(types & NUMBER, ()),
                  (ANY_STRING,) if types & STRING else (), (ANY_ARRAY,) if types & ARRAY else (),
                  (ANY_OBJECT,) if types & OBJECT else ())
    for types in range(ALL_TYPES)
} | {ALL_TYPES: ANY}


class Contradiction(NamedTuple):
    """Why a conjunction holds nothing; the words are found only when they are needed."""

    origin: int
    gathered: Gathered

    def reason(self, reader: Reader) -> str | None:
        """Both sides of the contradiction, where they are known."""
        return contradiction(reader, self.gathered)


def settle(reader: Reader, gathered: Gathered) -> Schema:
    """The schema of what satisfies everything that was gathered."""
    schema = facets(gathered)
    for keyword, narrowing in gathered.narrowings:
        schema = limited(reader, gathered, keyword, intersect(schema, narrowing))
    for origin, link in gathered.nots:
        schema = take_away(reader, gathered, schema, origin, link)
    for origin, test, then, otherwise in gathered.conditionals:
        schema = limited(reader, gathered, "if", choose(reader, schema, origin, test, then, otherwise))
    for origin, links in gathered.one_ofs:
        schema = limited(reader, gathered, "oneOf", exactly_one(reader, schema, origin, links))
    if not any(schema):
        origin = next((key for key in gathered.queue if key > ALL_TYPES), 0)
        reader.contradictions.append(Contradiction(origin, gathered))
        return NEVER
    return schema


def facets(gathered: Gathered) -> Schema:
    """The schema of everything but the keywords that combine schemas."""
    types = gathered.types
    plain = PLAIN[types]
    null, booleans, numbers, strings, arrays, objects = plain
    if gathered.numeric and numbers:
        number = settle_numbers(NumberFacet(
            None, (), gathered.low, gathered.low_open, gathered.high, gathered.high_open, types & NUMBER,
            gathered.multiples, gathered.numeric))
        numbers = () if number is None else (number,)
    if gathered.textual and strings:
        string = settle_strings(StringFacet(
            None, (), gathered.min_length, gathered.max_length, gathered.tests, gathered.textual))
        strings = () if string is None else (string,)
    if gathered.listed and arrays:
        counts = settle_array(ArrayFacet((), ANYTHING, gathered.min_items, gathered.max_items, gathered.unique,
                                         gathered.listed, gathered.counts))
        array = counts if counts is None or gathered.array is None else merge_arrays(gathered.array, counts)
        arrays = () if array is None else (array,)
    if objects and (gathered.parts or gathered.required or gathered.min_members or gathered.name_links
                    or gathered.max_members is not None):
        names: Link = ANYTHING
        for link in gathered.name_links:
            names = link_union(names, link)
        origin = gathered.parts[0].origin if gathered.parts else gathered.id
        member = settle_object(ObjectFacet(gathered.parts, gathered.required, gathered.min_members,
                                           gathered.max_members, names, origin))
        objects = () if member is None else (member,)
    elif numbers is plain.numbers and strings is plain.strings and arrays is plain.arrays:
        return plain
    return Schema(null, booleans, numbers, strings, arrays, objects)


def limited(reader: Reader, gathered: Gathered, keyword: str, schema: Schema) -> Schema:
    """The schema, if its alternatives stayed within bounds; their number is charged."""
    most = max(len(schema.numbers), len(schema.strings), len(schema.arrays), len(schema.objects))
    if most > 1:
        reader.charge(most, gathered)
    if most > MAX_ALTERNATIVES:
        raise reader.too_many(gathered, keyword, most)
    return schema


def take_away(reader: Reader, gathered: Gathered, schema: Schema, origin: int, link: Link) -> Schema:
    """What of the schema does not satisfy the link."""
    before = reader.widenings
    banned = reader.expand(link)
    rest = attempt(reader, lambda: subtract(reader, schema, banned, origin)) if reader.widenings == before else None
    if rest is None:
        reader.refuse_at(origin, "not", '"not" over this schema cannot be enforced while generating',
                         because="what it excludes depends on members or items that are not named",
                         instead="say what is allowed instead")
        return schema
    return limited(reader, gathered, "not", rest)


def choose(reader: Reader, schema: Schema, origin: int, test: Link, then: Link, otherwise: Link) -> Schema:
    """``then`` where the test holds, ``otherwise`` where it does not."""
    before = reader.widenings
    condition = reader.expand(test)
    rest = attempt(reader, lambda: subtract(reader, schema, condition, origin)) if reader.widenings == before else None
    if rest is None:
        reader.refuse_at(origin, "if", '"if" over this schema cannot be enforced while generating',
                         because="when it fails depends on members or items that are not named",
                         instead="test a required property with const or enum")
        return schema
    kept = intersect(intersect(schema, condition), reader.expand(then))
    return unite([prune(reader, kept), prune(reader, intersect(rest, reader.expand(otherwise)))])


def exactly_one(reader: Reader, schema: Schema, origin: int, links: list[Link]) -> Schema:
    """What satisfies exactly one of the links."""
    before = reader.widenings
    branches = [intersect(schema, reader.expand(link)) for link in links]
    if reader.widenings > before:
        reader.refuse_at(origin, "oneOf", "", because="", instead="")
        return unite(branches)
    null = sum(branch.null for branch in branches) == 1
    ones = twos = 0
    for branch in branches:
        twos |= ones & branch.booleans
        ones |= branch.booleans
    parts = attempt(reader, lambda: alone(reader, branches, origin))
    if parts is None:
        reader.refuse_at(origin, "oneOf", '"oneOf" with branches that overlap cannot be enforced while generating',
                         because="a value of one branch may also satisfy another, which excludes it",
                         instead='use "anyOf", or give the branches a required property with different const values')
        return unite(branches)
    return unite([Schema(null=null, booleans=ones & ~twos), *parts])


def attempt(reader: Reader, way: Callable[[], Found | None]) -> Found | None:
    """What a way gives; where that is nothing or much, once more with strings looked at closely, which takes longer."""
    found = way()
    if reader.looks_closely or (found is not None and n_alternatives(found) <= FEW):
        return found
    reader.looks_closely = True
    try:
        closer = way()
    finally:
        reader.looks_closely = False
    return found if closer is None else closer


def n_alternatives(schemas: Schema | list[Schema]) -> int:
    """How many alternatives there are of all types."""
    return sum(len(one.numbers) + len(one.strings) + len(one.arrays) + len(one.objects)
               for one in (schemas if isinstance(schemas, list) else [schemas]))


def alone(reader: Reader, branches: list[Schema], origin: int) -> list[Schema] | None:
    """What is in one branch and in no other, null and booleans left aside; None where that has no exact form."""
    results: list[Schema] = []
    rivals = overlaps(reader, branches)
    for i, branch in enumerate(branches):
        rest: Schema | None = branch._replace(null=False, booleans=0)
        for j, types in rivals.get(i, {}).items():
            if rest is not None:
                rest = subtract(reader, rest, only(branches[j], types), origin)
        if rest is None:
            return None
        results.append(rest)
    return results


def only(schema: Schema, types: int) -> Schema:
    """The part of the schema that concerns some types."""
    return Schema(False, 0, schema.numbers if types & NUMBER else (), schema.strings if types & STRING else (),
                  schema.arrays if types & ARRAY else (), schema.objects if types & OBJECT else ())


def overlaps(reader: Reader, branches: list[Schema]) -> dict[int, dict[int, int]]:
    """For each branch the others that may share a value with it, and by which types."""
    found: dict[int, dict[int, int]] = {}
    for i, first in enumerate(branches):
        for j in range(i):
            second = branches[j]
            reader.steps += 1
            types = 0
            if first.numbers and second.numbers and not disjoint(reader, first.numbers, second.numbers):
                types |= NUMBER
            if first.strings and second.strings and not disjoint(reader, first.strings, second.strings):
                types |= STRING
            if first.arrays and second.arrays and not disjoint(reader, first.arrays, second.arrays):
                types |= ARRAY
            if first.objects and second.objects and not disjoint(reader, first.objects, second.objects):
                types |= OBJECT
            if types:
                found.setdefault(i, {})[j] = types
                found.setdefault(j, {})[i] = types
    return found
