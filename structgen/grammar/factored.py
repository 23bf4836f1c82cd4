"""Alternatives that begin or end alike, written once: ``sum | sum "+" sum`` becomes ``sum [ "+" sum ]``.

In: rules. Out: rules of the same texts. A reader that goes from left to right follows every alternative at once; what
they have in common at their beginning it then reads once, and calls one rule once instead of many times. Nested, as in
rules of operators with many levels, that is the difference between a dozen ways to read a text and thousands. Equal nodes
become one object, so that common endings are one as well: a rule of ten optional parts is twenty nodes, not a thousand.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from structgen.grammar.build import EMPTY, alt, repeat, seq
from structgen.grammar.lexing import NextIsNot, Token
from structgen.grammar.nodes import Alt, Node, Ref, Repeat, Seq


def factored(rules: Mapping[str, Node]) -> dict[str, Node]:
    """The same rules, common beginnings of alternatives first, equal nodes one object."""
    factor = _Factor()
    return {name: factor.of(node) for name, node in rules.items()}


_Way = tuple[Node, ...]


class _Factor:
    def __init__(self) -> None:
        self._known: dict[Hashable, Node] = {}
        self._of: dict[int, tuple[Node, Node]] = {}
        self._ways: dict[frozenset[tuple[int, ...]], Node] = {}

    def of(self, node: Node) -> Node:
        """The one object for a node and all that are equal to it."""
        found = self._of.get(id(node))
        if found is None:
            found = self._of[id(node)] = (node, self._made(node))
        return found[1]

    def _made(self, node: Node) -> Node:
        if isinstance(node, Alt):
            return self._together([one.parts if isinstance(one, Seq) else (one,) for one in map(self.of, node.options)])
        if isinstance(node, Seq):
            return self._kept((Seq, *map(id, parts := list(map(self.of, node.parts)))), seq(*parts))
        if isinstance(node, Repeat):
            body = self.of(node.body)
            return self._kept((Repeat, id(body), node.min, node.max), repeat(body, node.min, node.max))
        if isinstance(node, Ref):
            return self._kept((Ref, node.rule), node)
        if isinstance(node, Token):
            return self._kept((Token, node.terminal, node.after), node)
        if isinstance(node, NextIsNot):
            return self._kept((NextIsNot, node.terminals), node)
        return node

    def _kept(self, key: Hashable, node: Node) -> Node:
        return self._known.setdefault(key, node)

    def _together(self, ways: list[_Way]) -> Node:
        """Sequences side by side."""
        key = frozenset(tuple(map(id, way)) for way in ways)
        found = self._ways.get(key)
        if found is None:
            by_first: dict[int, list[_Way]] = {}
            for way in ways:
                by_first.setdefault(id(way[0]) if way else 0, []).append(way)
            options: list[Node] = []
            for first, together in by_first.items():
                if not first:
                    options.append(EMPTY)
                    continue
                rest = self._together([way[1:] for way in together]) if len(together) > 1 else self._row(together[0][1:])
                options.append(self._row((together[0][0], rest)))
            found = self._ways[key] = alt(options)
        return found

    def _row(self, parts: _Way) -> Node:
        return self._kept((Seq, *map(id, parts)), seq(*parts))
