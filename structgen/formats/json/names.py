"""The names of an object's members, cut into kinds that have one schema each.

In: what the raw schemas of a conjunction say of member names (lists, patterns, the rest). Out: disjoint sets of the names
that are not listed, as regular nodes, each with the link of its values. The one idea: every pattern cuts each kind in two,
names that match and names that do not; what is plainly forbidden, or provably empty, is dropped at once, so that patterns
that exclude each other give as many kinds as patterns. A pattern that only lists names (``^(a|b)$``) needs no automaton.

What some member must break cuts the kinds too, and constrains nothing by itself: what it asks is kept beside the link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from structgen.automaton.dfa import Dfa
from structgen.automaton.languages import names_language
from structgen.formats.json.matches import is_universal
from structgen.grammar.build import NEVER, alt
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Seq, Str
from structgen.limits import Limits
from structgen.schema.nodes import ANYTHING, NOTHING, Link, ObjectPart, link_union

MAX_KINDS = 64
"""Kinds of names that patterns may cut an object's members into."""
MAX_LITERALS = 64
"""Names that one pattern may list."""
Pattern = Callable[[str, int], Node]
"""The node of a pattern."""


class Kind(NamedTuple):
    """Names that belong to every one of ``tests`` (none: any name), and the link of their values."""

    tests: tuple[Node, ...]
    links: tuple[Link, ...]
    """What the values must satisfy, and behind it, for each thing that some member must break, what that is."""
    matches: bool = False
    """Whether one of the tests asks for a pattern, so that further ones may leave nothing."""

    @property
    def link(self) -> Link:
        """What the values must satisfy."""
        return self.links[0]

    @property
    def name(self) -> Node | None:
        """What the names look like; None: any text."""
        return all_of(self.tests) if self.tests else None

    def language(self, limits: Limits) -> Dfa | None:
        """The automaton of the names; None if there are none."""
        return names_language(all_of(self.tests), limits)

    def asks(self, slot: int, link: Link) -> Kind:
        """The same names, with one link more in a slot."""
        links = self.links
        return self._replace(links=(*links[:slot], link_union(links[slot], link), *links[slot + 1:]))


def all_of(tests: tuple[Node, ...]) -> Node:
    """What satisfies every test; the same node for the same tests, since automata are remembered by node."""
    return tests[0] if len(tests) == 1 else _all_of(tuple(sorted(set(tests), key=id)))


@lru_cache(4096)
def _all_of(tests: tuple[Node, ...]) -> Node:
    return tests[0] if len(tests) == 1 else And(tests)


@lru_cache(4096)
def none_of(node: Node) -> Node:
    """What a node does not hold."""
    return Not(node)


@lru_cache(4096)
def one_of(nodes: tuple[Node, ...]) -> Node:
    """What one of the nodes holds."""
    return alt(nodes)


def apart(one: Node, other: Node) -> bool:
    """Whether the texts of two nodes plainly begin otherwise: no automaton is needed to see that they share none."""
    first, second = _beginning(one), _beginning(other)
    size = min(len(first), len(second))
    return first[:size] != second[:size]


def _beginning(node: Node) -> str:
    """What every text of the node begins with, as far as it is seen at once."""
    while isinstance(node, Seq | And) and node.parts:
        node = node.parts[0]
    return node.text if isinstance(node, Str) else ""


def literal_texts(node: Node) -> list[str] | None:
    """Every text of a node of few plain ones, such as a choice of names; None of any other node."""
    found: list[str]
    if isinstance(node, Str):
        found = [node.text]
    elif isinstance(node, Chars):
        if sum(high - low + 1 for low, high in node.ranges) > MAX_LITERALS:
            return None
        found = [chr(code) for low, high in node.ranges for code in range(low, high + 1)]
    elif isinstance(node, Alt) and len(node.options) <= MAX_LITERALS:
        found = []
        for option in node.options:
            texts = literal_texts(option)
            if texts is None:
                return None
            found += texts
    elif isinstance(node, Seq):
        found = [""]
        for part in node.parts:
            texts = literal_texts(part)
            if texts is None or len(found) * len(texts) > MAX_LITERALS:
                return None
            found = [before + text for before in found for text in texts]
    else:
        return None
    return found if len(found) <= MAX_LITERALS and all(map(str.isprintable, found)) else None


