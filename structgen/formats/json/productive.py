"""Whether every rule of a grammar plainly ends.

A rule that needs itself to finish holds no text. Most recursive schemas show at a glance that theirs do not (an optional
member, an empty list, a scalar beside the container); saying so spares the automaton's builder a pass over the grammar.
"""

from __future__ import annotations

from collections.abc import Mapping

from structgen.grammar.build import proved
from structgen.grammar.nodes import Alt, Items, Members, Node, Ref, Repeat, Seq


def all_productive(rules: Mapping[str, Node], common: str | None = None) -> bool:
    """Whether each rule has a finite text, as far as that is seen without looking into regular languages; ``common``
    is the rule of any JSON value, which has."""
    known: set[str] = set() if common is None else {common}
    left = [name for name in rules if name != common]
    while left:
        rest: list[str] = []
        for name in left:
            if _ends(rules[name], known):
                known.add(name)
            else:
                rest.append(name)
        if len(rest) == len(left):
            return False
        left = rest
    return True


def _ends(node: Node, known: set[str]) -> bool:
    """Whether some text of the node needs only rules that are known to end."""
    kind = node.__class__
    if kind is Alt:
        assert isinstance(node, Alt)
        return any(_ends(option, known) for option in node.options)
    if kind is Ref:
        assert isinstance(node, Ref)
        return node.rule in known
    if kind is Members:
        assert isinstance(node, Members)
        needed = all(_ends(value, known) for value, must in zip(node.values, node.required, strict=True) if must)
        others = [value for value in (node.other, *[value for _, value in node.classes]) if value is not None]
        if node.awaited and node.awaited & ~proved(proof for proof in node.proofs if _ends(proof[2], known)):
            return False
        return needed and (node.min_count <= sum(node.required) or any(_ends(value, known) for value in others))
    if kind is Items:
        assert isinstance(node, Items)
        items = node.prefix[:node.min_count]
        more = node.min_count > len(node.prefix)
        return all(_ends(item, known) for item in items) and (
            not more or (node.rest is not None and _ends(node.rest, known)))
    if kind is Seq:
        assert isinstance(node, Seq)
        return all(_ends(part, known) for part in node.parts)
    if kind is Repeat:
        assert isinstance(node, Repeat)
        return node.min == 0 or _ends(node.body, known)
    return True
