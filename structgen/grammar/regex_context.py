"""Assertions inside regular expressions (anchors, word boundaries, lookaround), resolved to plain languages.

In: the parts of a pattern, some of which match nothing and only ask something of the text around them. Out: one plain
node. The idea: build from the right. What may follow a part, up to the end of the text, is a language (``Rest``), so
an assertion about what comes next is an intersection or a difference with it. What an assertion asks of the text before
is kept beside the language as a ``Demand`` on the last character, until the part that supplies that character is met.

A lookbehind sees one character that way. Where one needs more, the whole pattern is turned round (``regex_mirror``): then
it is the lookaheads that may see one character. Assertions inside a repetition without bound are solved as equations
(``regex_rounds``) where they look at one character beyond their round, and where every round is one character and nothing
follows (``((?!xy).)*$``). Everything else is refused by offset.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

from structgen.errors import LimitExceededError
from structgen.grammar.build import ANY_TEXT, EMPTY, NEVER, alt, literal, seq
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str
from structgen.grammar.regex_escapes import fail
from structgen.grammar.regex_mirror import mirrored_node
from structgen.grammar.regex_rounds import FREE, MOST_UNKNOWNS, Hole, Next, NotLinear, filtered, has_hole, next_of, solve
from structgen.grammar.regex_search import without_optional_end, without_optional_ends
from structgen.grammar.unicode import WHOLE, Ranges, complement, union

_MOST_ROUNDS = 32
"""Rounds of a repetition with assertions inside that are written out."""
_MOST_DEPTH = 40
"""Nested parts with assertions inside; deeper ones would come near Python's recursion limit."""


class Demand(NamedTuple):
    """What comes before: a last character out of ``last``, or (``start``) nothing at all."""

    last: Ranges
    start: bool


ANYTHING = Demand(WHOLE, True)
AT_START = Demand((), True)
Rest = dict[Demand, Node]
"""The texts from a place to the end, by what they demand of the text before that place."""


class Asserting(ABC):
    """A part of a pattern with assertions inside."""

    __slots__ = ()

    @abstractmethod
    def before(self, rest: Rest, depth: int) -> Rest:
        """The texts of this part and what follows it."""


Part = Node | Asserting


class Sequence(Asserting):
    __slots__ = ("parts",)

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def before(self, rest: Rest, depth: int) -> Rest:
        for part in reversed(self.parts):
            rest = _before(part, rest, depth)
        return rest


class Options(Asserting):
    __slots__ = ("asserting", "plain")

    def __init__(self, options: list[Part]) -> None:
        self.plain = alt([option for option in options if isinstance(option, Node)])
        self.asserting = [option for option in options if isinstance(option, Asserting)]

    def before(self, rest: Rest, depth: int) -> Rest:
        found = [_before(self.plain, rest, depth)]
        found += [_before(option, rest, depth) for option in self.asserting]
        return _either(found)


class Repetition(Asserting):
    __slots__ = ("body", "least", "most", "offset")

    def __init__(self, body: Asserting, least: int, most: int | None, offset: int) -> None:
        self.body, self.least, self.most, self.offset = body, least, most, offset

    def before(self, rest: Rest, depth: int) -> Rest:
        if max(self.least, self.most or 0) > _MOST_ROUNDS:
            fail("an assertion inside a long repetition is not supported", self.offset,
                 because=f"more than {_MOST_ROUNDS} rounds would have to be written out",
                 instead="take the assertion out of the repeated group")
        if self.most is None:
            rest = self._without_bound(rest, depth)
        for _ in range(self.least if self.most is None else self.most - self.least):
            rest = _before(self.body, rest, depth) if self.most is None else _either(
                [rest, _before(self.body, rest, depth)])
        for _ in range(0 if self.most is None else self.least):
            rest = _before(self.body, rest, depth)
        return rest

    def _without_bound(self, rest: Rest, depth: int) -> Rest:
        try:
            return self._solved(rest, depth)
        except NotLinear:
            return self._nowhere(rest)

    def _solved(self, rest: Rest, depth: int) -> Rest:
        """Any number of rounds and then the rest: see ``regex_rounds``."""
        rounds: dict[Demand, Rest] = {}
        demands = list(rest)
        for demand in demands:  # grows
            rounds[demand] = _before(self.body, {demand: Hole(self, demand, FREE)}, depth)
            demands += [other for other in rounds[demand] if other not in demands]
            if len(demands) > MOST_UNKNOWNS:
                raise NotLinear

        def equation(unknown: tuple[object, Next]) -> Node:
            demand, following = unknown
            options = [found[demand] for found in rounds.values() if demand in found]
            if demand in rest:
                options.append(rest[demand])
            return filtered(alt(options), following, intersection, small_texts)

        solved = solve(self, [(demand, FREE) for demand in demands], equation)
        return {demand: node for demand in demands if (node := solved[demand, FREE]) is not NEVER}

    def _nowhere(self, rest: Rest) -> Rest:
        """``((?!x).)*`` at the end of the text: none of its places begins what is excluded."""
        parts = self.body.parts if isinstance(self.body, Sequence) else []
        looks = [part for part in parts[:-1] if isinstance(part, LookAhead)]
        if len(looks) + 1 == len(parts) and isinstance(parts[-1], Chars) and rest.keys() == {ANYTHING}:
            ahead = [look.allowed() for look in looks]
            if small_texts_only(rest[ANYTHING]) == (True, False) and None not in ahead:
                bad = alt([And((Not(node), seq(_ANY_CHAR, ANY_TEXT))) for node in ahead if node is not None])
                return {ANYTHING: And((Repeat(parts[-1], 0, None), Not(seq(ANY_TEXT, bad))))}
        fail("an assertion inside a repetition without bound is not supported", self.offset,
             because="what it asks of the following rounds is unbounded",
             instead="take the assertion out of the repeated group, or give the repetition a bound")


