"""Grammar texts in Lark's notation, and the shipped ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen.grammar
from structgen.errors import GrammarSyntaxError, LimitExceededError, StructgenError
from structgen.grammar.files import grammar
from structgen.grammar.lark import read_lark
from structgen.grammar.nodes import Alt, Chars, Grammar, Node, Ref, Repeat, Seq, Str, Text
from structgen.limits import Limits


def ends(node: Node, text: str, start: int, rules: Grammar) -> set[int]:
    """Where a match of a node that begins at ``start`` may end: the meaning of the nodes, written down directly."""
    match node:
        case Str(literal):
            return {start + len(literal)} if text.startswith(literal, start) else set()
        case Chars(ranges):
            inside = start < len(text) and any(low <= ord(text[start]) <= high for low, high in ranges)
            return {start + 1} if inside else set()
        case Seq(parts):
            here = {start}
            for part in parts:
                here = {end for begin in here for end in ends(part, text, begin, rules)}
            return here
        case Alt(options):
            return {end for option in options for end in ends(option, text, start, rules)}
        case Repeat(body, least, most):
            here, found = {start}, {start} if least == 0 else set()
            rounds = 0
            while here and (most is None or rounds < most):
                rounds += 1
                here = {end for begin in here for end in ends(body, text, begin, rules)} - (
                    found if rounds > least else set())
                if rounds >= least:
                    found = found | here
            return found
        case Ref(rule):
            return ends(rules.rules[rule], text, start, rules)
        case Text(body):
            return ends(body, text, start, rules)
    raise AssertionError(node)


def accepts(rules: Grammar, text: str) -> bool:
    return len(text) in ends(rules.start, text, 0, rules)


@pytest.mark.parametrize(("text", "yes", "no"), [
    ('start: "a" | "b" "c"', ["a", "bc"], ["ab"]),
    ('start: A~2..3 [B]\nA: "x"i\nB: "0".."3"+', ["xX", "xxx12"], ["x", "xx4"]),
    ('start: (a | "c")*\n?a: "(" start ")" -> group', ["", "(c)", "((c)c)"], ["(", "c)"]),
    ('start: /a+/ _end\n_end: "!"?', ["aa", "a!"], ["!"]),
    ('start: /A.b/is "\\n\\t\\"\\\\\\d"', ['a\nB\n\t"\\\\d'], ["axb"]),
    ('!start: W ("," W)*\nW: C+\nC: /[a-z]/', ["a,bc"], ["a,", ""]),
    ('start: "a"~3', ["aaa"], ["aa"]),
    ("%import common.INT\n%import common.WORD -> NAME\n%import common (CR, LF)\nstart: NAME INT CR? LF",
     ["ab12\n", "a1\r\n"], ["a\n", "1\n"]),
], ids=str)
def test_grammar_text_means_its_texts(text: str, yes: list[str], no: list[str]) -> None:
    rules = read_lark(text)
    assert [sample for sample in yes if not accepts(rules, sample)] == []
    assert [sample for sample in no if accepts(rules, sample)] == []


@pytest.mark.parametrize(("text", "position", "words"), [
    ('start: "a"\n%ignore " "', "grammar:2:9", "%ignore"),
    ("%import .other.WORD\nstart: WORD", "grammar:1:10", "only the grammars that lark ships"),
    ("%import nowhere.WORD\nstart: WORD", "grammar:1:9", "only the grammars that lark ships"),
    ("%import common.WORDS\nstart: WORDS", "grammar:1:16", "common has no terminal WORDS"),
    ("%import python.expr\nstart: expr", "grammar:1:16", "python has no terminal expr"),
    ('start: "\\U00110000"', "grammar:1:8", "no character"),
    ('start: "\\ud800"', "grammar:1:8", "surrogate"),
    ('%declare X\nstart: "a"', "grammar", "%declare"),
    ('start: t{"a"}\nt{x}: x', "grammar:2:1", "template"),
    ('start.2: "a"', "grammar:1:1", "priority"),
    ('start: A\nA.2: "a"', "grammar:2:1", "priority"),
    ("start: missing", "grammar:1", "not defined"),
    ("start: MISSING", "grammar:1", "not defined"),
    ('begin: "a"', "grammar", "start rule"),
    ('start: A\nA: "x" A', "grammar:1", "refers to itself"),
    ('start: "a"\nstart: "b"', "grammar:2:1", "defined twice"),
    ('start: "a" (', "grammar:1:13", "Unclosed"),
    ('start: "b".."a"', "grammar:1:8", "range"),
    ('start: "a" /b(?>c)/', "grammar:1:12", "in /b(?>c)/, offset 1: atomic"),
    ('start: "a"~3..2', "grammar:1:12", "run backwards"),
], ids=str)
def test_refusal_says_what_and_where(text: str, position: str, words: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        read_lark(text)
    assert words in caught.value.what
    assert caught.value.position == position


def test_nested_groups_meet_their_limit() -> None:
    with pytest.raises(LimitExceededError) as caught:
        read_lark("start: " + "(" * 300 + '"a"' + ")" * 300)
    assert caught.value.limit == "regex_depth"
    with pytest.raises(LimitExceededError):
        read_lark("start: " + "x" * 200, limits=Limits(regex_bytes=100))


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.text(max_size=5), below, max_size=3)),
    max_leaves=6)


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_json_grammar_accepts_what_json_writes(value: object, ensure_ascii: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
    assert accepts(grammar("json"), text)


@pytest.mark.parametrize("text", ["", "01", "1.", ".5", "+1", "1e", "[1,]", '{"a":1,}', "{a:1}", "'a'", '"\n"', '"\\x"',
                                  "[1 2]", '{"a" 1}', "nul", "truefalse", '"\\ud800"', "NaN", "[", '"', "\ufeff1"])
def test_json_grammar_rejects(text: str) -> None:
    assert not accepts(grammar("json"), text)


def test_shipped_grammar_is_found_by_its_name_only() -> None:
    assert structgen.grammar("json") is grammar("json")  # type: ignore[operator]
    for name in ["../pyproject", "json.lark", "/etc/passwd", "JSON", "", "json/", "a\x00b"]:
        with pytest.raises(StructgenError, match="there is no grammar named"):
            grammar(name)
