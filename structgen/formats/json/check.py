"""Checks a finished value against its JSON Schema, for what a mask does not enforce.

In: a ``JsonSchema`` and a JSON text. Out: nothing, or a ``ReadError`` with the path of what is invalid. The judge is
jsonschema, made exact where Python's floats and regular expressions are not: numbers are decimals, and patterns are
those of ECMA 262 (those that are not implemented here are left to Python's ``re``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

from structgen.errors import GrammarSyntaxError, ReadError
from structgen.formats.json.formats import FORMAT_NAMES, NARROWER, format_node
from structgen.formats.json.matches import matches
from structgen.formats.json.strings import pattern_node
from structgen.limits import Limits
from structgen.schema.numbers import exact, is_multiple
from structgen.schema.text import read_schema_text

if TYPE_CHECKING:
    from structgen.formats.json.source import JsonSchema

MAX_CHECKED = 2000
"""Characters of a string whose format is judged by its language: the time grows with their square."""
MAX_SHOWN = 200
"""Characters of a message of jsonschema, which quotes values whole."""


def checker(source: JsonSchema) -> Callable[[str], None]:
    """A function that raises ``ReadError`` for a JSON text whose value is not valid."""
    from jsonschema.exceptions import UnknownType, best_match
    from referencing.exceptions import Unresolvable

    schema: Any = source.schema
    if isinstance(schema, (str, bytes)):
        schema = read_schema_text(schema, Limits())
    schema = _exact(schema)
    kind = _validator_class(schema, source.draft_number)
    validator = kind(schema, registry=_registry(source.registry or {}),
                     format_checker=format_checker() if source.formats == "assert" else None)

    def check(text: str) -> None:
        try:
            error = best_match(validator.iter_errors(json.loads(text, parse_float=Decimal)))
        except (Unresolvable, UnknownType, re.error, RecursionError) as problem:
            raise ReadError("the value cannot be checked against the schema", because=_short(str(problem))) from problem
        if error is not None:
            raise ReadError(f"not valid against the schema: {_short(error.message)}", position=error.json_path,
                            because=f'"{error.validator}" at #/{"/".join(map(str, error.absolute_schema_path))} fails')

    return check


@cache
def format_checker() -> Any:
    """A format checker for jsonschema, which by itself knows only the formats of packages that happen to be installed.

    A format that masks enforce exactly is judged by the same language, of which masks write a part by jsonschema.
    """
    from jsonschema import FormatChecker
    from jsonschema.exceptions import FormatError

    class Formats(FormatChecker):
        def check(self, instance: object, format: str) -> None:
            known = isinstance(instance, str) and len(instance) <= MAX_CHECKED and format in FORMAT_NAMES - NARROWER.keys()
            if not known:
                super().check(instance, format)
            elif not matches(format_node(format)[0], cast("str", instance)):
                raise FormatError(f"{instance!r} is not a {format!r}")

    return Formats()


def _validator_class(schema: Any, draft: int | None) -> Any:
    from jsonschema import Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator
    from jsonschema.validators import validator_for

    classes: dict[int, Any] = {4: Draft4Validator, 6: Draft6Validator, 7: Draft7Validator, 2019: Draft201909Validator,
                               2020: Draft202012Validator}
    chosen: Any = validator_for(schema, default=Draft202012Validator) if draft is None else classes[draft]
    return _exact_class(chosen)


@cache
def _exact_class(plain: Any) -> Any:
    """The validator of a draft with exact numbers and patterns."""
    from jsonschema import Draft4Validator
    from jsonschema.validators import extend

    types = plain.TYPE_CHECKER.redefine("integer", lambda _, value: _is_integer(value, plain is Draft4Validator))
    make: Any = extend
    made = make(plain, {"multipleOf": _multiple_of, "pattern": _pattern, "patternProperties": _pattern_properties,
                        "additionalProperties": _additional_properties}, type_checker=types)
    made.evolve = _evolve
    return made


def _evolve(validator: Any, **changes: Any) -> Any:
    """The validator for another schema; jsonschema's own would leave exactness behind where that has a ``$schema``."""
    from attrs import fields
    from jsonschema.validators import validator_for

    kind = type(validator)
    schema = changes.setdefault("schema", validator.schema)
    if isinstance(schema, dict) and "$schema" in schema:
        plain = validator_for(schema, default=cast("Any", None))
        kind = kind if plain is None else _exact_class(plain)
    for field in fields(kind):
        if field.init and field.alias not in changes:
            changes[field.alias] = getattr(validator, field.name)
    return kind(**changes)


def _exact(value: Any) -> Any:
    """The value with floats as the decimals they are written as."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    return [_exact(item) for item in value] if isinstance(value, (list, tuple)) else value


def _registry(schemas: Mapping[str, Any]) -> Any:
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resources = [(uri, Resource.from_contents(_exact(getattr(found, "contents", found)),
                                              default_specification=DRAFT202012)) for uri, found in schemas.items()]
    registry: Any = Registry()
    return registry.with_resources(resources)


def _is_integer(value: Any, old: bool) -> bool:
    if isinstance(value, Decimal) and not old:
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def _multiple_of(validator: Any, step: Any, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    number, unit = exact(value) if validator.is_type(value, "number") else None, exact(step)
    if number is not None and unit is not None and not is_multiple(number, unit):
        yield ValidationError(f"{value} is not a multiple of {step}")


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(value, "string") and not _found(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, below in patterns.items():
            for name, item in value.items():
                if _found(pattern, name):
                    yield from validator.descend(item, below, path=name, schema_path=pattern)


def _additional_properties(validator: Any, below: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for name, item in value.items():
            if name not in schema.get("properties", {}) and not any(
                    _found(pattern, name) for pattern in schema.get("patternProperties", {})):
                yield from validator.descend(item, below, path=name)


@lru_cache(1024)
def _found(pattern: str, text: str) -> bool:
    try:
        return matches(pattern_node(pattern, Limits()), text)
    except GrammarSyntaxError:
        return re.search(pattern, text) is not None


def _short(message: str) -> str:
    return message if len(message) <= MAX_SHOWN else f"{message[:MAX_SHOWN]}…"
