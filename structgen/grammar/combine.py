"""Grammars as parts of a larger one, and literal beginnings put together.

In: whole grammars. Out: nodes of one grammar in which each part's rules have names of their own. A rule that many
grammars share (``Grammar.common``, such as any JSON value) stays one rule. Nodes without references are not copied, so
that what is remembered by node (their automata) is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from structgen.errors import UnsupportedSchemaError
from structgen.grammar.build import alt, literal, seq
from structgen.grammar.nodes import Alt, Grammar, Items, Members, Node, Ref, Repeat, Seq


class Parts:
    """The grammars of the parts, as they are added."""

    def __init__(self) -> None:
        self._rules: dict[str, Node] = {}
        self._origins: dict[str, str] = {}
        self._unenforced: dict[str, None] = {}
        self._common: str | None = None
        self._pruned = True
        self._count = 0

    def add(self, grammar: Grammar, name: str = "") -> Node:
        """The node that stands for a grammar; ``name`` is put before its origins and what it does not enforce."""
        if getattr(grammar, "lexing", None) is not None:
            raise UnsupportedSchemaError(
                "a grammar with a lexer cannot be a part of another",
                position=name or None,
                because="its lexer would have to know where the part ends",
                instead="use the grammar alone, or write its terminals as rules",
            )
        common = self._shared(grammar)
        prefix, self._count = f"{self._count}.", self._count + 1
        copy = _Renamed(prefix, common)
        for rule, node in grammar.rules.items():
            if rule != common:
                self._rules[prefix + rule] = copy.of(node)
                if rule in grammar.origins:
                    self._origins[prefix + rule] = f"{name}{grammar.origins[rule]}"
        self._unenforced.update(dict.fromkeys(f"{name}{line}" for line in grammar.unenforced))
        self._pruned &= grammar.pruned or not grammar.rules
        return copy.of(grammar.start)

    def _shared(self, grammar: Grammar) -> str | None:
        """The part's common rule, if it is the one that all parts share."""
        common = grammar.common
        if common is None:
            return None
        if self._common is None:
            self._common, self._rules[common] = common, grammar.rules[common]
        return common if common == self._common and self._rules[common] is grammar.rules[common] else None

    def rule(self, name: str, node: Node) -> Node:
        """A rule of the whole, by a name that no part's rule can have; the reference to it."""
        self._rules[f".{name}"] = node
        return Ref(f".{name}")

    def grammar(self, start: Node) -> Grammar:
        """The whole."""
        return Grammar(start, self._rules, tuple(self._unenforced), self._origins, self._common, self._pruned)


class _Renamed:
    """Copies nodes, the references among them renamed."""

    def __init__(self, prefix: str, kept: str | None) -> None:
        self._prefix, self._kept = prefix, kept
        self._made: dict[int, tuple[Node, Node]] = {}

    def of(self, node: Node) -> Node:
        made = self._made.get(id(node))
        if made is None:
            made = self._made[id(node)] = (node, self._build(node))
        return made[1]

    def _all(self, nodes: Sequence[Node]) -> tuple[Node, ...] | None:
        """The copies; None where they are the nodes themselves."""
        made = tuple(map(self.of, nodes))
        return None if all(new is old for new, old in zip(made, nodes, strict=True)) else made

    def _build(self, node: Node) -> Node:
        if isinstance(node, Ref):
            return node if node.rule == self._kept else Ref(self._prefix + node.rule)
        if isinstance(node, Seq):
            parts = self._all(node.parts)
            return node if parts is None else Seq(parts)
        if isinstance(node, Alt):
            options = self._all(node.options)
            return node if options is None else Alt(options)
        if isinstance(node, Repeat):
            body = self.of(node.body)
            return node if body is node.body else Repeat(body, node.min, node.max)
        if isinstance(node, Items):
            return self._items(node)
        return self._members(node) if isinstance(node, Members) else node

    def _items(self, node: Items) -> Node:
        made = self._all((node.open, node.close, node.comma, *node.prefix, *(() if node.rest is None else (node.rest,))))
        if made is None:
            return node
        many = len(node.prefix)
        return replace(
            node,
            open=made[0],
            close=made[1],
            comma=made[2],
            prefix=made[3 : 3 + many],
            rest=None if node.rest is None else made[-1],
        )

    def _members(self, node: Members) -> Node:
        """Names are regular, so that only punctuation and values may refer to rules."""
        marks = self._all((node.open, node.close, node.colon, node.comma))
        values = self._all(node.values)
        other = None if node.other is None else self.of(node.other)
        classes = tuple((name, self.of(value)) for name, value in node.classes)
        proofs = tuple((bits, name, self.of(value)) for bits, name, value in node.proofs)
        changed = (
            other is not node.other
            or any(new[-1] is not old[-1] for new, old in zip(classes, node.classes, strict=True))
            or any(new[-1] is not old[-1] for new, old in zip(proofs, node.proofs, strict=True))
        )
        if marks is None and values is None and not changed:
            return node
        start, close, colon, comma = marks or (node.open, node.close, node.colon, node.comma)
        return replace(
            node,
            open=start,
            close=close,
            colon=colon,
            comma=comma,
            values=values or node.values,
            other=other,
            classes=classes,
            proofs=proofs,
        )


def branches(options: Sequence[tuple[str, Node]]) -> Node:
    """Any of the options, each a text and what follows it; what texts have in common at the beginning is read once."""
    if len(options) == 1:
        return seq(literal(options[0][0]), options[0][1])
    groups: dict[str, list[tuple[str, Node]]] = {}
    for text, node in options:
        groups.setdefault(text[:1], []).append((text, node))
    found: list[Node] = []
    for first, group in groups.items():
        if not first:
            found += [node for _, node in group]
            continue
        shared = _common_prefix([text for text, _ in group])
        found.append(seq(literal(shared), branches([(text[len(shared) :], node) for text, node in group])))
    return alt(found)


def _common_prefix(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    end = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:end]


__all__ = ["Parts", "branches"]
