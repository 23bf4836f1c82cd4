"""Anchors inside regular expressions, resolved to plain languages.

In: parts of a sequence, some of which say "here the text begins" or "here it ends". Out: plain nodes. The idea: a part
with anchors is a few *variants*, each a plain language with what it demands of the text before and after it; a
sequence combines variants, and what has to be empty next to an anchor becomes empty or makes the variant impossible.
"""

from __future__ import annotations

from collections.abc import Iterable

from structgen.grammar.build import ANY_TEXT, EMPTY, NEVER, alt, literal, seq
from structgen.grammar.nodes import Alt, Chars, Node, Repeat, Seq, Str

ANYTHING, NOTHING, NEWLINE = 0, 1, 2
"""What follows a variant: anything, the end of the text, or one newline and then the end (Python's ``$``)."""

Demand = tuple[bool, int]
"""Whether nothing comes before, and what comes after."""


class Anchored:
    """A part with anchors: a plain language for each demand on its surroundings."""

    __slots__ = ("variants",)

    def __init__(self, variants: Iterable[tuple[Demand, Node]]) -> None:
        merged: dict[Demand, list[Node]] = {}
        for demand, node in variants:
            if node is not NEVER:
                merged.setdefault(demand, []).append(node)
        self.variants = {demand: alt(nodes) for demand, nodes in merged.items()}


Part = Node | Anchored
AT_START = Anchored([((True, ANYTHING), EMPTY)])
AT_END = Anchored([((False, NOTHING), EMPTY)])
AT_END_OR_NEWLINE = Anchored([((False, NOTHING), EMPTY), ((False, NEWLINE), EMPTY)])


def in_sequence(parts: list[Part]) -> Part:
    """The parts one after another."""
    if not any(isinstance(part, Anchored) for part in parts):
        return seq(*[part for part in parts if isinstance(part, Node)])
    states: list[tuple[Demand, Node]] = [((False, ANYTHING), EMPTY)]
    for part in parts:
        variants = part.variants if isinstance(part, Anchored) else {(False, ANYTHING): part}
        found = [joined for left in states for right in variants.items() for joined in _join(left, right)]
        states = list(Anchored(found).variants.items())
    return Anchored(states)


def side_by_side(options: list[Part]) -> Part:
    """Any one of the options."""
    if not any(isinstance(option, Anchored) for option in options):
        return alt([option for option in options if isinstance(option, Node)])
    found: list[tuple[Demand, Node]] = []
    for option in options:
        found.extend(option.variants.items() if isinstance(option, Anchored) else [((False, ANYTHING), option)])
    return Anchored(found)


def whole_text(part: Part, search: bool) -> Node:
    """The language of the texts that match wholly, or (``search``) that contain a match."""
    around = ANY_TEXT if search else EMPTY
    if isinstance(part, Node):
        return seq(around, part, around)
    found = []
    for (first, after), node in part.variants.items():
        if after == NEWLINE:
            node = seq(node, literal("\n")) if search else NEVER
        found.append(seq(EMPTY if first else around, node, around if after == ANYTHING else EMPTY))
    return alt([node for node in found if node is not NEVER])


def _join(left: tuple[Demand, Node], right: tuple[Demand, Node]) -> list[tuple[Demand, Node]]:
    """One variant after another: empty where an anchor between them asks for it."""
    (left_first, left_after), before = left
    (right_first, right_after), after = right
    if right_first:
        if not small_texts(before)[0]:
            return []
        before = EMPTY
    first = left_first or right_first
    if left_after == ANYTHING:
        return [((first, right_after), seq(before, after))]
    empty, newline = small_texts(after)
    found: list[tuple[Demand, Node]] = []
    if empty and right_after in (ANYTHING, left_after):
        found.append(((first, left_after), before))
    if left_after == NEWLINE and newline and right_after in (ANYTHING, NOTHING):
        found.append(((first, NOTHING), seq(before, literal("\n"))))
    return found


def small_texts(node: Node) -> tuple[bool, bool]:
    """Whether the empty text belongs to a language, and whether a single newline does."""
    if isinstance(node, Chars):
        return False, any(low <= 10 <= high for low, high in node.ranges)
    if isinstance(node, Str):
        return not node.text, node.text == "\n"
    if isinstance(node, Alt):
        below = [small_texts(option) for option in node.options]
        return any(empty for empty, _ in below), any(newline for _, newline in below)
    if isinstance(node, Repeat):
        empty, newline = small_texts(node.body)
        one = newline and (empty or node.min <= 1) and (node.max is None or node.max >= 1)
        return node.min == 0 or empty, one
    assert isinstance(node, Seq)
    empty, newline = True, False
    for part in node.parts:
        part_empty, part_newline = small_texts(part)
        newline = (newline and part_empty) or (empty and part_newline)
        empty = empty and part_empty
    return empty, newline
