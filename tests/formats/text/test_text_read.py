"""Scalars read from answers: labels, numbers, booleans, dates and patterns; what has two meanings is refused."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen as sg
from structgen.formats.base import format_named
from structgen.schema.scalars import date_of, dates_in, labels_in, number_of, numbers_in

LAW = settings(max_examples=80)
Kind = Literal["Refund", "Complaint", "Other question"]


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize(("text", "wanted", "value", "kinds"), [
    ("Refund", Kind, "Refund", []),
    ("Refund\n", Kind, "Refund", []),
    ("refund.", Kind, "Refund", ["label-spelling"]),
    ("I think the answer is: **Refund**.", Kind, "Refund", ["surrounding-text", "answer-mark"]),
    ("It is not a refund but a complaint.", Kind, "Complaint", ["in-text"]),
    ("It isn't a complaint; refund, rather.", Kind, "Refund", ["in-text"]),
    ("A complaint instead of a refund", Kind, "Complaint", ["in-text"]),
    ("Refund? Complaint? Final answer: complaint", Kind, "Complaint", ["surrounding-text", "answer-mark", "label-spelling"]),
    ("\\boxed{Other question}", Kind, "Other question", ["answer-mark"]),
    ("#### Refund", Kind, "Refund", ["answer-mark"]),
    ('{"label": "Refund"}', Kind, "Refund", ["unwrapped"]),
    ("Refnud", Kind, "Refund", ["nearest-label"]),
    ("The mood is good.", Mood, Mood.GOOD, ["in-text"]),
    ("B", sg.Choice(["A", "B"]), "B", []),
    ("about 1,234.50 dollars", float, 1234.5, ["in-text"]),
    ("forty-two", int, 42, ["text-to-number"]),
    ("two hundred and five, I think", int, 205, ["in-text"]),
    ("12%", float, 12.0, ["text-to-number"]),
    ("roughly 2.5k users", int, 2500, ["in-text"]),
    ("$1.2 million", float, 1.2e6, ["text-to-number"]),
    ("First 3, then 4. Answer: 7", int, 7, ["surrounding-text", "answer-mark", "text-to-number"]),
    ("-7", int, -7, []),
    ("Yes, it is.", bool, True, ["in-text"]),
    ("false", bool, False, []),
    ("March 3, 2025", date, date(2025, 3, 3), ["date-spelling"]),
    ("They meet on the 3rd of May 2024.", date, date(2024, 5, 3), ["in-text"]),
    ("2024-05-02", date, date(2024, 5, 2), []),
    ("2024-05-02 3pm", datetime, datetime(2024, 5, 2, 15), ["date-spelling"]),
    ("3:05 pm", time, time(15, 5), ["date-spelling"]),
])  # fmt: skip
def test_a_scalar_in_an_answer(text: str, wanted: Any, value: Any, kinds: list[str]) -> None:
    reading = sg.read(text, wanted)
    assert reading.value == value
    assert type(reading.value) is type(value)
    assert [repair.kind for repair in reading.repairs] == kinds


@pytest.mark.parametrize(("text", "wanted", "message"), [
    ("This is not a refund.", Kind, "none of"), ("A refund is not what they want", Kind, "none of"),
    ("Refund or complaint?", Kind, "may be any of 'Refund', 'Complaint'"),
    ("Not only a refund, also a complaint", Kind, "may be any of"), ("good/bad", Mood, "may be any of"),
    ("3 or 4", int, "no integer"), ("7.5", int, "no integer"), ("1,5", float, "no number"), ("one", bool, "no boolean"),
    ("yes and no", bool, "no boolean"), ("It is not true.", bool, "no boolean"),
    ("03/04/2024", date, "two meanings, and day_first"), ("2024-05-02 or 2024-05-03", date, "valid date"),
    ("2024-13-40", date, "valid date"), ("", int, "no value"),
])  # fmt: skip
def test_what_has_no_meaning_or_two_is_refused(text: str, wanted: Any, message: str) -> None:
    with pytest.raises(sg.ReadError, match=message):
        sg.read(text, wanted)


def test_day_first_says_which_of_two_dates_is_meant_at_a_cost() -> None:
    for day_first, value in ((True, date(2024, 4, 3)), (False, date(2024, 3, 4))):
        reading = sg.read("03/04/2024", date, day_first=day_first)
        assert reading.value == value
        assert [(one.kind, one.cost) for one in reading.repairs] == [("date-order", 3)]
        assert sg.read('{"due": "03/04/2024"}', dict[str, date], day_first=day_first).value == {"due": value}
        assert sg.read("due,x\n03/04/2024,1", sg.Csv({"due": date, "x": int}), day_first=day_first).value[0]["due"] == value
    assert sg.read("2024-04-03", date, day_first=True).is_clean
    with pytest.raises(sg.SchemaError, match="day_first"):
        sg.read("1", int, day_first="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "pattern"), [
    (r"\d+", r"\d+"), ("```regex\n^\\d{3}$\n```", r"^\d{3}$"), ("/^ab+c$/i", "(?i)^ab+c$"), (r"/a\/b/g", "a/b"),
    ('Use r"\\d+\\.\\d+" here.', r"\d+\.\d+"), ("You can use `[a-z]+` for that.", "[a-z]+"), ('"\\\\d+"', r"\d+"),
    (r"(?<year>\d{4})", r"(?P<year>\d{4})"), ("Regex: ^a+$", "^a+$"), (r"pattern = re.compile(r'^x\d$')", r"^x\d$"),
    ("<think>/a/</think>'b+'", "b+"), ("re.compile(r'^a$', re.I | re.DOTALL)", "(?is)^a$"),
    ("This is the regex:\n\n    ^\\w+@x$\n", r"^\w+@x$"),
])  # fmt: skip
def test_a_pattern_is_taken_out_and_compiled(text: str, pattern: str) -> None:
    value = sg.read(text, re.Pattern).value
    assert isinstance(value, re.Pattern)
    assert value.pattern == pattern


@pytest.mark.parametrize(("text", "position"), [("^(abc$", "1:2"), ("```\n[a-\n```", "2:1"), ("a{2}{3}", "1:5")])
def test_a_pattern_that_does_not_compile_is_refused_with_its_place(text: str, position: str) -> None:
    with pytest.raises(sg.ReadError, match="does not compile") as caught:
        sg.read(text, re.Pattern)
    assert caught.value.position == position


def test_scalars_as_people_write_them() -> None:
    assert [number_of(text) for text in ("three hundred five", "twenty one", "one two", "twenty twelve", "and five",
                                         "hundred", "two million three thousand", "two thousand three million")] == [
        305, 21, None, None, None, None, 2_003_000, None]
    assert numbers_in("one of the 3 or four") == [3]
    assert numbers_in("between two and twenty-four") == [2, 24]
    assert dates_in("from 3 May 2024 to June 4, 2024") == ["2024-05-03", "2024-06-04"]
    assert dates_in("3 May 2024 or 03/04/2024") == []
    assert date_of("03/04/2024", True) == "2024-04-03"
    assert labels_in("No, it's a refund", ["refund"]) == ["refund"]
    assert labels_in("never a refund", ["refund"]) == []


@LAW
@given(st.sampled_from([Kind, Mood, int, bool, float, date, time, re.Pattern]), st.data())
def test_what_is_written_is_read_without_repair(wanted: Any, data: st.DataObject) -> None:
    from pydantic import TypeAdapter

    if wanted is re.Pattern:
        value: Any = re.compile(data.draw(st.text(alphabet="ab/`'\" .\\d+r", min_size=1).filter(
            lambda text: bool(text.strip()) and is_pattern(text))))
    else:
        value = data.draw(st.from_type(wanted) if wanted is not float else st.floats(allow_nan=False, allow_infinity=False))
    if wanted is time:
        value = value.replace(tzinfo=None)
    plain = value if wanted is re.Pattern else TypeAdapter(wanted).dump_python(value, mode="json")
    reading = sg.read(format_named("text").write(plain), wanted)
    assert reading.value == value
    assert reading.is_clean


def is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


@LAW
@given(st.text(alphabet="ab19 .,:/-*`'\"\\(){}[]\n?not") | st.text(),
       st.sampled_from([Kind, Mood, int, bool, float, date, datetime, re.Pattern]))
def test_any_text_gives_a_scalar_or_a_typed_error(text: str, wanted: Any) -> None:
    try:
        reading = sg.read(text, wanted)
    except sg.ReadError as error:
        assert str(error)
        return
    assert reading.cost == sum(repair.cost for repair in reading.repairs)
    assert all(0 <= repair.offset <= len(text) for repair in reading.repairs)


def test_a_scalar_in_very_many_fences_is_refused() -> None:
    with pytest.raises(sg.ReadError, match="more than 1000 code fences"):
        sg.read("```x```\n" * 1_100, int)
    assert sg.read("```text\n7\n```", int).value == 7
