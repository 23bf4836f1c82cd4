"""Grammars in GBNF: what they mean, and where and why a text is none."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.walks import ENGINES, compile_all, sample

from structgen import Compiler, Gbnf, GrammarSyntaxError, LimitExceededError, Limits, UnsatisfiableError, Vocabulary

BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])

ARITHMETIC = r"""
# Sums and products of numbers and names, line by line.
root    ::= (line "\n")+
line    ::= sum " = " number
sum     ::= product ([+-] product)*
product ::= atom ([*/] atom)*
atom    ::= number | name | "(" sum ")"
number  ::= "-"? [0-9]{1,9} ("." [0-9]+)?
name    ::= [a-z] [a-z0-9_]*
"""
JSON = r"""
root   ::= space value space
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" space (
    member (
        "," space member  # no comma behind the last
    )*
)? "}"
member ::= string space ":" space value space
array  ::= "[" space (value space ("," space value space)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-cA-Ce-fE-F] [0-9a-fA-F]{3}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [+-]? [0-9]+)?
space  ::= [ \t\n\r]{0,20}
"""
LIST = 'root ::= item+\nitem ::= "- " [^\\r\\n]+ "\\n"\n'
CHESS = r"""
root   ::= turn{1,300} result?
turn   ::= [1-9] [0-9]{0,2} ". " move " " (move " ")?
move   ::= (castle | pawn | piece) [+#]?
castle ::= "O-O" "-O"?
pawn   ::= ([a-h] "x")? square ("=" [NBRQ])?
piece  ::= [NBRQK] [a-h]? [1-8]? "x"? square
square ::= [a-h] [1-8]
result ::= "1-0" | "0-1" | "1/2-1/2"
"""


@cache
def matcher(text: str, engine: Any) -> Any:
    return Compiler(BYTES, engine=engine).compile(Gbnf(text)).matcher()


def accepts(text: str, sample: str) -> bool:
    found = set()
    for engine in ENGINES:
        one = matcher(text, engine)
        one.reset()
        found.add(bool(one.advance_bytes(sample.encode()) and one.is_accepting))
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(("text", "yes", "no"), [
    ('root ::= "a" | "b" "c"', ["a", "bc"], ["ab", ""]),
    ('root ::= "a"{2} [b-d]{1,} "e"{0,2} "f"{1,2}', ["aabf", "aadcbeeff"], ["abf", "aaf", "aabeeef", "aabfff"]),
    ("root ::= x? (y | \"-\")*\nx ::= [^a-y\\n]\ny ::= .", ["z", "", "é-\n", "\U0001f600"], ["\ud800"]),
    ('root ::= "\\x41\\u00e9\\U0001F600\\t\\r\\n\\\\\\"\\[\\]"', ['Aé\U0001f600\t\r\n\\"[]'], ["A"]),
    ("root ::= [\\]\\[\\\\-] [-a] [a-] [\\x30-\\u0039]", ["]-a0", "\\a-9", "--a5"], ["]b-0", "xaa0"]),
    ('root ::=\n  "a" |\n  # a comment\n  "b" # another\n\n\n', ["a", "b"], ["c"]),
    ('root ::= (\n"a"\n\n|\n# c\n"b"\n)\r\n', ["a", "b"], ["\n"]),
    ('a-1 ::= "x"\nroot ::= a-1 B_2\nB_2 ::= "y" |', ["xy", "x"], ["y"]),
    ('root::="a"\tb\nb::="b"', ["ab"], ["a"]),
    ('root ::= root "+" root | [0-9]', ["1", "1+2+3"], ["1+", "+1"]),
    ('root ::= ("a"*)* ("" | "b")+', ["", "aab", "bb"], ["ba"]),
    ('root ::= "" ""', [""], ["a"]),
    ('root ::= "a\nb"', ["a\nb"], ["ab"]),
    ('root ::= ["] "a"+ *', ['"aa', '"'], ["aa"]),
], ids=str)
def test_grammar_means_its_texts(text: str, yes: list[str], no: list[str]) -> None:
    assert [one for one in yes if not accepts(text, one)] == []
    assert [one for one in no if "\ud800" not in one and accepts(text, one)] == []


@pytest.mark.parametrize(("text", "position", "words"), [
    ("", "grammar", "the rule 'root' is not defined"),
    ('a ::= "x"', "grammar", "the rule 'root' is not defined"),
    ("root ::= missing", "grammar:1:10", "the rule missing is not defined"),
    ("root ::= [a", "grammar:1:10", "the class is not closed"),
    ("root ::= [a-", "grammar:1:10", "the class is not closed"),
    ('root ::= "a', "grammar:1:10", "the literal is not closed"),
    ('root ::= ("a"', "grammar:1:14", "expected a literal, a class, a rule name, a group or '.', | or ), not the end"),
    ('root ::= "a")', "grammar:1:13", "| or the end of the line, not ')'"),
    ('root ::= * "a"', "grammar:1:10", "expected a literal"),
    ('root ::= "a" | {2}', "grammar:1:16", "expected a literal"),
    ('root ::= "a"{3,1}', "grammar:1:13", "the bounds {3,1} run backwards"),
    ('root ::= "a"{,1}', "grammar:1:14", "expected a number, not ','"),
    ('root ::= "a"{1;2}', "grammar:1:15", "expected , or }, not ';'"),
    ('root ::= "a"{1,2', "grammar:1:17", "expected }, not the end"),
    ('root = "a"', "grammar:1:6", "expected ::=, not '='"),
    ('root ::= "a"\n  | "b"', "grammar:2:3", "expected the name of a rule, not '|'"),
    ('root ::= "a"\n"b"', "grammar:2:1", "expected the name of a rule"),
    ('root ::= "\\q"', "grammar:1:11", "the escape \\q is not known"),
    ('root ::= "\\x4"', "grammar:1:14", "expected 2 hexadecimal digits behind \\x"),
    ('root ::= "\\ud800"', "grammar:1:11", "is no character"),
    ('root ::= "\\U00110000"', "grammar:1:11", "is no character"),
    ('root ::= "\ud800"', "grammar:1:11", "surrogate"),
    ('root ::= "\\', "grammar:1:11", "is not known"),
    ("root ::= [z-a]", "grammar:1:11", "a range goes"),
    ("root ::= []", "grammar:1:10", "the class is empty"),
    ("root ::= [^\\x00-\\U0010FFFF]", "grammar:1:10", "the class is empty"),
    ('root ::= "a"\nroot ::= "b"', "grammar:2:1", "the rule root is defined twice"),
    ("root ::= <think> .*", "grammar:1:10", "tokens are not supported"),
    ('root ::= a\na ::= !<[7]>', "grammar:2:7", "tokens are not supported"),
    ('root ::= "a" \0', "grammar:1:14", "not '\\x00'"),
    ('root ::= "a" & "b"', "grammar:1:14", "not '&'"),
], ids=str)
def test_refusal_says_what_and_where(text: str, position: str, words: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        Gbnf(text).to_grammar(Limits())
    assert words in caught.value.what
    assert caught.value.position == position


@pytest.mark.parametrize("text", ["root ::= root", 'root ::= "a" root', "root ::= a\na ::= root | a"])
def test_grammar_without_a_finite_text_is_refused(text: str) -> None:
    with pytest.raises(UnsatisfiableError):
        Compiler(BYTES).compile(Gbnf(text))


def test_limits_are_met_with_their_name() -> None:
    for text, limit in [("root ::= " + "(" * 300 + '"a"' + ")" * 300, "regex_depth"),
                        ('root ::= "a"{99999999999}', "grammar_states"), ("#" * 2_000_000, "regex_bytes")]:
        with pytest.raises(LimitExceededError) as caught:
            Gbnf(text).to_grammar(Limits())
        assert caught.value.limit == limit


def test_bytes_are_read_as_utf_8() -> None:
    assert Gbnf('root ::= "é"'.encode()).to_grammar(Limits()).rules.keys() == {"root"}
    with pytest.raises(GrammarSyntaxError, match="not UTF-8"):
        Gbnf(b'root ::= "\xff"').to_grammar(Limits())


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
              st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"))),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.text(max_size=5), below, max_size=3)),
    max_leaves=6)


@settings(max_examples=60)
@given(JSON_VALUES, st.sampled_from([None, 1]))
def test_json_grammar_accepts_what_json_writes(value: object, indent: int | None) -> None:
    assert accepts(JSON, json.dumps(value, indent=indent, ensure_ascii=False))


@pytest.mark.parametrize("text", ["", "01", "1.", "+1", "[1,]", '{"a":1,}', "{a:1}", '"\n"', '"\\x"', "nul", "NaN"])
def test_json_grammar_rejects(text: str) -> None:
    assert not accepts(JSON, text)


# What the sample grammars mean, said once more as patterns of Python's re (and json for the one that is not regular).
_NUMBER = r"-?[0-9]{1,9}(\.[0-9]+)?"
_ATOM = rf"({_NUMBER}|[a-z][a-z0-9_]*|\()"
_MOVE = r"(O-O(-O)?|([a-h]x)?[a-h][1-8](=[NBRQ])?|[NBRQK][a-h]?[1-8]?x?[a-h][1-8])[+#]?"
PATTERNS = {
    LIST: re.compile(r"(- [^\r\n]+\n)+"),
    CHESS: re.compile(rf"([1-9][0-9]{{0,2}}\. {_MOVE} ({_MOVE} )?){{1,300}}(1-0|0-1|1/2-1/2)?"),
    ARITHMETIC: re.compile(rf"({_ATOM}[^\n=]* = {_NUMBER}\n)+"),
}


@pytest.mark.parametrize(("text", "yes", "no"), [
    (LIST, ["- milk\n- ten eggs\n"], ["- milk", "milk\n", "- \n"]),
    (CHESS, ["1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Bxc6 dxc6 5. O-O f6 1/2-1/2", "40. exd8=Q+ "], ["1. e9 ", "1. e4 e5 2.", ""]),
    (ARITHMETIC, ["a+2*(b1-3.5)/c = 12\n", "1 = 1\n((x)) = -2\n"], ["a+ = 1\n", "a = b\n", "1=1\n"]),
], ids=["list", "chess", "arithmetic"])
def test_sample_grammars_work(text: str, yes: list[str], no: list[str]) -> None:
    assert [one for one in yes if not accepts(text, one)] == []
    assert [one for one in no if accepts(text, one)] == []
    for compiled in compile_all(Gbnf(text)):
        for seed in range(8):
            made = sample(compiled.matcher(), random.Random(seed), 20, 300)
            assert made is not None
            assert PATTERNS[text].fullmatch(made.decode()), made


def test_json_samples_are_json() -> None:
    for compiled in compile_all(Gbnf(JSON)):
        for seed in range(8):
            made = sample(compiled.matcher(), random.Random(seed), 20, 300)
            assert made is not None
            json.loads(made)
