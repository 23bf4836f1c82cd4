"""The names of an object's members, cut into kinds that have one schema each.

In: what the raw schemas of a conjunction say of member names (lists, patterns, the rest). Out: disjoint sets of the names
that are not listed, as regular nodes, each with the link of its values. The one idea: every pattern cuts each kind in two,
names that match and names that do not; what is plainly forbidden, or provably empty, is dropped at once, so that patterns
that exclude each other give as many kinds as patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from structgen.automaton.dfa import compile_language
from structgen.formats.json.matches import is_universal
from structgen.grammar.build import alt
from structgen.grammar.nodes import And, Node, Not
from structgen.limits import Limits
from structgen.schema.nodes import ANYTHING, NOTHING, Link, ObjectPart, link_union

MAX_KINDS = 64
"""Kinds of names that patterns may cut an object's members into."""


class Kind(NamedTuple):
    """Names that belong to every one of ``tests`` (none: any name), and the link of their values."""

    tests: tuple[Node, ...]
    link: Link
    matches: bool = False
    """Whether one of the tests asks for a pattern, so that further ones may leave nothing."""

    @property
    def name(self) -> Node | None:
        """What the names look like; None: any text."""
        return None if not self.tests else self.tests[0] if len(self.tests) == 1 else And(self.tests)


class TooManyKinds(Exception):
    """The patterns of ``origin`` cut the names into more than ``MAX_KINDS``."""

    def __init__(self, origin: int) -> None:
        super().__init__(origin)
        self.origin = origin


def kinds_of_names(parts: Iterable[ObjectPart], pattern: Callable[[str, int], Node], limits: Limits) -> list[Kind]:
    """The kinds of names that no part lists; those that may not occur are left away."""
    kinds = [Kind((), ANYTHING)]
    for part in parts:
        everywhere, groups = _groups(part, pattern)
        other = part.other if everywhere is None else ANYTHING
        base = everywhere or ANYTHING
        if len(groups) == 1 and other in groups:
            groups = {}  # names that match and names that do not have the same schema
        pieces = [(kind._replace(link=link_union(kind.link, base)), False) for kind in kinds]
        for link, nodes in groups.items():
            pieces = _cut(pieces, link, alt(nodes), limits)
            if len(pieces) > MAX_KINDS:
                raise TooManyKinds(part.origin)
        made = [kind if matched else kind._replace(link=link_union(kind.link, other)) for kind, matched in pieces]
        kinds = _joined([kind for kind in made if kind.link != NOTHING])
    return kinds


def _groups(part: ObjectPart, pattern: Callable[[str, int], Node]) -> tuple[Link | None, dict[Link, list[Node]]]:
    """What every name matches (None: no pattern is of that kind), and the other patterns by their link, those of
    forbidden names first."""
    groups: dict[Link, list[Node]] = {NOTHING: []}
    for text, link in part.patterns:
        groups.setdefault(link, []).append(pattern(text, part.origin))
    everywhere = [link for link, nodes in groups.items() if any(map(is_universal, nodes))]
    base: Link | None = None
    for link in everywhere:
        base = link_union(base or ANYTHING, link)
        del groups[link]
    if not groups.get(NOTHING, True):
        del groups[NOTHING]
    return base, groups


def _cut(pieces: list[tuple[Kind, bool]], link: Link, node: Node, limits: Limits) -> list[tuple[Kind, bool]]:
    """Each piece in two: the names that belong to ``node``, for which ``link`` holds too, and the others."""
    found: list[tuple[Kind, bool]] = []
    for kind, matched in pieces:
        inside = Kind((*kind.tests, node), link_union(kind.link, link), True)
        if kind.matches and _is_empty(inside, limits):
            found.append((kind, matched))
            continue
        if inside.link != NOTHING:
            found.append((inside, True))
        outside = kind._replace(tests=(*kind.tests, Not(node)))
        if not kind.matches or not _is_empty(outside, limits):
            found.append((outside, matched))
    return found


def _joined(kinds: list[Kind]) -> list[Kind]:
    """The kinds with those of one link in one."""
    by_link: dict[Link, list[Kind]] = {}
    for kind in kinds:
        by_link.setdefault(kind.link, []).append(kind)
    return [same[0] if len(same) == 1 else Kind((alt([kind.name for kind in same if kind.name is not None]),), link,
                                               all(kind.matches for kind in same))
            for link, same in by_link.items()]


def _is_empty(kind: Kind, limits: Limits) -> bool:
    return compile_language(And(kind.tests), limits) is None
