"""What is to be generated: how it is masked, told to the model, and read back.

In: the ``output_type`` of a request (a Python type, a source such as ``JsonSchema`` or ``Regex``, or None for free
text) and its options. Out: a ``Target``, the one form in which the rest of generation sees it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from structgen.errors import ReadError, SchemaError, StructgenError
from structgen.formats.text.source import text_source
from structgen.generation.instructions import render_instructions
from structgen.grammar.nodes import Grammar
from structgen.schema.python_types import TypeSchema, load_json, parse, schema_of

__all__ = ["Target", "as_target"]

OnUnsupported = Literal["error", "validate"]
MAX_LABELS = 64
"""Choices that are scored one by one for ``Result.confidence``; each costs the model a short pass."""


@dataclass(frozen=True, eq=False)
class Target:
    """One thing to generate.

    ``source``: what the compiler takes; None for free text. ``told``: the JSON Schema that the instructions render, or
    ``words``: what they say; None: nothing to tell. ``is_json``: whether a place in the text is a JSONPath. ``labels``:
    for a choice, the texts of all values. ``key``: what the compiled grammar is kept under; None: it is not kept.
    """

    name: str
    source: Any
    read: Callable[[str], Any]
    told: Mapping[str, Any] | None = None
    words: str | None = None
    unenforced: tuple[str, ...] = ()
    is_json: bool = False
    labels: tuple[str, ...] = ()
    key: Any = None
    check: Callable[[str], None] | None = None
    """Checks a text that no mask has held to the type, where ``read`` does not; raises ``ReadError``."""
    wanted: Any = None
    """The output type as it was given."""

    def repaired(self, text: str) -> tuple[Any, tuple[Any, ...]]:
        """What a tolerant reader makes of a text, and its repairs; ``ReadError`` where it finds no value."""
        from structgen.formats.read import read

        reading = read(text, self.wanted)
        return reading.value, tuple(reading.repairs)


def as_target(output_type: Any, *, require_all: bool = False, from_text: str | None = None,
              on_unsupported: OnUnsupported | None = None) -> Target:
    """The target of a request; ``SchemaError`` for what is neither a type nor a source.

    ``on_unsupported`` None: what the source says, and ``"error"`` for a type.
    """
    return replace(_target(output_type, require_all, from_text, on_unsupported), wanted=output_type)


def _target(output_type: Any, require_all: bool, from_text: str | None, on_unsupported: OnUnsupported | None) -> Target:
    if output_type is None:
        _only_for_types(from_text, require_all, "free text")
        return Target("text", None, str)
    output_type = text_source(output_type) or output_type
    if isinstance(output_type, Grammar) or _is_source(output_type):
        _only_for_types(from_text, require_all, type(output_type).__name__)
        return _source_target(output_type, on_unsupported)
    if isinstance(output_type, (dict, str, bytes, list)):
        raise SchemaError(f"the output type is a {type(output_type).__name__}",
                          because="it could mean several things",
                          instead="write JsonSchema(…), Regex(…), Choice(…) or a Python type")
    found = schema_of(output_type, require_all=require_all, from_text=from_text)
    return Target(found.name, _json_source(found, on_unsupported or "error"), partial(_read_type, found),
                  told=found.described, unenforced=found.unenforced, is_json=True, labels=_labels(found.described),
                  key=_key(output_type, require_all, from_text, on_unsupported))


def _is_source(output_type: Any) -> bool:
    return not isinstance(output_type, type) and callable(getattr(output_type, "to_grammar", None))


def _source_target(source: Any, on_unsupported: OnUnsupported | None) -> Target:
    from structgen.formats.json.source import JsonSchema
    from structgen.formats.text.source import Choice

    key: Any = ("source", id(source))  # the cache keeps the source alive beside what it compiled
    if isinstance(source, Choice):
        labels = source.strings if 1 < len(source.strings) <= MAX_LABELS else ()
        return Target("Choice", source, str, words=_choice_words(source.strings), labels=labels, key=key)
    if not isinstance(source, JsonSchema):
        tell = getattr(source, "instructions", None)
        if tell is None:
            return Target(type(source).__name__, source, str, key=key)
        return Target(type(source).__name__, source, source.read, words=tell(render_instructions), key=key,
                      check=partial(_check_in_json, source) if hasattr(source, "in_json") else None)
    key = (source, on_unsupported)
    if on_unsupported is not None and on_unsupported != source.on_unsupported:
        source = replace(source, on_unsupported=on_unsupported)
    schema = load_json(bytes(source.schema).decode()) if isinstance(source.schema, bytes) else source.schema
    schema = load_json(schema) if isinstance(schema, str) else schema
    told = schema if isinstance(schema, Mapping) else {}
    return Target(str(told.get("title", "value")), source, load_json, told, is_json=True, labels=_labels(told), key=key,
                  check=partial(_check_against, source))


def _json_source(found: TypeSchema, on_unsupported: OnUnsupported) -> Any:
    from structgen.formats.json.source import JsonSchema

    # Without exponents: 1e999 is a JSON number, and infinity as a Python float.
    # Without escapes that are not needed: a model that drifts into them rarely finds back to text.
    return JsonSchema(found.schema, exponents=False, escapes="necessary", on_unsupported=on_unsupported)


def _read_type(found: TypeSchema, text: str) -> Any:
    try:
        return parse(text, found)
    except StructgenError:
        raise
    except Exception as error:  # pydantic lets through what a validator raises, but for ValueError and AssertionError
        raise ReadError(f"a validator of {found.name} raised {type(error).__name__}: {error}",
                        instead="raise ValueError in a validator where a value is wrong") from error


def _check_against(source: Any, text: str) -> None:
    from structgen.formats.json.check import checker

    checker(source)(text)


def _check_in_json(source: Any, text: str) -> None:
    _check_against(*source.in_json(text))


def _choice_words(strings: tuple[str, ...]) -> str:
    shown = " | ".join(strings[:MAX_LABELS])
    return f"Answer with one of: {shown}{' | …' if len(strings) > MAX_LABELS else ''}"


def _labels(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The JSON texts of every value, if the schema lists them and they are few."""
    reference = str(schema.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        schema = schema["$defs"].get(reference.removeprefix("#/$defs/"), {})
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if schema.get("type") == "boolean":
        values = [True, False]
    if values is None or not 1 < len(values) <= MAX_LABELS:
        return ()
    return tuple(json.dumps(value, ensure_ascii=False) for value in values)


def _key(output_type: Any, require_all: bool, from_text: str | None, on_unsupported: OnUnsupported | None) -> Any:
    key = ("type", output_type, repr(output_type), require_all, from_text, on_unsupported == "validate")
    try:
        hash(key)
    except TypeError:  # metadata of an Annotated type may be unhashable
        return None
    return key


def _only_for_types(from_text: str | None, require_all: bool, name: str) -> None:
    if from_text is not None or require_all:
        option = "require_all" if require_all else "from_text"
        raise SchemaError(f"{option} has no meaning for {name}", because="it changes the fields of a Python type",
                          instead="leave it out, or pass a Python type")
