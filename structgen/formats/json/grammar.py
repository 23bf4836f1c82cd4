"""From facets to grammar nodes: the JSON texts of a schema.

In: a ``Reader`` (links and their facets). Out: a ``Grammar``. Each link becomes one node, built once and shared; a link
met again while its node is being built becomes a rule and a reference to it, so recursion needs no depth. What nests
deeper than ``INLINE_DEPTH`` becomes a rule too, built from a queue, so that no schema is too deep for Python's stack.

What nothing satisfies is ``NEVER`` and takes with it whatever needs it. Whether a recursion ever ends, and whether a
pattern contradicts a length, is decided where the automaton is built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from structgen.errors import GrammarSyntaxError, SchemaError
from structgen.formats.json.breaches import TooManyWays, list_few, proofs, ways_to_break
from structgen.formats.json.counted import MAX_STATES, CountedArray, TooManyStates
from structgen.formats.json.distinct import ITEM_END, distinct, distinct_lists
from structgen.formats.json.matches import matches
from structgen.formats.json.names import MAX_KINDS, Kind, TooManyKinds, kinds_of_names, literal_texts
from structgen.formats.json.numbers import Spelling, number_node
from structgen.formats.json.plenty import Shapes, enough_values
from structgen.formats.json.productive import all_productive
from structgen.formats.json.remainders import Remainders
from structgen.formats.json.spacing import Spacing, Style, spacing
from structgen.formats.json.strings import PatternError, any_string, pattern_node, string_node
from structgen.formats.json.weighed import weighed_node
from structgen.formats.json.why_empty import WhyEmpty, is_plain
from structgen.grammar.build import ANY_TEXT, EMPTY, NEVER, alt, proved, repeat, seq
from structgen.grammar.nodes import Alt, And, Grammar, Items, Members, Node, Ref, Str, Text
from structgen.limits import Limits
from structgen.schema.json_schema import Reader
from structgen.schema.nodes import (
    ANY_ARRAY,
    ANY_OBJECT,
    ANY_STRING,
    ANYTHING,
    FALSE_BIT,
    NOTHING,
    TRUE_BIT,
    ArrayFacet,
    Link,
    NumberFacet,
    ObjectFacet,
    ObjectPart,
    Schema,
    StringFacet,
    link_union,
)

INLINE_DEPTH = 30
"""Links built within links on the Python stack, three frames each."""
NULL_TEXT, TRUE_TEXT, FALSE_TEXT = Text(Str("null")), Text(Str("true")), Text(Str("false"))
NULL_NODE, TRUE_NODE, FALSE_NODE = Str("null"), Str("true"), Str("false")
BOTH_NODE = alt((TRUE_NODE, FALSE_NODE))
ANY_NAME = Kind((), (ANYTHING,))
Key = tuple[Link, int]
FOREVER = -1
"""The depth that remains where none is asked for."""


@cache
def any_json(style: Style, old_draft: bool) -> Node:
    """Any JSON value, one node for all schemas; it refers to itself as the rule ``v0``."""
    reader = Reader(True, Limits(), draft=4 if old_draft else 2020)
    writer = Writer(reader, Limits(), style, max_depth=None, share=False)
    return writer.grammar().rules["v0"]


class Writer:
    """Builds the grammar of one schema."""

    def __init__(self, reader: Reader, limits: Limits, style: Style, *, max_depth: int | None, share: bool = True,
                 prefix: str = "v", canonical: bool = False, compares: bool = True) -> None:
        self._reader, self._limits, self._style, self._compares = reader, limits, style, compares
        self._space = spacing(style.whitespace, style.separators)
        self._spelling = Spelling(style.exponents, canonical, reader.draft <= 4)
        self._prefix, self._max_depth = prefix, max_depth
        self._within: Writer | None = self if canonical else None
        self._depth = FOREVER if max_depth is None else max_depth
        self._levels: list[dict[Link, Node]] = [{} for _ in range(1 if max_depth is None else max_depth + 1)]
        self._facets: dict[tuple[int, int], Node] = {}
        self._active: dict[Key, None] = {}
        self._names: dict[Key, str] = {}
        self._queue: list[Key] = []
        self._rules: dict[str, Node] = {}
        self._counted = 0
        self._parts: dict[int, tuple[ObjectPart, ObjectPart]] = {}
        self._patterns: dict[str, Node] = {}
        self._remainders: dict[NumberFacet, Node] = {}
        self._why = WhyEmpty(reader, self._style.encoding, limits)
        self._common: str | None = None
        if share and max_depth is None:
            self._common = self._names[ANYTHING, FOREVER] = "v0"
            self._rules["v0"] = found = any_json(style, reader.draft <= 4)
            self._levels[0][ANYTHING] = Ref("v0")
            assert isinstance(found, Alt)
            for option in found.options:  # any object and any array are in it
                if isinstance(option, Members | Items):
                    facet = ANY_OBJECT if isinstance(option, Members) else ANY_ARRAY
                    self._facets[id(facet), FOREVER] = option

    def grammar(self) -> Grammar:
        """The whole grammar; raises if nothing satisfies the schema."""
        start = self.node(self._reader.root, self._depth)
        self._finish()
        if start is NEVER:
            if not self._reader.contradictions:
                for facet, node in self._why.numbers:
                    if node is NEVER:
                        raise self._why.number_error(facet)
            raise self._reader.unsatisfiable()
        around = self._space.around
        named = [*self._names.items(), *([] if self._within is None else self._within._names.items())]
        origins = {name: self._reader.pointer(key[0][0]) if key[0] else "#" for key, name in named}
        self._why.recursions = [place for name, place in origins.items() if name != self._common]
        return Grammar(seq(around, start, around), self._rules, tuple(self._reader.unenforced), origins, self._common,
                       all_productive(self._rules, self._common), self._why.error)

    def _finish(self) -> None:
        """Builds what waits in the queues."""
        writers = [self] if self._within is None else [self, self._within]
        while any(writer._queue for writer in writers):
            for writer in writers:
                while writer._queue:
                    key = writer._queue.pop()
                    self._rules[writer._names[key]] = writer._levels[key[1]].get(key[0]) or writer._build(*key)
            writers = [self] if self._within is None else [self, self._within]

    def _canonical(self) -> Writer:
        """The writer of what stands within items that must differ: there each number has one spelling."""
        if self._within is None:
            within = Writer(self._reader, self._limits, self._style, max_depth=self._max_depth, share=False, prefix="u",
                            canonical=True)
            within._rules, within._why = self._rules, self._why
            self._within = within
        return self._within

    def node(self, link: Link, depth: int) -> Node:
        """The node of a link, with containers nested at most ``depth`` deep."""
        known = self._levels[depth].get(link)
        if known is not None:
            return known
        key = (link, depth)
        if key in self._names:
            return Ref(self._names[key])
        if key in self._active or len(self._active) >= INLINE_DEPTH:
            name = self._names[key] = f"{self._prefix}{len(self._names)}"
            if key not in self._active:
                self._queue.append(key)
            return Ref(name)
        return self._build(link, depth)

    def _build(self, link: Link, depth: int) -> Node:
        key = (link, depth)
        self._active[key] = None
        node = self._union(self._reader.expand(link), depth)
        del self._active[key]
        if key in self._names:
            self._rules[self._names[key]] = node
        self._levels[depth][link] = node
        return node

    def _union(self, schema: Schema, depth: int) -> Node:
        options: list[Node] = []
        if depth:
            for facet in schema.objects:
                options.append(self._object(facet, depth))
            for array in schema.arrays:
                options.append(self._array(array, depth))
        for string in schema.strings:
            options.append(any_string(self._style.encoding) if string is ANY_STRING else self._string(string))
        for number in schema.numbers:
            options.append(self._number(number, self._spelling))
        if schema.booleans == FALSE_BIT | TRUE_BIT:
            options.append(BOTH_NODE)
        elif schema.booleans:
            options.append(TRUE_NODE if schema.booleans == TRUE_BIT else FALSE_NODE)
        if schema.null:
            options.append(NULL_NODE)
        return options[0] if len(options) == 1 else alt(options)

    # --- scalars ------------------------------------------------------------------------------------------------------

    def _string(self, facet: StringFacet) -> Text:
        if not is_plain(facet):
            self._why.strings.append(facet)
        try:
            return string_node(facet, self._style.encoding, self._limits)
        except PatternError as error:
            self._refuse_pattern(error)
            kept = tuple(test for test in facet.tests if test.kind != "pattern" or test.origin != error.origin)
            return self._string(facet._replace(tests=kept))

    def _refuse_pattern(self, failed: PatternError) -> None:
        error, position = failed.error, f"{self._reader.pointer(failed.origin)}/{failed.keyword}"
        what = error.what if error.position is None else f"{error.what} ({error.position})"
        if not failed.is_unsupported:
            raise SchemaError(f"the pattern does not parse: {what}", position=position, because=error.because,
                              instead=error.instead) from None
        self._reader.refuse_at(failed.origin, failed.keyword, f'the "{failed.keyword}" cannot be enforced: {what}',
                               because=error.because or "it is not implemented",
                               instead=error.instead or "write the pattern without it")

    def _number(self, facet: NumberFacet, spelling: Spelling) -> Node:
        node = number_node(facet, spelling)
        if node is None:
            node = self._by_remainder(facet, spelling)
        if node is None and self._compares:
            node = weighed_node(facet, spelling)
        if node is None:
            self._reader.refuse_at(facet.origin, "multipleOf", '"multipleOf" cannot be enforced for this step',
                                   because="between these bounds, or behind a point, a number that is begun may have no end "
                                           "that is a multiple",
                                   instead="use an integer as the step with no bounds beside it, or bounds with few multiples between them")
            return self._number(facet._replace(multiples=(), no_multiples=()), spelling)
        if facet.multiples or facet.excluded:
            self._why.numbers.append((facet, node))
        return node

    def _by_remainder(self, facet: NumberFacet, spelling: Spelling) -> Node | None:
        """The numbers of a facet by rules that follow remainders; None where these are too many."""
        known = self._remainders.get(facet)
        if known is None:
            remainders = Remainders(facet, spelling)
            if remainders.fits:
                self._counted += 1
                known = remainders.node(facet, spelling, self._limits, f"{self._prefix}n{self._counted}", self._rules)
                if known is not None:
                    self._remainders[facet] = known
        return known

    # --- arrays -------------------------------------------------------------------------------------------------------

    def _array(self, facet: ArrayFacet, depth: int) -> Node:
        key = (id(facet), depth)
        known = self._facets.get(key)
        if known is None:
            known = self._facets[key] = self._build_array(facet, depth)
        return known

    def _build_array(self, facet: ArrayFacet, depth: int) -> Node:
        depth -= depth > 0
        if facet.unique and (facet.max_items is None or facet.max_items > 1):
            return self._unique_array(facet, depth)
        return self._array_of(facet, depth, self._space)

    def _array_of(self, facet: ArrayFacet, depth: int, space: Spacing, end: Node = EMPTY) -> Node:
        """The array, whether items differ left aside; ``end`` stands behind each item."""
        if facet.counts:
            return self._counted_array(facet, depth, space, end)
        prefix: list[Node] = []
        most = facet.max_items
        for link in facet.prefix[:most]:
            item = self.node(link, depth)
            if item is NEVER:
                most = len(prefix)
                break
            prefix.append(seq(item, end))
        rest: Node | None = None
        if most is None or most > len(prefix):
            rest = seq(self.node(facet.rest, depth), end)
            if rest is NEVER:
                rest, most = None, len(prefix)
        if most is not None and most < facet.min_items:
            return NEVER
        return Items(space.open_array, space.close_array, space.comma, tuple(prefix), rest, facet.min_items, most)

    def _list(self, values: list[Any], origin: int) -> Node:
        """The array of exactly these values."""
        items = [self.node(self._reader.synthetic({"const": value}, origin), FOREVER if self._depth == FOREVER else 0)
                 for value in values]
        space, count = self._space, len(values)
        return Items(space.open_array, space.close_array, space.comma, tuple(items), None, count, count)

    def _counted_array(self, facet: ArrayFacet, depth: int, space: Spacing, end: Node) -> Node:
        self._counted += 1
        array = CountedArray(facet, lambda link: seq(self.node(link, depth), end),
                             lambda link: self._reader.negation(link, facet.origin))
        try:
            return array.node(f"{self._prefix}a{self._counted}", self._rules, space)
        except TooManyStates:
            self._reader.refuse_at(facet.origin, "contains", '"contains" beside these bounds cannot be enforced',
                                   because=f"counting both takes more than {MAX_STATES:,} states",
                                   instead='lower "maxItems", "minItems", "maxContains" or "minContains"')
            return self._array_of(facet._replace(counts=()), depth, space, end)

    def _unique_array(self, facet: ArrayFacet, depth: int) -> Node:
        """The array of items that differ: listed one by one, or texts that occur once, or any values, written as such."""
        most, reach = facet.max_items, len(facet.prefix)
        if reach and not facet.counts and (facet.rest == NOTHING or (most is not None and most <= reach)):
            lists = distinct_lists([self._reader.expand(link) for link in facet.prefix[:most]], facet.min_items)
            if lists is not None:
                return alt([self._list(values, facet.origin) for values in lists])
        schema = self._reader.expand(facet.rest)
        canonical = self._spelling._replace(canonical=True)
        if not (facet.prefix or facet.counts or schema.arrays or schema.objects) and \
                all(number_node(number, canonical) is not None for number in schema.numbers):
            return self._unique_scalars(facet, schema, canonical)
        if not self._compares:
            self._reader.refuse_at(
                facet.origin, "uniqueItems",
                '"uniqueItems" over items that may be arrays or objects, or behind a prefix, cannot be enforced',
                because="only in JSON are such items compared while they are written",
                instead='give "items" scalar types, or pass on_unsupported="validate" to check after generation')
            return self._array_of(facet._replace(unique=False), depth, self._space)
        writer = self._canonical()
        shapes = Shapes(self._limits, writer._string, writer._spelling, writer._members)
        if enough_values(self._reader, facet, depth, shapes):
            return writer._array_of(facet._replace(unique=False), depth, distinct(self._space), ITEM_END)
        self._reader.refuse_at(facet.origin, "uniqueItems", '"uniqueItems" over so few values cannot be enforced',
                               because="the array needs several items, and it is not plain that there are so many "
                                       "different ones whichever come first",
                               instead='lower "minItems", or pass on_unsupported="validate" to check after generation')
        return self._array_of(facet._replace(unique=False), depth, self._space)

    def _unique_scalars(self, facet: ArrayFacet, schema: Schema, spelling: Spelling) -> Node:
        space = self._space
        options: list[Node] = [self._string(string) for string in schema.strings]
        options += [self._number(number, spelling) for number in schema.numbers]
        options += [TRUE_TEXT] * bool(schema.booleans & TRUE_BIT) + [FALSE_TEXT] * bool(schema.booleans & FALSE_BIT)
        options += [NULL_TEXT] * schema.null
        rest = alt(options)
        if rest is NEVER:
            if facet.min_items:
                return NEVER
            return Items(space.open_array, space.close_array, space.comma, (), None, 0, 0)
        return Items(space.open_array, space.close_array, space.comma, (), rest, facet.min_items, facet.max_items, True)

    # --- objects ------------------------------------------------------------------------------------------------------

    def _object(self, facet: ObjectFacet, depth: int) -> Node:
        key = (id(facet), depth)
        known = self._facets.get(key)
        if known is None:
            known = self._facets[key] = self._build_object(facet, depth)
        return known

    def _build_object(self, facet: ObjectFacet, depth: int) -> Node:
        depth -= depth > 0
        if facet.breaches:
            return self._broken_object(facet, depth)
        links, kinds = self._members(facet)
        return self._object_of(facet, links, kinds, depth)

    def _object_of(self, facet: ObjectFacet, links: dict[str, Link], kinds: list[Kind], depth: int,
                   awaited: int = 0, proofs: tuple[tuple[int, Node | None, Node], ...] = ()) -> Node:
        needed: Collection[str] = facet.required if len(facet.required) < 5 else frozenset(facet.required)
        known = self._levels[depth]
        values: list[Node] = []
        for name, link in links.items():
            value = known.get(link) or self.node(link, depth)
            if value is NEVER and name in needed:
                return NEVER
            values.append(value)
        possible = len(values) - values.count(NEVER)
        others = [(kind, value) for kind in kinds
                  if (value := known.get(kind.link) or self.node(kind.link, depth)) is not NEVER]
        names = tuple(links)
        most = facet.max_members
        if (not others and facet.min_members > possible) or (most is not None and most < facet.min_members):
            return NEVER
        if not others and possible < len(names):
            kept = [i for i, value in enumerate(values) if value is not NEVER]
            names, values = tuple(names[i] for i in kept), [values[i] for i in kept]
        rest, other_name = (others[0][1], others[0][0].name) if others else (None, None)
        classes = tuple([(kind.name or ANY_TEXT, value) for kind, value in others[1:]]) if len(others) > 1 else ()
        space = self._space
        return Members(space.open_object, space.close_object, space.colon, space.comma, names, tuple(values),
                       tuple([name in needed for name in names]), rest, other_name, self._style.ordered, facet.min_members,
                       most, self._style.encoding, classes, awaited, proofs)

    def _members(self, facet: ObjectFacet) -> tuple[dict[str, Link], list[Kind]]:
        """The listed names with their links, and the kinds of other names."""
        parts = facet.parts
        for part in parts:
            if part.patterns:
                facet = facet._replace(parts=tuple(map(self._readable, parts)))
                parts = facet.parts
                break
        if not parts:
            links, kinds = dict.fromkeys(facet.required, ANYTHING), [ANY_NAME]
        elif len(parts) == 1 and not parts[0].patterns:
            links, other = parts[0].properties, parts[0].other
            kinds = [] if other == NOTHING else [Kind((), (other,)) if other else ANY_NAME]
            missing = [name for name in facet.required if name not in links]
            if missing:
                links = links | dict.fromkeys(missing, other)
        else:
            names: dict[str, None] = {}
            for part in parts:
                names.update(dict.fromkeys(part.properties))
            names.update(dict.fromkeys(facet.required))
            links = {name: self._member_link(parts, name) for name in names}
            kinds = self._kinds(facet, [])
        if facet.names != ANYTHING:
            links, kinds = self._restrict_names(facet, links, kinds)
        return links, kinds

    def _member_link(self, parts: tuple[ObjectPart, ...], name: str) -> Link:
        """Everything that the parts say of the member of that name."""
        link = ANYTHING
        for part in parts:
            own = part.properties.get(name)
            found = own is not None
            if own:
                link = link_union(link, own)
            for pattern, target in part.patterns:
                if matches(self._pattern(pattern, part.origin), name):
                    link, found = link_union(link, target), True
            if not found:
                link = link_union(link, part.other)
        return link

    def _readable(self, part: ObjectPart) -> ObjectPart:
        """The part without patterns that cannot be read; then it says nothing of names that are not listed either. Where
        the order is free, patterns that only list names are listed names."""
        known = self._parts.get(id(part))
        if known is not None:
            return known[1]
        kept: list[tuple[str, Link]] = []
        properties, refused = part.properties, False
        for pattern, link in part.patterns:
            try:
                node = self._pattern(pattern, part.origin)
            except GrammarSyntaxError as error:
                self._refuse_pattern(PatternError(error, part.origin, "patternProperties"))
                refused = True
                continue
            texts = None if self._style.ordered else literal_texts(node)
            if texts is None:
                kept.append((pattern, link))
            else:
                properties = properties | {text: link_union(properties.get(text, ANYTHING), link) for text in texts}
        if refused:
            return part._replace(properties=properties, patterns=tuple(kept), other=ANYTHING)
        found = part if len(kept) == len(part.patterns) else part._replace(properties=properties, patterns=tuple(kept))
        self._parts[id(part)] = self._parts[id(found)] = part, found
        return found

    def _pattern(self, pattern: str, origin: int) -> Node:
        known = self._patterns.get(pattern)
        if known is None:
            known = self._patterns[pattern] = pattern_node(pattern, self._limits)
        return known

    def _kinds(self, facet: ObjectFacet, broken: list[tuple[ObjectPart, Node | None]]) -> list[Kind]:
        """The kinds of names that are not listed, with their links."""
        try:
            return kinds_of_names(facet.parts, broken, self._pattern, self._limits)
        except TooManyKinds as error:
            if broken:
                raise TooManyWays(f"patterns cut the names into more than {MAX_KINDS} kinds") from None
            self._reader.refuse_at(error.origin, "patternProperties",
                                   '"patternProperties" with so many patterns that overlap cannot be enforced',
                                   because=f"they cut the names of members into more than {MAX_KINDS} kinds",
                                   instead="give names patterns that exclude each other")
            return [Kind((), (ANYTHING,))]

    def _restrict_names(self, facet: ObjectFacet, links: dict[str, Link],
                        kinds: list[Kind]) -> tuple[dict[str, Link], list[Kind]]:
        """Forbids the names that ``propertyNames`` excludes."""
        body = self._names_node(facet.names)
        if body is None:
            return links, kinds
        kept = {name: link if body is not NEVER and matches(body, name) else NOTHING for name, link in links.items()}
        return kept, [] if body is NEVER else [kind._replace(tests=(body, *kind.tests)) for kind in kinds]

    def _names_node(self, names: Link) -> Node | None:
        """What names look like that satisfy a link; None: any text."""
        strings = self._reader.expand(names).strings
        if any(string is ANY_STRING for string in strings):
            return None
        return alt([self._name_language(string) for string in strings])

    # --- objects in which some member breaks something ----------------------------------------------------------------

    def _broken_object(self, facet: ObjectFacet, depth: int) -> Node:
        broken: list[tuple[ObjectPart, Node | None]] = []
        facet = facet._replace(parts=tuple(map(self._readable, facet.parts)))
        for breach in facet.breaches:
            before = self._reader.widenings
            names, part = self._names_node(breach.names), self._readable(breach.part)
            if self._reader.widenings == before:  # else what breaks it is not known
                broken.append((part, names))
        try:
            return alt(list(self._ways(facet, broken, depth)))
        except TooManyWays as error:
            self._reader.refuse_at(facet.breaches[0].part.origin or facet.origin, "not",
                                   '"not" over this schema cannot be enforced while generating',
                                   because=f"some member must break it, and {error.because}",
                                   instead="say what is allowed instead")
            return self._object_of(facet, *self._members(facet._replace(breaches=())), depth)

    def _ways(self, facet: ObjectFacet, broken: list[tuple[ObjectPart, Node | None]], depth: int) -> Iterator[Node]:
        plain, kinds = self._members(facet._replace(breaches=()))
        names = dict.fromkeys([*plain, *[name for part, _ in broken for name in part.properties]])
        links: dict[str, tuple[Link, ...]] = {}
        allowed = self._names_node(facet.names)
        for name in names:
            link = plain.get(name)
            if link is None:
                is_allowed = allowed is None or (allowed is not NEVER and matches(allowed, name))
                link = self._member_link(facet.parts, name) if is_allowed else NOTHING
            asked = [NOTHING if text is not None and (text is NEVER or not matches(text, name))
                     else self._member_link((part,), name) for part, text in broken]
            links[name] = (link, *asked)
        kinds = [] if not kinds else self._kinds(facet, broken)
        if allowed is not None:
            kinds = [kind._replace(tests=(allowed, *kind.tests)) for kind in kinds]
        links, kinds = list_few(links, kinds, facet.max_members, self._limits)

        def negation(link: Link) -> Link:
            return self._reader.negation(link, facet.origin)

        def is_possible(link: Link) -> bool:
            return self.node(link, depth) is not NEVER

        for way in ways_to_break(links, kinds, negation, is_possible, len(broken), facet.max_members):
            found = [(bits, kind.name, value) for bits, kind, link in proofs(kinds, way.awaited, negation)
                     if (value := self.node(link, depth)) is not NEVER]
            awaited = (1 << len(way.awaited)) - 1
            if proved(found) == awaited:
                here = facet._replace(required=(*facet.required, *way.needed.difference(facet.required)))
                yield self._object_of(here, way.links, kinds, depth, awaited, tuple(found))

    def _name_language(self, facet: StringFacet) -> Node:
        text = self._string(facet)
        if text.min_length == 0 and text.max_length is None:
            return text.body
        return And((text.body, repeat(ANY_TEXT.body, text.min_length, text.max_length)))
