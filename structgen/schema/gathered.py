"""What the keywords of a conjunction assert, gathered while they are read.

The numeric, string and count keywords of every raw schema in the conjunction land in the same fields, so most merges
never happen. Class attributes are the defaults: a fresh record costs nothing until a keyword writes to it.
"""

from __future__ import annotations

from typing import Any

from structgen.schema.nodes import ALL_TYPES, ArrayFacet, Count, Link, Number, ObjectPart, Schema, TextTest


class Gathered:
    """The record of one conjunction; ``raw`` and ``id`` are the raw schema being read."""

    raw: dict[str, Any]
    id: int
    types: int = ALL_TYPES
    numeric: int = 0
    """The raw schema that asserts something about numbers; 0: none does. Likewise ``textual`` and ``listed``."""
    low: Number | None = None
    low_open: bool = False
    high: Number | None = None
    high_open: bool = False
    multiples: tuple[Number, ...] = ()
    textual: int = 0
    min_length: int = 0
    max_length: int | None = None
    tests: tuple[TextTest, ...] = ()
    listed: int = 0
    array: ArrayFacet | None = None
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    counts: tuple[Count, ...] = ()
    parts: tuple[ObjectPart, ...] = ()
    min_members: int = 0
    max_members: int | None = None

    required: tuple[str, ...] = ()
    name_links: tuple[Link, ...] = ()
    narrowings: tuple[tuple[str, Schema], ...] = ()
    one_ofs: tuple[tuple[int, list[Link]], ...] = ()
    nots: tuple[tuple[int, Link], ...] = ()
    conditionals: tuple[tuple[int, Link, Link, Link], ...] = ()
    parents: dict[int, int] | None = None
    """Which raw schema added which to the conjunction, where one did."""

    def __init__(self, queue: list[int]) -> None:
        self.queue = queue

    def narrow(self, keyword: str, schema: Schema) -> None:
        """Intersect with a schema, named by its keyword, once everything is gathered."""
        self.narrowings = (*self.narrowings, (keyword, schema))

    def at_least(self, number: Number, is_open: bool) -> None:
        """Raise the lower bound."""
        if self.low is None or number > self.low or (number == self.low and is_open):
            self.low, self.low_open = number, is_open

    def at_most(self, number: Number, is_open: bool) -> None:
        """Lower the upper bound."""
        if self.high is None or number < self.high or (number == self.high and is_open):
            self.high, self.high_open = number, is_open
