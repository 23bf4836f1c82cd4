"""Arrays of different items: from a few values, listed one by one; or with the steps that compare items as they come.

In: for each place the schema of its item. Out: the lists of values that differ from each other, or None where the values
of a place, or the lists, are too many to be listed. ``distinct`` and ``ITEM_END`` are for the others: there the automaton
compares values, however they are spelled and in whatever order the members of an object come (``grammar.names``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from structgen.formats.json.spacing import Spacing
from structgen.grammar.build import seq
from structgen.grammar.names import Do
from structgen.grammar.nodes import Step
from structgen.schema.nodes import FALSE_BIT, TRUE_BIT, Schema

MAX_LISTS = 200
"""Lists of values that are told one by one."""
_BEGIN, _END, ITEM_END = Step(Do.DISTINCT), Step(Do.DISTINCT_END), Step(Do.ITEM_END)
"""``ITEM_END`` stands behind each item."""


def distinct(space: Spacing) -> Spacing:
    """The punctuation of an array in which no two items are equal."""
    return space._replace(open_array=seq(space.open_array, _BEGIN), close_array=seq(_END, space.close_array))


def values_of(schema: Schema) -> list[Any] | None:
    """All values of a schema, if they are scalars and listed."""
    if schema.arrays or schema.objects:
        return None
    found: list[Any] = [None] if schema.null else []
    found += [value for value, bit in ((False, FALSE_BIT), (True, TRUE_BIT)) if schema.booleans & bit]
    for string in schema.strings:
        if string.values is None or string.tests:
            return None
        found += string.values
    for number in schema.numbers:
        if number.values is None:
            return None
        found += number.values
    return found


def distinct_lists(schemas: Sequence[Schema], least: int) -> list[list[Any]] | None:
    """Every list of ``least`` items or more, each from the schema of its place, no two of them equal."""
    made: list[list[Any]] = [[]]
    found = [[]] if least == 0 else list[list[Any]]()
    for place, schema in enumerate(schemas):
        values = values_of(schema)
        if values is None:
            return None
        made = [[*before, value] for before in made for value in values if not _is_among(value, before)]
        if place + 1 >= least:
            found += made
        if len(made) + len(found) > MAX_LISTS:
            return None
    return found


def _is_among(value: Any, values: list[Any]) -> bool:
    """Whether an equal JSON value is in the list: ``true`` is not 1."""
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)
