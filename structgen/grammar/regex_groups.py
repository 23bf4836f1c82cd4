"""What groups of a regular expression matched, and references back to it.

In: the groups of a pattern as they open and close. Out: whether a reference means one text wherever it stands, and the
texts of a group that can be listed. The one idea: a pattern in which a group has one of a few texts is the union of as
many patterns without references, one for each of those texts. That holds where the group always takes part in a match,
once: so not behind an alternative that may leave it out, not out of a lookaround, not with a group that is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from structgen.grammar.nodes import Alt, Chars, Node, Repeat, Seq, Str
from structgen.grammar.regex_escapes import fail

MOST_TEXTS = 60
"""Texts of all referenced groups together: as many copies of the pattern are built."""


@dataclass(slots=True)
class Groups:
    """The capturing groups of one reading of a pattern. ``fixed``: the texts that referenced groups are taken to have."""

    fixed: dict[int, str]
    count: int = 0
    names: dict[str, int] = field(default_factory=dict)
    languages: dict[int, Node | None] = field(default_factory=dict)
    """What a closed group may match; None where that is no plain language or holds a reference itself."""
    referenced: dict[int, int] = field(default_factory=dict)
    """Groups that are referred to, with the offset of the first reference."""

    def text(self, group: int | None, visible: set[int], at: int, ignore_case: bool) -> str:
        """What a reference stands for in this reading."""
        if group is None or group not in visible or ignore_case:
            fail("back-references to such a group are not supported", at,
                 because="they ignore case" if ignore_case else "the group does not exist, or need not have matched exactly "
                 "once where the reference stands", instead="repeat the group's pattern")
        self.referenced.setdefault(group, at)
        return self.fixed.get(group, "")

    def choices(self) -> list[dict[int, str]]:
        """Every choice of texts for the groups that are referred to."""
        found: list[dict[int, str]] = [{}]
        for group, at in self.referenced.items():
            node = self.languages[group]
            texts = None if node is None else texts_of(node, MOST_TEXTS)
            if texts is None or len(texts) * len(found) > MOST_TEXTS:
                fail("back-references to a group with so many texts are not supported", at,
                     because=f"the texts must be listed, and there are more than {MOST_TEXTS}",
                     instead="bound what the group matches, or repeat its pattern")
            found = [{**choice, group: text} for choice in found for text in texts]
        return found


def texts_of(node: Node, most: int) -> list[str] | None:
    """The texts of a node, each once; None if there are more than ``most`` or it is not plainly finite."""
    found: dict[str, None] = {}
    if isinstance(node, Str):
        found = {node.text: None}
    elif isinstance(node, Chars):
        if sum(high - low + 1 for low, high in node.ranges) > most:
            return None
        found = {chr(point): None for low, high in node.ranges for point in range(low, high + 1)}
    elif isinstance(node, Alt):
        for option in node.options:
            texts = texts_of(option, most)
            if texts is None:
                return None
            found.update(dict.fromkeys(texts))
    elif isinstance(node, (Seq, Repeat)):
        if isinstance(node, Repeat) and (node.max is None or node.max > most):
            return None
        parts = [(part, 1, 1) for part in node.parts] if isinstance(node, Seq) else [(node.body, node.min, node.max or 0)]
        found = {"": None}
        for part, least, greatest in parts:
            texts = texts_of(part, most)
            if texts is None:
                return None
            here, kept = found, found if least == 0 else {}
            for number in range(1, greatest + 1):
                here = dict.fromkeys(front + text for front in here for text in texts)
                kept = {**kept, **here} if number >= least else kept
                if len(here) > most:
                    return None
            found = kept
    else:
        return None
    return list(found) if len(found) <= most else None
