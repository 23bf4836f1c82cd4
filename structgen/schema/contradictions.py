"""Why nothing satisfies a schema, told by the two keywords that exclude each other.

In: a conjunction that was found to be empty. Out: a sentence with both sides and their positions. Nothing is recorded on
the way there: the keywords are tried two by two once an error is to be raised, which is when time does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.errors import StructgenError
from structgen.schema.gathered import Gathered
from structgen.schema.nodes import ALL_TYPES
from structgen.schema.references import escaped

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

GROUPS = (("items", "prefixItems", "additionalItems"), ("properties", "patternProperties", "additionalProperties"),
          ("if", "then", "else"), ("contains", "minContains", "maxContains"), ("minimum", "exclusiveMinimum"),
          ("maximum", "exclusiveMaximum"))
"""Keywords that mean something only together."""
JOINING = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "allOf", "unevaluatedItems", "unevaluatedProperties"})
"""Keywords that only add schemas to the conjunction, where their keywords are sides of their own; and those that say
nothing by themselves."""
MAX_SIDES = 40
"""Keywords that are tried two by two at most."""


class Side(NamedTuple):
    """A keyword, or a group of them, in one raw schema of a conjunction."""

    key: int
    keywords: dict[str, Any]

    def told(self, reader: Reader, verb: str = "is") -> str:
        """The keyword with its value, where that is short, and its position."""
        name, value = next(iter(self.keywords.items()))
        text = words(value)
        # A schema of a type and nothing else is shared by many places, and has none of its own.
        place = f" at {reader.pointer(self.key)}/{name}" if self.key > ALL_TYPES else ""
        return f'"{name}"{place}' + ("" if text is None else f" {verb} {text}")


def words(value: Any) -> str | None:
    """A value, if a sentence can hold it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return value if value.isidentifier() else ascii(value) if len(value) <= 40 else None
    if isinstance(value, (list, tuple)):
        parts = [words(item) for item in value]
        return f"[{', '.join(map(str, parts))}]" if None not in parts and len(parts) <= 5 else None
    return str(value)[:60] if isinstance(value, (int, float, Decimal)) else None


def sides(reader: Reader, gathered: Gathered) -> Iterator[Side]:
    """What the raw schemas of a conjunction ask for, one by one."""
    from structgen.schema.keywords import KEYWORDS

    for key in gathered.queue:
        raw, hidden = reader.raws[key], reader.dialect_of(key).hidden
        left = {name: value for name, value in raw.items()
                if name in KEYWORDS | {"then": 0, "else": 0, "minContains": 0, "maxContains": 0, "additionalItems": 0}
                and name not in hidden and name not in JOINING}
        for group in GROUPS:
            names = [name for name in left if name in group]
            if len(names) > 1 and not (group[0] in ("minimum", "maximum") and not isinstance(left.get(names[1]), bool)
                                       and not isinstance(left.get(names[0]), bool)):
                yield Side(key, {name: left.pop(name) for name in names})
        for name, value in left.items():
            yield Side(key, {name: value})


def contradiction(reader: Reader, gathered: Gathered) -> str | None:
    """The two sides that exclude each other, or the one that holds nothing."""
    found = list(sides(reader, gathered))[:MAX_SIDES]
    for side in found:
        if is_empty(reader, (side,)):
            return f"{side.told(reader)}, and nothing satisfies that" if words(next(iter(side.keywords.values()))) else \
                f"nothing satisfies {side.told(reader)}"
    types = [side for side in found if "type" in side.keywords]
    for context in ([], types):
        for first, second in combinations(found, 2):
            if is_empty(reader, (first, second, *context)):
                return required_but_forbidden(reader, first, second, context) or \
                    f"{first.told(reader)}, but {second.told(reader)}"
    return false_part(reader, gathered)


def is_empty(reader: Reader, chosen: Sequence[Side]) -> bool:
    """Whether the sides alone already exclude everything."""
    link = tuple(sorted(reader.synthetic(side.keywords, side.key if side.key > ALL_TYPES else 0)[0] for side in chosen))
    try:
        return reader.is_empty(link)
    except StructgenError:
        return False


def required_but_forbidden(reader: Reader, first: Side, second: Side, context: Sequence[Side]) -> str | None:
    """The sentence for a name that one side demands and the other forbids."""
    for demand, shape in ((first, second), (second, first)):
        names, properties = demand.keywords.get("required"), shape.keywords.get("properties", {})
        if isinstance(names, (list, tuple)) and not shape.keywords.keys().isdisjoint(GROUPS[1]):
            for name in names:
                if is_empty(reader, (Side(demand.key, {"required": [name]}), shape, *context)):
                    place = f"properties/{escaped(name)}" if name in properties else "additionalProperties"
                    return (f'the property "{name}" is required at {reader.pointer(demand.key)}/required but forbidden at '
                            f"{reader.pointer(shape.key)}/{place}")
    return None


def false_part(reader: Reader, gathered: Gathered) -> str | None:
    """The ``allOf`` that holds a false schema."""
    for key in gathered.queue:
        for number, part in enumerate(reader.raws[key].get("allOf", ())):
            if part is False:
                return f"{reader.pointer(key)}/allOf/{number} is false"
    names = dict.fromkeys(name for side in sides(reader, gathered) for name in side.keywords)
    return "these exclude each other only together: " + ", ".join(f'"{name}"' for name in names) if names else None
