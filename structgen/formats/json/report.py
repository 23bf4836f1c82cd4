"""What becomes of every keyword of a schema: enforced by masks, refused, left to validation, or a comment.

In: a ``JsonSchema``. Out: a row for each place where a keyword stands. What is refused is found by reading the schema as
``on_unsupported="validate"`` does, which goes on where the other way stops at the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from structgen.errors import StructgenError
from structgen.formats.json.formats import FORMAT_NAMES, NARROWER
from structgen.formats.json.source import JsonSchema
from structgen.limits import Limits
from structgen.schema.json_schema import FORMATS
from structgen.schema.keywords import KEYWORDS
from structgen.schema.references import escaped
from structgen.schema.text import read_schema_text

Status = Literal["enforced", "refused", "left to validation", "a comment"]
MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
ONE = ("items", "additionalItems", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else",
       "unevaluatedItems", "unevaluatedProperties")
COMPANIONS = {"then": "if", "else": "if", "minContains": "contains", "maxContains": "contains", "additionalItems": "items"}
"""Keywords that mean something beside another one."""
SILENT = frozenset(("$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$comment", "$defs",
                    "definitions", "title", "description", "default", "example", "examples", "deprecated", "readOnly",
                    "writeOnly", "$vocabulary"))
"""Keywords that say something to a reader, or give a name, and ask nothing of a value."""


class Row(NamedTuple):
    """A keyword at a place."""

    keyword: str
    status: Status
    pointer: str
    note: str = ""


def report(source: JsonSchema, limits: Limits) -> list[Row]:
    """The keywords of a schema, in its order.

    Raises what the schema raises for a reason other than a keyword that cannot be enforced.
    """
    schema = source.schema
    if isinstance(schema, (str, bytes, bytearray, memoryview)):
        schema = read_schema_text(schema if isinstance(schema, str) else bytes(schema), limits)
    grammar = replace(source, schema=schema, on_unsupported="validate").to_grammar(limits)
    left = dict.fromkeys(grammar.unenforced)
    lost: Status = "left to validation" if source.on_unsupported == "validate" else "refused"
    rows = []
    for pointer, keyword, value, beside in _places(schema, "#"):
        name = f"{pointer}: {keyword}"
        other = f"{pointer}: {COMPANIONS.get(keyword, keyword)}"
        if name in left or other in left:
            left.pop(name, None)
            rows.append(Row(keyword, lost, pointer))
        else:
            rows.append(_kept(source, keyword, pointer, value, beside))
    seen = {f"{row.pointer}: {row.keyword}" for row in rows}
    for name in left:  # in a schema of the registry, or of several keywords together
        if name not in seen:
            pointer, _, keyword = name.rpartition(": ")
            rows.append(Row(keyword, lost, pointer))
    return rows


def reason(source: JsonSchema, limits: Limits) -> str:
    """Why the schema does not compile, in the words of the first keyword that is refused; empty if it does."""
    try:
        source.to_grammar(limits)
    except StructgenError as error:
        return str(error)
    return ""


def _kept(source: JsonSchema, keyword: str, pointer: str, value: Any, beside: Mapping[str, Any]) -> Row:
    if keyword == "format":
        if source.formats == "annotation":
            return Row(keyword, "a comment", pointer, 'formats="annotation"')
        if value not in FORMATS:
            return Row(keyword, "a comment", pointer, f"JSON Schema defines no format {value!r}")
        if value not in FORMAT_NAMES:
            return Row(keyword, "a comment", pointer, "no value is read with this schema")
        return Row(keyword, "enforced", pointer, f"{value}: {NARROWER[value]}" if value in NARROWER else "")
    if keyword in ("contentEncoding", "contentMediaType") and source.content == "annotation":
        return Row(keyword, "a comment", pointer, 'content="annotation"')
    if keyword in COMPANIONS:
        is_used = COMPANIONS[keyword] in beside
        return Row(keyword, "enforced" if is_used else "a comment", pointer, "" if is_used else
                   f"nothing without {COMPANIONS[keyword]!r} beside it")
    return Row(keyword, "enforced", pointer) if keyword in KEYWORDS else Row(keyword, "a comment", pointer, "no keyword")


def _places(schema: Any, pointer: str) -> Iterator[tuple[str, str, Any, Mapping[str, Any]]]:
    """Where each keyword stands: pointer of the schema, keyword, value, and the schema itself."""
    work: list[tuple[Any, str]] = [(schema, pointer)]
    while work:
        one, place = work.pop()
        if not isinstance(one, Mapping):
            continue
        below: list[tuple[Any, str]] = []
        for keyword, value in one.items():
            if keyword not in SILENT:
                yield place, keyword, value, one
            if keyword in MAPS and isinstance(value, Mapping):
                below += [(part, f"{place}/{keyword}/{escaped(name)}") for name, part in value.items()]
            elif keyword in LISTS and isinstance(value, (list, tuple)):
                below += [(part, f"{place}/{keyword}/{number}") for number, part in enumerate(value)]
            elif keyword in ONE:
                below.append((value, f"{place}/{keyword}"))
        work += reversed(below)


def as_table(rows: list[Row], shown: int = 3) -> str:
    """The rows as plain text, a line for each keyword, status and note, with the first places."""
    places: dict[tuple[str, Status, str], list[str]] = {}
    for row in sorted(rows, key=lambda one: ("refused", "left to validation", "enforced", "a comment").index(one.status)):
        places.setdefault((row.keyword, row.status, row.note), []).append(row.pointer)
    lines = [f"{'keyword':24}{'status':20}where"]
    for (keyword, status, note), pointers in places.items():
        more = f" and {len(pointers) - shown} more" if len(pointers) > shown else ""
        lines.append(f"{keyword:24}{status:20}{', '.join(pointers[:shown])}{more}" + (f"  ({note})" if note else ""))
    return "\n".join(lines)