class Place(Asserting):
    """An assertion about both sides of a place: for each demand on what comes before, what may follow."""

    __slots__ = ("sides",)

    def __init__(self, *sides: tuple[Demand, Node]) -> None:
        self.sides = sides

    def before(self, rest: Rest, depth: int) -> Rest:
        return _either([{both(demand, other): intersection(node, following)} for demand, following in self.sides
                        for other, node in rest.items()])


class LookBehind(Asserting):
    """A lookbehind of one character, or of the beginning."""

    __slots__ = ("body", "negative", "offset", "turned")

    def __init__(self, body: Part, negative: bool, offset: int, turned: bool = False) -> None:
        self.body, self.negative, self.offset, self.turned = body, negative, offset, turned

    def is_short(self) -> bool:
        """Whether one character decides."""
        return _last_character(self.body) is not None

    def before(self, rest: Rest, depth: int) -> Rest:
        found = _last_character(self.body)
        if found is None:
            fail("a lookbehind and a lookahead of more than one character each are not supported together" if self.turned
                 else "a lookbehind of more than one character is not supported here", self.offset,
                 because="only one of the two sides is followed beyond a character",
                 instead="write the wanted texts as alternatives")
        last, start = found
        return Place((Demand(complement(last), not start) if self.negative else Demand(last, start), ANY_TEXT)).before(
            rest, depth)


class LookAhead(Asserting):
    __slots__ = ("body", "negative", "offset")

    def __init__(self, body: Part, negative: bool, offset: int) -> None:
        self.body, self.negative, self.offset = body, negative, offset

    def before(self, rest: Rest, depth: int) -> Rest:
        ahead = _before(self.body, {ANYTHING: ANY_TEXT}, depth)
        if not self.negative:
            return Place(*ahead.items()).before(rest, depth)
        return Place(*[(region, Not(alt([node for demand, node in ahead.items() if _covers(demand, region)])))
                       for region in _regions(list(ahead))]).before(rest, depth)

    def allowed(self) -> Node | None:
        """What may follow, where that does not depend on what comes before."""
        found = self.before({ANYTHING: ANY_TEXT}, 0)
        return found.get(ANYTHING, NEVER) if found.keys() <= {ANYTHING} else None


START = Place((AT_START, ANY_TEXT))
END = Place((ANYTHING, EMPTY))
END_OR_NEWLINE = Place((ANYTHING, alt([EMPTY, literal("\n")])))
LINE_START = Place((Demand(((10, 10),), True), ANY_TEXT))
LINE_END = Place((ANYTHING, alt([EMPTY, seq(literal("\n"), ANY_TEXT)])))
_ANY_CHAR = Chars(WHOLE)


def word_boundary(word: Ranges, *, negated: bool, empty_text: bool) -> Place:
    r"""``\b`` or ``\B``; ``empty_text``: whether ``\B`` holds in an empty text (in Python it does not)."""
    others = complement(word)
    after_word, after_other = Demand(word, False), Demand(others, True)
    into_word = seq(Chars(word), ANY_TEXT)
    out_of_word = alt([EMPTY, seq(Chars(others), ANY_TEXT)])
    if not negated:
        return Place((after_word, out_of_word), (after_other, into_word))
    if empty_text:
        return Place((after_word, into_word), (after_other, out_of_word))
    return Place((after_word, into_word), (Demand(others, False), out_of_word),
                 (AT_START, seq(Chars(others), ANY_TEXT)))


