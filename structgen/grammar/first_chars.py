"""With which characters the texts of a regular node may begin, and which may stand further inside.

In: a regular node. Out: ranges that hold at least those characters; every character where that is not plain to see.
"""

from __future__ import annotations

from structgen.grammar.build import ANY_CHAR
from structgen.grammar.empty_text import is_nullable
from structgen.grammar.nodes import Alt, Chars, Node, Repeat, Seq, Str, Text
from structgen.grammar.unicode import Ranges, union


def first_chars(node: Node) -> Ranges:
    """The characters with which a text of the node may begin."""
    if isinstance(node, Chars):
        return node.ranges
    if isinstance(node, Str):
        return union((ord(one), ord(one)) for one in node.text[:1])
    if isinstance(node, Repeat | Text):
        return first_chars(node.body)
    if isinstance(node, Alt):
        return union(one for option in node.options for one in first_chars(option))
    if isinstance(node, Seq):
        found: list[tuple[int, int]] = []
        for part in node.parts:
            found += first_chars(part)
            if not is_nullable(part, ()):
                break
        return union(found)
    return ANY_CHAR.ranges


def inner_chars(node: Node) -> Ranges:
    """The characters that may stand in a text of the node behind its first one."""
    if isinstance(node, Chars):
        return ()
    if isinstance(node, Str):
        return union((ord(one), ord(one)) for one in node.text[1:])
    if isinstance(node, Text):
        return inner_chars(node.body)
    if isinstance(node, Repeat):
        more = () if node.max in (0, 1) else first_chars(node.body)
        return union((*inner_chars(node.body), *more))
    if isinstance(node, Alt):
        return union(one for option in node.options for one in inner_chars(option))
    if isinstance(node, Seq):
        found: list[tuple[int, int]] = []
        for i, part in enumerate(node.parts):
            found += inner_chars(part)
            found += first_chars(part) if i else ()
        return union(found)
    return ANY_CHAR.ranges


def is_run(node: Node) -> bool:
    """Whether the node is any number of characters out of one set, so that its texts may be cut anywhere."""
    if isinstance(node, Repeat):
        return node.min <= 1 and node.max is None and is_run(node.body)
    if isinstance(node, Alt):
        return all(is_run(option) and not isinstance(option, Repeat | Alt) for option in node.options)
    return isinstance(node, Chars) or (isinstance(node, Str) and len(node.text) == 1)


def overlap(one: Ranges, other: Ranges) -> bool:
    """Whether two sets of characters have one in common."""
    return any(low <= last and first <= high for low, high in one for first, last in other)
