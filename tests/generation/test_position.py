"""Where an unfinished JSON text ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structgen.generation.position import where


@pytest.mark.parametrize(("text", "place", "inside"), [
    ("", "$", "nothing yet"),
    ('"abc', "$", "a string"),
    ("12", "$", "a number or word"),
    ("{", "$", "an object"),
    ('{"na', "$", "a name"),
    ('{"name"', "$.name", "an object"),
    ('{"name": "Ad', "$.name", "a string"),
    ('{"name": "Ada", "age": 3', "$.age", "a number or word"),
    ('{"name": "Ada", ', "$", "an object"),
    ('{"a": [1, {"b": "x', "$.a[1].b", "a string"),
    ('{"a": [1, 2], "c": tr', "$.c", "a number or word"),
    ('[[], [[', "$[1][0][0]", "an array"),
    ('{"a b": 1', '$["a b"]', "a number or word"),
    ('{"q\\"x": "y\\"z', '$["q\\"x"]', "a string"),
    ('{"a": "}],{', "$.a", "a string"),
    ('{"a": 1}', "$", "nothing yet"),
])
def test_place_of_a_cut(text: str, place: str, inside: str) -> None:
    assert where(text) == (place, inside)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) |
                    st.dictionaries(st.text(), inner), max_leaves=10), st.data())
def test_any_beginning_of_json_has_a_place(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    place, _ = where(text[:data.draw(st.integers(0, len(text)))])
    assert place.startswith("$")
    if isinstance(value, (list, dict)):
        assert where(text) == ("$", "nothing yet")


@given(st.text())
def test_any_text_has_a_place(text: str) -> None:
    assert where(text)[0].startswith("$")
