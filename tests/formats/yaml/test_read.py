"""Reading damaged YAML: what each kind of damage becomes, what is refused, and what the type decides."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import structgen as sg
from structgen.formats.base import format_named

ROOT = Path(__file__).resolve().parents[3]
CORPORA = ROOT.parent / "shared" / "corpora"
NBSP, WIDE = "\u00a0", "\u3000"


def read(text: str, schema: Any = None) -> sg.Reading:
    return sg.read(text, None if schema is None else sg.JsonSchema(schema), format="yaml")


def kinds(reading: sg.Reading) -> list[str]:
    return [repair.kind for repair in reading.repairs]


@pytest.mark.parametrize(("text", "value"), [
    ("a: no\nb: 2024-01-31\nc: 12:30:45\nd: 1_000\n", {"a": "no", "b": "2024-01-31", "c": "12:30:45", "d": "1_000"}),
    ("a: True\nb: ~\nc:\nd: 0o17\ne: 0x1F\nf: 1e3\n", {"a": True, "b": None, "c": None, "d": 15, "e": 31, "f": 1000.0}),
    ("true: 1\nnull: 2\n1.10: 3\n", {"true": 1, "null": 2, "1.10": 3}),
    ("a: &x [1, 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}),
    ("base: &b {x: 1}\nmore:\n  <<: *b\n  y: 2\n", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
    ("a: !!str 5\nb: !!int '7'\n", {"a": "5", "b": 7}),
    ("a: b  # comment\n# another\n", {"a": "b"}),
    ("a: |\n  x: y\n  - z\nb: >-\n  one\n  two\n\n  three\n", {"a": "x: y\n- z\n", "b": "one two\nthree"}),
    ("? key\n: value\n", {"key": "value"}),
    ("hello\n", "hello"),
    ('{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
    ("---\na: 1\n...\n", {"a": 1}),
    ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
])  # fmt: skip
def test_valid_yaml_is_unchanged(text: str, value: Any) -> None:
    reading = read(text)
    assert json.dumps(reading.value) == json.dumps(value)
    assert reading.is_clean


@pytest.mark.parametrize(("text", "value", "kind"), [
    # Around
    ("Here you are:\n\n```yaml\na: 1\n```\nBye.", {"a": 1}, "code-fence"),
    ("```python\na: 1\nb: 2\n", {"a": 1, "b": 2}, "code-fence"),
    ("a: 1\nb: 2\n```", {"a": 1, "b": 2}, "code-fence"),
    ("Sure! This is it:\n\na: 1\nb: 2\n\nI hope that this helps.", {"a": 1, "b": 2}, "surrounding-text"),
    ("<think>a: 0</think>\na: 1\n", {"a": 1}, "thinking"),
    ("\ufeffa: 1\n", {"a": 1}, "byte-order-mark"),
    ("{\na:\n- b: 1\n  c: 2\n}\n", {"a": [{"b": 1, "c": 2}]}, "block-bracket"),
    ("---\na: 1\n---\na: 2\n", [{"a": 1}, {"a": 2}], "concatenated-values"),
    # Indentation and lists
    ("a:\n\tb: 1\n\tc: 2\n", {"a": {"b": 1, "c": 2}}, "tab"),
    (f"a:\n{WIDE}b: 1\n{WIDE}c: 2\n", {"a": {"b": 1, "c": 2}}, "white-space"),
    ("a:\n  b: x\n   c: y\n  d: z\n", {"a": {"b": "x", "c": "y", "d": "z"}}, "indentation"),
    ("a:\n    b: x\n  c: y\nd: z\n", {"a": {"b": "x", "c": "y"}, "d": "z"}, "indentation"),
    ("  a: 1\nb: 2\n", {"a": 1, "b": 2}, "indentation"),
    ("a:\n  - b: 1\n  c: 2\n  - b: 3\n  c: 4\n", {"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]}, "indentation"),
    ("a:\n  - b: 1\n    c: 2\n    b: 3\n    c: 4\n", {"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]}, "missing-dash"),
    ("a:\n  - x\n  y\n  - z\n", {"a": ["x", "y", "z"]}, "missing-dash"),
    ("a:\n  -x\n  -y\n", {"a": ["x", "y"]}, "missing-space"),
    ("a:\n  * x\n  * y\n", {"a": ["x", "y"]}, "bullet"),
    ("\u2013 a\n\u2013 b\n", ["a", "b"], "bullet"),
    # Names and colons
    ("a:x\nb:y\n", {"a": "x", "b": "y"}, "missing-space"),
    ("a = x\nb: 1\n", {"a": "x", "b": 1}, "other-colon"),
    (f"a:{NBSP}x\nb:{NBSP}1\n", {"a": "x", "b": 1}, "white-space"),
    ("a\uff1ax\nb\uff1ay\n", {"a": "x", "b": "y"}, "other-colon"),
    ("**a**: 1\n**b:** 2\n", {"a": 1, "b": 2}, "emphasis"),
    ("a: 1\nb: 2\na: 1\n", {"a": 1, "b": 2}, "duplicate-key"),
    # Plain text
    ("a: see: this\nb: 1\n", {"a": "see: this", "b": 1}, "unquoted-colon"),
    ("a: fixes #12 and #13\nb: 1\n", {"a": "fixes #12 and #13", "b": 1}, "unquoted-hash"),
    ("a: #ff0000\nb: 1\n", {"a": "#ff0000", "b": 1}, "unquoted-hash"),
    ("a: @x\nb: 1\n", {"a": "@x", "b": 1}, "reserved-sign"),
    ("a: %5\nb: *.py\nc: `d`\n", {"a": "%5", "b": "*.py", "c": "`d`"}, "reserved-sign"),
    ("a: > 5 and < 9\nb: | or ||\n", {"a": "> 5 and < 9", "b": "| or ||"}, "reserved-sign"),
    ("a: [x] done\nb: {y} and z\n", {"a": "[x] done", "b": "{y} and z"}, "reserved-sign"),
    ("a: a long text\nthat goes on\nb: 1\n", {"a": "a long text that goes on", "b": 1}, "line-break"),
    # Quotes
    ('a: "say "x" now"\nb: 1\n', {"a": 'say "x" now', "b": 1}, "unescaped-quote"),
    ("a: 'it's so'\nb: 1\n", {"a": "it's so", "b": 1}, "unescaped-quote"),
    ('a: "open\nb: "shut"\n', {"a": "open", "b": "shut"}, "missing-quote"),
    ('a: "x" and y\nb: 1\n', {"a": '"x" and y', "b": 1}, "reserved-sign"),
    ('a: "\\d+"\nb: 1\n', {"a": "\\d+", "b": 1}, "invalid-escape"),
    ("a: 'don\\'t'\nb: 1\n", {"a": "don't", "b": 1}, "escaped-quote"),
    ("a: \u201cx: y\u201d\nb: 1\n", {"a": "x: y", "b": 1}, "quote-style"),
    # Brackets
    ("a: [1, 2\nb: 3\n", {"a": [1, 2], "b": 3}, "unclosed-bracket"),
    ("a: {b: 1}}\nc: 2\n", {"a": {"b": 1}, "c": 2}, "stray-bracket"),
    ('{"a": 1, "b": [2, 3,],}', None, None),
    ('{\n  "a": 1,\n  "b": [2, 3', {"a": 1, "b": [2, 3]}, "unclosed-bracket"),
    ('"a": 1,\n"b": "x",\n"c": 2,\n', None, None),
    # Block text
    ("a: |\nif x {\n  y\n}\nb: 1\n", {"a": "if x {\n  y\n}\n", "b": 1}, "block-indentation"),
    ("a: | one\n  two\nb: 1\n", {"a": "one\ntwo\n", "b": 1}, "line-break"),
    ("a: !Ref b\nc: 1\n", {"a": "b", "c": 1}, "tag"),
])  # fmt: skip
def test_damage_is_repaired(text: str, value: Any, kind: str | None) -> None:
    reading = read(text)
    if kind is None:  # trailing commas: valid YAML in brackets, a repair behind values
        assert reading.value == ({"a": 1, "b": [2, 3]} if text[0] == "{" else {"a": 1, "b": "x", "c": 2})
        return
    assert reading.value == value
    assert kind in kinds(reading)
    for repair in reading.repairs:
        assert text.startswith(repair.before, repair.offset) or repair.before.endswith("…")


STRINGS = {"type": "array", "items": {"type": "string"}}
PERSON = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
          "required": ["name", "age"], "additionalProperties": False}


@pytest.mark.parametrize(("text", "schema", "value"), [
    ("a: NO\nb: 1.10\nc: 007\nd: True\n", {"additionalProperties": {"type": "string"}, "type": "object"},
     {"a": "NO", "b": "1.10", "c": "007", "d": "True"}),
    ("a: yes\n", {"properties": {"a": {"type": "boolean"}}}, {"a": True}),
    ("p:\nname: Ada\nage: 36\n", {"properties": {"p": PERSON}, "required": ["p"], "additionalProperties": False},
     {"p": {"name": "Ada", "age": 36}}),
    ("- name: Ada\n- age: 36\n", PERSON, {"name": "Ada", "age": 36}),
    ("tags:\n  red\n  dark green\n", {"properties": {"tags": STRINGS}}, {"tags": ["red", "dark green"]}),
    ("- Step 1: open\n- Step 2: close: it\n", STRINGS, ["Step 1: open", "Step 2: close: it"]),
    ("---\nname: A\nage: 1\n---\nname: B\nage: 2\n", {"type": "array", "items": PERSON},
     [{"name": "A", "age": 1}, {"name": "B", "age": 2}]),
    ("result:\n  name: Ada\n  age: 36\n", PERSON, {"name": "Ada", "age": 36}),
    ("name: [Ada] L.\nage: 36\n", PERSON, {"name": "[Ada] L.", "age": 36}),
    ("name: a text\nwith a note: in it\nage: 36\n", PERSON, {"name": "a text with a note: in it", "age": 36}),
    ("Name: Ada\nAGE: '36'\n", PERSON, {"name": "Ada", "age": 36}),
    ("name: Ada,\nage: 36,\n", PERSON, {"name": "Ada", "age": 36}),
    ("name = Ada\nage => 36\n", PERSON, {"name": "Ada", "age": 36}),
])  # fmt: skip
def test_the_type_decides(text: str, schema: Any, value: Any) -> None:
    assert json.dumps(read(text, schema).value, sort_keys=True) == json.dumps(value, sort_keys=True)


class Task(BaseModel):
    title: str
    state: Literal["open", "done"]
    due: date | None = None
    steps: list[str] = []


TEXTS = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(("text", "value", "kinds"), [
    ("1. a\n2. b: c", ["a", "b: c"], ["bullet", "unquoted-colon"]),
    ("1) no\n2) 5", ["no", "5"], ["bullet", "to-text"]),
    ("a\nb", ["a", "b"], ["missing-dash"]),
    ("Mine\n- a\n- b", ["a", "b"], ["surrounding-text"]),
    ("- a\n- b\nThis is all that I could find.", ["a", "b"], ["surrounding-text"]),
    ("- 1. a\n- 2. b", ["1. a", "2. b"], []),
    ("3. a", ["3. a"], ["one-to-list"]),
])  # fmt: skip
def test_a_list_of_texts_as_models_write_it(text: str, value: Any, kinds: list[str]) -> None:
    reading = read(text, TEXTS)
    assert reading.value == value
    assert [repair.kind for repair in reading.repairs] == kinds


def test_numbered_objects_and_a_path_with_its_backslashes() -> None:
    members = {"n": {"type": "string"}, "p": {"type": "number"}}
    objects = {"type": "array", "items": {"type": "object", "properties": members}}
    assert read("1. n: x\n   p: 3\n2. n: y\n   p: 4", objects).value == [{"n": "x", "p": 3}, {"n": "y", "p": 4}]
    reading = read('a: "C:\\Users\\new"')
    assert reading.value == {"a": "C:\\Users\\new"}
    assert [repair.kind for repair in reading.repairs] == ["invalid-escape"]
    assert read("{? ").repairs


def test_an_instance_and_an_audit_with_positions() -> None:
    text = "```yaml\ntitle: Fix: the #12 bug\nState: Done\ndue: March 3, 2025\nsteps:\n  -look\n  -leap\n```"
    reading = sg.read(text, Task, format="yaml")
    assert reading.value == Task(title="Fix: the #12 bug", state="done", due=date(2025, 3, 3), steps=["look", "leap"])
    colon = next(repair for repair in reading.repairs if repair.kind == "unquoted-colon")
    assert (colon.line, colon.column, colon.path) == (2, 11, "$.title")
    assert {"code-fence", "unquoted-hash", "field-name", "label-spelling", "date-spelling", "missing-space"} <= set(
        kinds(reading))


def test_a_name_without_a_value_is_null_and_never_an_invention() -> None:
    assert read("a:\nb: 1\n").value == {"a": None, "b": 1}
    with pytest.raises(sg.ReadError, match=r"lacks the required|is no string"):
        read("name:\nage: 36\n", PERSON)


@pytest.mark.parametrize(("text", "message"), [
    ("a: !!python/object/apply:os.system ['id']", "tag"),
    ("a: !ruby/object:Gem::Requirement {}", "tag"),
    ("a: 'b'c'\nd: !!python/name:os.system\n", "tag"),
    ("a: &a [*a]\n", "alias"),
    ("".join(f"a{n + 1}: &a{n + 1} [{', '.join(['*a' + str(n)] * 9)}]\n" if n >= 0 else "a0: &a0 [x]\n"
             for n in range(-1, 9)), "aliases make the value too large"),
    ("".join(f"{'  ' * depth}a:\n" for depth in range(300)), "nested deeper than 100"),
    ("[" * 5000, "nested deeper than 100"),
    ("- 1\n" * 60_000 + "- 'x", "more than 50000 lines"),
    *(("x0: &a0 1\n" + "".join(f"x{n}: &a{n} {'[' * 90}*a{n - 1}{']' * 90}\n" for n in range(1, 14)) + end,
       "3:99: aliases nested deeper than 100") for end in ("", "b: 'x\n")),
    ("", "there is no value"), ("# nothing\n", "there is no value"),
])  # fmt: skip
def test_what_must_not_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(sg.ReadError, match=message):
        read(text)


@pytest.mark.parametrize(
    "text", ["!!float " + "1" * 400, "0x" + "f" * 3990, "0x" + "f" * 3490, "-" + "9" * 3490, "9" * 3999, "0o" + "7" * 3999]
)
def test_a_number_of_any_length_is_read_and_written_again(text: str) -> None:
    value = read(f"a: {text}\n").value
    assert read(format_named("yaml").write(value)).value == value


@pytest.mark.parametrize("text", [None, 5, ["a: 1"]])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(sg.ReadError, match="is no text"):
        read(text)


def test_an_option_and_a_rule() -> None:
    with pytest.raises(sg.SchemaError, match="not an option of the format yaml"):
        sg.read("a: 1", format="yaml", delimiter=";")

    @sg.repair_rule("yaml")
    def tildes(text: str) -> list[tuple[int, int, str]]:
        return [(at, at + 2, ": ") for at in range(len(text)) if text.startswith("~~", at)]

    reading = sg.read("a~~1\nb~~2\n", dict[str, int], format="yaml", rules=[tildes])
    assert reading.value == {"a": 1, "b": 2}
    assert kinds(reading) == ["rule:tildes", "rule:tildes"]


def rows(name: str) -> list[dict[str, Any]]:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"the corpus {name} is not here")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def equal(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True).replace(".0,", ",") == json.dumps(right, sort_keys=True).replace(".0,", ",")


def test_the_corpus_of_broken_yaml() -> None:
    plain = right = 0
    for row in rows("yaml_broken.jsonl"):
        if row["contested"]:
            continue
        plain += 1
        try:
            got = read(row["input"], row.get("schema")).value
            is_right = "expected" in row and equal(got, row["expected"])
        except sg.ReadError:
            is_right = bool(row.get("expect_error"))
        right += is_right
        assert is_right or row["pyyaml_strict"] != "same", row["id"]
        assert is_right or not row.get("expect_error"), row["id"]
    assert right >= 0.97 * plain


def test_hostile_yaml() -> None:
    for row in rows("outputs_hostile.jsonl"):
        if row["kind"] == "yaml_text":
            try:
                sg.read(row["input"], format="yaml")
                outcome = "value"
            except sg.ReadError:
                outcome = "error"
            assert row["expect"] in (outcome, "either", "contested"), row["id"]


def test_a_name_of_several_words_without_a_space_is_one_of_the_type() -> None:
    schema = sg.JsonSchema({"type": "object", "properties": {"a": {"type": "string"}, "is_valid": {"type": "boolean"}}})
    assert sg.read("a: b\nIs valid:true\n", schema, format="yaml").value == {"a": "b", "is_valid": True}
    assert sg.read("a: we meet\n  at 10:30\nIs valid:true\n", schema, format="yaml").value["a"] == "we meet at 10:30"
