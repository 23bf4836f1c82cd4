"""Finite sets of JSON values (``enum``, ``const``) as schemas.

An object or array value becomes a facet that is closed to exactly its members, so intersecting it with other keywords
needs no special case. Numbers are exact: ``1`` and ``1.0`` are one value; ``true`` is not ``1``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from structgen.schema.gathered import Gathered
from structgen.schema.nodes import (
    FALSE_BIT,
    NOTHING,
    TRUE_BIT,
    ArrayFacet,
    Number,
    NumberFacet,
    ObjectFacet,
    ObjectPart,
    Schema,
    StringFacet,
)
from structgen.schema.numbers import exact

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader


def schema_of_values(reader: Reader, gathered: Gathered, keyword: str, values: list[Any] | tuple[Any, ...]) -> Schema:
    """The schema that holds exactly the values."""
    null, booleans, origin = False, 0, gathered.id
    numbers: dict[Number, None] = {}
    strings: dict[str, None] = {}
    arrays: list[ArrayFacet] = []
    objects: list[ObjectFacet] = []
    reader.charge(len(values), gathered)
    for value in values:
        if isinstance(value, str):
            if not value.isascii():
                reader.check_text(gathered, keyword, value)
            strings[value] = None
        elif value is None:
            null = True
        elif isinstance(value, bool):
            booleans |= TRUE_BIT if value else FALSE_BIT
        elif isinstance(value, (int, float, Decimal)):
            number = exact(value)
            if number is None:
                raise reader.malformed(gathered, keyword, value, "JSON values with finite numbers of at most 5000 digits")
            numbers[number] = None
        elif isinstance(value, (list, tuple)):
            links = tuple(reader.value_link(gathered, item) for item in value)
            arrays.append(ArrayFacet(links, NOTHING, len(links), len(links), False, origin))
        elif isinstance(value, dict):
            for name in value:
                reader.check_text(gathered, keyword, name)
            members = {name: reader.value_link(gathered, item) for name, item in value.items()}
            part = ObjectPart(members, (), NOTHING, origin)
            objects.append(ObjectFacet((part,), tuple(members), 0, None, (), origin))
        else:
            raise reader.malformed(gathered, keyword, value, "JSON values")
    return Schema(null, booleans,
                  (NumberFacet(values=tuple(numbers), origin=origin, by_spelling=reader.draft <= 4),) if numbers else (),
                  (StringFacet(values=tuple(strings), origin=origin),) if strings else (),
                  tuple(arrays), tuple(objects))
