"""Each class of damage to JSON: the value that is meant, and the kinds of repair that say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import structgen as sg
from structgen.formats.base import KINDS
from structgen.formats.json.structure import MAX_DEPTH, MAX_REPAIRS

CASES: list[tuple[str, Any, str]] = [
    # Around the value
    ('\ufeff{"a": 1}', {"a": 1}, "byte-order-mark"),
    ('```json\n{"a": 1}\n```', {"a": 1}, "code-fence"),
    ('```yaml\n{"a": 1}\n```', {"a": 1}, "code-fence"),
    ('```js(on\n{"a": "b}\n```', {"a": "b"}, "code-fence surrounding-text missing-quote"),
    ('```\n{"a": 1}} // so\n```', {"a": 1}, "code-fence stray-bracket comment"),
    ('~~~\n[1, 2]\n~~~\nThat is all.', [1, 2], "code-fence surrounding-text"),
    ('Here you are:\n```\n{"a": "```py\\nx\\n```"}', {"a": "```py\nx\n```"}, "surrounding-text code-fence"),
    ('<think>{"a": 0}?</think>{"a": 1}', {"a": 1}, "thinking"),
    ('hm, {"a": 0}</think>\n{"a": 1}', {"a": 1}, "thinking"),
    ('Answer: {"a": 1}. Good luck!', {"a": 1}, "surrounding-text surrounding-text"),
    ('See [1] for this: {"a": [1, 2, 3]}', {"a": [1, 2, 3]}, "surrounding-text"),
    ('callback({"a": 1});', {"a": 1}, "wrapper wrapper"),
    ('{"id": ObjectId("ab12")}', {"id": "ab12"}, "wrapper"),
    ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], "concatenated-values"),
    ('1. {"a": 1}\n2. {"a": 2}', [{"a": 1}, {"a": 2}], "surrounding-text concatenated-values"),
    # As Python shows objects
    ("A(b='c', d=[E(f=None), E(f=-1)])", {"b": "c", "d": [{"f": None}, {"f": -1}]}, "wrapper"),
    ("Here's one: [A(b=datetime.date(2024, 3, 5))]", [{"b": "2024-03-05"}], "surrounding-text wrapper"),
    ("OrderedDict([('a', 1), ('b', {2})])", {"a": 1, "b": [2]}, "wrapper"),
    ('{"a": "f(x=1)",}', {"a": "f(x=1)"}, "trailing-comma"),
    # Strings that end with their line
    ('["a", "b,\n "{c}/d", "e"]', ["a", "b", "{c}/d", "e"], "missing-quote"),
    ('{"a": \'b c,\n "d": "e"}', {"a": "b c", "d": "e"}, "missing-quote quote-style"),
    # Between the parts
    ('{"a": 1, // one\n "b": /* two */ 2}', {"a": 1, "b": 2}, "comment comment"),
    ('{"a": 1, # one, or }\n "b": 2}', {"a": 1, "b": 2}, "comment"),
    ('[1, 2, 3,]', [1, 2, 3], "trailing-comma"),
    ('{"a": 1,}', {"a": 1}, "trailing-comma"),
    ('[,1,,2]', [1, 2], "extra-comma extra-comma"),
    ('{"a": 1 "b": 2\n"c": 3}', {"a": 1, "b": 2, "c": 3}, "missing-comma missing-comma"),
    ('["a" "b"\n"c"]', ["a", "b", "c"], "missing-comma missing-comma"),
    ('[1 2 3]', [1, 2, 3], "missing-comma missing-comma"),
    ('{"a" 1, "b" "x"}', {"a": 1, "b": "x"}, "missing-colon missing-colon"),
    ('{"a" => 1, "b" = 2}', {"a": 1, "b": 2}, "other-colon other-colon"),
    ('[1, 2, ...]', [1, 2], "ellipsis"),
    ('{"a": 1, ...}', {"a": 1}, "ellipsis"),
    ('{"a": [1, {"b": 2', {"a": [1, {"b": 2}]}, "unclosed-bracket unclosed-bracket unclosed-bracket"),
    ('{"a": [1, 2}', {"a": [1, 2]}, "unclosed-bracket"),
    ('{"a": [1, 2}, "b": 3}', {"a": [1, 2], "b": 3}, "mismatched-bracket"),
    ('[[1, 2}, [3]]', [[1, 2], [3]], "mismatched-bracket"),
    ('{"a": 1}}]', {"a": 1}, "stray-bracket"),
    ('{"a": 1}, "b": 2}', {"a": 1, "b": 2}, "stray-bracket"),
    ('[[1]], "b", 2]', [[1], "b", 2], "stray-bracket"),
    ('{"a": ["b"}], "c": 2}', {"a": ["b"], "c": 2}, "stray-bracket"),
    ('{"a": {"b": "c"]}, "d": 2}', {"a": {"b": "c"}, "d": 2}, "stray-bracket"),
    ('[{"a": 1], 2]', [{"a": 1}, 2], "mismatched-bracket"),
    ('{"a": {"b": 1], "c": 2}', {"a": {"b": 1}, "c": 2}, "mismatched-bracket"),
    ('{"a": {"b": 1], "c": 2}}', {"a": {"b": 1, "c": 2}}, "stray-bracket"),
    ('{"a": [1, "b": 2}', {"a": [1], "b": 2}, "unclosed-bracket"),
    ('{"a": [{"b": 1}, "c": 2}', {"a": [{"b": 1}], "c": 2}, "unclosed-bracket"),
    ('[{"a": [{"b": 1}, "c": 2}, {"a": []}]', [{"a": [{"b": 1}], "c": 2}, {"a": []}], "unclosed-bracket"),
    ('[{"a": 1}, "a": 2}]', [{"a": 1}, {"a": 2}], "missing-bracket"),
    ('{"a": [1 "b": 2}', {"a": [1], "b": 2}, "unclosed-bracket missing-comma"),
    ('{"a": [{"b": 1}, "c": 2}]}', {"a": [{"b": 1, "c": 2}]}, "stray-bracket"),
    ('{"a": ]}', {"a": []}, "missing-bracket"),
    ('{{"a": 1}}', {"a": 1}, "doubled-bracket stray-bracket"),
    ('[{"a": 1 {"a": 2}]', [{"a": 1}, {"a": 2}], "unclosed-bracket missing-comma"),
    ('["a": 1]', [{"a": 1}], "missing-bracket unclosed-bracket"),
    ('{"a": (1, "x")}', {"a": [1, "x"]}, "tuple"),
    ("{'a', 'b'}", ["a", "b"], "quote-style quote-style set"),
    ("{'a': {1, 'x', None}}", {"a": [1, "x", None]}, "quote-style set quote-style"),
    ('{"a": , "b": 1}', {"a": None, "b": 1}, "missing-value"),
    ('{"a": 1, "a": 2}', {"a": 2}, "duplicate-key"),
    ('{"a":\u00a01}', {"a": 1}, "white-space"),
    ('{\\n  "a": 1\\n}', {"a": 1}, "escaped-newline escaped-newline"),
    # Strings
    ("{'a': 'it''s'}", {"a": "it''s"}, "quote-style quote-style unescaped-quote unescaped-quote"),
    ("{'a': 'it's'}", {"a": "it's"}, "quote-style quote-style unescaped-quote"),
    ("{\u201ca\u201d: \u201cb\u201d}", {"a": "b"}, "quote-style quote-style"),
    ("{u'a': b'c'}", {"a": "c"}, "string-prefix quote-style string-prefix quote-style"),
    ('{a: 1, b-c: 2}', {"a": 1, "b-c": 2}, "unquoted-key unquoted-key"),
    ('{"a": some words, "b": 1}', {"a": "some words", "b": 1}, "unquoted-string"),
    ('{"a": one, two, and three, "b": 1}', {"a": "one, two, and three", "b": 1}, "unquoted-string"),
    ('{"a": https://x.org/?q=1, "b": 2024-01-02}', {"a": "https://x.org/?q=1", "b": "2024-01-02"},
     "unquoted-string unquoted-string"),
    ('{"a": "b, "c": 1}', {"a": "b", "c": 1}, "missing-quote"),
    ('{"a": "b\n "c": 1}', {"a": "b", "c": 1}, "missing-quote missing-comma"),
    ('{"a: 1}', {"a": 1}, "missing-quote"),
    ('{a": "b"}', {"a": "b"}, "missing-quote"),
    ('{"a": b", "c": "d"}', {"a": "b", "c": "d"}, "missing-quote"),
    ('["a, "b"]', ["a", "b"], "missing-quote"),
    ('["a", b c, d", 1]', ["a", "b c, d", 1], "missing-quote"),
    ('[b, c", 1]', ["b, c", 1], "missing-quote"),
    ('{"a: [], "b": 1}', {"a": [], "b": 1}, "missing-quote"),
    ('{"a": {"b": "c}, "d": 1}', {"a": {"b": "c"}, "d": 1}, "missing-quote"),
    ('[["a, 1], 2]', [["a, 1"], 2], "missing-quote"),
    ('["a,\n 1]', ["a", 1], "missing-quote"),
    ('[{"a": "b}, {"c": "d"}]', [{"a": "b"}, {"c": "d"}], "missing-quote"),
    ('[{"a": "b\n}, {"c": "d"}]', [{"a": "b"}, {"c": "d"}], "missing-quote"),
    ('{"a": ["b], "c": 1}', {"a": ["b"], "c": 1}, "missing-quote"),
    ('{"a": [{"b": "c\n}\n],\n"d": 1}', {"a": [{"b": "c"}], "d": 1}, "missing-quote"),
    ('{"a": "f[1], "b": 1}', {"a": "f[1]", "b": 1}, "missing-quote"),
    ('["a, "#1", "b"]', ["a", "#1", "b"], "missing-quote"),
    ('["a, "b\\n[c]"]', ["a", "b\n[c]"], "missing-quote"),
    ('["a", b c, "d"]', ["a", "b c", "d"], "unquoted-string"),
    ('{"a": "b", "c" true, "d" {}}', {"a": "b", "c": True, "d": {}}, "missing-colon missing-colon"),
    ('{"a": "b", "c" = 1}', {"a": "b", "c": 1}, "other-colon"),
    ('{"a": "b"\n\nI hope this helps.', {"a": "b"}, "unclosed-bracket surrounding-text"),
    ('{"a": [1.5\n\nI hope this helps.', {"a": [1.5]}, "unclosed-bracket unclosed-bracket surrounding-text"),
    ('{"a": "He said "no" to me.", "b": 1}', {"a": 'He said "no" to me.', "b": 1}, "unescaped-quote unescaped-quote"),
    ('{"a": "x, "y", z"}', {"a": 'x, "y", z'}, "unescaped-quote unescaped-quote"),
    ('["a 24" screen", "b"]', ['a 24" screen', "b"], "unescaped-quote"),
    ('{"a": "{"b": "c", "d": [1]}", "e": 1}', {"a": '{"b": "c", "d": [1]}', "e": 1}, " ".join(["unescaped-quote"] * 6)),
    ('{""a"": ""b""}', {"a": "b"}, "doubled-quote doubled-quote"),
    ('{"a": """one "two"\nthree"""}', {"a": 'one "two"\nthree'}, "quote-style"),
    ('{\\"a\\": \\"b \\\\"c\\\\"\\"}', {"a": 'b "c"'}, "escaped-quote escaped-quote"),
    ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}, "control-character"),
    (r'{"a": "don\'t \_ \x41 \u{1F600}"}', {"a": "don't _ A \U0001f600"}, " ".join(["invalid-escape"] * 4)),
    (r'{"a": "\d+\.\d+", "b": "\(c\)"}', {"a": r"\d+\.\d+", "b": r"\(c\)"}, " ".join(["invalid-escape"] * 5)),
    (r'{"a": "\bx\b\s", "b": "\bx"}', {"a": r"\bx\b\s", "b": "\bx"}, " ".join(["invalid-escape"] * 3)),
    (r'{"a": "C:\Users\new\bin"}', {"a": r"C:\Users\new\bin"}, " ".join(["invalid-escape"] * 3)),
    (r'{"a": "\alpha \times 2\n\tx"}', {"a": "\\alpha \\times 2\n\tx"}, "invalid-escape invalid-escape"),
    ('{"a": "C:\\\\x\\"}', {"a": "C:\\x\\"}, "invalid-escape"),
    ('["a" + "b"]', ["ab"], "concatenated-strings"),
    ('{"a": "cut in the mid', {"a": "cut in the mid"}, "missing-quote unclosed-bracket"),
    ('{"a": "int f() { return 0; }', {"a": "int f() { return 0; }"}, "missing-quote unclosed-bracket"),
    # Words and numbers
    ('{"a": True, "b": None, "c": undefined, "d": FALSE}', {"a": True, "b": None, "c": None, "d": False},
     "literal literal literal literal"),
    ("[+1, .5, 2., 0x1F, 1_000, 10n]", [1, 0.5, 2.0, 31, 1000, 10], " ".join(["number-spelling"] * 6)),
    ('{"a": 1,234, "b": 2}', {"a": 1234, "b": 2}, "number-spelling"),
    ('{"a": 007, "b": 1/3, "c": 1.2.3}', {"a": "007", "b": "1/3", "c": "1.2.3"}, " ".join(["unquoted-string"] * 3)),
    ("[NaN, -Infinity, 1]", [None, None, 1], "not-finite not-finite"),
    ('{"a": tru', {"a": True}, "cut-literal unclosed-bracket"),
    ("[1, nul", [1, None], "cut-literal unclosed-bracket"),
    ('{"a": fals}', {"a": "fals"}, "unquoted-string"),
    ('{"a": "x\\ud83d', {"a": "x"}, "invalid-escape missing-quote unclosed-bracket"),
    ("[1, 2e", [1, 2], "cut-number unclosed-bracket"),
]


@pytest.mark.parametrize(("text", "value", "kinds"), CASES, ids=[case[0][:40] for case in CASES])
def test_damage_is_repaired_and_named(text: str, value: Any, kinds: str) -> None:
    reading = sg.read(text)
    assert json.dumps(reading.value) == json.dumps(value)
    assert sorted(repair.kind for repair in reading.repairs) == sorted(kinds.split())
    assert reading.cost == sum(KINDS[kind] for kind in kinds.split())
    with pytest.raises(sg.ReadError, match="max_cost is 0"):
        sg.read(text, max_cost=0)


def _record(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


@pytest.mark.parametrize(("text", "schema", "value", "kinds"), [
    ('{"a": [{"b": 1}, "c": 2', _record(a={"items": _record(b={})}, c={}), {"a": [{"b": 1}], "c": 2},
     "unclosed-bracket unclosed-bracket"),
    ('{"a": [{"b": 1}, "b": 2', _record(a={"items": _record(b={})}), {"a": [{"b": 1}, {"b": 2}]},
     "missing-bracket unclosed-bracket unclosed-bracket unclosed-bracket"),
    ("{'a': [{'b': 1}, 'c': 2}", _record(a={"items": _record(b={})}, c={}), {"a": [{"b": 1}], "c": 2},
     "quote-style quote-style quote-style unclosed-bracket"),
    ('{"o": {"a": [{"b": 1}, "c": 2}', _record(a={"items": _record(b={})}, c={}), {"a": [{"b": 1}], "c": 2},
     "unclosed-bracket unclosed-bracket unwrapped"),
    ('{"a": x y, "b" "c"}', _record(a={}, b={}), {"a": "x y", "b": "c"}, "unquoted-string missing-colon"),
    ('{"a": x y, "z" "c"}', _record(a={}, b={"default": 1}) | {"required": ["a"]}, {"a": 'x y, "z" "c"'}, "unquoted-string"),
    ('{a: "x", b "c"}', _record(a={}, b={}), {"a": "x", "b": "c"}, "unquoted-key unquoted-key missing-colon"),
    ('{"a" 1.5 "b": 2}', _record(a={}, b={}), {"a": 1.5, "b": 2}, "missing-colon missing-comma"),
])  # fmt: skip
def test_the_names_of_the_type_decide(text: str, schema: Any, value: Any, kinds: str) -> None:
    reading = sg.read(text, sg.JsonSchema(schema))
    assert json.dumps(reading.value) == json.dumps(value)
    assert sorted(repair.kind for repair in reading.repairs) == sorted(kinds.split())


def test_values_beside_each_other_are_a_list_where_one_is_wanted() -> None:
    assert sg.read('{"a": 1}\n{"a": 2}\n```\n', sg.JsonSchema({"type": "array", "items": _record(a={})})).value == [
        {"a": 1}, {"a": 2}]  # fmt: skip
    assert sg.read('{"a": 1}\n{"a": 2}', sg.JsonSchema(_record(a={}))).value == {"a": 2}


@pytest.mark.parametrize("text", [
    '{"a": "b, \\"c\\": 1"}', '"[1,2,3,]"', '["a, b", "c: d"]', '{"a": "```json\\n{}\\n```"}',
    '{"a": "\u201cb\u201d \u2019"}',
    '{"": "", "a b": "// no comment"}', "-0", "1e5", '"</think>"', '{"a": "C:\\\\dir\\\\"}', " [] ", '"\\ud800"', "[[], {}]",
])  # fmt: skip
def test_valid_json_is_unchanged(text: str) -> None:
    reading = sg.read(text, max_cost=0)
    assert reading.value == json.loads(text)
    assert reading.repairs == ()
    assert str(reading) == "no repairs"


@pytest.mark.parametrize("text", ["", "   ", "Sorry, no.", "a" * 1000, "}", "/", "<think>no end", "```\n\n```"])
def test_a_text_without_a_value_is_an_error(text: str) -> None:
    with pytest.raises(sg.ReadError) as caught:
        sg.read(text)
    assert caught.value.position == "1:1"
    assert "there is no value in the text" in str(caught.value)


def test_repairs_say_where() -> None:
    reading = sg.read('{"a": [\n  {"b c": \'x\'},\n  {"d": tru e}]')
    assert [(one.kind, one.offset, one.line, one.column, one.path, one.before, one.after) for one in reading.repairs] == [
        ("quote-style", 18, 2, 11, "$.a[0]['b c']", "'", '"'),
        ("unquoted-string", 32, 3, 9, "$.a[1].d", "tru e", '"tru e"'),
        ("unclosed-bracket", 39, 3, 16, "$", "", "}"),
    ]
    assert str(reading).splitlines()[1] == "3:9: unquoted-string at $.a[1].d: 'tru e' -> '\"tru e\"'"


def test_repairs_say_what_stands_there_instead() -> None:
    reading = sg.read("{'a': Decimal('1.5'), \"b\": [None, NaN, +1, 2.]}")
    assert [(one.kind, one.path, one.before, one.after) for one in reading.repairs] == [
        ("quote-style", "$", "'", '"'), ("wrapper", "$.a", "Decimal(", ""), ("quote-style", "$.a", "'", '"'),
        ("literal", "$.b[0]", "None", "null"), ("not-finite", "$.b[1]", "NaN", "null"),
        ("number-spelling", "$.b[2]", "+1", "1"), ("number-spelling", "$.b[3]", "2.", "2.0"),
    ]  # fmt: skip


def test_repairs_of_a_list_are_placed_at_the_list() -> None:
    reading = sg.read('{"a": [1, [2 3,], 4, ...')
    assert [(one.kind, one.offset, one.path) for one in reading.repairs] == [
        ("missing-comma", 13, "$.a[1][1]"), ("trailing-comma", 14, "$.a[1]"), ("ellipsis", 21, "$.a"),
        ("unclosed-bracket", 24, "$.a"), ("unclosed-bracket", 24, "$"),
    ]  # fmt: skip


def test_numbers_that_are_not_finite_follow_the_policy() -> None:
    assert sg.read("[NaN]", not_finite="float").value[0] != sg.read("[NaN]", not_finite="float").value[0]
    assert sg.read("[1e999]").value == ["1e999"]
    with pytest.raises(sg.ReadError, match="NaN is not a JSON number"):
        sg.read("[NaN]", not_finite="error")


def test_nesting_is_bounded() -> None:
    assert sg.read("[" * MAX_DEPTH).cost == MAX_DEPTH * KINDS["unclosed-bracket"]
    with pytest.raises(sg.ReadError, match=f"nested deeper than {MAX_DEPTH} levels") as caught:
        sg.read("[" * 100_000)
    assert caught.value.position == f"1:{MAX_DEPTH + 1}"


FLOODS = ["[", "{", '"', '"a', '",', '{"a":[', "/*", "#\n", "\\", '\\"', "{\u00aba:", "\u201e", '"k:', '{"a":"b" "',
          "'s ", "}", "f(", "```\n", "<think>", '"},{"', "{]", "\0", "...", '"+', "{}", "{a b c: d e\n"]  # fmt: skip


@pytest.mark.parametrize("before", ["", '{"a":"', '["'])
@pytest.mark.parametrize("unit", FLOODS)
def test_floods_are_read_or_refused_in_linear_work(unit: str, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted in questions to the scanner, not in seconds: per character, as many for a text ten times as long."""
    from structgen.formats.json.scan import Scanner

    def asked(length: int) -> float:
        count = 0
        plain = Scanner.at

        def at(self: Scanner, i: int) -> str:
            nonlocal count
            count += 1
            return plain(self, i)

        with monkeypatch.context() as patched:
            patched.setattr(Scanner, "at", at)
            try:
                sg.read((before + unit * length)[:length])
            except sg.ReadError as error:
                assert str(error)
        return (count + 5000) / length

    assert asked(20_000) <= 3 * asked(2_000) + 60


