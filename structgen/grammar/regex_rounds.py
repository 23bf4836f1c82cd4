"""Repetitions without a bound whose rounds have assertions inside, solved as equations between languages.

What may follow the beginning of a round is an unknown: the rest, or a round and then the unknown again. An assertion at
the seam of two rounds asks something of the last character before or of the first one after, so there is one unknown per
demand of either kind, and every equation is right-linear: a sum of languages in front of unknowns. Those are solved one
after another (``x = a x | b`` has the least solution ``a* b``; Arden, Delayed logic and finite state machines, 1961).
What asks for more than one character of a coming round is no such equation (``NotLinear``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from structgen.grammar.build import ANY_TEXT, EMPTY, NEVER, alt, repeat, seq
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str
from structgen.grammar.unicode import WHOLE, Ranges, complement, union

MOST_UNKNOWNS = 24
"""Each may multiply the size of the solution."""


MOST_PARTS = 3000
"""Parts of a solution, those that are shared counted wherever they stand: whoever walks it walks so many."""


class NotLinear(Exception):
    """The equations cannot be solved here."""


class Next(NamedTuple):
    """What comes next: a first character out of ``first``, or (``end``) nothing at all, or (``newline``) a newline and
    nothing else."""

    first: Ranges
    end: bool
    newline: bool = False


FREE = Next(WHOLE, True)


class Hole(Node):
    """An unknown: what follows a seam of rounds, given demands on what comes before and next."""

    __slots__ = ("demand", "next", "owner")

    def __init__(self, owner: object, demand: object, following: Next) -> None:
        self.owner, self.demand, self.next = owner, demand, following


def has_hole(node: Node) -> bool:
    """Whether a node ends in an unknown."""
    if isinstance(node, Seq):
        return bool(node.parts) and has_hole(node.parts[-1])
    return isinstance(node, Hole) or (isinstance(node, Alt) and any(map(has_hole, node.options)))


def next_of(node: Node) -> Next | None:
    """The demand that a node makes of the first character and of nothing else; None if it asks more."""
    if node is ANY_TEXT:
        return FREE
    if node is EMPTY:
        return Next((), True)
    if isinstance(node, Str) and node.text == "\n":
        return Next((), False, True)
    if isinstance(node, Seq) and len(node.parts) >= 2 and all(part is ANY_TEXT for part in node.parts[1:]):
        first = node.parts[0]
        if isinstance(first, Str) and len(first.text) == 1:
            first = Chars(((ord(first.text), ord(first.text)),))
        if isinstance(first, Chars):
            return Next(first.ranges, False)
        if isinstance(first, Alt):
            return next_of(alt([seq(option, ANY_TEXT) for option in first.options]))
        return None
    if isinstance(node, Not):
        below = next_of(node.body)
        return None if below is None or below.newline else Next(complement(below.first), not below.end)
    if isinstance(node, Alt):
        parts = [next_of(option) for option in node.options]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return Next(union(pair for part in known for pair in part.first), any(part.end for part in known),
                    any(part.newline for part in known))
    return None


def both_next(left: Next, right: Next) -> Next:
    outside = union((*complement(left.first), *complement(right.first)))
    lines = [any(low <= 10 <= high for low, high in one.first) or one.newline for one in (left, right)]
    return Next(complement(outside), left.end and right.end, (left.newline or right.newline) and all(lines))


def filtered(node: Node, wanted: Next, plain: Callable[[Node, Node], Node],
             small: Callable[[Node], tuple[bool, bool]]) -> Node:
    """The texts of a node that ends in unknowns which satisfy a demand on what comes first.

    ``plain`` intersects nodes without unknowns; ``small`` says whether such a node has the empty text, and a newline.
    """
    if wanted == FREE:
        return node
    language = alt(([EMPTY] if wanted.end else []) + ([seq(Chars(wanted.first), ANY_TEXT)] if wanted.first else [])
                   + ([Str("\n")] if wanted.newline else []))
    if not has_hole(node):
        return plain(language, node)
    if isinstance(node, Hole):
        kept = both_next(node.next, wanted)
        return Hole(node.owner, node.demand, kept) if kept.first or kept.end or kept.newline else NEVER
    if isinstance(node, Alt):
        return alt([filtered(option, wanted, plain, small) for option in node.options])
    assert isinstance(node, Seq)
    front, tail = seq(*node.parts[:-1]), node.parts[-1]
    begun = seq(Chars(wanted.first), ANY_TEXT) if wanted.first else NEVER
    found = [seq(plain(begun, front), tail)] if begun is not NEVER else []
    empty, newline = small(front)
    if empty:
        found.append(filtered(tail, wanted, plain, small))
    if newline and wanted.newline:
        found.append(seq(Str("\n"), filtered(tail, Next((), True), plain, small)))
    return alt([option for option in found if option is not NEVER])


Unknown = tuple[object, Next]
Term = tuple[Node, Unknown | None]
"""A language in front of an unknown, or (None) a language by itself."""


def solve(owner: object, wanted: list[Unknown], equation: Callable[[Unknown], Node]) -> dict[Unknown, Node]:
    """The least languages that satisfy the equations; ``equation`` gives the right side for an unknown."""
    rows: dict[Unknown, tuple[dict[Unknown, list[Node]], list[Node]]] = {}
    work = list(wanted)
    while work:
        unknown = work.pop()
        if unknown in rows:
            continue
        if len(rows) >= MOST_UNKNOWNS:
            raise NotLinear
        factors: dict[Unknown, list[Node]] = {}
        constants: list[Node] = []
        for front, target in _terms(owner, _bounded(equation(unknown))):
            if target is None:
                constants.append(front)
            else:
                factors.setdefault(target, []).append(front)
                work.append(target)
        rows[unknown] = (factors, constants)
    order = list(rows)
    for at in range(len(order) - 1, -1, -1):
        here = order[at]
        factors, constants = rows[here]
        loop = factors.pop(here, None)
        if loop is not None:
            again = repeat(alt(loop))
            factors = {target: [seq(again, alt(fronts))] for target, fronts in factors.items()}
            constants = [seq(again, alt(constants))] if constants else []
            rows[here] = (factors, constants)
        for other in order[:at]:
            _substitute(rows[other], here, factors, constants)
        for fronts in factors.values():
            _bounded(alt(fronts))
    solved: dict[Unknown, Node] = {}
    for here in order:
        factors, constants = rows[here]
        parts = [*constants, *(seq(alt(fronts), solved[target]) for target, fronts in factors.items())]
        solved[here] = _bounded(alt([part for part in parts if part is not NEVER]))
    return solved


def _bounded(node: Node) -> Node:
    """The node, if it is not too large."""
    if _size(node, {}) > MOST_PARTS:
        raise NotLinear
    return node


def _size(node: Node, known: dict[int, int]) -> int:
    found = known.get(id(node))
    if found is None:
        parts: tuple[Node, ...] = ()
        if isinstance(node, Seq):
            parts = node.parts
        elif isinstance(node, (Alt, And)):
            parts = node.options if isinstance(node, Alt) else node.parts
        elif isinstance(node, (Not, Repeat)):
            parts = (node.body,)
        found = known[id(node)] = 1 + sum([_size(part, known) for part in parts])
    return found


def _substitute(row: tuple[dict[Unknown, list[Node]], list[Node]], unknown: Unknown, factors: dict[Unknown, list[Node]],
                constants: list[Node]) -> None:
    fronts = row[0].pop(unknown, None)
    if fronts is None:
        return
    front = alt(fronts)
    for target, following in factors.items():
        row[0].setdefault(target, []).append(seq(front, alt(following)))
    if constants:
        row[1].append(seq(front, alt(constants)))


def _terms(owner: object, node: Node) -> list[Term]:
    """A node that may end in unknowns of ``owner`` as a sum; those of others stay where they are."""
    if node is NEVER:
        return []
    if isinstance(node, Hole) and node.owner is owner:
        return [(EMPTY, (node.demand, node.next))]
    if isinstance(node, Alt) and has_hole(node):
        return [term for option in node.options for term in _terms(owner, option)]
    if isinstance(node, Seq) and has_hole(node):
        front = seq(*node.parts[:-1])
        return [(seq(front, rest), target) for rest, target in _terms(owner, node.parts[-1])]
    return [(node, None)]
