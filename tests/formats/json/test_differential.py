"""The grammar of a schema against the ``jsonschema`` package: on made-up schemas and instances both say the same.

Numbers in the instances are small integers and tenths, so that binary floats play no part; texts are what ``json.dumps``
writes. A schema that is refused says nothing and is skipped; one that is called empty must reject every instance.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from structgen.compiler import Compiler
from structgen.errors import LimitExceededError, UnsatisfiableError, UnsupportedSchemaError
from structgen.formats.json.source import JsonSchema

NAMES = st.sampled_from(["a", "b", "ab", ""])
NUMBERS = st.one_of(st.integers(-3, 12), st.sampled_from([0.5, -0.1, 2.5, 1.0]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, NAMES)
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=5)
PATTERNS = st.sampled_from(["a", "^a", "b$", "^(ab)*$", ""])
COUNTS = st.integers(0, 3)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas over some keywords, with subschemas from ``inner``."""
    several = st.lists(inner, min_size=1, max_size=3)
    keywords = {
        "type": st.one_of(st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)),
        "enum": st.lists(VALUES, min_size=1, max_size=3), "const": VALUES,
        "minimum": NUMBERS, "maximum": NUMBERS, "exclusiveMinimum": NUMBERS, "exclusiveMaximum": NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 5]), "minLength": COUNTS, "maxLength": COUNTS, "pattern": PATTERNS,
        "items": inner, "prefixItems": several, "minItems": COUNTS, "maxItems": COUNTS, "uniqueItems": st.booleans(),
        "properties": st.dictionaries(NAMES, inner, max_size=3), "additionalProperties": inner,
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=1), "propertyNames": inner,
        "required": st.lists(NAMES, max_size=2, unique=True), "minProperties": COUNTS, "maxProperties": COUNTS,
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=1),
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
        "anyOf": several, "oneOf": several, "allOf": several, "not": inner, "if": inner, "then": inner, "else": inner,
    }
    return st.lists(st.sampled_from(sorted(keywords)), max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: keywords[name] for name in chosen}))


SCHEMAS = st.recursive(st.one_of(st.booleans(), st.sampled_from(TYPES).map(lambda name: {"type": name})), schemas,
                       max_leaves=6)


@given(schema=SCHEMAS, values=st.lists(VALUES, min_size=1, max_size=6))
@settings(max_examples=250)
def test_schema_accepts_what_the_validator_accepts(compiler: Compiler, schema: Any, values: list[Any]) -> None:
    validator = Draft202012Validator(schema)
    try:
        compiled = compiler.compile(JsonSchema(schema, property_order="any"))
    except UnsatisfiableError:
        assert [value for value in values if validator.is_valid(value)] == []
        return
    except (UnsupportedSchemaError, LimitExceededError):
        return
    for value in values:
        matcher = compiled.matcher()
        accepted = matcher.advance_bytes(json.dumps(value).encode()) and matcher.is_accepting
        assert accepted == validator.is_valid(value), (schema, value)
