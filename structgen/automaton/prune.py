"""Removes from a grammar what can never be completed.

In: a grammar and a test for empty texts. Out: the grammar without its impossible branches, or None if nothing is left.
A rule is kept if some text of it is finite: the least fixpoint over the rules, with a work list, so a chain of ten
thousand rules costs ten thousand steps. A listed name whose value is impossible stays, as a forbidden name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from structgen.grammar.build import NEVER, alt, proved, repeat, seq
from structgen.grammar.nodes import Alt, And, Grammar, Items, Members, Node, Not, Ref, Repeat, Seq, Substrings, Text, Words


def prune(grammar: Grammar, is_empty: Callable[[Node], bool]) -> Grammar | None:
    """The grammar's productive part; ``None`` if the start node has no finite text."""
    dependents: dict[str, list[str]] = {}
    for name, node in grammar.rules.items():
        for used in _references(node):
            dependents.setdefault(used, []).append(name)
    alive: dict[str, Node] = {}
    work = list(grammar.rules)[::-1]
    while work:
        name = work.pop()
        if name not in alive and _Rebuild(alive, is_empty).of(grammar.rules[name]) is not NEVER:
            alive[name] = grammar.rules[name]
            work.extend(dependents.get(name, ()))
    rebuild = _Rebuild(alive, is_empty)
    start = rebuild.of(grammar.start)
    if start is NEVER:
        return None
    return replace(grammar, start=start, rules={name: rebuild.of(node) for name, node in alive.items()}, pruned=True)


def _references(node: Node) -> set[str]:
    found: set[str] = set()
    stack, seen = [node], set()
    while stack:
        here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Ref):
            found.add(here.rule)
        stack.extend(_children(here))
    return found


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Seq | And):
        return node.parts
    if isinstance(node, Alt):
        return node.options
    if isinstance(node, Repeat):
        return (node.body,)
    if isinstance(node, Items):
        rest = () if node.rest is None else (node.rest,)
        return (node.open, node.close, node.comma, *node.prefix, *rest)
    if isinstance(node, Members):
        other = () if node.other is None else (node.other,)
        return (node.open, node.close, node.colon, node.comma, *node.values, *other, *[value for _, value in node.classes],
                *[value for *_, value in node.proofs])
    return ()


class _Rebuild:
    """Nodes without their impossible branches, shared nodes once."""

    def __init__(self, alive: dict[str, Node], is_empty: Callable[[Node], bool]) -> None:
        self._alive, self._is_empty = alive, is_empty
        self._made: dict[int, tuple[Node, Node]] = {}

    def of(self, node: Node) -> Node:
        made = self._made.get(id(node))
        if made is None:
            made = self._made[id(node)] = (node, self._build(node))
        return made[1]

    def _build(self, node: Node) -> Node:
        if isinstance(node, Ref):
            return node if node.rule in self._alive else NEVER
        if isinstance(node, Seq):
            return seq(*map(self.of, node.parts))
        if isinstance(node, Alt):
            return alt([made for made in map(self.of, node.options) if made is not NEVER])
        if isinstance(node, Repeat):
            return repeat(self.of(node.body), node.min, node.max)
        if isinstance(node, Text):
            return NEVER if self._is_empty(node) else node
        if isinstance(node, And | Not | Substrings | Words):
            return NEVER if self._is_empty(Text(node)) else node
        if isinstance(node, Items):
            return NEVER if self._is_empty(node) else self._items(node)
        if isinstance(node, Members):
            return NEVER if self._is_empty(node) else self._members(node)
        return node

    def _items(self, node: Items) -> Node:
        prefix: list[Node] = []
        rest = None if node.rest is None else self.of(node.rest)
        most = node.max_count
        for item in node.prefix:
            made = self.of(item)
            if made is NEVER:
                most = len(prefix) if most is None else min(most, len(prefix))
                break
            prefix.append(made)
        if rest is NEVER or len(prefix) < len(node.prefix):
            rest = None
        if rest is None:
            most = len(prefix) if most is None else min(most, len(prefix))
        if most is not None and node.min_count > most:
            return NEVER
        return replace(node, prefix=tuple(prefix), rest=rest, max_count=most)

    def _members(self, node: Members) -> Node:
        values = tuple(map(self.of, node.values))
        if any(needed and value is NEVER for needed, value in zip(node.required, values, strict=True)):
            return NEVER
        other = None if node.other is None else self.of(node.other)
        if other is NEVER:
            other = None
        classes = tuple([(name, made) for name, value in node.classes if (made := self.of(value)) is not NEVER])
        possible = sum(value is not NEVER for value in values)
        if (other is None and not classes and node.min_count > possible) or \
                (node.max_count is not None and node.max_count < max(node.min_count, sum(node.required))):
            return NEVER
        proofs = tuple([(bits, name, made) for bits, name, value in node.proofs if (made := self.of(value)) is not NEVER])
        if node.awaited and node.awaited & ~proved(proofs):
            return NEVER
        return replace(node, values=values, other=other, classes=classes, proofs=proofs)

