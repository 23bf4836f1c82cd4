"""Whether a text belongs to a regular node, decided directly on the node.

For names in a schema, which are short and few: sets of end positions are computed bottom-up from each start, so the time
is bounded by nodes times the square of the length, whatever the pattern; nothing backtracks.
"""

from __future__ import annotations

from functools import lru_cache

from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings, Words
from structgen.schema.words import is_piece


@lru_cache(4096)
def matches(node: Node, text: str) -> bool:
    """Whether the whole text belongs to the node's language."""
    return len(text) in _Run(text).ends(node, 0)


def is_universal(node: Node) -> bool:
    """Whether the node plainly holds every text: any text, and beside it only what may be empty."""
    if node is ANY_TEXT:
        return True
    return isinstance(node, Seq) and any(part is ANY_TEXT for part in node.parts) and matches(node, "")


class _Run:
    """The end positions of nodes in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[tuple[int, int], frozenset[int]] = {}

    def ends(self, node: Node, start: int) -> frozenset[int]:
        """Where a text of the node that begins at ``start`` may end."""
        key = (id(node), start)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = frozenset(self._find(node, start))
        return known

    def _find(self, node: Node, start: int) -> set[int] | frozenset[int]:
        text = self._text
        if isinstance(node, Chars):
            if start < len(text):
                code = ord(text[start])
                if any(low <= code <= high for low, high in node.ranges):
                    return {start + 1}
            return set()
        if isinstance(node, Str):
            return {start + len(node.text)} if text.startswith(node.text, start) else set()
        if isinstance(node, Seq):
            here: set[int] | frozenset[int] = {start}
            for part in node.parts:
                here = {end for position in here for end in self.ends(part, position)}
            return here
        if isinstance(node, Alt):
            return {end for option in node.options for end in self.ends(option, start)}
        if isinstance(node, Repeat):
            return self._repeat(node, start)
        if isinstance(node, And):
            found = self.ends(node.parts[0], start)
            for part in node.parts[1:]:
                found &= self.ends(part, start)
            return found
        if isinstance(node, Not):
            return set(range(start, len(text) + 1)) - self.ends(node.body, start)
        if isinstance(node, Substrings):
            return {end for end in range(start, len(text) + 1) if text[start:end] in node.source}
        if isinstance(node, Words):
            return {end for end in range(start, len(text) + 1) if is_piece(text[start:end], node.source, node.places)}
        raise TypeError(f"not a regular node: {node!r}")

    def _repeat(self, node: Repeat, start: int) -> set[int]:
        here, found, count = {start}, set[int](), 0
        if node.min == 0:
            found.add(start)
        least = min(node.min, len(self._text) + 1)  # beyond that only empty rounds are left
        while here and (node.max is None or count < node.max) and count <= len(self._text) + least:
            here = {end for position in here for end in self.ends(node.body, position)}
            count += 1
            if count >= least:
                if here <= found:
                    break
                found |= here
        return found