def _last_character(body: Part) -> tuple[Ranges, bool] | None:
    """The last characters that a lookbehind asks for, and whether the beginning will do; None if it asks for more."""
    if isinstance(body, Chars):
        return body.ranges, False
    if isinstance(body, Str) and len(body.text) == 1:
        return ((ord(body.text), ord(body.text)),), False
    if body is START:
        return (), True
    options: list[Part] = []
    if isinstance(body, Alt):
        options = list(body.options)
    elif isinstance(body, Options):
        options = [*([body.plain] if body.plain is not NEVER else []), *body.asserting]
    elif isinstance(body, Sequence) and len(body.parts) == 1:
        options = body.parts
    found = [_last_character(option) for option in options]
    known = [one for one in found if one is not None]
    if not found or len(known) < len(found):
        return None
    return union(pair for last, _ in known for pair in last), any(start for _, start in known)


def in_sequence(parts: list[Part]) -> Part:
    """The parts one after another."""
    if any(isinstance(part, Asserting) for part in parts):
        joined: list[Part] = []
        for part in parts:
            if joined and isinstance(part, Node) and isinstance(joined[-1], Node):
                joined[-1] = seq(joined[-1], part)
            else:
                joined.append(part)
        return joined[0] if len(joined) == 1 else Sequence(joined)
    return seq(*[part for part in parts if isinstance(part, Node)])


def side_by_side(options: list[Part]) -> Part:
    """Any one of the options."""
    if any(isinstance(option, Asserting) for option in options):
        return Options(options)
    return alt([option for option in options if isinstance(option, Node)])


def whole_text(part: Part, search: bool) -> Node:
    """The language of the texts that match wholly, or (``search``) that contain a match."""
    around = ANY_TEXT if search else EMPTY
    if search:
        part = _searched(part)
    if isinstance(part, Node):
        return seq(around, part, around)
    looks = list(_lookbehinds(part))
    if any(not look.is_short() for look in looks):
        return mirrored_node(_resolved(_turned(part, looks[0].offset), around), {})
    return _resolved(part, around)


def _searched(part: Part) -> Part:
    """A part between any texts, without what is optional at its ends; assertions see the same texts."""
    if isinstance(part, Node):
        return without_optional_ends(part)
    if isinstance(part, Sequence):
        first, *rest = part.parts
        parts = [without_optional_end(first, 0) if isinstance(first, Node) else first, *rest]
        last = parts[-1]
        return Sequence([*parts[:-1], without_optional_end(last, -1) if isinstance(last, Node) else last])
    if not isinstance(part, Options):
        return part
    options: list[Part] = [part.plain, *part.asserting]
    return Options([_searched(one) for one in options])


def _lookbehinds(part: Part) -> Iterator[LookBehind]:
    work: list[Part] = [part]
    while work:
        one = work.pop()
        if isinstance(one, LookBehind):
            yield one
        if isinstance(one, (LookBehind, LookAhead, Repetition)):
            work.append(one.body)
        elif isinstance(one, Sequence):
            work += one.parts
        elif isinstance(one, Options):
            work += one.asserting


def _turned(part: Part, offset: int) -> Part:
    """The pattern of the texts written backwards; depth is bounded by that of the groups."""
    if isinstance(part, Node):
        return mirrored_node(part, {})
    if isinstance(part, Sequence):
        return Sequence([_turned(one, offset) for one in reversed(part.parts)])
    if isinstance(part, Options):
        options: list[Part] = [part.plain, *part.asserting]
        return Options([_turned(one, offset) for one in options])
    if isinstance(part, Repetition):
        body = _turned(part.body, offset)
        assert isinstance(body, Asserting)
        return Repetition(body, part.least, part.most, part.offset)
    if isinstance(part, LookBehind):
        return LookAhead(_turned(part.body, offset), part.negative, part.offset)
    if isinstance(part, LookAhead):
        return LookBehind(_turned(part.body, offset), part.negative, part.offset, turned=True)
    assert isinstance(part, Place)
    if part is END_OR_NEWLINE:
        fail("a lookbehind of more than one character is not supported beside $", offset,
             because="$ may stand in front of a last newline", instead="write \\Z for the end")
    return {id(START): END, id(END): START, id(LINE_START): LINE_END, id(LINE_END): LINE_START}.get(id(part), part)


