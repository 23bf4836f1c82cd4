"""What is open while lines are read: containers that may take further members, and a text that may go on.

In: where it began and what its type says. Out: nothing; ``read_block`` fills them.
"""

from __future__ import annotations

from typing import Any

from structgen.formats.base import Found, Place
from structgen.schema.guide import Guide

__all__ = ["Frame", "OpenText"]


class Frame:
    """An open container. ``col``: of its members; ``parent``: of the line it belongs to; ``line``: of its last member."""

    __slots__ = ("col", "guide", "is_dashed", "key", "line", "names", "parent", "pending", "place", "places", "value")

    def __init__(self, value: Any, col: int, parent: int, guide: Guide, place: Place) -> None:
        self.value, self.col, self.parent, self.guide, self.place = value, col, parent, guide, place
        self.key: Any = None
        self.line = col
        self.pending = False
        """Whether the last member has no value yet: it may come on the lines below."""
        self.is_dashed = False
        """Whether a mapping's members stand behind dashes."""
        self.places: dict[Any, int] = {}
        self.names: list[str] = []
        """The names of a mapping's members, as the type spells them."""

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    def inner(self) -> Guide:
        """The guide of the member that is read now."""
        return self.guide.child(self.key) if self.is_map else self.guide.item


class OpenText:
    """A plain text that may go on below: joined once, when it is over."""

    __slots__ = ("comma", "frame", "guide", "key", "offset", "parts")

    def __init__(self, frame: Frame | None, offset: int, part: str, guide: Guide) -> None:
        self.frame, self.offset, self.parts, self.guide = frame, offset, [part], guide
        self.key = None if frame is None else frame.key
        self.comma: Found | None = None
        """The repair that took the comma at its end, which belongs to it if it goes on."""
