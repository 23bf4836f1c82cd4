"""What a schema says of the rows and cells of a table that is read.

In: the JSON Schema of a list of rows. Out: an ``Aim``: the columns by name, and for each what it may hold; a cell that
is written as ``Csv`` writes its type becomes that value (a number as in JSON, ``true``, None where it is empty). What is
written otherwise stays a text, and is coerced at a cost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from structgen.errors import SchemaError
from structgen.formats.csv.cells import NUMBER
from structgen.schema.kinds import Kind, kind_of, resolved

__all__ = ["ABSENT", "Aim", "aim_of", "cell_value"]

ABSENT = object()
"""A cell that says nothing: its member is left out of the row."""
MAX_DEPTH = 30


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
        aim.kinds = [kind_of(one, schema) for one in properties.values()]
        aim.open = bool(row.get("additionalProperties", True))
    return aim


def _is_table(schema: Any) -> bool:
    inner = schema.get("items", {}) if isinstance(schema, Mapping) and schema.get("type", "array") == "array" else None
    return isinstance(inner, Mapping) and inner.get("type", "array") == "array"


def _row(schema: Any, root: Any) -> Mapping[str, Any] | None:
    """The schema of a row: an object, or the items of a list of objects."""
    for _ in range(MAX_DEPTH):
        schema = resolved(schema, root)
        if not isinstance(schema, Mapping):
            return None
        if schema.get("type") == "object" or "properties" in schema:
            return schema
        if schema.get("type") != "array" and "items" not in schema:
            return None
        schema = schema.get("items")
    return None


def cell_value(kind: Kind, cell: str | None) -> Any:
    """The value of a cell; a text where the types do not say more; ``ABSENT`` for nothing."""
    if not cell or (cell.isspace() and not kind.is_text):
        if cell == "" and kind.is_text and "null" not in kind.types:
            return ""
        return None if "null" in kind.types else ABSENT
    is_label = kind.is_text and kind.labels is not None and cell in kind.labels
    if kind.types & {"number", "integer"} and not is_label and len(cell) < 400 and NUMBER.fullmatch(cell):
        return json.loads(cell)
    if "boolean" in kind.types and cell in ("true", "false"):
        return cell == "true"
    return cell
