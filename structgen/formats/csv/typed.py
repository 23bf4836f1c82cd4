"""What a schema says of the rows and cells of a table that is read.

In: the JSON Schema of a list of rows. Out: an ``Aim``: the columns by name, and for each a ``Kind``, which turns a cell that
is written as ``Csv`` writes its type into that value (a number as in JSON, ``true``, an empty cell for None) and tells
whether any other text could be meant for the column. What is written otherwise stays a text, and is coerced at a cost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from structgen.errors import SchemaError
from structgen.formats.csv.cells import NUMBER
from structgen.schema.scalars import boolean_of, date_of, folded, number_of

__all__ = ["ABSENT", "Aim", "Kind", "aim_of"]

ABSENT = object()
"""A cell that says nothing: its member is left out of the row."""
MAX_DEPTH = 30
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


@dataclass(slots=True)
class Kind:
    """What a column may hold. ``labels``: the texts and values it lists, folded; None where any are allowed."""

    types: set[str] = field(default_factory=set)
    labels: set[str] | None = None
    format: str = ""

    def value(self, cell: str | None) -> Any:
        """The value of a cell; a text where the types do not say more; ``ABSENT`` for nothing."""
        if not cell:
            if cell == "" and self.is_text and "null" not in self.types:
                return ""
            return None if "null" in self.types else ABSENT
        is_label = self.is_text and self.labels is not None and cell in self.labels
        if self.types & {"number", "integer"} and not is_label and len(cell) < 400 and NUMBER.fullmatch(cell):
            return json.loads(cell)
        if "boolean" in self.types and cell in ("true", "false"):
            return cell == "true"
        return cell

    @property
    def is_text(self) -> bool:
        return "string" in self.types or not self.types

    @property
    def judge(self) -> Callable[[str], bool] | None:
        """What tells whether a text may be meant for the column; None where any may."""
        if self.labels is not None:
            labels = {folded(label) for label in self.labels}
            return lambda text: folded(text[:100]) in labels
        if self.format == "date":
            return lambda text: date_of(text) is not None
        if self.is_text:
            return None
        judges: list[Callable[[str], Any]] = []
        if self.types & {"number", "integer"}:
            judges.append(number_of)
        if "boolean" in self.types:
            judges.append(boolean_of)
        return lambda text: any(one(text) is not None for one in judges)


@dataclass(slots=True)
class Aim:
    """What is wanted: ``names`` of the columns (None: those of the header), their kinds, and the form of the value.

    ``as_table``: header and rows as lists of texts, else a list of members. ``open``: further columns are kept."""

    names: list[str] | None = None
    kinds: list[Kind] = field(default_factory=list)
    as_table: bool = True
    open: bool = True
    delimiter: str | None = None
    header: bool = True

    @property
    def judges(self) -> list[Callable[[str], bool] | None]:
        return [kind.judge for kind in self.kinds]


def aim_of(schema: Any, options: Mapping[str, Any]) -> Aim:
    """What a schema and the options ask for; ``SchemaError`` for what no table is."""
    unknown = set(options) - {"columns", "delimiter", "header"}
    if unknown:
        raise SchemaError(f"read({min(unknown)}=…) is not an option of the format csv",
                          instead="use columns, delimiter or header")
    aim = Aim(delimiter=options.get("delimiter"), header=options.get("header", True))
    if aim.delimiter is not None and (not isinstance(aim.delimiter, str) or len(aim.delimiter) != 1):
        raise SchemaError(f"read(delimiter={aim.delimiter!r}) is not an option", instead="use one character")
    columns = options.get("columns")
    if columns is not None:
        if isinstance(columns, str) or not all(isinstance(one, str) for one in columns) or not columns or len(
                set(columns)) < len(list(columns)):
            raise SchemaError(f"read(columns={columns!r}) is not an option", instead="use a list of different names")
        aim.names = list(columns)
        aim.kinds = [Kind({"string"}) for _ in aim.names]
        aim.open = False
    if schema is None or schema is True:
        return aim
    row = _row(schema, schema)
    if row is None:
        if columns is None and _is_table(schema):
            return aim
        raise SchemaError("the type is no table", because="the format csv has rows with named cells",
                          instead="read it as a list of a model, a dataclass or a TypedDict")
    aim.as_table = False
    properties = row.get("properties")
    if isinstance(properties, Mapping) and properties and columns is None:
        aim.names = [str(name) for name in properties]
        aim.kinds = [_kind(one, schema) for one in properties.values()]
        aim.open = bool(row.get("additionalProperties", True))
    return aim


def _is_table(schema: Any) -> bool:
    inner = schema.get("items", {}) if isinstance(schema, Mapping) and schema.get("type", "array") == "array" else None
    return isinstance(inner, Mapping) and inner.get("type", "array") == "array"


def _row(schema: Any, root: Any) -> Mapping[str, Any] | None:
    """The schema of a row: an object, or the items of a list of objects."""
    for _ in range(MAX_DEPTH):
        schema = _resolved(schema, root)
        if not isinstance(schema, Mapping):
            return None
        if schema.get("type") == "object" or "properties" in schema:
            return schema
        if schema.get("type") != "array" and "items" not in schema:
            return None
        schema = schema.get("items")
    return None


def _resolved(schema: Any, root: Any) -> Any:
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return schema
        target = root
        for part in schema["$ref"].lstrip("#").split("/")[1:]:
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
        schema = target
    return None


def _kind(schema: Any, root: Any, depth: int = 0) -> Kind:
    schema = _resolved(schema, root)
    kind = Kind()
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return kind
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        kind.types = {_JSON_TYPES.get(type(one), "object") for one in values}
        kind.labels = {one if isinstance(one, str) else json.dumps(one) for one in values if one is not None}
        return kind
    given = schema.get("type")
    kind.types = {given} if isinstance(given, str) else set(given) if isinstance(given, list) else set()
    kind.format = str(schema.get("format", "")) if kind.types <= {"string", "null"} else ""
    for keyword in ("anyOf", "oneOf"):
        parts = [_kind(one, root, depth + 1) for one in schema.get(keyword, []) or []]
        kind.types |= set().union(*(part.types for part in parts)) if parts else set()
        if parts and all(part.labels is not None or part.types == {"null"} for part in parts):
            kind.labels = set().union(*(part.labels or set() for part in parts))
        formats = {part.format for part in parts if part.types != {"null"}}
        kind.format = formats.pop() if len(formats) == 1 else kind.format
    return kind
