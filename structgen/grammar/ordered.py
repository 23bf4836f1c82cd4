"""Patterns with the order in which Python's ``re`` tries them: what a lexer and atomic groups need beside a language.

In: a pattern of Python's ``re``. Out: a tree. A language does not say *which* match a search finds: ``a|ab`` takes ``a``
although ``ab`` fits as well, and ``a+?`` takes one. The tree keeps alternatives in their order and whether a repetition is
lazy. Python's own parser reads the pattern, so its syntax, flags and scopes are those of the running Python; sets of
characters are resolved here. ``automaton.ordered`` runs the trees.

``Ordered`` is the regular node of a tree: the texts that ``fullmatch`` accepts. Refused by name: back-references.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as op
from re import _parser
from typing import Any

from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.grammar.nodes import Node
from structgen.grammar.unicode import ASCII_SETS, Ranges, complement, equal_ignoring_case, ignoring_case, python_set, union
from structgen.limits import Limits


class Tree:
    """A part of a pattern, alternatives in the order in which they are tried."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class One(Tree):
    """One character."""

    ranges: Ranges


@dataclass(frozen=True, slots=True, eq=False)
class Row(Tree):
    """Parts one after another."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True, eq=False)
class First(Tree):
    """The first option with which the rest matches."""

    options: tuple[Tree, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop(Tree):
    """Repetition: as often as possible, or (``lazy``) as rarely as possible."""

    body: Tree
    min: int
    max: int | None
    lazy: bool


@dataclass(frozen=True, slots=True, eq=False)
class Atomic(Tree):
    """The first way to match the body, and no other."""

    body: Tree


@dataclass(frozen=True, slots=True, eq=False)
class Group(Tree):
    """A group that a conditional asks for."""

    number: int
    body: Tree


@dataclass(frozen=True, slots=True, eq=False)
class IfGroup(Tree):
    """One of two bodies: whether a group has matched."""

    number: int
    yes: Tree
    no: Tree


@dataclass(frozen=True, slots=True, eq=False)
class Ahead(Tree):
    """What follows begins with a match of the body (or does not)."""

    body: Tree
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Behind(Tree):
    """What stands before ends with a match of the body, which has one width (or does not)."""

    body: Tree
    width: int
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Begin(Tree):
    """The beginning of the whole text."""


@dataclass(frozen=True, slots=True, eq=False)
class Ordered(Node):
    """The texts that a tree matches wholly; a regular node. ``empty``: the empty text is one of them."""

    tree: Tree
    empty: bool


EMPTY_ROW = Row(())
_FLAGS = re.I | re.S | re.X | re.A | re.M | re.U
_NEWLINE = One(((10, 10),))
_ANY = One(complement(()))
_BEGIN = Begin()
_END = Ahead(_ANY, negated=True)
_END_OR_NEWLINE = First((_END, Ahead(Row((_NEWLINE, _END)), negated=False)))
_LINE_END = First((_END, Ahead(_NEWLINE, negated=False)))
_LINE_START = First((_BEGIN, Behind(_NEWLINE, 1, negated=False)))


def read_ordered(pattern: str, *, flags: int = 0, limits: Limits | None = None) -> Tree:
    """The tree of a pattern; raises ``GrammarSyntaxError`` with the offset of what is wrong or not supported."""
    known = limits if limits is not None else Limits()
    if len(pattern) > known.regex_bytes:
        raise LimitExceededError(f"the pattern has {len(pattern)} characters", limit="regex_bytes")
    try:
        with warnings.catch_warnings():  # of what later versions of Python may read otherwise
            warnings.simplefilter("ignore")
            parsed = _parser.parse(pattern, int(flags & _FLAGS))
    except re.error as error:
        raise GrammarSyntaxError(str(error.msg), position=f"offset {error.pos or 0}") from error
    except (RecursionError, OverflowError) as error:
        raise LimitExceededError("the groups of the pattern are nested too deeply", limit="regex_depth") from error
    reader = _Reader(known, set(_conditions(parsed)))
    return reader.row(parsed, parsed.state.flags, 0)


def ordered(pattern: str, flags: int, search: bool, limits: Limits) -> Ordered:
    """The texts that a pattern matches, wholly or (``search``) anywhere. Raises as ``read_ordered``."""
    tree = read_ordered(pattern, flags=flags, limits=limits)
    if search:
        anything = Loop(_ANY, 0, None, False)
        tree = Row((anything, tree, anything))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = re.compile(pattern, flags)
    return Ordered(tree, (known.search if search else known.fullmatch)("") is not None)


def numbers_groups(pattern: str) -> bool:
    """Whether a conditional asks for a group by its number, which is another one within a longer pattern."""
    if "(?(" not in pattern:
        return False
    try:
        alone, later = (_conditions(_parser.parse(one)) for one in (pattern, "()" + pattern))
    except (re.error, RecursionError, OverflowError):  # refused with its reason where it is read
        return False
    return later != [number + 1 for number in alone]


def _conditions(parsed: Any) -> list[int]:
    """The groups that conditionals ask for."""
    found: list[int] = []
    work = [parsed]
    while work:
        here = work.pop()
        if isinstance(here, tuple | list | _parser.SubPattern):
            if len(here) == 2 and here[0] is op.GROUPREF_EXISTS:
                found.append(here[1][0])
            work.extend(one for one in here if isinstance(one, tuple | list | _parser.SubPattern))
    return found


class _Reader:
    """Python's parsed pattern as a tree."""

    def __init__(self, limits: Limits, asked: set[int]) -> None:
        self._limits, self._asked = limits, asked

    def row(self, parsed: Any, flags: int, depth: int) -> Tree:
        if depth > self._limits.regex_depth:
            raise LimitExceededError("the groups of the pattern are nested too deeply", limit="regex_depth")
        parts = [self._part(kind, value, flags, depth) for kind, value in parsed]
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _part(self, kind: Any, value: Any, flags: int, depth: int) -> Tree:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return One(self._set(kind, value, flags))
        if kind is op.BRANCH:
            return First(tuple([self.row(one, flags, depth + 1) for one in value[1]]))
        if kind is op.SUBPATTERN:
            number, added, removed, body = value
            inner = self.row(body, (flags & ~(re.A | re.U if added & (re.A | re.U) else 0) | added) & ~removed, depth + 1)
            return Group(number, inner) if number in self._asked else inner
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, body = value
            loop = Loop(self.row(body, flags, depth + 1), int(least), None if most is op.MAXREPEAT else int(most),
                        kind is op.MIN_REPEAT)
            return Atomic(loop) if kind is op.POSSESSIVE_REPEAT else loop
        if kind is op.ATOMIC_GROUP:
            return Atomic(self.row(value, flags, depth + 1))
        if kind in (op.ASSERT, op.ASSERT_NOT):
            body = self.row(value[1], flags, depth + 1)
            if value[0] > 0:
                return Ahead(body, kind is op.ASSERT_NOT)
            least, most = value[1].getwidth()
            if least != most:
                raise GrammarSyntaxError("look-behind requires fixed-width pattern")
            return Behind(body, least, kind is op.ASSERT_NOT)
        if kind is op.AT:
            return self._place(value, flags)
        if kind is op.GROUPREF_EXISTS:
            number, yes, no = value
            return IfGroup(number, self.row(yes, flags, depth + 1),
                           EMPTY_ROW if no is None else self.row(no, flags, depth + 1))
        if kind is op.FAILURE:
            return First(())
        what = "back-references are" if kind is op.GROUPREF else f"{kind} is"
        raise GrammarSyntaxError(f"{what} not supported here", because="what they repeat is not known beforehand",
                                 instead="write the alternatives out")

    def _place(self, what: Any, flags: int) -> Tree:
        if what is op.AT_BEGINNING:
            return _LINE_START if flags & re.M else _BEGIN
        if what is op.AT_END:
            return _LINE_END if flags & re.M else _END_OR_NEWLINE
        if what is op.AT_BEGINNING_STRING:
            return _BEGIN
        if what is op.AT_END_STRING:
            return _END
        word = One(self._category("w", flags))
        is_word, no_word = Behind(word, 1, negated=False), Behind(word, 1, negated=True)
        if what is op.AT_BOUNDARY:
            return First((Row((is_word, Ahead(word, negated=True))), Row((no_word, Ahead(word, negated=False)))))
        somewhere = First((Ahead(_ANY, negated=False), Behind(_ANY, 1, negated=False)))  # not in the empty text
        return First((Row((is_word, Ahead(word, negated=False))), Row((no_word, Ahead(word, negated=True), somewhere))))

    # -- sets -----------------------------------------------------------------------------------------------------

    def _category(self, letter: str, flags: int) -> Ranges:
        return ASCII_SETS[letter] if flags & re.A else python_set(letter)

    def _set(self, kind: Any, value: Any, flags: int) -> Ranges:
        ascii_only = bool(flags & re.A)
        if kind is op.ANY:
            return complement(()) if flags & re.S else complement(((10, 10),))
        if kind is not op.IN:
            found = equal_ignoring_case(chr(value), ascii_only) if flags & re.I else ((value, value),)
            return complement(found) if kind is op.NOT_LITERAL else union(found)
        negated = value[0][0] is op.NEGATE
        plain: list[tuple[int, int]] = []
        for item, argument in value[negated:]:
            if item is op.CATEGORY:
                name = str(argument).lower().removeprefix("category_")
                found = self._category({"digit": "d", "space": "s", "word": "w"}[name.removeprefix("not_")], flags)
                plain.extend(complement(found) if name.startswith("not_") else found)
            else:
                low, high = argument if item is op.RANGE else (argument, argument)
                plain.append((low, high))
        ranges = union(plain)
        if flags & re.I:
            ranges = ignoring_case(ranges, ascii_only)
        return complement(ranges) if negated else ranges


def sets_in(trees: Iterable[Tree]) -> list[Ranges]:
    """Every set of characters in some trees."""
    found: list[Ranges] = []
    work = list(trees)
    while work:
        here = work.pop()
        if isinstance(here, One):
            found.append(here.ranges)
        work.extend(below(here))
    return found


def below(tree: Tree) -> tuple[Tree, ...]:
    """The parts of a tree."""
    if isinstance(tree, Row):
        return tree.parts
    if isinstance(tree, First):
        return tree.options
    if isinstance(tree, Loop | Atomic | Group | Ahead | Behind):
        return (tree.body,)
    return (tree.yes, tree.no) if isinstance(tree, IfGroup) else ()
