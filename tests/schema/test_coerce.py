"""Values made to fit a schema: what is changed, by which kind, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from structgen.errors import ReadError
from structgen.schema.coerce import COERCIONS, Spelled, coerce
from structgen.schema.python_types import schema_of
from structgen.schema.scalars import boolean_of, date_of, distance, folded, labels_in, number_of, numbers_in, time_of

INT, NUM, STR, BOOL = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
STRINGS = {"type": "array", "items": STR}
COLOUR = {"enum": ["red", "dark green", "blue", "crème"]}
DECIMAL = schema_of(Decimal).described["pattern"]
PERSON = {"type": "object", "properties": {"firstName": STR, "age": INT, "nick": STR}, "required": ["firstName", "age"],
          "additionalProperties": False}  # fmt: skip


def spelled(text: str) -> Spelled:
    value = Spelled(float(text))
    value.spelling = text
    return value


CASES: list[tuple[str, Any, Any, Any, str]] = [
    ("number in quotes", "3", INT, 3, "text-to-number"),
    ("amount", "$1,234.50", NUM, 1234.5, "text-to-number"),
    ("whole amount", "1,234", INT, 1234, "text-to-number"),
    ("number in a sentence", "about 12 of them", INT, 12, "in-text"),
    ("a float that is whole", 3.0, INT, 3.0, ""),
    ("yes", "yes", BOOL, True, "text-to-boolean"),
    ("boolean in a sentence", "That is **False**.", BOOL, False, "in-text"),
    ("one", 1, BOOL, True, "number-to-boolean"),
    ("number as text, as it was spelled", spelled("1.10"), STR, "1.10", "to-text"),
    ("boolean as text", True, STR, "true", "to-text"),
    ("one for a list", "a", STRINGS, ["a"], "one-to-list"),
    ("free text is one item", "Paris, France", STRINGS, ["Paris, France"], "one-to-list"),
    ("a sentence is one item", "Well, yes, we can. So, do, it", STRINGS, ["Well, yes, we can. So, do, it"], "one-to-list"),
    ("one and another", "Tom and Jerry", STRINGS, ["Tom and Jerry"], "one-to-list"),
    ("enumeration", "a, b and c", STRINGS, ["a", "b", "c"], "text-to-list"),
    ("enumeration with a last comma", "a, b, or c d", STRINGS, ["a", "b", "c d"], "text-to-list"),
    ("bullets", "- a, x\n- b", STRINGS, ["a, x", "b"], "text-to-list"),
    ("semicolons", "a; b, c;", STRINGS, ["a", "b, c"], "text-to-list"),
    ("numbers in a list", "1, 2 and 3", {"type": "array", "items": INT}, [1, 2, 3], "text-to-list" + " text-to-number" * 3),
    ("one number with a comma", "1,234", {"type": "array", "items": INT}, [1234], "one-to-list text-to-number"),
    ("labels in a list", "red and blue", {"type": "array", "items": COLOUR}, ["red", "blue"], "text-to-list"),
    ("amount with all its digits", "EUR 1.234,50", {"type": "string", "pattern": DECIMAL}, "1234.50", "text-to-number"),
    ("list of one", ["a"], STR, "a", "list-to-one"),
    ("list of one number in quotes", ["3"], INT, 3, "list-to-one text-to-number"),
    ("null for a list", None, STRINGS, [], "null-to-empty"),
    ("label in capitals", "RED", COLOUR, "red", "label-spelling"),
    ("label with an underscore", "dark_green", COLOUR, "dark green", "label-spelling"),
    ("label without its accent", "creme", COLOUR, "crème", "label-spelling"),
    ("label with a swap", "bleu", COLOUR, "blue", "nearest-label"),
    ("label in a sentence", "It is red, I think", COLOUR, "red", "in-text"),
    ("label of a number", "2", {"enum": [1, 2]}, 2, "text-to-number"),
    ("const", "Two", {"const": "TWO"}, "TWO", "label-spelling"),
    ("nothing", "n/a", {"type": ["integer", "null"]}, None, "text-to-null"),
    ("unknown", "Not specified.", {"type": ["integer", "null"]}, None, "text-to-null"),
    ("field names", {"First-Name": "A", "AGE": 3}, PERSON, {"firstName": "A", "age": 3}, "field-name field-name"),
    ("a misspelt required name", {"fristName": "A", "age": 3}, PERSON, {"firstName": "A", "age": 3}, "field-name"),
    ("a field too many", {"firstName": "A", "age": 3, "x": 1}, PERSON, {"firstName": "A", "age": 3}, "extra-field"),
    ("null for an optional field", {"firstName": "A", "age": 3, "nick": None}, PERSON, {"firstName": "A", "age": 3},
     "null-left-out"),
    ("JSON in a string", {"a": '{"b": "1"}'}, {"properties": {"a": {"properties": {"b": INT}}}}, {"a": {"b": 1}},
     "embedded text-to-number"),
    ("date", "March 3rd, 2024", {"type": "string", "format": "date"}, "2024-03-03", "date-spelling"),
    ("date and time", "2024-03-03 4:05 pm", {"type": "string", "format": "date-time"}, "2024-03-03T16:05:00",
     "date-spelling"),
    ("date and time in words", "Tue, 2 Jan 2024 at 3:04 pm GMT", {"type": "string", "format": "date-time"},
     "2024-01-02T15:04:00Z", "date-spelling"),
    ("the branch that costs least", "7", {"anyOf": [BOOL, INT, STRINGS]}, 7, "text-to-number"),
    ("the branch that fits", "7", {"anyOf": [INT, STR]}, "7", ""),
    ("a tagged branch", {"kind": "B", "n": "1"}, {"oneOf": [
        {"properties": {"kind": {"const": "a"}, "s": STR}, "required": ["kind", "s"]},
        {"properties": {"kind": {"const": "b"}, "n": INT}, "required": ["kind", "n"]}]},
     {"kind": "b", "n": 1}, "label-spelling text-to-number"),
    ("a reference", {"next": {"next": {"v": "1"}}}, {"$ref": "#/$defs/n", "$defs": {"n": {
        "type": "object", "properties": {"v": INT, "next": {"$ref": "#/$defs/n"}}}}}, {"next": {"next": {"v": 1}}},
     "text-to-number"),
    ("whatever is not asked about", {"a": [1, "2", None]}, {}, {"a": [1, "2", None]}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("value", "schema", "expected", "kinds"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_coerce(value: Any, schema: Any, expected: Any, kinds: str) -> None:
    made = coerce(value, schema, embedded=_embedded)
    assert made.failure is None
    assert made.value == expected
    assert type(made.value) is type(expected)
    assert sorted(change.kind for change in made.changes) == sorted(kinds.split())
    assert made.cost == sum(COERCIONS[kind] for kind in kinds.split())
    again = coerce(made.value, schema)
    assert (again.value, again.changes) == (made.value, ())


def _embedded(text: str) -> tuple[Any, int]:
    import json

    try:
        return json.loads(text), 0
    except ValueError as error:
        raise ReadError("no JSON") from error


@pytest.mark.parametrize(("value", "schema", "path", "why"), [
    ({"age": 3}, PERSON, (), "lacks the required field 'firstName'"),
    ({"firstName": "A", "age": None}, PERSON, ("age",), "null is no integer"),
    ("purple", COLOUR, (), "'purple' is none of 'red', 'dark green', 'blue', 'crème'"),
    ("red or blue", COLOUR, (), "'red or blue' may be any of 'red', 'blue'"),
    ("1 or 2", INT, (), "'1 or 2' is no integer"),
    ("3.5", INT, (), "'3.5' is no integer"),
    ("true or false", BOOL, (), "'true or false' is no boolean"),
    (True, NUM, (), "true is no number"),
    ({"a": 1}, STRINGS, (0,), "is no string"),
    ([1, 2], INT, (), "[1, 2] is no integer"),
    ("a", {"properties": {"b": STR}}, (), "'a' is no object"),
    ("x", False, (), "'x' stands where nothing is allowed"),
], ids=str)  # fmt: skip
def test_coerce_refuses(value: Any, schema: Any, path: tuple[Any, ...], why: str) -> None:
    made = coerce(value, schema)
    assert made.failure is not None
    assert made.failure[0] == path
    assert why in made.failure[1]


def test_coerce_is_bounded() -> None:
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/n"}}] * 8}}}
    value: Any = "x"
    for _ in range(100):
        value = [value]
    made = coerce(value, schema)
    assert made.failure is not None or made.changes
    assert coerce(1, {"$ref": "#/$defs/n", "$defs": {"n": {"$ref": "#/$defs/n"}}}).value == 1


@pytest.mark.parametrize(("text", "number"), [
    ("12", 12), ("-1.5e3", -1500.0), ("€ 1 234", 1234), ("(12)", -12), ("45%", 45), ("2.5k", 2500.0),
    ("3 million", 3_000_000),
    ("USD 7", 7), ("1_000", 1000), ("\u22125", -5), ("1,5", None), ("1.2.3", None), ("12 apples", None), ("", None),
    (".", None), ("1e9999", None), ("9" * 200, None),
])  # fmt: skip
def test_number_of(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(("text", "date"), [
    ("2024-03-05", "2024-03-05"), ("2024/3/5", "2024-03-05"), ("5 March 2024", "2024-03-05"), ("Mar 5, 2024", "2024-03-05"),
    ("Tuesday, March 5th, 2024", "2024-03-05"), ("25.12.2024", "2024-12-25"), ("12/25/2024", "2024-12-25"),
    ("03/04/2024", None), ("2024-02-30", None), ("5 Foo 2024", None), ("soon", None),
])  # fmt: skip
def test_date_of(text: str, date: str | None) -> None:
    assert date_of(text) == date


@pytest.mark.parametrize(("text", "time"), [
    ("3:05 pm", "15:05:00"), ("12 am", "00:00:00"), ("15:05:06Z", "15:05:06Z"), ("15:05 +0200", "15:05:00+02:00"),
    ("25:00", None), ("13 pm", None), ("7", None),
])  # fmt: skip
def test_time_of(text: str, time: str | None) -> None:
    assert time_of(text) == time


def test_words_and_names() -> None:
    assert [boolean_of(text) for text in ("Yes.", "**no**", "maybe")] == [True, False, None]
    assert folded("Größe (cm)") == folded("GROESSE_CM".replace("OE", "ö"))
    assert labels_in("not applicable, or n/a", ["applicable", "not applicable"]) == ["not applicable"]
    assert numbers_in("1,000 of 2.5, v1.2.3") == [1000, 2.5]
    assert [distance("abcd", other, 2) for other in ("abdc", "abc", "xbyd", "xyzd")] == [1, 1, 2, 3]
