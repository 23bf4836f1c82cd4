"""Small questions that the lowering asks of single nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from structgen.automaton.tables import INFINITE
from structgen.errors import LimitExceededError
from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Alt, And, Items, Members, Node, Repeat, Text

_Counted = TypeVar("_Counted", Members, Items)


def countable(node: _Counted) -> _Counted:
    """A list or map whose bounds fit a counter. Counters hold 31 bits: no output has so many items, so a greater upper
    bound asks nothing, and a greater lower one can never be met."""
    if node.min_count >= INFINITE:
        raise LimitExceededError(f"at least {node.min_count:,} items or members are asked for", limit="grammar_states",
                                 because=f"counters end at {INFINITE:,}", instead="lower the minimum")
    if node.max_count is not None and node.max_count >= INFINITE:
        return replace(node, max_count=None)
    return node


def is_never(node: Node) -> bool:
    """Whether the node is plainly impossible."""
    return type(node) is Alt and not node.options


def with_length(option: Text) -> Node:
    """An item's language with its length bounds folded in, so that the number of its texts is exact."""
    if option.min_length == 0 and option.max_length is None:
        return option.body
    return And((option.body, Repeat(ANY_TEXT.body, option.min_length, option.max_length)))
