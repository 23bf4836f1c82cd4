"""What of a pattern matters where a match may stand anywhere in a text.

In: the node of a pattern. Out: one with the same texts around it, without what is optional at its ends: ``ab?`` is found
exactly where ``a`` is, ``[a-z]{2,40}`` where ``[a-z]{2}`` is. Automata of what is left are small: nothing has to be counted
behind a match that is already found.
"""

from __future__ import annotations

from structgen.grammar.build import EMPTY, alt, repeat, seq
from structgen.grammar.nodes import Alt, Node, Repeat, Seq


def without_optional_ends(node: Node) -> Node:
    """``node`` between any texts, in fewer words."""
    return without_optional_end(without_optional_end(node, -1), 0)


def without_optional_end(node: Node, end: int) -> Node:
    """``node`` with any text in front of it (``end`` 0) or behind it (-1), in fewer words."""
    if isinstance(node, Alt):
        options = [without_optional_end(option, end) for option in node.options]
        return EMPTY if EMPTY in options else alt(options)
    if isinstance(node, Repeat):
        if node.min == 0:
            return EMPTY
        outer = without_optional_end(node.body, end)
        if outer is node.body:
            return repeat(node.body, node.min, node.min)
        rest = repeat(node.body, node.min - 1, node.min - 1)
        return seq(rest, outer) if end else seq(outer, rest)
    if isinstance(node, Seq):
        parts = list(node.parts)
        while parts:
            outer = without_optional_end(parts[end], end)
            if outer is not EMPTY:
                parts[end] = outer
                break
            parts.pop(end)
        return seq(*parts)
    return node
