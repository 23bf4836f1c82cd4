"""What can be said at once of the texts of a regular node: which it lists, and which characters they may hold.

In: a node of texts. Out: a list, or an answer. Shared by the formats that write one text in several ways.
"""

from __future__ import annotations

from structgen.grammar.nodes import Alt, And, Chars, Node, Repeat, Seq, Str, Substrings, Text, Words
from structgen.grammar.unicode import Ranges

__all__ = ["holds", "listed", "may_hold", "overlap"]


def listed(node: Node) -> list[str] | None:
    """The texts of a node that lists them; None where it does not."""
    if isinstance(node, Str):
        return [node.text]
    if isinstance(node, Seq) and not node.parts:
        return [""]
    if not isinstance(node, Alt):
        return None
    found: list[str] = []
    for option in node.options:
        inner = listed(option)
        if inner is None:
            return None
        found += inner
    return found


def may_hold(node: Node, ranges: Ranges) -> bool:
    """Whether a text of the node could hold one of the characters; True where that is not plain to see."""
    if isinstance(node, Chars):
        return overlap(node.ranges, ranges)
    if isinstance(node, Str | Substrings | Words):
        return holds(node.text if isinstance(node, Str) else node.source, ranges)
    if isinstance(node, Seq | Alt):
        return any(may_hold(part, ranges) for part in (node.parts if isinstance(node, Seq) else node.options))
    if isinstance(node, And):
        return all(may_hold(part, ranges) for part in node.parts)
    if isinstance(node, Repeat | Text):
        return may_hold(node.body, ranges)
    return True


def overlap(one: Ranges, other: Ranges) -> bool:
    """Whether the ranges have a character in common."""
    return any(low <= last and first <= high for low, high in one for first, last in other)


def holds(text: str, ranges: Ranges) -> bool:
    """Whether a text holds one of the characters."""
    return any(low <= ord(one) <= high for one in text for low, high in ranges)
