"""Laws of tolerant reading: valid text is unchanged, any text gives a value or a typed error, partial values only grow."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.judged import equal, growing, grows, read_or_none
from pydantic import BaseModel

import structgen as sg
from structgen.formats.base import KINDS
from structgen.formats.json.read import FORMAT

EXAMPLES = int(os.environ.get("STRUCTGEN_EXAMPLES", "150"))
LAW = settings(max_examples=EXAMPLES)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
NOISE = st.text(alphabet="{}[]\":,'\\abn1 .-\n\t`/*#(+=\u201c\u00b4\ufeff", max_size=60)


class Item(BaseModel):
    name: str
    price: float | None = None
    tags: list[str] = []


class Order(BaseModel):
    id: int
    kind: Literal["new", "used"]
    items: list[Item]
    notes: dict[str, int | str]


@dataclass
class Point:
    x: int
    y: float = 0.0


TYPED = st.sampled_from([Order, Point, list[Item], dict[str, bool], int | None, Literal["a", "b"], tuple[int, str]])


@LAW
@given(VALUES)
def test_what_is_written_is_read_without_repair(value: Any) -> None:
    for text in (FORMAT.write(value), json.dumps(value), json.dumps(value, indent=2)):
        reading = sg.read(text)
        assert equal(reading.value, value)
        assert reading.repairs == ()
        assert reading.cost == 0


@LAW
@given(VALUES)
def test_the_tolerant_reader_agrees_with_the_standard_library(value: Any) -> None:
    for text in (json.dumps(value, ensure_ascii=False), json.dumps(value, indent=1)):
        candidate = next(iter(FORMAT.candidates(text, False)))
        assert equal(candidate.value, value)
        assert candidate.found == []


@pytest.mark.parametrize("wanted", [Order, Point, list[Item], dict[str, bool], int | None, Literal["a", "b"]], ids=str)
def test_values_of_types_are_read_without_repair(wanted: Any) -> None:
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(wanted)

    @LAW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        value = data.draw(st.from_type(wanted) if wanted is not Order else st.builds(
            Order, items=st.lists(st.builds(Item, price=st.none() | st.floats(allow_nan=False, allow_infinity=False))),
            notes=st.dictionaries(st.text(), st.integers(-99, 99) | st.text())))
        text = adapter.dump_json(value).decode()
        if "null" in text and wanted in (Point, list[Item]):
            return  # pydantic writes NaN as null, which no float is
        reading = sg.read(text, wanted)
        assert reading.value == value
        assert reading.repairs == ()

    law()


@LAW
@given(NOISE)
def test_any_text_gives_a_value_or_a_typed_error(text: str) -> None:
    reading = read_or_none(text)
    if reading is None:
        return
    assert reading.cost == sum(repair.cost for repair in reading.repairs)
    for repair in reading.repairs:
        assert repair.kind in KINDS
        assert 0 <= repair.offset <= len(text)
        assert text.splitlines(keepends=True)[:repair.line] or repair.offset == 0
        assert str(repair) in str(reading)


@LAW
@given(NOISE)
def test_a_reading_is_read_again_without_repair(text: str) -> None:
    reading = read_or_none(text)
    if reading is not None:
        again = sg.read(FORMAT.write(reading.value))
        assert equal(again.value, reading.value)
        assert again.is_clean


@LAW
@given(NOISE, TYPED)
def test_any_text_gives_a_value_of_the_type_or_a_typed_error(text: str, wanted: Any) -> None:
    from pydantic import TypeAdapter

    reading = read_or_none(text, wanted)
    if reading is not None:
        TypeAdapter(wanted).validate_python(reading.value)


@LAW
@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_a_typed_error(given_bytes: bytes) -> None:
    read_or_none(given_bytes)


@LAW
@given(VALUES.filter(lambda value: isinstance(value, dict | list)), st.booleans())
def test_every_truncation_is_read(value: Any, is_typed: bool) -> None:
    text = FORMAT.write(value)
    for end in range(1, len(text)):
        reading = read_or_none(text[:end], dict[str, Any] if is_typed else None)
        assert is_typed or reading is not None


@LAW
@given(VALUES.filter(lambda value: isinstance(value, dict | list)), st.integers(1, 7),
       st.sampled_from(["", "Sure, here it is:\n", "```json\n", "<think>[1] or {}?</think>\n"]), st.booleans())
def test_partial_values_grow_to_the_whole(value: Any, step: int, before: str, is_ascii: bool) -> None:
    text = before + json.dumps(value, ensure_ascii=is_ascii)
    reader = sg.PartialReader()
    last: Any = None
    for now in growing(reader, text, step):
        assert last is None or grows(last, now)
        last = now
    if not before.startswith("Sure") or (isinstance(value, dict) and value):  # behind prose [x] may be a citation
        assert equal(reader.value, value)
        assert reader.is_finished()
    assert reader.finish().value == value


@LAW
@given(NOISE, st.integers(1, 5))
def test_partial_values_grow_on_any_text(text: str, step: int) -> None:
    last: Any = None
    for now in growing(sg.PartialReader(), text, step):
        if last is not None and text.count(":") < 2:  # else a name may come twice, and its last value counts
            assert grows(last, now)
        last = now
