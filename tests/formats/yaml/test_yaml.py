"""YAML as output: what masks let through is valid, and one value to PyYAML and to ruamel.yaml; what is valid passes."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import pytest
import yaml
from formats.yaml.judges import LAST, VOCABULARY, accepts, read_twice, same, sample, taken, untyped
from hypothesis import given
from hypothesis import strategies as st
from laws.strategies import LAW, SEEDS, schemas
from laws.walks import compile_all, walk_together
from pydantic import BaseModel, Field

from structgen import (
    Compiler,
    FromText,
    JsonSchema,
    Limits,
    ReadError,
    SchemaError,
    StructgenError,
    UnsatisfiableError,
    UnsupportedSchemaError,
    Yaml,
    read,
)
from structgen.formats.yaml.write import write

ROOT = Path(__file__).resolve().parents[3]


# --- what a text may look like ----------------------------------------------------------------------------------------


class Address(BaseModel):
    street: str
    code: Annotated[str, Field(pattern="^[0-9]{5}$")]


class Person(BaseModel):
    name: Annotated[str, Field(max_length=12)]
    age: Annotated[int, Field(ge=0, le=150)]
    size: Literal["small", "yes"] | None = None
    address: Address | None = None
    tags: list[str] = []


HEAD = "name: Ada\nage: 36\n"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (HEAD, True),
        ('name: "Ada"\nage: 36\n', True),
        ("name: Ada L.\nage: 0\nsize: small\n", True),
        (HEAD + 'size: "yes"\n', True),
        (HEAD + "size: null\n", True),
        (HEAD + 'address:\n  street: 12 Main St, London\n  code: "01234"\n', True),
        (HEAD + "tags: []\n", True),
        (HEAD + "tags:\n  - red wine\n  - |-\n    two\n\n    lines\n  - |\n    one\n", True),
        (HEAD + "tags:\n  - \"true\"\n  - 'true'\n", False),
        ("name: Ada\nage: 36", False),
        ("name: Ada\nage:  36\n", False),
        ("age: 36\nname: Ada\n", False),
        ("name: thirteen char\nage: 36\n", False),
        ('name: "thirteen char"\nage: 36\n', False),
        ('name: "\\U00000041\\U0000007f"\nage: 36\n', True),
        ('name: "A\\u007f"\nage: 36\n', False),
        ("name: 36\nage: 36\n", False),
        ("name: Ada\nage: 036\n", False),
        ("name: Ada\nage: 36.0\n", False),
        ("name: Ada\nage: 151\n", False),
        (HEAD + "size: yes\n", False),
        (HEAD + "size: ~\n", False),
        (HEAD + "size:\n", False),
        (HEAD + "address:\n  street: x\n  code: 01234\n", False),
        (HEAD + 'address:\n    street: x\n    code: "01234"\n', False),
        (HEAD + 'address: {street: x, code: "01234"}\n', False),
        (HEAD + "tags:\n- red\n", False),
        (HEAD + "tags: [red]\n", False),
        (HEAD + "tags:\n  - a: b\n", False),
        (HEAD + "tags:\n  - a #b\n", False),
        (HEAD + "tags:\n  - 2001-01-01\n", False),
        (HEAD + "tags:\n  - &a x\n", False),
        (HEAD + "tags:\n  - a\tb\n", False),
        (HEAD + "name: Ada\n", False),
        ("--- \n" + HEAD, False),
        ("# Ada\n" + HEAD, False),
    ],
    ids=str,
)
def test_a_model_is_written_so(text: str, right: bool) -> None:
    assert accepts(Yaml(Person), text) == right
    if right:
        assert isinstance(Yaml(Person).read(text), Person)
        assert taken(untyped(), text)


@pytest.mark.parametrize(
    ("schema", "text", "right"),
    [
        ({}, "a:\n  - - 1\n    - b: {}\n      c: 1.5\n  - null\n", True),
        ({}, "true\n", True),
        ({}, '"true": 1\n', True),
        ({}, "true: 1\n", False),
        ({}, "1: 1\n", False),
        ({}, "a: 1\na: 2\n", False),
        ({}, 'a: 1\n"a": 2\n', False),
        ({}, "- 1e3\n", False),
        ({}, "- 1.0\n", True),
        ({}, "|-\n  a\n  b\n", True),
        ({"type": "array", "uniqueItems": True, "items": {"type": ["string", "integer"]}}, '- 1\n- "1"\n- a\n', True),
        ({"type": "array", "uniqueItems": True, "items": {"type": ["string", "integer"]}}, "- a\n- 1\n- a\n", False),
        ({"type": "array", "uniqueItems": True, "items": {"type": ["string", "integer"]}}, '- a\n- "a"\n', False),
        (
            {"type": "array", "contains": {"const": 1}, "minContains": 2, "items": {"type": "integer"}},
            "- 1\n- 2\n- 1\n",
            True,
        ),
        ({"type": "array", "contains": {"const": 1}, "minContains": 2, "items": {"type": "integer"}}, "- 1\n- 2\n", False),
        ({"type": "integer", "multipleOf": 7}, "49\n", True),
        ({"type": "integer", "multipleOf": 7}, "50\n", False),
        ({"type": "object", "minProperties": 1}, "{}\n", False),
        ({"type": "object", "maxProperties": 0}, "{}\n", True),
        ({"type": "string", "format": "date"}, '"2001-01-01"\n', True),
        ({"type": "string", "format": "date"}, "2001-01-01\n", False),
        (
            {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "integer"}}, "additionalProperties": False},
            '"1": 1\n',
            True,
        ),
        (
            {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "integer"}}, "additionalProperties": False},
            "1: 1\n",
            False,
        ),
    ],
    ids=str,
)
def test_a_schema_is_written_so(schema: Any, text: str, right: bool) -> None:
    assert accepts(Yaml(schema), text) == right


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


def test_recursive_types_end_at_the_depth_asked_for() -> None:
    compiled = LAST.compile(Yaml(Tree, max_depth=4))
    tree = Tree(name="a")
    for depth in range(2, 8, 2):
        tree = Tree(name="a", children=[tree, Tree(name="b")])
        assert taken(compiled, Yaml(Tree).write(tree)) == (depth <= 2), depth
    assert LAST.compile(Yaml(Tree, max_depth=40)).stats()["states"] < 4000


def test_what_does_not_refer_to_itself_may_be_deeper() -> None:
    schema: Any = {"type": "integer"}
    value: Any = 1
    for _ in range(60):
        schema, value = {"type": "array", "items": schema, "minItems": 1}, [value]
    assert taken(LAST.compile(Yaml(schema, max_depth=2)), write(value))


def test_a_type_whose_every_value_is_too_deep_is_refused() -> None:
    schema = {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}
    assert taken(LAST.compile(Yaml(schema, max_depth=2)), "- - null\n")
    schema["items"] = {"$ref": "#"}
    with pytest.raises(UnsatisfiableError):
        LAST.compile(Yaml(schema))


# --- random schemas ---------------------------------------------------------------------------------------------------


@cache
def fuzz() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import fuzz_json_schema
    finally:
        sys.path.pop(0)
    return fuzz_json_schema


def random_schemas(first: int, count: int) -> Iterator[tuple[int, Any, Any, Any]]:
    """Numbers, makers, their schemas, and the schemas compiled; what JSON refuses, YAML refuses alike, and beside it
    items that must differ and may be containers."""
    compiler = Compiler(VOCABULARY, limits=fuzz().LIMITS)
    for number in range(first, first + count):
        maker = fuzz().Maker(random.Random(number))
        schema = maker.document()
        errors = []
        for make in (JsonSchema, lambda schema, draft: Yaml(JsonSchema(schema, draft=draft), property_order="any")):
            try:
                compiled = compiler.compile(make(schema, draft=maker.draft))  # type: ignore[operator]
            except StructgenError as error:
                errors.append(str(error))
        if len(errors) == 1 and '"uniqueItems" over items that may be arrays or objects' in errors[0]:
            continue
        assert len(errors) in (0, 2) and len(set(errors)) <= 1, (number, errors)
        if not errors:
            yield number, maker, schema, compiled


def test_samples_of_random_schemas_are_valid_to_both_readers() -> None:
    seen = 0
    for number, maker, schema, compiled in random_schemas(0, 40):
        judge, chance = fuzz().judge(schema, maker.draft), random.Random(number)
        for free in (3, 10, 25):
            text = sample(compiled, chance, free)
            value = read_twice(text)
            exact = json.loads(json.dumps(value), parse_float=Decimal)
            assert judge(exact), (number, text, schema)
            assert same(Yaml({}).read(text), value)
            assert taken(compiled, write(exact)), (number, text, write(exact))
            assert taken(untyped(), text), (number, text)
            seen += 1
    assert seen > 50


def test_instances_of_random_schemas_are_taken_where_they_are_valid() -> None:
    counts = {True: 0, False: 0}
    for number, maker, schema, compiled in random_schemas(100, 40):
        judge = fuzz().judge(schema, maker.draft)
        for _ in range(6):
            value = json.loads(fuzz().spelt(maker.instance(schema, schema)), parse_float=Decimal)
            text = write(value)
            valid = bool(judge(value))
            assert taken(compiled, text) == valid, (number, text, schema)
            counts[valid] += 1
            dumped = yaml.safe_dump(json.loads(json.dumps(value, default=float)), sort_keys=False, allow_unicode=True)
            if taken(untyped(), dumped):
                assert taken(compiled, dumped) == valid, (number, dumped, schema)
    assert min(counts.values()) > 20


@LAW
@given(schemas(), SEEDS, st.sampled_from(["schema", "any"]))
def test_engines_agree(schema: Any, seed: int, order: Any) -> None:
    found = compile_all(Yaml(schema, property_order=order, max_depth=3))
    if found:
        walk_together(found, seed, 12)


# --- types ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Order:
    number: int
    placed: datetime.date
    total: decimal.Decimal
    lines: dict[str, float]


class Named(TypedDict):
    name: str
    more: list[dict[str, Any]]


@pytest.mark.parametrize(
    ("tp", "value"),
    [
        (Order, Order(1, datetime.date(2001, 1, 1), decimal.Decimal("1.50"), {"yes": 1e-9, "a b": 2.0})),
        (Named, {"name": "no", "more": [{}, {"a": [[], [1, "1"]]}]}),
        (Tree, Tree(name="a\nb", children=[Tree(name="", children=[Tree(name="x: y")])])),
        (list[int] | None, None),
        (Literal["a", 1, True], True),
        (tuple[int, str], (1, "1")),
        (set[str], {"true"}),
        (str, "x"),
    ],
    ids=repr,
)
def test_values_are_written_and_read(tp: Any, value: Any) -> None:
    text = Yaml(tp).write(value)
    assert accepts(Yaml(tp), text)
    assert Yaml(tp).read(text) == value
    read_twice(text)
    assert taken(untyped(), text)


@LAW
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_keep_their_type_to_every_reader(value: float) -> None:
    text = write(value)
    assert same(read_twice(text), value)
    assert same(read(text, format="yaml").value, value)
    assert taken(untyped(), text)


def test_texts_from_a_text_stand_in_it() -> None:
    source = "Ada said: yes, it's 36 today"
    compiled = LAST.compile(Yaml({"type": "array", "items": {"type": "string"}}))
    assert taken(compiled, "- Ada said\n")
    typed = LAST.compile(Yaml(list[Annotated[str, FromText(source)]]))
    assert taken(typed, '- Ada\n- "Ada said: yes"\n- "36"\n- it\'s\n')
    assert not taken(typed, "- Bob\n") and not taken(typed, '- "Bob: yes"\n')


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "part"),
    [
        (lambda: Yaml(Person, max_depth=0), SchemaError, "max_depth=0"),
        (lambda: Yaml(Person, property_order="alphabetical"), SchemaError, "property_order"),  # type: ignore[arg-type]
        (lambda: Yaml(Person, 3), SchemaError, "Yaml(_=3)"),
        (lambda: Yaml("Person"), SchemaError, "no type"),
        (lambda: Yaml(JsonSchema({}, whitespace="compact")), SchemaError, "how JSON is written"),
        (lambda: Yaml(JsonSchema({}, max_depth=3)), SchemaError, "pass max_depth to Yaml"),
        (lambda: Yaml({"type": "string", "pattern": "("}), SchemaError, "pattern"),
        (lambda: Yaml({"type": "array", "uniqueItems": True}), UnsupportedSchemaError, "uniqueItems"),
        (lambda: Yaml({"type": "string", "minLength": 2, "maxLength": 1}), UnsatisfiableError, "minLength"),
        (lambda: Yaml({"properties": {"x" * 1001: {}}}), UnsupportedSchemaError, "too long"),
    ],
    ids=str,
)
def test_refusals_say_what_is_wrong(make: Any, error: type[StructgenError], part: str) -> None:
    with pytest.raises(error) as caught:
        make().to_grammar(Limits())
    assert part in str(caught.value)


def test_what_is_left_to_validation_is_listed() -> None:
    source = Yaml({"type": "array", "uniqueItems": True}, on_unsupported="validate")
    assert any("uniqueItems" in line for line in source.to_grammar(Limits()).unenforced)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        ("a: 1\na: 2\n", "'a' occurs twice"),
        ("a: &x 1\nb: *x\n", "anchors"),
        ("!!int 1\n", "tags"),
        ("a: yes\n", "1:4"),
        ("- 1_000\n", "a number"),
        ("- 2001-01-01\n", "a date"),
        ("1: 2\n", "no text"),
        ("a: [\n", "not YAML"),
        ("- 1\n---\n- 2\n", "not YAML"),
        ("[" * 3000, "too deep"),
        ("\x00", "not YAML"),
        ("a: .inf\n", "a number"),
        ("<<: {a: 1}\n", "no text"),
    ],
    ids=lambda one: repr(one)[:30],
)
def test_texts_that_are_not_plainly_one_value_are_errors(text: str, part: str) -> None:
    with pytest.raises(ReadError) as caught:
        Yaml({}).read(text)
    assert part in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, {"a": object()}, "\ud800", [b"x"]], ids=repr)
def test_values_that_are_no_plain_data_are_errors(value: Any) -> None:
    with pytest.raises(SchemaError):
        write(value)


def test_a_model_is_told_what_yaml_is_wanted() -> None:
    from structgen.generation.instructions import render_instructions

    words = Yaml(Person).instructions(render_instructions)
    assert words.startswith("Answer with YAML of the type Person:\n")
    assert words.endswith("Example:\n" + words.partition("Example:\n")[2]) and "{" not in words.partition("Example:\n")[2]


def test_texts_that_no_mask_held_are_checked() -> None:
    from structgen.generation.target import as_target

    for source in (Yaml(Person), Yaml({"type": "object", "required": ["name"]})):
        target = as_target(source)
        assert target.check is not None and target.words is not None
        target.check("name: Ada\nage: 36\n")
        with pytest.raises(ReadError):
            target.check("age: 36\n")


def test_damaged_texts_are_read_by_the_tolerant_reader() -> None:
    reading = read("```yaml\nname: 'Ada'\nage: 36   # years\ntags: [a, b]\n```", Yaml(Person))
    assert reading.value == Person(name="Ada", age=36, tags=["a", "b"])
    assert read("a: 1\n", Yaml({"type": "object"})).value == {"a": 1}