def _resolved(part: Part, around: Node) -> Node:
    rest = _before(around, _before(part, {ANYTHING: around}, 0), 0)
    return alt([node for demand, node in rest.items() if demand.start])


def _before(part: Part, rest: Rest, depth: int) -> Rest:
    """The texts of a part and of what follows it."""
    if isinstance(part, Asserting):
        if depth > _MOST_DEPTH:
            raise LimitExceededError("groups with assertions inside are nested too deeply", limit="regex_depth",
                                     because=f"at most {_MOST_DEPTH} are resolved",
                                     instead="take the assertions out of the groups")
        return part.before(rest, depth + 1)
    if part is NEVER:
        return {}
    found: list[Rest] = []
    for demand, node in rest.items():
        if demand == ANYTHING:
            found.append({ANYTHING: seq(part, node)})
            continue
        if demand.last and part is not EMPTY:
            supplied = intersection(part, seq(ANY_TEXT, Chars(demand.last)))
            found.append({ANYTHING: seq(supplied, node)})
        if small_texts(part)[0]:
            found.append({demand: node})
    return _either(found)


def _either(rests: list[Rest]) -> Rest:
    """The union, by demand; what cannot be is left out."""
    found: dict[Demand, list[Node]] = {}
    for rest in rests:
        for demand, node in rest.items():
            if node is not NEVER and (demand.last or demand.start):
                found.setdefault(demand, []).append(node)
    return {demand: alt(list(dict.fromkeys(nodes))) for demand, nodes in found.items()}


def both(left: Demand, right: Demand) -> Demand:
    """What satisfies two demands."""
    if left == ANYTHING or right == ANYTHING:
        return right if left == ANYTHING else left
    outside = union((*complement(left.last), *complement(right.last)))
    return Demand(complement(outside), left.start and right.start)


def _covers(demand: Demand, region: Demand) -> bool:
    return both(demand, region) == region


def _regions(demands: list[Demand]) -> list[Demand]:
    """The finest demands that tell the given ones apart; together they cover everything."""
    regions = [ANYTHING]
    for demand in demands:
        opposite = Demand(complement(demand.last), not demand.start)
        regions = [part for region in regions for part in (both(region, demand), both(region, opposite))
                   if part.last or part.start]
    return regions


def intersection(left: Node, right: Node) -> Node:
    """The texts of both, kept simple where one of them is any text, or nothing much."""
    if has_hole(left):
        left, right = right, left
    if has_hole(right):
        wanted = next_of(left)
        if wanted is None:
            raise NotLinear
        return filtered(right, wanted, intersection, small_texts)
    if left is ANY_TEXT or right is NEVER:
        return right
    if right is ANY_TEXT or left is NEVER:
        return left
    for one, other in ((left, right), (right, left)):
        small = small_texts_only(one)
        if small is not None:
            empty, newline = small_texts(other)
            found = [EMPTY] if empty and small[0] else []
            return alt([*found, literal("\n")] if newline and small[1] else found)
    return And((left, right))


def small_texts_only(node: Node) -> tuple[bool, bool] | None:
    """``small_texts`` of a node that has no other texts; None if it may have some."""
    if node is EMPTY or node is NEVER or (isinstance(node, Str) and node.text == "\n"):
        return small_texts(node)
    if isinstance(node, Alt) and all(small_texts_only(option) is not None for option in node.options):
        return small_texts(node)
    return None


def small_texts(node: Node) -> tuple[bool, bool]:
    """Whether the empty text belongs to a language, and whether a single newline does."""
    if isinstance(node, Chars):
        return False, any(low <= 10 <= high for low, high in node.ranges)
    if isinstance(node, Str):
        return not node.text, node.text == "\n"
    if isinstance(node, (Alt, And)):
        below = [small_texts(part) for part in (node.options if isinstance(node, Alt) else node.parts)]
        decide: Callable[[list[bool]], bool] = any if isinstance(node, Alt) else all
        return decide([empty for empty, _ in below]), decide([newline for _, newline in below])
    if isinstance(node, Not):
        empty, newline = small_texts(node.body)
        return not empty, not newline
    if isinstance(node, Repeat):
        empty, newline = small_texts(node.body)
        one = newline and (empty or node.min <= 1) and (node.max is None or node.max >= 1)
        return node.min == 0 or empty, one
    assert isinstance(node, Seq)
    empty, newline = True, False
    for part in node.parts:
        part_empty, part_newline = small_texts(part)
        newline = (newline and part_empty) or (empty and part_newline)
        empty = empty and part_empty
    return empty, newline
