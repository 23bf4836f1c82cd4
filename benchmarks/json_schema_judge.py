"""A judge of JSON values that is exact: jsonschema, with numbers as fractions, patterns of ECMA 262 and what is evaluated.

In: a schema whose patterns are among ``PATTERNS``, and values as ``json.loads(…, parse_float=Decimal)`` gives them. Out:
whether they are valid. What is mended: ``multipleOf`` of binary floats, integers such as ``1.0`` that are decimals, the end
of a line in patterns, and the members and items that ``unevaluated…`` takes for evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from jsonschema import Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

PATTERNS = {"^a": "^a", "b$": r"b\Z", "^[ab]*$": r"^[ab]*\Z", "a.?b": "a[^\n\r\u2028\u2029]?b", "^\\d+$": r"^[0-9]+\Z",
            "^(?!a)": "^(?!a)", "^a?b?$": r"^a?b?\Z", "1": "1", "^.{2}$": "^[^\n\r\u2028\u2029]{2}\\Z",
            "": "(?:)", "\\w1": "[A-Za-z0-9_]1"}
"""Patterns of ECMA 262, and the same for Python's ``re``."""
VALIDATORS = {4: Draft4Validator, 6: Draft6Validator, 7: Draft7Validator, 2019: Draft201909Validator,
              2020: Draft202012Validator}


def translated(schema: Any) -> Any:
    """The schema with its patterns as those of Python."""
    if isinstance(schema, list):
        return [translated(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "pattern" and isinstance(value, str):
            made[keyword] = PATTERNS[value]
        elif keyword == "patternProperties":
            made[keyword] = {PATTERNS[pattern]: translated(below) for pattern, below in value.items()}
        else:
            made[keyword] = value if keyword in ("const", "enum") else translated(value)
    return made


def _is_integer(value: Any, old: bool) -> bool:
    if isinstance(value, Decimal):
        return not old and value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def _multiple_of(validator: Any, step: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "number") and (Fraction(value) / Fraction(step)).denominator != 1:
        yield ValidationError("not a multiple")


def _evaluated(validator: Any, schema: Any, value: Any) -> set[Any]:
    """The names or the places that a schema evaluates in an object or an array (jsonschema's own tells them wrongly)."""
    if not isinstance(schema, dict) or not validator.evolve(schema=schema).is_valid(value):
        return set()
    found: set[Any] = set()
    if "$ref" in schema:
        target = validator._resolver.lookup(schema["$ref"])
        found |= _evaluated(validator.evolve(_resolver=target.resolver), target.contents, value)
    branches = [below for keyword in ("allOf", "anyOf", "oneOf") for below in schema.get(keyword, ())]
    if "if" in schema:
        holds = validator.evolve(schema=schema["if"]).is_valid(value)
        branches += [schema["if"], schema.get("then")] if holds else [schema.get("else")]
    if isinstance(value, dict):
        branches += [below for name, below in schema.get("dependentSchemas", {}).items() if name in value]
        named = {name for name in value if name in schema.get("properties", {})
                 or any(re.search(pattern, name) for pattern in schema.get("patternProperties", {}))}
        rest = "additionalProperties" in schema or "unevaluatedProperties" in schema
        found |= set(value) if rest else named
    else:
        found |= _evaluated_items(validator, schema, value)
    return found.union(*(_evaluated(validator, below, value) for below in branches))


def _evaluated_items(validator: Any, schema: dict[str, Any], value: list[Any]) -> set[int]:
    items = schema.get("items")
    if "unevaluatedItems" in schema or ("additionalItems" in schema and isinstance(items, list)) \
            or (items is not None and not isinstance(items, list)):
        return set(range(len(value)))
    found = set(range(min(len(value), len(schema.get("prefixItems", items or ())))))
    if "contains" in schema and schema_is_2020(validator):
        matching = validator.evolve(schema=schema["contains"])
        found |= {place for place, item in enumerate(value) if matching.is_valid(item)}
    return found


def schema_is_2020(validator: Any) -> bool:
    """Whether ``contains`` evaluates what it matches."""
    return "prefixItems" in validator.VALIDATORS


def _unevaluated_properties(validator: Any, below: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    yield from _unevaluated(validator, "unevaluatedProperties", below, value, schema, dict)


def _unevaluated_items(validator: Any, below: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    yield from _unevaluated(validator, "unevaluatedItems", below, value, schema, list)


def _unevaluated(validator: Any, keyword: str, below: Any, value: Any, schema: Any, kind: Any) -> Iterator[ValidationError]:
    if isinstance(value, kind):
        beside = {name: item for name, item in schema.items() if name != keyword}
        # Where something beside it fails, the whole is not valid anyway.
        known = _evaluated(validator, beside, value)
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in known:
                yield from validator.descend(item, below, path=key)


@cache
def _validator_class(draft: int) -> Any:
    chosen: Any = VALIDATORS[draft]
    types = chosen.TYPE_CHECKER.redefine("integer", lambda _, value: _is_integer(value, draft == 4))
    changed: dict[str, Any] = {"multipleOf": _multiple_of}
    if draft >= 2019:
        changed |= {"unevaluatedProperties": _unevaluated_properties, "unevaluatedItems": _unevaluated_items}
    made: Any = extend
    return made(chosen, changed, type_checker=types)


def goes_round(root: dict[str, Any]) -> bool:
    """Whether a schema refers to itself without going down into a value: no judge ends there."""
    open_ones: set[int] = set()
    known: set[int] = set()

    def visit(schema: Any) -> bool:
        if not isinstance(schema, dict) or id(schema) in known:
            return False
        if id(schema) in open_ones:
            return True
        open_ones.add(id(schema))
        below = [item for keyword in ("allOf", "anyOf", "oneOf") for item in schema.get(keyword, ())]
        below += [schema.get(keyword) for keyword in ("not", "if", "then", "else")]
        below += [item for keyword in ("dependentSchemas", "dependencies") for item in schema.get(keyword, {}).values()]
        if "$ref" in schema:
            below.append(root if schema["$ref"] == "#" else root[schema["$ref"].split("/")[1]][schema["$ref"][-1]])
        found = any(map(visit, below))
        open_ones.discard(id(schema))
        known.add(id(schema))
        return found

    return any(map(visit, [root, *root.get("$defs", {}).values(), *root.get("definitions", {}).values()]))


def judge(schema: Any, draft: int) -> Callable[[Any], bool]:
    """Whether a value is valid; numbers are integers and decimals."""
    # Without $schema: with it, jsonschema goes over to its own validator of that draft at every reference to the root.
    validator = _validator_class(draft)({name: value for name, value in translated(schema).items() if name != "$schema"})
    return lambda value: bool(validator.is_valid(value))


def spelt(value: Any) -> str:
    """The value as compact JSON."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{spelt(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def canonical(value: Any) -> Any:
    """The value with numbers in the one spelling that unique items have."""
    if isinstance(value, dict):
        return {name: canonical(item) for name, item in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For ``json.loads``: an object whose names are all different."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)
