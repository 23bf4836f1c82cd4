"""The short cut for plain schemas gives what the keywords give, one by one and together."""

from __future__ import annotations

import gzip
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from laws.strategies import LAW, schemas

from structgen.errors import StructgenError
from structgen.limits import Limits
from structgen.schema import json_schema
from structgen.schema.json_schema import Reader
from structgen.schema.plain import plain_schema

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "maskbench.jsonl.gz"
DRAFTS = ({}, {"$schema": "http://json-schema.org/draft-04/schema#"})


def read_all(schema: Any, limits: Limits) -> tuple[list[Any], int, list[str]]:
    """Every link of a schema with what it expands to (or why not), the steps, and what is not enforced."""
    try:
        reader = Reader(schema, limits, refuse_unsupported=False, formats=frozenset({"date"}))
    except StructgenError as error:
        return [str(error)], 0, []
    found: list[Any] = []
    links, seen = [reader.root], set()
    wrong = False
    for link in links:
        if link in seen:
            continue
        seen.add(link)
        try:
            expanded = reader.expand(link)
        except StructgenError as error:
            found.append(str(error))
            wrong = True
            continue
        found.append(expanded)
        for array in expanded.arrays:
            links += [*array.prefix, array.rest]
        for facet in expanded.objects:
            for part in facet.parts:
                links += [*part.properties.values(), *(link for _, link in part.patterns), part.other]
    order = {key: number for number, key in enumerate(reader.where)}  # ids of made schemas differ from run to run
    return (
        [numbered(item, order) for item in found],
        0 if wrong else reader.steps,
        [*reader.unenforced, *(reader.pointer(c.origin) for c in reader.contradictions)],
    )


def numbered(value: Any, order: dict[int, int]) -> Any:
    """The value with the number of each raw schema in place of its id."""
    if isinstance(value, tuple):
        return tuple(numbered(item, order) for item in value)
    if isinstance(value, dict):
        return {key: numbered(item, order) for key, item in value.items()}
    return ("raw", order[value]) if type(value) is int and value in order else value


def same(monkeypatch: pytest.MonkeyPatch, schema: Any, limits: Limits | None = None) -> int:
    """Reads a schema with the short cut and without; how often it was taken."""
    taken = 0

    def counting(reader: Reader, key: int) -> Any:
        nonlocal taken
        found = plain_schema(reader, key)
        taken += found is not None
        return found

    limits = limits or Limits()
    with monkeypatch.context() as patch:
        patch.setattr(json_schema, "plain_schema", counting)
        short = read_all(schema, limits)
        patch.setattr(json_schema, "plain_schema", lambda reader, key: None)
        assert short == read_all(schema, limits), schema
    return taken


VALUES: dict[str, tuple[Any, ...]] = {
    "properties": ({}, {"a": {"type": "string"}}, {"a": False, "b": {}}, {"é": True}, {"\ud800": True}, {1: True}, [],
                   {"a": 1}),
    "required": ([], ["a"], ["a", "a", "b"], ("b",), ["é"], [1], "a", ["\ud800"]),
    "additionalProperties": (True, False, {"type": "null"}, 1),
    "title": ("any",),
    "patternProperties": ({"^a": True},),
}  # fmt: skip
LISTS: dict[str, tuple[Any, ...]] = {
    "items": ({}, {"type": "string"}, True, False, [], [{"type": "null"}], None, 1),
    "minItems": (0, 1, 2.0, True, -1, "1", None),
    "maxItems": (0, 1, 3, 2.0, True, -1, None),
    "uniqueItems": (True,),
}
STRINGS: dict[str, tuple[Any, ...]] = {
    "minLength": (0, 1, 2.0, True, -1, "1", None),
    "maxLength": (0, 1, 3, 2.0, True, -1, None),
    "pattern": ("^a", "é", 1),
    "format": ("date", "regex", "none", "é", 1),
    "title": ("any",),
}
ENUMS: tuple[Any, ...] = (["a"], ["a", "b", "a"], [], ["é"], ["\ud800"], ["a", 1], ("a",), "a", [None], [["a"]])


def combinations(values: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    nothing = object()
    return [
        {name: value for name, value in zip(values, chosen, strict=True) if value is not nothing}
        for chosen in product(*((nothing, *options) for options in values.values()))
    ]


@pytest.mark.parametrize("draft", DRAFTS, ids=["undeclared", "4"])
def test_plain_schemas_are_read_alike(monkeypatch: pytest.MonkeyPatch, draft: Any) -> None:
    taken = 0
    for schema in combinations(VALUES):
        taken += same(monkeypatch, {**draft, "type": "object", **schema})
    for schema in combinations(LISTS):
        taken += same(monkeypatch, {**draft, "type": "array", **schema})
    for schema in combinations(STRINGS):
        taken += same(monkeypatch, {**draft, "type": "string", **schema})
    for enum in ENUMS:
        taken += same(monkeypatch, {**draft, "enum": enum})
        for kind in ("string", "object", ["string", "null"], None):
            taken += same(monkeypatch, {**draft, "type": kind, "enum": enum})
    assert taken > 100


@LAW
@given(schema=schemas())
def test_random_schemas_are_read_alike(schema: Any) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        same(monkeypatch, schema)


def test_the_budget_counts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {f"p{i}": {"type": "string", "enum": ["a", "b"]} for i in range(5)}}
    for steps in range(20):
        same(monkeypatch, schema, Limits(schema_nodes=steps))


def test_public_schemas_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus of public schemas is not there")
    taken = 0
    with gzip.open(CORPUS, "rt") as lines:
        for number, line in enumerate(lines):
            if number == 300:
                break
            taken += same(monkeypatch, json.loads(line)["schema"])
    assert taken > 500
