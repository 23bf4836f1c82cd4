"""Which bracket a closing bracket stands for, and where one is missing.

In: the containers that are open and the place in the text. Out: what a bracket there is: the right one, a stray one, one of
the wrong kind, or the sign that an inner one is missing. The one idea: of two ways to read a text, the one that uses up the
closing brackets that still follow is meant; where a type is wanted and says which object a name belongs to, that decides.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.formats.base import Found, Place
from structgen.formats.json.hints import Hints
from structgen.formats.json.scan import QUOTES, Scanner

__all__ = ["CLOSERS", "Brackets", "Frame"]

CLOSERS = {"{": "}", "[": "]", "(": ")"}
_NAME = re.compile(r"[\"'\u201c\u201d\u2018\u2019]?([^\"'\\\n:\u201c\u201d\u2018\u2019]{1,100})")
LOOKED_AT = 9
"""Items of a list that say what its items are."""


class Frame:
    """An open container. ``key``: of the member that is read now; ``alone``: the repairs for names without a value:
    if all names are, it is a set. ``first``: how many repairs there were before it."""

    __slots__ = ("alone", "commas", "count", "first", "fresh", "key", "kind", "offset", "place", "places", "value")

    def __init__(self, kind: str, offset: int, place: Place, first: int) -> None:
        self.kind, self.offset, self.place, self.first = kind, offset, place, first
        self.value: Any = {} if kind == "{" else []
        self.places: dict[Any, int] = {}
        self.key: Any = None
        self.fresh = True
        """Whether a member may follow: nothing came yet, or a comma did."""
        self.count = self.commas = 0
        self.alone: list[Found] = []


class Brackets:
    """The open containers, outermost first, and what the brackets ahead say about them."""

    def __init__(self, scan: Scanner, hints: Hints) -> None:
        self.scan, self.hints = scan, hints
        self.stack: list[Frame] = []

    def what(self, at: int, one: str) -> str:
        """The kind of repair for the bracket at ``at``, which is not that of the innermost container."""
        kinds = [frame.kind for frame in self.stack]
        opener = next(kind for kind, closer in CLOSERS.items() if closer == one)
        return self._of_outer(at, kinds, opener) if opener in kinds else self._of_none(at, kinds)

    def _of_outer(self, at: int, kinds: list[str], opener: str) -> str:
        """What a bracket is that would close a container further out."""
        if kinds[-1] == "[" and self._closes_list_only(at, kinds):
            return "mismatched-bracket"
        after = self.scan.gap(at + 1)
        if self.scan.at(after) == CLOSERS[kinds[-1]] and kinds.count(kinds[-1]) == 1:
            return "stray-bracket"  # {"a": [1}]}
        left = len(kinds) - 1 - kinds[::-1].index(opener)
        if self.scan.at(after) and self.scan.unmatched_ahead(after) > left:
            return "mismatched-bracket"  # [{"a": 1], 2]: there are as many brackets as if it were the right one
        return "unclosed-bracket"

    def _of_none(self, at: int, kinds: list[str]) -> str:
        """What a bracket is that would close nothing that is open."""
        after = self.scan.gap(at + 1)
        then = self.scan.at(after)
        goes_on = then == "," and (kinds[-1] != "{" or self.scan.is_name(self.scan.gap(after + 1)))
        if goes_on:
            is_short = len(kinds) > 1 and 0 <= self.scan.unmatched_ahead(after) < len(kinds)
            return "mismatched-bracket" if is_short else "stray-bracket"
        return "stray-bracket" if then and then == CLOSERS[kinds[-1]] else "mismatched-bracket"

    def is_early(self, at: int) -> bool:
        """Whether the container goes on behind its bracket: {"a": 1}, "b": 2} and [[1]], 2]."""
        frame = self.stack[-1]
        if frame.kind != "{":
            return len(self.stack) == 1 and frame.kind == "[" and self._list_goes_on(at)
        if (len(self.stack) > 1 and self.stack[-2].kind == "{") or not frame.count:
            return False
        comma = self.scan.gap(at + 1)
        if self.scan.at(comma) != ",":
            return False
        name = self.scan.gap(comma + 1)
        if not (self.scan.at(name) in QUOTES and self.scan.at(name) != "" and self.scan.is_quoted_name(name)):
            return False
        found = _NAME.match(self.scan.text, name, self.scan.end)
        if len(self.stack) > 1 and found is not None and found[1] in frame.value:  # another object, without its bracket
            return False
        return len(self.stack) == 1 or not self.is_list_over(len(self.stack) - 2, name)

    def _list_goes_on(self, at: int) -> bool:
        """Whether a comma, a value that is no container, and one more bracket follow the outermost list."""
        comma = self.scan.gap(at + 1)
        if self.scan.at(comma) != ",":
            return False
        one = self.scan.at(self.scan.gap(comma + 1))
        return (one == '"' or one.isdecimal()) and self.scan.unmatched_ahead(comma) == 1

    def _closes_list_only(self, at: int, kinds: list[str]) -> bool:
        """Whether } stands for ], because the object around goes on: {"a": [1}, "b": 2}."""
        if len(kinds) < 2 or kinds[-2] != "{" or (len(kinds) > 2 and kinds[-3] == "{"):
            return False
        comma = self.scan.gap(at + 1)
        return self.scan.at(comma) == "," and self.scan.is_name(self.scan.gap(comma + 1))

    def is_list_over(self, level: int, name: int) -> bool:
        """Whether the name at ``name`` in the list at ``level`` is one of the object around, so that the list's bracket is
        missing: {"a": [1, "b": 2}; else an object of the list lacks its own."""
        if level < 1 or self.stack[level - 1].kind != "{":
            return False
        frame, outer = self.stack[level], self.stack[level - 1]
        if any(not isinstance(one, dict) for one in frame.value[-LOOKED_AT:]):
            return True
        found = _NAME.match(self.scan.text, name, self.scan.end)
        guide = self.hints.place([(one.kind, one.key) for one in self.stack[:level - 1]])
        if found is not None and guide.names:
            is_outer, is_inner = guide.knows(found[1]), guide.child(outer.key).item.knows(found[1])
            if is_outer != is_inner:
                return is_outer and found[1] not in outer.value
        if not self.scan.text.startswith('"', name):
            return False
        ahead = self.scan.closers_ahead(name)
        kinds = [CLOSERS[one.kind] for one in self.stack[level::-1]]
        return ahead == "".join(kinds[1:]) != "}" + "".join(kinds)
