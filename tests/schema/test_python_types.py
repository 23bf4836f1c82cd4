"""Python types as schemas: what is asked, what is named as unenforced, what is refused, and the way back to values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import ipaddress
import pathlib
import typing as t
import uuid
from decimal import Decimal

import annotated_types
import pydantic
import pytest
import typing_extensions
from pydantic.json_schema import SkipJsonSchema

from structgen.errors import ReadError, SchemaError
from structgen.schema.python_types import (
    CACHED_TYPES,
    FromText,
    _cache,
    load_json,
    parse,
    schema_of,
    schema_of_function,
    type_name,
)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Cat(pydantic.BaseModel):
    kind: t.Literal["cat"] = "cat"
    lives: t.Annotated[int, pydantic.Field(ge=0, le=9)] = 9


class Dog(pydantic.BaseModel):
    kind: t.Literal["dog"]
    name: str


class Owner(pydantic.BaseModel):
    pet: t.Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


class Tree(pydantic.BaseModel):
    value: int
    children: list[Tree] = []


@dataclasses.dataclass
class Point:
    """A place."""

    x: int
    y: float = 0.0
    tag: str = dataclasses.field(init=False, default="")


class Range(t.NamedTuple):
    low: int
    high: int = 10


class Options(t.TypedDict, total=False):
    size: t.Required[int]
    note: str


class Settings(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    key: str = pydantic.Field(default="k", alias="theKey", description="the key")


def integer_keys(node: dict[str, t.Any]) -> str:
    return str(node["propertyNames"]["pattern"])


WHOLE = [
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (str, {"type": "string"}),
    (bytes, {"type": "string"}),
    (t.Any, {}),
    (t.Literal["a", None, 3], {"enum": ["a", None, 3]}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (tuple[int, str], {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False,
                       "minItems": 2, "maxItems": 2}),
    (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    (frozenset[bool], {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True}),
    (set[tuple[int]], {"type": "array", "items": {"type": "array", "prefixItems": [{"type": "integer"}], "items": False,
                                                  "minItems": 1, "maxItems": 1}}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (dict[str, t.Any], {"type": "object", "additionalProperties": True}),
    (dict[bool, int], {"type": "object", "additionalProperties": {"type": "integer"},
                       "propertyNames": {"enum": ["true", "false"]}}),
    (dict[Color, int], {"type": "object", "additionalProperties": {"type": "integer"},
                        "propertyNames": {"enum": ["red", "blue"]}}),
    (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    (pathlib.Path, {"type": "string"}),
    (ipaddress.IPv4Address, {"type": "string", "format": "ipv4"}),
    (t.Annotated[int, pydantic.Field(gt=0, le=5, multiple_of=2)],
     {"type": "integer", "exclusiveMinimum": 0, "maximum": 5, "multipleOf": 2}),
    (t.Annotated[str, pydantic.Field(pattern="^a", min_length=1, max_length=3)],
     {"type": "string", "pattern": "^a", "minLength": 1, "maxLength": 3}),
    (t.Annotated[Decimal, pydantic.Field(gt=0, max_digits=5, decimal_places=2)],
     {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1000, "multipleOf": 0.01}),
    (t.Annotated[Decimal, pydantic.Field(max_digits=3, decimal_places=1)],
     {"type": "string", "pattern": r"^-?(?:0|[1-9][0-9]{0,1})(?:\.[0-9]{1,1})?$"}),
    (Range, {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "integer", "default": 10}],
             "items": False, "minItems": 1, "maxItems": 2}),
    (Options, {"type": "object", "title": "Options", "properties": {"size": {"type": "integer"},
               "note": {"type": "string"}}, "required": ["size"], "additionalProperties": False}),
    (Point, {"type": "object", "title": "Point", "description": "A place.", "additionalProperties": False,
             "properties": {"x": {"type": "integer"}, "y": {"type": "number", "default": 0.0}}, "required": ["x"]}),
    (Settings, {"type": "object", "title": "Settings", "additionalProperties": True,
                "properties": {"theKey": {"type": "string", "default": "k", "description": "the key"}}}),
]


@pytest.mark.parametrize(("tp", "expected"), WHOLE, ids=[type_name(tp) for tp, _ in WHOLE])
def test_schema_is_written_in_full(tp: t.Any, expected: dict[str, t.Any]) -> None:
    made = schema_of(tp)
    assert made.described == expected
    assert made.unenforced == ()


def test_recursive_models_refer_to_themselves() -> None:
    made = schema_of(Tree)
    assert made.schema["$ref"] == "#/$defs/Tree"
    assert made.schema["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}


def test_tag_of_a_discriminated_union_is_required_even_with_a_default() -> None:
    options = schema_of(Owner).schema["properties"]["pet"]["anyOf"]
    assert options == [{"$ref": "#/$defs/Cat", "required": ["kind"]}, {"$ref": "#/$defs/Dog"}]


@pytest.mark.parametrize(("tp", "pattern"), [
    (dict[int, str], "^(?:0|-?[1-9][0-9]*)$"),
    (dict[pydantic.NonNegativeInt, str], "^(?:0|[1-9][0-9]*)$"),
    (dict[pydantic.PositiveInt, str], "^[1-9][0-9]*$"),
    (dict[float, str], r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"),
])
def test_number_keys_are_a_pattern_of_names(tp: t.Any, pattern: str) -> None:
    assert integer_keys(schema_of(tp).schema) == pattern


@pytest.mark.parametrize(("tp", "form"), [(dt.date, "date"), (dt.datetime, "date-time"), (dt.time, "time"),
                                          (dt.timedelta, "duration"), (uuid.UUID, "uuid")])
def test_times_keep_their_format(tp: t.Any, form: str) -> None:
    assert schema_of(tp).described == {"type": "string", "format": form}
    assert schema_of(tp).schema["format"] == form


def absolute(value: int) -> int:
    return abs(value)


class Checked(pydantic.BaseModel):
    a: t.Annotated[int, pydantic.AfterValidator(absolute)]
    b: t.Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1)]
    c: pydantic.PastDate
    d: pydantic.Json[list[int]]
    e: dict[t.Annotated[int, pydantic.Field(ge=5)], int]
    f: pydantic.HttpUrl

    @pydantic.model_validator(mode="after")
    def whole(self) -> t.Self:
        return self


def test_what_only_python_checks_is_named_with_its_place() -> None:
    assert set(schema_of(Checked).unenforced) == {
        "#: the validator Checked.whole",
        "#/properties/a: the validator absolute",
        "#/properties/b: length and pattern are checked after strip_whitespace",
        "#/properties/c: now_op=past",
        "#/properties/d: that the text is JSON of the inner type",
        "#/properties/e: minimum of the keys",
        "#/properties/f: pydantic's rules for hosts and schemes",
    }
    assert "x-structgen" not in repr(schema_of(Checked).schema)


def test_predicate_is_named() -> None:
    made = schema_of(t.Annotated[int, annotated_types.Predicate(lambda value: value > 2)])
    assert made.unenforced == ("#: the predicate of the annotation",)


@pytest.mark.parametrize(("tp", "notes"), [
    (t.Annotated[int | str, pydantic.Field(gt=3)], ("#: gt=3",)),
    (t.Annotated[str | list[int], pydantic.Field(min_length=3)], ("#: minLength of what is no string",)),
    (t.Annotated[str | None, pydantic.Field(min_length=3)], ()),
], ids=str)
def test_constraint_of_several_types_is_named_where_it_is_lost(tp: t.Any, notes: tuple[str, ...]) -> None:
    assert schema_of(tp).unenforced == notes


def test_validator_under_a_replaced_schema_is_still_named() -> None:
    made = schema_of(t.Annotated[int, pydantic.AfterValidator(absolute), pydantic.WithJsonSchema({"type": "integer"})])
    assert made.schema == {"type": "integer"}


class Opaque:
    pass


@dataclasses.dataclass
class Holder:
    a: int
    b: Opaque


class Calls(pydantic.BaseModel):
    hook: t.Callable[[int], int] | None = None


class Skips(pydantic.BaseModel):
    a: SkipJsonSchema[int]
    b: SkipJsonSchema[int] = 1


@pytest.mark.parametrize(("tp", "message"), [
    (Opaque, "Opaque cannot be written as JSON"),
    (Holder, "#/properties/b: Opaque cannot be written as JSON"),
    (Calls, "#/properties/hook/anyOf/0: a Callable cannot be written as JSON"),
    (type[int], "#: int cannot be written as JSON"),
    (dict[tuple[int, int], int], "keys of a JSON object are texts, and no text is read as array"),
    (dict[Level, int], "keys of a JSON object are texts, these are [1, 2]"),
    (5, "5 cannot be written as JSON"),
    (t.Literal[b"x"], "a literal of bytes is equal to no JSON text"),
    (t.Annotated[int, pydantic.Field(max_length=3)], '"maxLength" is asked of type integer'),
    (SkipJsonSchema[int], "it is left out of every JSON Schema"),
    (Skips, "#/properties/a: a required field is left out of every JSON Schema"),
    (t.Annotated[bool, FromText("x")], "which is not a string, number or date"),
])
def test_types_without_a_json_form_are_refused_by_name(tp: t.Any, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        schema_of(tp)
    assert message in str(caught.value)


def nested(depth: int) -> t.Any:
    found: t.Any = int
    for _ in range(depth):
        found = list[found]
    return found


@pytest.mark.parametrize("tp", [nested(400), t.Annotated[str, pydantic.Field(pattern="(?=a)b")], t.Literal["\ud800"],
                                enum.Enum("Odd", {"A": object()})], ids=["deep", "pattern", "surrogate", "enum"])
def test_whatever_pydantic_says_is_a_schema_error(tp: t.Any) -> None:
    with pytest.raises(SchemaError):
        schema_of(tp)


def test_undefined_names_are_refused() -> None:
    class Later(pydantic.BaseModel):
        x: Missing  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(SchemaError, match="refers to a name that is not defined"):
        schema_of(Later)


def test_require_all_makes_defaulted_fields_required() -> None:
    assert "required" not in schema_of(Settings).schema
    assert schema_of(Settings, require_all=True).schema["required"] == ["theKey"]
    assert schema_of(Range, require_all=True).schema["minItems"] == 2
    assert schema_of(Options, require_all=True).schema["required"] == ["size", "note"]


def test_from_text_restricts_plain_strings_only() -> None:
    class Mixed(typing_extensions.TypedDict):
        name: str
        kind: t.Literal["a", "b"]
        day: dt.date
        counts: dict[str, int]

    made = schema_of(Mixed, from_text="Ada wrote")
    members = made.schema["properties"]
    assert members["name"] == {"type": "string", "minLength": 1, "x-structgen-words-from-text": "Ada wrote"}
    assert "Ada" not in repr([members["kind"], members["day"], members["counts"]])
    assert "Ada" not in repr(schema_of(Mixed).schema) + repr(made.described)
    with pytest.raises(SchemaError, match="from_text is empty"):
        schema_of(Mixed, from_text="")


def test_from_text_annotation_is_a_keyword_and_a_check() -> None:
    made = schema_of(list[t.Annotated[str, FromText("Ada wrote the first program")]])
    assert made.schema["items"] == {"type": "string", "x-structgen-from-text": "Ada wrote the first program"}
    assert made.unenforced == ()
    assert parse('["first program"]', made) == ["first program"]
    with pytest.raises(ReadError, match="does not occur in the given text"):
        parse('["first Program"]', made)


def sample(a: int, b: str = "x", *, c: list[int] | None = None) -> None:
    """Does something."""


def test_function_is_an_object_of_its_parameters() -> None:
    made = schema_of_function(sample)
    assert made.schema == {
        "type": "object", "title": "sample", "description": "Does something.", "additionalProperties": False,
        "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"},
                       "c": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}],
                             "default": None}},
        "required": ["a"]}
    assert parse('{"a": 1, "c": [2]}', made) == {"a": 1, "c": [2]}
    assert schema_of(sample) is made


@pytest.mark.parametrize(("function", "message"), [
    (lambda x: x, "parameter x has no annotation"),
    (lambda *args: args, "has no name a JSON object could give it"),
])
def test_functions_that_no_object_can_call_are_refused(function: t.Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        schema_of(function)


VALUES = [
    (Owner, Owner(pet=Cat(lives=3))), (Tree, Tree(value=1, children=[Tree(value=2)])), (Point, Point(1, 2.5)),
    (Range, Range(1, 2)), (Options, {"size": 3}), (list[Color], [Color.RED]), (Level, Level.HIGH),
    (set[int], {1, 2}), (dict[int, Decimal], {3: Decimal("1.10")}), (tuple[int, str], (1, "a")),
    (dt.datetime, dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)), (dt.date, dt.date(2024, 1, 31)),
    (dt.timedelta, dt.timedelta(days=1, seconds=2)), (uuid.UUID, uuid.UUID(int=5)), (bytes, b"ab"),
    (int | str | None, None), (float, 1e300), (int, 10**30),
]


@pytest.mark.parametrize(("tp", "value"), VALUES, ids=[type_name(tp) for tp, _ in VALUES])
def test_value_survives_the_way_through_text(tp: t.Any, value: t.Any) -> None:
    made = schema_of(tp)
    text = made.adapter.dump_json(value).decode()
    assert parse(text, made) == value


@pytest.mark.parametrize(("text", "message"), [
    ('{"a": 1, "a": 2}', "the name 'a' occurs twice"),
    ('{"b": {"a": 1, "a": 1}}', "the name 'a' occurs twice"),
    ("NaN", "NaN is not a JSON number"),
    ("-Infinity", "-Infinity is not a JSON number"),
    ('{"a":\n 1', "2:3: not JSON"),
    ("[" * 100_000, "JSON that Python cannot hold"),
    ("9" * 5_000, "JSON that Python cannot hold"),
    ("'a'", "1:1: not JSON"),
])
def test_text_that_is_not_json_is_refused(text: str, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        load_json(text)
    assert message in str(caught.value)


def test_value_of_another_type_is_refused_with_its_path() -> None:
    with pytest.raises(ReadError) as caught:
        parse('{"value": 1, "children": [{"value": "x"}]}', schema_of(Tree))
    assert caught.value.position == "$.children[0].value"


@pytest.mark.parametrize(("tp", "name"), [(Owner, "Owner"), (list[Owner | None], "list[Owner | None]"),
                                          (t.Literal["a"], "Literal['a']"), (t.Annotated[int, 3], "int"),
                                          (tuple[int, ...], "tuple[int, ...]"), (None, "None")])
def test_type_name_is_what_people_write(tp: t.Any, name: str) -> None:
    assert type_name(tp) == name


def test_cache_keeps_a_bounded_number_of_types() -> None:
    assert schema_of(Owner) is schema_of(Owner)
    for size in range(CACHED_TYPES + 5):
        schema_of(t.Annotated[int, annotated_types.Ge(size)])
    assert len(_cache) == CACHED_TYPES
    schema_of(t.Annotated[int, pydantic.WithJsonSchema({"type": "integer"})])  # unhashable metadata: read, not kept


def test_bounds_behind_a_validator_are_noted_and_behind_from_text_enforced() -> None:
    def same(value: int) -> int:
        return value

    late = schema_of(t.Annotated[int, pydantic.AfterValidator(same), pydantic.Field(gt=10, multiple_of=3)])
    assert not {"gt", "multiple_of", "exclusiveMinimum"} & late.schema.keys()
    assert [one for one in late.unenforced if "gt=10 of what the validator before it returns" in one]
    assert [one for one in late.unenforced if "multiple_of=3" in one]
    taken = schema_of(t.Annotated[int, FromText("3 or 30"), pydantic.Field(gt=10, le=50)])
    assert (taken.schema["exclusiveMinimum"], taken.schema["maximum"], taken.unenforced) == (10, 50, ())