class TooManyKinds(Exception):
    """The patterns of ``origin`` cut the names into more than ``MAX_KINDS``."""

    def __init__(self, origin: int) -> None:
        super().__init__(origin)
        self.origin = origin


def kinds_of_names(parts: Sequence[ObjectPart], broken: Sequence[tuple[ObjectPart, Node | None]], pattern: Pattern,
                   limits: Limits) -> list[Kind]:
    """The kinds of names that no part lists; those that may not occur are left away. ``broken``: what is to be broken, a
    part and the language of names."""
    kinds = [Kind((), (ANYTHING,) * (1 + len(broken)))]
    for part in parts:
        kinds = _said(kinds, part, 0, pattern, limits)
    for slot, (part, names) in enumerate(broken, 1):
        kinds = _said(kinds, part, slot, pattern, limits)
        if names is NEVER:
            kinds = [kind.asks(slot, NOTHING) for kind in kinds]
        elif names is not None:
            pieces = _cut([(kind, True) for kind in kinds], slot, NOTHING, none_of(names), limits)
            kinds = _joined([kind for kind, _ in pieces])
    return kinds


def _said(kinds: list[Kind], part: ObjectPart, slot: int, pattern: Pattern, limits: Limits) -> list[Kind]:
    """The kinds, once a part has cut them and said in a slot what it asks of their values."""
    groups = _groups(part, pattern)
    everywhere = [link for link, nodes in groups.items() if any(map(is_universal, nodes))]
    other = ANYTHING if everywhere else part.other
    pieces = [(kind, False) for kind in kinds]
    for link in everywhere:
        pieces = [(kind.asks(slot, link), False) for kind, _ in pieces]
        del groups[link]
    if len(groups) == 1 and other in groups:
        groups = {}  # names that match and names that do not have the same schema
    for link, nodes in groups.items():
        pieces = _cut(pieces, slot, link, one_of(tuple(nodes)), limits)
        if len(pieces) > MAX_KINDS:
            raise TooManyKinds(part.origin)
    made = [kind if matched else kind.asks(slot, other) for kind, matched in pieces]
    return _joined([kind for kind in made if kind.link != NOTHING])


def _groups(part: ObjectPart, pattern: Pattern) -> dict[Link, list[Node]]:
    """The patterns by their link, those of forbidden names first."""
    groups: dict[Link, list[Node]] = {NOTHING: []}
    for text, link in part.patterns:
        groups.setdefault(link, []).append(pattern(text, part.origin))
    return {link: nodes for link, nodes in groups.items() if nodes}


def _cut(pieces: list[tuple[Kind, bool]], slot: int, link: Link, node: Node, limits: Limits) -> list[tuple[Kind, bool]]:
    """Each piece in two: the names that belong to ``node``, for which ``link`` holds too, and the others."""
    found: list[tuple[Kind, bool]] = []
    for kind, matched in pieces:
        inside = kind._replace(tests=(*kind.tests, node), matches=True).asks(slot, link)
        if kind.matches and (any(apart(test, node) for test in kind.tests) or inside.language(limits) is None):
            found.append((kind, matched))
            continue
        if inside.link != NOTHING:
            found.append((inside, True))
        outside = kind._replace(tests=(*kind.tests, none_of(node)))
        if not kind.matches or outside.language(limits) is not None:
            found.append((outside, matched))
    return found


def _joined(kinds: list[Kind]) -> list[Kind]:
    """The kinds with those of equal links in one."""
    by_links: dict[tuple[Link, ...], list[Kind]] = {}
    for kind in kinds:
        by_links.setdefault(kind.links, []).append(kind)
    return [same[0] if len(same) == 1 else Kind(
        (one_of(tuple([kind.name for kind in same if kind.name is not None])),), links, all(kind.matches for kind in same))
            for links, same in by_links.items()]


def texts_of(dfa: Dfa) -> Iterator[str]:
    """Every text of a finite language."""
    waiting = [(dfa.start, b"")]
    while waiting:
        state, text = waiting.pop()
        if dfa.accept[state] >= 0:
            try:
                yield text.decode()
            except UnicodeDecodeError:
                continue
        for low, high, target in dfa.edges[state]:
            if target != state:  # that would be the meaningless rest of a character
                waiting.extend((target, text + bytes((byte,))) for byte in range(low, high + 1))
