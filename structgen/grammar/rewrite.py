"""Rewrites the nodes of a grammar, and the rewriting that languages need whose keywords know no letters beyond ASCII.

In: a grammar. Out: another of the same shape. Shared nodes are rewritten once and stay shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from structgen.grammar.build import alt, repeat, seq
from structgen.grammar.nodes import Alt, And, Chars, Grammar, Node, Not, Repeat, Seq, Text

_PARTNERS = (0x130, 0x131, 0x17F, 0x212A)
"""The letters beyond ASCII that equal one of ASCII without case: dotted and dotless i, long s, the Kelvin sign."""
_MOST = 0x250
"""Code points of a set that came of letters; sets of all but a few characters are larger."""


def ascii_case(grammar: Grammar) -> Grammar:
    """The grammar with letters without case in ASCII only: in Python's ``re``, K is also the Kelvin sign."""
    return rewritten(grammar, lambda node: _ascii(node) if isinstance(node, Chars) else node)


def _ascii(node: Chars) -> Chars:
    size = sum(high - low + 1 for low, high in node.ranges)
    if size > _MOST or not any(low <= one <= high for low, high in node.ranges for one in _PARTNERS):
        return node
    return Chars(tuple((low, min(high, 0x7F)) for low, high in node.ranges if low <= 0x7F))


def rewritten(grammar: Grammar, change: Callable[[Node], Node]) -> Grammar:
    """The grammar with every node changed, the parts of a node before itself."""
    known: dict[int, tuple[Node, Node]] = {}

    def node(one: Node) -> Node:
        made = known.get(id(one))
        if made is None:
            made = known[id(one)] = (one, change(parts(one)))
        return made[1]

    def parts(one: Node) -> Node:
        if isinstance(one, Seq):
            return seq(*map(node, one.parts))
        if isinstance(one, Alt):
            return alt([node(option) for option in one.options])
        if isinstance(one, Repeat):
            return repeat(node(one.body), one.min, one.max)
        if isinstance(one, Text):
            return replace(one, body=node(one.body))
        if isinstance(one, And):
            return And(tuple(map(node, one.parts)))
        return Not(node(one.body)) if isinstance(one, Not) else one

    return replace(grammar, start=node(grammar.start), rules={name: node(body) for name, body in grammar.rules.items()})
