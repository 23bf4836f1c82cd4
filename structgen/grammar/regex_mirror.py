"""Regular nodes written backwards: the mirror of a language is regular, and every operation has its mirror."""

from __future__ import annotations

from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str


def mirrored_node(node: Node, known: dict[int, Node]) -> Node:
    """The node of the same texts written backwards; ``known`` keeps what is shared shared."""
    if node is ANY_TEXT or isinstance(node, Chars):
        return node
    found = known.get(id(node))
    if found is None:
        found = known[id(node)] = _mirrored(node, known)
    return found


def _mirrored(node: Node, known: dict[int, Node]) -> Node:
    if isinstance(node, Str):
        return Str(node.text[::-1])
    if isinstance(node, Seq):
        return Seq(tuple([mirrored_node(part, known) for part in reversed(node.parts)])) if node.parts else node
    if isinstance(node, Alt):
        return Alt(tuple([mirrored_node(option, known) for option in node.options])) if node.options else node
    if isinstance(node, And):
        return And(tuple([mirrored_node(part, known) for part in node.parts]))
    if isinstance(node, Repeat):
        return Repeat(mirrored_node(node.body, known), node.min, node.max)
    assert isinstance(node, Not)
    return Not(mirrored_node(node.body, known))
