"""Strings as YAML: which need quotes, and that every text of a type has a spelling that readers agree on."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from formats.yaml.judges import LAST, accepts, read_twice, same, taken

from structgen import JsonSchema, Yaml
from structgen.formats.yaml.plain import is_plain
from structgen.formats.yaml.write import write

ALPHABET = [
    *"abeExXoOtTyYnNfF0123456789__:::..--++  ##~=<!&*?|>%@`'\"\\,[]{}zZ/()é漢😀",
    "true",
    "no",
    "null",
    "2001-01-01",
    "12:30",
    ": ",
    " #",
    "1e3",
    "0x1F",
    "\xa0",
    "\u2028",
    "\ud7ff",
    "\ufeff",
    "\x85",
    "\t",
    "\n",
    " inf",
    ".nan",
    "\x7f",
    "\uffff",
]
PLACES = ("{}\n", "k: {}\n", "- {}\n", "{}: 1\n", "- {}: {}\n")


def test_plain_texts_are_strings_to_every_reader() -> None:
    chance, plain = random.Random(5), 0
    for number in range(3000):
        text = "".join(chance.choices(ALPHABET, k=chance.randint(1, 6)))
        if is_plain(text):
            plain += 1
            place = PLACES[number % len(PLACES)]
            value = read_twice(place.format(text, text))
            assert same(value, [text, {"k": text}, [text], {text: 1}, [{text: text}]][number % len(PLACES)])
    assert plain > 1000


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Y",
        "n",
        "On",
        "off",
        "TRUE",
        "null",
        "~",
        "",
        "1",
        "-5",
        "+5",
        "1.5",
        ".5",
        "1e3",
        "1_000",
        "0o17",
        "0x1f",
        "010",
        "0b1",
        "1:30",
        "12:30:45",
        ".inf",
        "-.INF",
        ".NaN",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "=",
        "<<",
        "a: b",
        "a:",
        "a #b",
        "- a",
        "?",
        "-",
        ":",
        "---",
        "...",
        "%x",
        "@x",
        "`x`",
        "&x",
        "*x",
        "!x",
        "|",
        ">",
        "'x'",
        '"x"',
        "#x",
        "[x]",
        "{x}",
        ", x",
        " x",
        "x ",
        "x\ty",
        "x\ny",
        "x\x85y",
        "x\u2028y",
        "\ufeffx",
        "x\x7fy",
        "x\uffffy",
    ],
    ids=repr,
)
def test_what_a_reader_could_take_for_something_else_is_quoted(text: str) -> None:
    assert not is_plain(text)
    assert not taken(LAST.compile(Yaml({"type": "string", "pattern": '^[^"]*$'})), f"{text}\n") or text == '"x"'
    assert read_twice(write(text)) == text
    assert read_twice(write({text: [text]})) == {text: [text]}


@pytest.mark.parametrize(
    "text",
    [
        "Ada Lovelace",
        "12 Main St, London",
        "it's (almost) done!",
        "http://example.com/a?b=c#d",
        "C#",
        "a - b",
        "10.0.0.1",
        "1.2.3",
        "v2.0",
        "12:30 pm",
        "3 beds",
        "50%",
        "+44 20 7946",
        "-x",
        "--flag",
        ".gitignore",
        "~/bin",
        "a@b.example",
        "é漢😀",
        "foo_bar",
        "a,b;c",
        "x=1",
        "R&D",
        "not",
        "nullable",
        "yesterday",
        "Ends with a dot.",
    ],
    ids=repr,
)
def test_usual_texts_need_no_quotes(text: str) -> None:
    assert is_plain(text)
    assert accepts(Yaml(list[str]), f"- {text}\n")


STRINGS: list[tuple[dict[str, Any], Any]] = [
    ({}, lambda text: True),
    ({"minLength": 1}, lambda text: len(text) >= 1),
    ({"minLength": 2, "maxLength": 7}, lambda text: 2 <= len(text) <= 7),
    ({"maxLength": 300}, lambda text: True),
    ({"pattern": "^[^x]*$"}, lambda text: "x" not in text),
    ({"pattern": "^[^x]*$", "maxLength": 5}, lambda text: "x" not in text and len(text) <= 5),
    ({"not": {"enum": ["a", "yes"]}}, lambda text: text not in ("a", "yes")),
    ({"pattern": "^\\S+$"}, None),
]


@pytest.mark.parametrize(("asked", "judge"), STRINGS, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_every_text_of_a_type_has_a_spelling(asked: dict[str, Any], judge: Any) -> None:
    chance = random.Random(11)
    as_yaml, as_json = LAST.compile(Yaml({"type": "string", **asked})), LAST.compile(JsonSchema({"type": "string", **asked}))
    for _ in range(400):
        text = "".join(chance.choices(ALPHABET, k=chance.randint(0, 6)))
        valid = taken(as_json, json.dumps(text)) if judge is None else judge(text)
        assert taken(as_yaml, write(text)) == valid, text
        if not asked:
            assert taken(as_yaml, write(text, blocks=True)) and read_twice(write(text, blocks=True)) == text
