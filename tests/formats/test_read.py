"""Reading by type: which candidate is the answer, what the repairs say, users' rules, bytes, streams, counts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, Field

import structgen as sg
from structgen.formats.decoding import MAX_NOTED
from structgen.formats.stats import answers_in, repair_stats


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    name: str
    price: float | None = None


class Order(BaseModel):
    id: int
    colour: Colour
    items: list[Item]
    due: date | None = None


@dataclass
class Point:
    x: int
    y: float = 0.5


class Box(TypedDict):
    open: bool
    size: Literal["small", "large"]


def kinds(reading: sg.Reading) -> list[str]:
    return [repair.kind for repair in reading.repairs]


def test_read_makes_an_instance_of_the_type() -> None:
    reading = sg.read("{id: '7', Colour: RED, items: {name: pen, price: \"$1.50\"}, due: \"2 May 2024\"}", Order)
    assert reading.value == Order(id=7, colour=Colour.RED, items=[Item(name="pen", price=1.5)], due=date(2024, 5, 2))
    assert {"text-to-number", "label-spelling", "field-name", "one-to-list", "date-spelling"} <= set(kinds(reading))
    number = next(repair for repair in reading.repairs if repair.kind == "text-to-number" and repair.path == "$.id")
    assert (number.offset, number.before, number.after, number.cost) == (1, "'7'", "7", 1)


@pytest.mark.parametrize(("text", "wanted", "value"), [
    ('{"x": "1"}', Point, Point(1)),
    ("{open: yes, size: LARGE}", Box, {"open": True, "size": "large"}),
    ("The answer is 42.", int, 42),
    ("I would say: positive", Literal["positive", "negative"], "positive"),
    ("Plain prose stays prose.", str, "Plain prose stays prose."),
    ('"quoted"', str, "quoted"),
    ('```json\n["a", "b",]\n```', list[str], ["a", "b"]),
    ("[1, 'x']", tuple[int, str], (1, "x")),
    ("None", int | None, None),
    ('{"a": {"x": 1}}', dict[str, Point], {"a": Point(1)}),
    ("2024-05-02 10:00", datetime, datetime(2024, 5, 2, 10)),
    ('{"x": 1, "y": 2}', Point, Point(1, 2.0)),
])  # fmt: skip
def test_read_by_type(text: str, wanted: Any, value: Any) -> None:
    reading = sg.read(text, wanted)
    assert reading.value == value
    assert type(reading.value) is type(value)


def test_read_takes_sources() -> None:
    schema = sg.JsonSchema({"properties": {"a": {"type": "integer", "maximum": 5}}, "required": ["a"]})
    assert sg.read('{"a": "3"}', schema).value == {"a": 3}
    with pytest.raises(sg.ReadError, match="9 is greater than the maximum of 5") as caught:
        sg.read('{"a": "9"}', schema)
    assert caught.value.nearest.value == {"a": 9}
    assert sg.read("It is B, clearly", sg.Choice(["A", "B"])).value == "B"


@pytest.mark.parametrize(("text", "wanted", "position", "message"), [
    ('{"id": 1,\n "colour": "green", "items": []}', Order, "2:2", "'green' is none of 'red', 'blue'"),
    ('{"items": [], "colour": "red"}', Order, "1:1", "lacks the required field 'id'"),
    ('{"id": , "colour": "red", "items": []}', Order, "1:1", "lacks the required field 'id'"),
    ('{"x": 1.5}', Point, "1:2", "1.5 is no integer"),
    ("2 or 3", Literal[2, 3], "1:1", "'2 or 3' may be any of 2, 3"),
    ("", Order, "1:1", "there is no value in the text"),
])  # fmt: skip
def test_read_invents_nothing(text: str, wanted: Any, position: str, message: str) -> None:
    with pytest.raises(sg.ReadError) as caught:
        sg.read(text, wanted)
    assert caught.value.position == position
    assert message in str(caught.value)
    assert text == "" or isinstance(caught.value.nearest, sg.Reading)


def test_valid_text_that_a_validator_alone_can_judge_is_judged_by_it() -> None:
    class Even(BaseModel):
        n: int = Field(multiple_of=2, le=10)

    assert sg.read('{"n": 4}', Even).value == Even(n=4)
    with pytest.raises(sg.ReadError, match=r"\$\.n: no value of the type Even: Input should be a multiple of 2"):
        sg.read('{"n": 3}', Even)


def test_the_answer_that_fits_the_type_wins() -> None:
    text = 'The schema is {"type": "object"}. Say {"x": "one"}?\n```json\n{"x": 1}\n```\nor [1, 2].'
    assert sg.read(text, Point).value == Point(1)
    assert sg.read(text, list[int]).value == [1, 2]


def test_of_equal_answers_the_last_wins_and_the_others_are_reported() -> None:
    text = '{"x": 1, "y": 2}\nWait, that is wrong:\n{"x": 1, "y": 3}'
    reading = sg.read(text)
    assert reading.value == {"x": 1, "y": 3}
    assert "other-answer" in kinds(reading)
    typed = sg.read(text, Point)
    assert typed.value == Point(1, 3.0)
    assert "other-answer" in kinds(typed)


def test_one_of_several_values_or_all_of_them_by_type() -> None:
    text = '{"x": 1}\n{"x": 2}'
    assert sg.read(text, list[Point]).value == [Point(1), Point(2)]
    assert sg.read(text, Point).value == Point(2)


def test_bytes_are_decoded() -> None:
    assert sg.read(b'{"a": "\xc3\xa9"}').value == {"a": "é"}
    assert kinds(sg.read(b'\xef\xbb\xbf{"a": 1}')) == ["byte-order-mark"]
    assert sg.read('{"a": "é"}'.encode("utf-16")).value == {"a": "é"}
    broken = sg.read(b'{"a": "\xe9"}')
    assert broken.value == {"a": "\ufffd"}
    assert [(one.kind, one.offset) for one in broken.repairs] == [("invalid-bytes", 7)]
    twice = sg.read('{"é": "'.encode() + b'\xff\xfe", "b": "\xe2\x80"}')
    assert twice.value == {"é": "\ufffd\ufffd", "b": "\ufffd"}
    assert [(one.kind, one.offset, one.before) for one in twice.repairs] == [
        ("invalid-bytes", 7, "\\xff\\xfe"), ("invalid-bytes", 18, "\\xe2\\x80")]  # fmt: skip
    assert len(sg.read(b'"' + b"\xff " * 5000 + b'"').repairs) == MAX_NOTED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_told_by_their_zeros(encoding: str) -> None:
    reading = sg.read('{"a": "é"}'.encode(encoding))
    assert reading.value == {"a": "é"}
    assert kinds(reading) == ["other-encoding"]
    assert sg.read(b'\x00{"a": 1}\x00').value == {"a": 1}


def test_numbers_that_are_not_finite_come_in_by_no_other_way() -> None:
    wanted = sg.JsonSchema({"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]})
    for text in ('{"x": NaN}', json.dumps('{"x": NaN}'), '{"y": {"x": -Infinity}}'):
        with pytest.raises(sg.ReadError, match="no value of the type"):
            sg.read(text, wanted)
        assert not math.isfinite(sg.read(text, wanted, not_finite="float").value["x"])


@pytest.mark.parametrize(("call", "message"), [
    (lambda: sg.read("1", format="xyz"), "there is no format 'xyz'"),
    (lambda: sg.read("1", {"type": "integer"}), "the output type is a dict"),
    (lambda: sg.read("1", sg.JsonSchema('{"a"')), "not JSON"),
    (lambda: sg.read("1", sg.JsonSchema(5)), "it is a int"),
    (lambda: sg.read("1", sg.JsonSchema({"type": "strin"})), "the schema cannot be used"),
    (lambda: sg.read('{"a": 1,}', sg.JsonSchema({"$ref": "#/missing"})), "the schema cannot be used"),
    (lambda: sg.read("1", sg.JsonSchema({"$ref": "https://example.com/a.json"})), "the schema cannot be used"),
    (lambda: sg.read('{"a": 1}', sg.JsonSchema({"required": [{}], "properties": 5})), "the schema cannot be used"),
    (lambda: sg.read("1", sg.Regex("a")), "read has no way to read a Regex"),
    (lambda: sg.read("1", not_finite="no"), "not_finite='no'"),
    (lambda: sg.repair_rule("xyz"), "there is no format 'xyz'"),
    (lambda: sg.repair_rule("json", cost=0), "cost=0"),
    (lambda: sg.repair_rule(len), "needs the name of a format"),
    (lambda: sg.PartialReader(format="xyz"), "cannot be read in pieces"),
])  # fmt: skip
def test_wrong_requests_are_named(call: Any, message: str) -> None:
    with pytest.raises(sg.SchemaError) as caught:
        call()
    assert message in str(caught.value)


@sg.repair_rule("json", cost=2)
def arrows(text: str) -> Iterator[tuple[int, int, str]]:
    for found in re.finditer(" ->", text):
        yield found.start(), found.end(), ":"


def test_a_rule_is_audited_like_any_repair() -> None:
    text = '{"long name" -> 1,\n "b" -> [2,]}'
    reading = sg.read(text, rules=[arrows])
    assert reading.value == {"long name": 1, "b": [2]}
    assert [(one.kind, one.line, one.column, one.before, one.after) for one in reading.repairs] == [
        ("rule:arrows", 1, 13, " ->", ":"), ("rule:arrows", 2, 5, " ->", ":"), ("trailing-comma", 2, 11, ",", "")]
    assert reading.cost == 5
    assert text[reading.repairs[2].offset] == ","


def test_a_rule_touches_no_valid_text_and_no_cheaper_reading() -> None:
    assert sg.read('{"a": "x -> y"}', rules=[arrows]).is_clean
    assert kinds(sg.read('{"a": "x -> y",}', rules=[arrows])) == ["trailing-comma"]


def test_a_rule_that_fails_or_overlaps_is_a_typed_error() -> None:
    @sg.repair_rule("json")
    def broken(text: str) -> list[tuple[int, int, str]]:
        raise ZeroDivisionError("oh")

    @sg.repair_rule("json")
    def overlapping(text: str) -> list[tuple[int, int, str]]:
        return [(0, 3, ""), (2, 4, "")]

    with pytest.raises(sg.ReadError, match="the repair rule broken failed: ZeroDivisionError: oh"):
        sg.read("{a:1", rules=[broken])
    with pytest.raises(sg.ReadError, match="overlaps"):
        sg.read("{a:1", rules=[overlapping])


def test_partial_readings_mark_what_is_finished() -> None:
    reader = sg.PartialReader(Order)
    reader.feed('Sure:\n```json\n{"id": 12, "items": [{"name": "pen", "price": 1.5}, {"name": "bo')
    assert reader.value == {"id": 12, "items": [{"name": "pen", "price": 1.5}, {"name": "bo"}]}
    finished = {path: reader.is_finished(*path) for path in [
        (), ("id",), ("items",), ("items", 0), ("items", 0, "price"), ("items", 1), ("items", 1, "name"), ("due",)]}
    assert [path for path, done in finished.items() if done] == [("id",), ("items", 0), ("items", 0, "price")]
    view = reader.view()
    assert isinstance(view, Order)
    assert view.items == [Item(name="pen", price=1.5), Item.model_construct(name="bo", price=None)]
    assert view.colour is None
    assert view.model_fields_set == {"id", "items"}
    reader.feed('ok"}], "colour": "Red"}\n```')
    assert reader.is_finished()
    assert reader.finish().value.items[1].name == "book"
    assert reader.finish().value.colour is Colour.RED


def test_partial_numbers_appear_when_they_are_complete() -> None:
    reader = sg.PartialReader()
    seen = [json.dumps(reader.feed(piece)) for piece in ("[1", "2", ",", " tr", "ue", ", 'a", "\\", "u00e", "9'", "]")]
    assert seen == ["[]", "[]", "[12]", "[12]", "[12]", '[12, true, "a"]', '[12, true, "a"]', '[12, true, "a"]',
                    '[12, true, "a\\u00e9"]', '[12, true, "a\\u00e9"]']


def test_repairs_are_counted_by_kind_and_model(tmp_path: Path) -> None:
    rows = [{"model": "a", "output": '{"x": 1,}'}, {"model": "a", "output": '{"x": 2,}'}, {"model": "b", "output": "no"},
            {"model": "b", "output": '{"x": 1}'}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "one.txt").write_text("```\n[1]\n```")
    stats = repair_stats(answers_in(tmp_path), None)
    assert stats.answers == {"a": 2, "b": 2, "": 1}
    assert stats.clean.total() == 1
    assert stats.failed == {"b": 1}
    assert stats.kinds == {("a", "trailing-comma"): 2, ("b", "failed"): 1, ("", "code-fence"): 1}
    assert str(stats).splitlines()[:3] == [
        "a: 2 answers, 0 clean, 2 repaired, 0 failed", "       2  trailing-comma",
        "          rows.jsonl:1: 1:8: trailing-comma at $: ',' -> ''"]
    with pytest.raises(sg.SchemaError, match=r"rows.jsonl:1 has no answer"):
        list(answers_in(tmp_path, "missing"))


def test_lines_of_members_are_an_object_where_the_type_requires_some() -> None:
    reading = sg.read("**Name:** lamp\n**Price:** 3", Item)
    assert reading.value == Item(name="lamp", price=3)
    assert (reading.format, reading.repairs[0].kind) == ("yaml", "other-format")
    with pytest.raises(sg.ReadError, match="is no object"):
        sg.read("name: lamp", dict[str, str])
    with pytest.raises(sg.ReadError, match="is no object"):
        sg.read("Sorry: no", Item)


def test_what_needs_too_many_changes_is_refused() -> None:
    assert sg.read(json.dumps(["1"] * 1000), list[int]).value == [1] * 1000
    with pytest.raises(sg.ReadError, match="too large"):
        sg.read(json.dumps(["1"] * 30_000), list[int])
