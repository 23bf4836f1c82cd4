"""Laws of reading tables: what is written is read as it was, any text gives a table or a typed error, rows only grow."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from laws.judged import growing, read_or_none

import structgen as sg
from structgen.formats.base import KINDS, format_named

EXAMPLES = int(os.environ.get("STRUCTGEN_EXAMPLES", "60"))
LAW = settings(max_examples=EXAMPLES)

CHARACTERS = st.characters(exclude_categories=["Cs"])
CELLS = st.text(CHARACTERS, max_size=6) | st.text(alphabet="ab 1,;|\"'\n.:-=#`\t", max_size=8)
NOISE = st.text(alphabet="ab1 ,;|\t\"'\n\r.:-#`([{<\\\u201c\ufeff", max_size=60)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=5))


@dataclass
class Row:
    name: str
    count: int
    price: float | None
    kind: Literal["new", "used"] = "new"
    ok: bool = True


NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=8)
ROWS = st.lists(st.builds(Row, name=NAMES, count=st.integers(-10**6, 10**6), price=st.none() | st.floats(
    -1e6, 1e6).map(lambda x: round(x, 3))), max_size=5)


def reading_of(text: str | bytes, wanted: Any = None, **options: Any) -> sg.Reading | None:
    return read_or_none(text, wanted, format="csv", **options)


@LAW
@given(tables())
def test_what_is_written_is_read_without_repair(table: list[list[str]]) -> None:
    text = format_named("csv").write(table)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == table
    reading = sg.read(text, format="csv")
    assert reading.value == table
    assert reading.is_clean


@LAW
@given(ROWS, st.sampled_from(["minimal", "texts", "all"]))
def test_typed_rows_are_read_without_repair(rows: list[Row], quoting: Any) -> None:
    source = sg.Csv(Row, quoting=quoting)
    text = source.write(rows)
    assert source.read(text) == rows
    reading = sg.read(text, source)
    assert reading.value == rows
    assert reading.is_clean


@LAW
@given(NOISE, st.sampled_from([{}, {"columns": ["a", "b"]}, {"delimiter": ";"}]))
def test_any_text_gives_a_table_or_a_typed_error(text: str, options: dict[str, Any]) -> None:
    reading = reading_of(text, **options)
    if reading is not None:
        assert all(isinstance(cell, str) for row in reading.value for cell in row)
        assert all(len(row) == len(reading.value[0]) for row in reading.value)
        for repair in reading.repairs:
            assert repair.kind in KINDS
            assert 0 <= repair.offset <= len(text)
        again = sg.read(format_named("csv").write(reading.value), format="csv")
        assert again.value == reading.value
        assert again.is_clean


@LAW
@given(NOISE | st.binary(max_size=60))
def test_any_text_gives_rows_of_the_type_or_a_typed_error(text: str | bytes) -> None:
    reading = reading_of(text, list[Row])
    assert reading is None or all(isinstance(row, Row) for row in reading.value)


@LAW
@given(tables())
def test_a_table_that_is_plainly_valid_is_what_the_standard_library_says(table: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(table)
    reading = reading_of(stream.getvalue())
    assume(reading is not None and reading.is_clean)
    judged = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True))  # a bare \r ends a line
    assert reading is not None and reading.value == [row for row in judged if row]


@LAW
@given(ROWS.filter(bool))
def test_every_truncation_is_read(rows: list[Row]) -> None:
    text = sg.Csv(Row).write(rows)
    for end in range(text.index("\n") + 1, len(text)):
        reading = reading_of(text[:end], list[Row])
        whole = text[:end].count("\n") - 1
        assert reading is None or reading.value[:whole] == rows[:len(reading.value[:whole])]


@LAW
@given(tables(), st.integers(1, 7))
def test_partial_tables_grow_to_the_whole(table: list[list[str]], step: int) -> None:
    text = format_named("csv").write(table)
    reader = sg.PartialReader(format="csv")
    last: list[list[str]] = []
    for grown in growing(reader, text, step):
        now = grown or []
        assert now[:len(last)] == last
        last = now
    assert last == table
    assert reader.finish().value == table