def test_a_text_with_too_many_repairs_is_refused() -> None:
    with pytest.raises(sg.ReadError, match=f"more than {MAX_REPAIRS} repairs"):
        sg.read("{" + '"a" [], ' * (MAX_REPAIRS + 1))


def test_the_shared_corpus_is_read_as_expected() -> None:
    corpus = Path(__file__).parents[4] / "shared" / "corpora" / "json_broken.jsonl"
    if not corpus.is_file():
        pytest.skip("the corpus of damaged JSON is not beside this checkout")
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    wrong = [row["id"] for row in rows if not row["contested"] and not _is_right(row)]
    total = sum(not row["contested"] for row in rows)
    assert len(wrong) <= 0.02 * total, wrong
    assert not [row["id"] for row in rows if row["kind"] == "valid" and row["id"] in wrong]


def _is_right(row: dict[str, Any]) -> bool:
    schema = sg.JsonSchema(row["schema"]) if "schema" in row else None
    try:
        value = sg.read(row["input"], schema).value
    except sg.ReadError:
        return bool(row.get("expect_error"))
    return not row.get("expect_error") and json.dumps(_floats(value), sort_keys=True) == json.dumps(
        _floats(row["expected"]), sort_keys=True)


def _floats(value: Any) -> Any:
    """1 and 1.0 alike; true stays true."""
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
