"""Tools from whatever describes them: functions, types, or the dicts of the usual interfaces.

In: a function with annotations, a type with fields, or a dict: ``{"type": "function", "function": {…}}``, or its inner
part with the schema under "parameters", "input_schema" or "inputSchema". Out: a ``Tool``.

A tool takes only the arguments that it lists, unless its schema says otherwise: in JSON Schema an object whose members
are listed may have any others, and an argument that nobody declared has no meaning. Nested objects are as the schema
says.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from structgen.errors import ReadError, SchemaError
from structgen.formats.json.source import JsonSchema
from structgen.formats.tagged.source import located
from structgen.grammar.nodes import Grammar
from structgen.limits import Limits
from structgen.schema.python_types import TypeSchema, load_json, parse, schema_of

MAX_NAME = 256
"""Characters of a tool's name; the usual interfaces allow 64."""
_SCHEMA_KEYS = ("parameters", "input_schema", "inputSchema")
_KNOWN_KEYS = {
    "name",
    "description",
    "strict",
    "title",
    "annotations",
    "outputSchema",
    "output_schema",
    "returns",
    "response",
    "cache_control",
    "examples",
    "type",
    *_SCHEMA_KEYS,
}
"""Keys beside the schema that ask nothing of the arguments; any other may be a misspelled one that does."""
_OPEN_OR_CLOSED = ("additionalProperties", "unevaluatedProperties", "patternProperties")
_COMPOSED = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies")
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, eq=False)
class Tool:
    """One tool.

    ``parameters``: the JSON Schema of its arguments, as it is told to a model. ``function``: what is called, if the tool
    was given as a function or a type. ``source``: what the mask follows.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    source: JsonSchema
    unenforced: tuple[str, ...] = ()
    function: Callable[..., Any] | None = None
    typed: TypeSchema | None = field(default=None, repr=False)

    @property
    def is_function(self) -> bool:
        """Whether its arguments are passed by name; a type's value is the call's result itself."""
        return self.function is not None and not isinstance(self.function, type)

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the arguments."""
        grammar = self.source.to_grammar(limits)
        return replace(grammar, unenforced=(*grammar.unenforced, *self.unenforced)) if self.unenforced else grammar

    def definition(self) -> dict[str, Any]:
        """The tool as chat templates and servers take it."""
        told = {
            "name": self.name,
            **({"description": self.description} if self.description else {}),
            "parameters": dict(self.parameters),
        }
        return {"type": "function", "function": told}

    @cached_property
    def _check(self) -> Callable[[str], None]:
        return self.source.checker()

    def value(self, text: str) -> Any:
        """The arguments as the function gets them, from their JSON text; ``ReadError`` where they are not valid."""
        with located(self.name):
            plain = load_json(text)
            if not isinstance(plain, dict):
                raise ReadError("the arguments are no JSON object", because=f"the text is {text[:60]!r}")
            self._check(text)
            return plain if self.typed is None else parse(text, self.typed)


def as_tool(given: Any, number: int, options: Mapping[str, Any]) -> Tool:
    """A tool from its description; ``options`` are those of ``JsonSchema``."""
    if isinstance(given, Tool):
        return given
    if isinstance(given, Mapping):
        return _from_dict(given, f"tool {number}", options)
    if isinstance(given, type):
        return _from_type(given, f"tool {number}", options)
    if callable(given) and hasattr(given, "__name__"):
        return _from_function(given, f"tool {number}", options)
    raise SchemaError(
        f"tool {number} is {type(given).__name__}",
        instead="pass a function, a type with fields, or a dict "
        'such as {"name": …, "description": …, "parameters": {JSON Schema}}',
    )


def _from_function(function: Callable[..., Any], where: str, options: Mapping[str, Any]) -> Tool:
    name = check_name(function.__name__, where)
    with located(f"tool {name}"):
        target = function if inspect.isroutine(function) else function.__call__  # type: ignore[operator]
        found = schema_of(target)
    return _typed(name, inspect.getdoc(function) or "", found, function, options)


