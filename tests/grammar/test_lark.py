"""Grammar texts in Lark's notation, and the shipped ones."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import UnexpectedInput
from laws.walks import compile_all, sample, tokenized

import structgen as sg
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
    ('start: "a" B\nB: "b" "c"\n%ignore " "+', ["abc", "  a  bc "], ["ab c", "a"]),
    ('start: list{"x", ","} ";" list{A, "-"}\nlist{item, comma}: item (comma item)*\nA: /[0-9]+/', ["x;1", "x,x;1-22"],
     ["x,1", "x;1,2"]),
    ('start: nest{"x"}\nnest{y}: y | "(" nest{y} ")"', ["x", "((x))"], ["(x", "y"]),
    ('start.2: A | B\nA.3: "a"\nB: "b"', ["a", "b"], ["c"]),
    ("%import common.INT\n%import common.WORD -> NAME\n%import common (CR, LF)\nstart: NAME INT CR? LF",
     ["ab12\n", "a1\r\n"], ["a\n", "1\n"]),
], ids=str)
def test_grammar_text_means_its_texts(text: str, yes: list[str], no: list[str]) -> None:
    rules = read_lark(text)
    assert [sample for sample in yes if not accepts(rules, sample)] == []
    assert [sample for sample in no if accepts(rules, sample)] == []


@pytest.mark.parametrize(("text", "position", "words"), [
    ('start: "a"\n%ignore "#" /[ab]*/', "grammar:1:8", "%ignore is not supported where \"a\" may begin inside"),
    ('start: "a"\n%ignore /bc*/\n%ignore "c"', "grammar:2:9", "one ignored text may begin inside another"),
    ('start: "a"\n%ignore start', "grammar", "a rule cannot be ignored"),
    ("%import .other.WORD\nstart: WORD", "grammar:1:10", "only the grammars that lark ships"),
    ("%import nowhere.WORD\nstart: WORD", "grammar:1:9", "only the grammars that lark ships"),
    ("%import common.WORDS\nstart: WORDS", "grammar:1:16", "common has no terminal WORDS"),
    ("%import python.expr\nstart: expr", "grammar:1:16", "python has no terminal expr"),
    ('start: "\\U00110000"', "grammar:1:8", "no character"),
    ('start: "\\ud800"', "grammar:1:8", "surrogate"),
    ('%declare X\nstart: "a"', "grammar", "%declare"),
    ('start: t{"a"}', "grammar:1", "the template t is not defined"),
    ('start: t\nt{x}: x', "grammar:1", "stands without its arguments"),
    ('start: t{"a", "b"}\nt{x}: x', "grammar:1", "takes 1 arguments, not 2"),
    ("start: missing", "grammar:1", "not defined"),
    ("start: MISSING", "grammar:1", "not defined"),
    ('begin: "a"', "grammar", "start rule"),
    ('start: A\nA: "x" A', "grammar:1", "refers to itself"),
    ('start: "a"\nstart: "b"', "grammar:2:1", "defined twice"),
    ('start: "a" (', "grammar:1:13", "Unclosed"),
    ('start: "b".."a"', "grammar:1:8", "range"),
    ('start: "a" /(b*)\\1/', "grammar:1:12", "in /(b*)\\1/, offset 4: back-references"),
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


@settings(max_examples=60)
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


REAL = {
    "arithmetic": ("""
        ?start: sum
        ?sum: product | sum "+" product -> add | sum "-" product -> sub
        ?product: atom | product "*" atom | product "/" atom
        ?atom: NUMBER | "-" atom | NAME | "(" sum ")"
        %import common.CNAME -> NAME
        %import common.NUMBER
        %import common.WS_INLINE
        %ignore WS_INLINE
        """, ["1 + 2 * ( x-3.5 )", " -a ", "1"], ["1 +", "(1", "1 2"]),
    "json": (r"""
        ?start: value
        ?value: object | array | ESCAPED_STRING | SIGNED_NUMBER | "true" | "false" | "null"
        array: "[" [value ("," value)*] "]"
        object: "{" [pair ("," pair)*] "}"
        pair: ESCAPED_STRING ":" value
        ESCAPED_STRING: "\"" /([^"\\\n]|\\[^\n])*/ "\""
        %import common.SIGNED_NUMBER
        %import common.WS
        %ignore WS
        """, [r'{"a": [1, -2.5e3, true ] , "b\"":null}', " [ ] "], ["[1,]", "{a:1}", "tru"]),
    "settings": (r"""
        start: (section | _NL)+
        section: "[" NAME "]" _NL item*
        item: NAME "=" VALUE _NL
        NAME: /[a-z_]+/
        VALUE: /[^ \t\r\n=][^\r\n=]*/
        _NL: /(\r?\n)+/
        %ignore /[ \t]+/
        """, ["[a]\nb = c d\n", "\n[a_b]\n\n[c]\n"], ["[a]", "a=b\n", "[a]\nb\n"]),
    "logic": ("""
        ?start: formula
        ?formula: formula "and" formula | formula "or" formula | "not" formula | call
                | quantified{"all"} | quantified{"some"}
        quantified{word}: word NAME "." formula
        call: NAME "(" [_list{term}] ")"
        term: NAME | call
        _list{item}: item ("," item)*
        NAME: /[A-Z][a-z]*/
        %ignore " "
        """, ["not P(X, F(Y)) and Q()", "all X . some Y.P(X)or Q(Y)"], ["all X P(X)", "P(X,)", "and"]),
    "lists": ("""
        start: items
        items: items item | item
        item: "-" words _NL | "*" words _NL
        words: WORD | words WORD
        %import common.WORD
        %import common.NEWLINE -> _NL
        %import common.WS_INLINE
        %ignore WS_INLINE
        """, ["- one two\n* three\n\n"], ["one\n", "- \n"]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_grammars_mean_what_lark_reads(name: str) -> None:
    text, yes, no = REAL[name]
    judge = Lark(text, parser="earley", lexer="dynamic_complete")
    for compiled in compile_all(sg.Lark(text)):
        matcher = compiled.matcher()
        for one in yes + no:
            assert reads(judge, one) == (one in yes), one
            matcher.reset()
            chance = random.Random(one)
            assert (all(map(matcher.advance, tokenized(one.encode(), chance))) and matcher.is_accepting) == (one in yes)
        for seed in range(12):
            chance = random.Random(seed)
            made = sample(compiled.matcher(), chance, chance.randint(1, 12), 150)
            assert made is not None
            assert reads(judge, made.decode()), made
            for _ in range(4):  # and what is no longer right, or still is
                at = chance.randrange(len(made) + 1)
                other = made.decode()[:at] + chance.choice(["", " ", "(", "1", "x", "\n", ","]) + made.decode()[at + 1 :]
                matcher.reset()
                assert (matcher.advance_bytes(other.encode()) and matcher.is_accepting) == reads(judge, other), other


def reads(judge: Lark, text: str) -> bool:
    try:
        judge.parse(text)
    except UnexpectedInput:
        return False
    return True


CALLS = r"""
start: call (";" call)*
call: NAME %json {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "required": ["a"],
    "$defs": {"n": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/n"}}]}},
    "additionalProperties": false} [":" %json {"enum": ["%json", null]}]  // %json in a comment, "%json" in a string
NAME: /[a-z]+/
%ignore " "
"""


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('call f {"a": [1, [2]]} : "%json"; g{"a":3}', False),
        ('f {"a": [1, [2]]} : "%json"; g{"a":3}', True),
        ('f{"a":1}:null', True),
        ('f {"b": 1}', False),
        ('f{"a":1}:2', False),
        ('f{"a":true}', False),
    ],
    ids=str,
)
def test_embedded_schema_is_enforced(text: str, right: bool) -> None:
    for compiled in compile_all(sg.Lark(CALLS, lexer=None)):
        matcher = compiled.matcher()
        chance = random.Random(text)
        assert (all(map(matcher.advance, tokenized(text.encode(), chance))) and matcher.is_accepting) == right


@pytest.mark.parametrize(("text", "options", "position", "words"), [
    ('start: "a"\n  %json {}', {}, "grammar:2:3", "%json is not supported beside one of lark's lexers"),
    ('start: %json {"a":', {"lexer": None}, "grammar:1:8", "no JSON Schema follows %json"),
    ("start: A\nA: %json {}", {"lexer": None}, "grammar:1", "%json cannot stand in a terminal"),
    ('start: %json {"type": "nothing"}', {"lexer": None}, "#/type", '"type" is \'nothing\''),
], ids=str)
def test_embedded_schema_refused_by_name(text: str, options: dict[str, None], position: str, words: str) -> None:
    with pytest.raises(StructgenError) as caught:
        sg.Lark(text, **options).to_grammar(Limits())
    assert words in caught.value.what
    assert caught.value.position == position