def _from_type(tp: type, where: str, options: Mapping[str, Any]) -> Tool:
    name = check_name(tp.__name__, where)
    with located(f"tool {name}"):
        found = schema_of(tp)
        resolved = found.schema
        while isinstance(resolved.get("$ref"), str) and resolved["$ref"].startswith("#/$defs/"):
            resolved = found.schema["$defs"][resolved["$ref"].removeprefix("#/$defs/")]
        if resolved.get("type") != "object" or "properties" not in resolved:
            raise SchemaError(
                f"{found.name} has no fields",
                because="the fields of a type are the arguments of its tool",
                instead="pass a pydantic model, a dataclass, a TypedDict or a function",
            )
    return _typed(name, str(resolved.get("description", "")), found, tp, options)


def _typed(name: str, description: str, found: TypeSchema, function: Callable[..., Any], options: Mapping[str, Any]) -> Tool:
    source = JsonSchema(found.schema, **{"exponents": False, "escapes": "necessary", **options})
    told = {key: value for key, value in found.described.items() if key not in ("title", "description")}
    return Tool(name, description, told, source, found.unenforced, function, found)


def _from_dict(given: Mapping[str, Any], where: str, options: Mapping[str, Any]) -> Tool:
    inner = given
    if "function" in given:
        inner = given["function"]
        if given.get("type", "function") != "function" or not isinstance(inner, Mapping):
            raise SchemaError(
                "this is no function tool", position=where, instead='write {"type": "function", "function": {…}}'
            )
        _check_keys(given, {"type", "function", "strict", "cache_control"}, where)
    name = check_name(inner.get("name"), where)
    where = f"tool {name}"
    _check_keys(inner, _KNOWN_KEYS, where)
    given_as = [key for key in _SCHEMA_KEYS if inner.get(key) is not None]
    if len(given_as) > 1:
        raise SchemaError(f"the schema is given twice, as {' and '.join(given_as)}", position=where)
    schema = inner[given_as[0]] if given_as else _NO_PARAMETERS
    if not isinstance(schema, Mapping):
        raise SchemaError(
            f"{given_as[0]} is {type(schema).__name__}", position=where, because="it must be a JSON Schema, a dict"
        )
    description = inner.get("description")
    if description is not None and not isinstance(description, str):
        raise SchemaError(f"the description is {type(description).__name__}", position=where)
    with located(where):
        return Tool(name, description or "", schema, JsonSchema(closed(schema), **options))


def _check_keys(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise SchemaError(
                f"the key {key!r} is not known",
                position=where,
                because="if it constrains the arguments, it would be lost",
                instead=f"known keys are {', '.join(sorted(known))}",
            )


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of arguments: objects, with no members but those it speaks of, unless it says which others there may be."""
    made = dict(schema)
    kind = made.setdefault("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise SchemaError(
            f'"type" is {json.dumps(kind, default=str)[:60]}',
            position="#/type",
            because="the arguments of a call are a JSON object",
        )
    made["type"] = "object"
    if any(key in made for key in _OPEN_OR_CLOSED):
        return made
    if not any(key in made for key in _COMPOSED):
        return {**made, "additionalProperties": False} if "properties" in made else made
    draft = re.search(r"draft-?0?([467])\b", str(made.get("$schema", "")))
    if draft is not None:
        raise SchemaError(
            "whether there may be other arguments is not said",
            position="#",
            because=f'in draft {draft[1]} no keyword says it for what "$ref", "allOf" and the like bring in',
            instead='put "additionalProperties" into the schema, or leave "$schema" out',
        )
    return {**made, "unevaluatedProperties": False}


def check_name(name: object, where: str) -> str:
    """The name of a tool; ``SchemaError`` for what is none."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"the name is {name!r}", position=where, because="a tool is called by its name, a text")
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name == "<lambda>":
        raise SchemaError(
            f"{name[:80]!r} is no name for a tool",
            position=where,
            because=f"a name has at most {MAX_NAME} printable characters",
            instead="use letters, digits and _ . -",
        )
    return name


def unique(tools: list[Tool]) -> tuple[Tool, ...]:
    """The tools, once no two have one name."""
    names: dict[str, int] = {}
    for number, tool in enumerate(tools):
        if tool.name in names:
            raise SchemaError(
                f"two tools are called {tool.name}",
                position=f"tool {number}",
                because=f"tool {names[tool.name]} has the name already",
            )
        names[tool.name] = number
    return tuple(tools)


__all__ = ["Tool", "as_tool", "check_name", "closed", "unique"]
