"""Grammars mean what lark parses with each of its parsers and lexers; lark itself is the judge."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import lark
import pytest
from lark import lexer as lexing
from lark.exceptions import LarkError
from laws.walks import compile_all, compiler, sample, tokenized

import structgen as sg
from structgen.errors import GrammarSyntaxError, LimitExceededError, SchemaError, StructgenError, UnsatisfiableError

MODES = [
    ("earley", "dynamic"),
    ("earley", "dynamic_complete"),
    ("earley", "basic"),
    ("lalr", "basic"),
    ("lalr", "contextual"),
]
SMALL = {
    "the longest terminal wins": ("start: A | B\nA: /a{1,5}/\nB: /ab/", "ab"),
    "no restriction remains": ('start: N N\nN: /[0-9]+/\n%ignore " "', "01 "),
    "backing up": ("start: (A | B | C)+\nA: /a/\nB: /a.*z/\nC: /b/", "abz"),
    "words and names": ('start: "if" N | N "=" N\nN: /[a-z]+/\n%ignore " "', "if= "),
    "strings": ('start: (S | "x")*\n%import common.ESCAPED_STRING -> S\n%ignore " "', '"\\x '),
    "comments": ('start: ("a" | "/" | "*")*\nC: "/*" /(.|\\n)*?/ "*/"\n%ignore C\n%ignore " "', "/*a "),
    "operators": ('start: (A | "+" | "++" | "+=")*\nA: /[a-c]/', "+=a"),
    "numbers and dots": ('start: N ("." N)*\nN: /[0-9]+(\\.[0-9]+)?/', "0."),
    "a lexer for each state": ('start: "a" X | "b" Y\nX: /[xy]+/\nY: /x/', "abxy"),
    "words that begin words": ('start: a*\na: "a" X "c" | "b" Y "y"\nX: /[xy]+/\nY: /x/', "abxyc"),
    "a conflict that matters": ('start: a "x"\na: "x"?', "x"),
    "a conflict that does not": ('start: s\ns: "i" s | "i" s "e" s | "x"', "iex"),
    "a conflict in a loop": ('start: (a "b")* "a"?\na: "a" "a"?', "ab"),
    "left recursion": ('start: e\ne: e "+" t | t\nt: N | "(" e ")"\nN: /[0-9]+/', "0+()"),
    "priorities": ("start: (A | B)*\nA.2: /a/\nB: /ab?/", "ab"),
    "the first way to match": ("start: (A | B | C)*\nA: /a|ab/\nB: /b??c/\nC: /(?:ab|b)+?a/", "abc"),
    "lookahead": ("start: (A | B | C)*\nA: /a(?=b)/\nB: /b(?!a)/\nC: /[ab]c?/", "abc"),
    "word boundaries": ('start: (A | B | "-")*\nA: /\\bab?\\b/\nB: /b+/', "ab-"),
    "lookbehind beyond the token": ("start: (A | B)*\nA: /(?<!a)b|a/\nB: /(?<=a)b/", "ab"),
    "atomic and possessive": ('start: (A | B | "b")*\nA: /(?>a|ab)c/\nB: /a*+b/', "abc"),
    "lines": ("start: (K V _N)*\nK: /^a/m\nV: /[^\\n]+$/m\n_N: /\\n+/", "ab\n"),
    "nothing at all": ('start: a b\na: "x"?\nb: "y"*\n%ignore " "', "xy "),
    "cases": ('start: "IF"i N\nN: /[a-z]+/\n%ignore " "', "iF "),
    "templates": ('start: list{"a"} ";" list{B}\nlist{x}: x ("," x)*\nB: /b+/\n%ignore " "', "ab,;"),
    "terminals that nothing can compare": ("start: (A | B)*\nA: /a$/\nB: /b\\Z|ab?|\\Ab/", "ab"),
    "groups that a conditional names": ("start: (A | B)*\nA: /(?P<x>a)?(?(x)b|c)/\nB: /d/", "abcd"),
    "ignored texts that are tokens": ('start: "a" B? "a"\nB: "b"\n%ignore B', "ab"),
}


def judge(text: str, parser: str, lexer: str) -> Any:
    """lark's parser; None where lark refuses the grammar."""
    with patch.object(lexing, "has_interegular", False):  # it only warns of collisions, and fails where it reads nothing
        try:
            return lark.Lark(text, parser=parser, lexer=lexer)  # type: ignore[arg-type]
        except LarkError:
            return None


def parses(parser: Any, text: str) -> bool:
    try:
        parser.parse(text)
    except LarkError:
        return False
    except RuntimeError as error:  # of lark's own bookkeeping of trees: the text is right in several ways
        assert "multiple start symbol" in str(error)
    return True


def check(source: Any, parser: Any, texts: list[str], chance: random.Random, samples: int) -> list[bool]:
    """The same answer for every text, and samples that lark parses; what was answered."""
    if parser is None:
        assert compile_all(source) == []
        return []
    found = [parses(parser, text) for text in texts]
    grammars = compile_all(source)
    if not grammars:
        with pytest.raises((UnsatisfiableError, GrammarSyntaxError)) as caught:
            compiler("python").compile(source)
        assert "dynamic_complete" in str(caught.value) or not any(found)
        return found
    for grammar in grammars:
        matcher = grammar.matcher()
        for text, wanted in zip(texts, found, strict=True):
            matcher.reset()
            tokens = tokenized(text.encode(), chance)
            assert (all(map(matcher.advance, tokens)) and matcher.is_accepting) == wanted, (text, wanted)
        for _ in range(samples):
            made = sample(grammar.matcher(), chance, chance.randint(1, 8), 200)
            assert made is not None
            assert parses(parser, made.decode()), made
    return found


@pytest.mark.parametrize("name", SMALL)
def test_lark_lexers_answer_as_lark_on_every_short_text(name: str) -> None:
    text, letters = SMALL[name]
    chance = random.Random(name)
    texts = ["".join(letters_) for size in range(4) for letters_ in product(letters, repeat=size)]
    texts = chance.sample(texts, min(len(texts), 60))
    texts += ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(40)]
    answers = [
        check(sg.Lark(text, parser=parser, lexer=lexer), judge(text, parser, lexer), texts, chance, 4)  # type: ignore[arg-type]
        for parser, lexer in MODES
    ]
    assert any(any(answer) for answer in answers)


PATTERNS = [
    "a",
    "b",
    "c",
    "ab",
    "abc",
    "[ab]",
    "[^a]",
    ".",
    "a+",
    "b*a",
    "(?:ab)+",
    "a|ab",
    "ab|a",
    "a*?b",
    "[ab]+?c",
    "a(?=b)",
    "b(?!c)",
    "(?<=a)b",
    "c\\b",
    "(?:a|b)*c",
    "a{1,3}",
    "(?i:a)b?",
    "a.*c",
    "a.*?c",
    "(?<!c)a",
    "(?>a|ab)c?",
    "b++",
    "a(?:b|bc)?",
]


def random_grammar(chance: random.Random) -> str:
    terminals = [f"T{number}" for number in range(chance.randint(2, 5))]
    lines = []
    for name in terminals:
        word = '"' + chance.choice(["a", "b", "ab", "abc", "c", "bb"]) + '"' + chance.choice(["", "", "i"])
        body = word if chance.random() < 0.3 else f"/{chance.choice(PATTERNS)}/"
        lines.append(f"{name}{chance.choice(['', '', '', '', '.2'])}: {body}")

    def symbol(depth: int) -> str:
        kind = chance.random()
        if kind < 0.6 or depth > 1:
            return chance.choice([*terminals, *terminals, '"a"', '"b"', '"abc"'])
        if kind < 0.8:
            return chance.choice(["start", "x", "y"])
        return "(" + options(depth + 1) + ")" + chance.choice(["", "?", "*", "+"])

    def options(depth: int) -> str:
        return " | ".join(
            " ".join(symbol(depth) for _ in range(chance.randint(chance.random() > 0.15, 3)))
            for _ in range(chance.randint(1, 3))
        )

    lines += [f"{rule}: {options(0)}" for rule in ("start", "x", "y")]
    return "\n".join(lines + chance.choice([[], ['%ignore " "'], ["%ignore /ab?/"], ["%ignore /-.*?-/"]]))


@pytest.mark.parametrize("seed", range(20))
def test_lark_lexers_answer_as_lark_on_random_grammars(seed: int) -> None:
    chance = random.Random(seed)
    text = random_grammar(chance)
    texts = ["".join(chance.choices("abc -", (4, 4, 4, 1, 1), k=chance.randint(0, 7))) for _ in range(25)]
    for parser, lexer in chance.sample(MODES, 2):
        source = sg.Lark(text, parser=parser, lexer=lexer)  # type: ignore[arg-type]
        try:
            check(source, judge(text, parser, lexer), texts, chance, 2)
        except LimitExceededError as error:
            assert error.limit == "threads"
        except GrammarSyntaxError as error:
            assert "shift/reduce conflict" in str(error) or lexer == "dynamic_complete"


@pytest.mark.parametrize(
    ("text", "options", "position", "words"),
    [
        ("start: A\nA: /[0-9]*/", {}, "grammar:2", "zero-width"),
        ("start: A\nA: /a*/", {"parser": "lalr"}, "grammar:2", "zero-width"),
        ('%declare X\nstart: "a" X', {"parser": "lalr"}, "grammar", "%declare is not supported"),
        ("%import .other.WORD\nstart: WORD", {}, "grammar:1:10", "only the grammars that lark ships"),
        ("%import nowhere.WORD\nstart: WORD", {}, "grammar:1:9", "only the grammars that lark ships"),
        ("%import common.WORDS\nstart: WORDS", {}, "grammar:2", "WORDS"),
        ("start: A\nA: /(a)\\1/", {}, "grammar:2:4", "in /(a)\\1/: back-references are not supported here"),
        ("start: A B\nA: /a/\nB: /a(?=b)/", {"lexer": "dynamic_complete"}, "grammar:3", "looks at what stands around it"),
        ('start: a | b\na: "x"\nb: "x"', {"parser": "lalr"}, "grammar", "Reduce/Reduce collision"),
        ('start: s\ns: "i" s | "i" s "e" s | "x"', {"parser": "lalr", "strict": True}, "grammar", "Shift/Reduce conflict"),
        ("start: A | B\nA: /ab?/\nB: /abc?/", {"parser": "lalr", "strict": True}, "grammar", "Collision between Terminals"),
        ("start: A\nA: /[/", {}, "grammar:2:4", "in /[/, offset 0: unterminated character set"),
        ("start: missing", {}, "grammar:1", "missing"),
        ('start: "a" (', {}, "grammar:1:13", "Unclosed"),
        ('start: "a"~3..2', {}, "grammar:1:12", "run backwards"),
        ("start: A\nA: /a/il", {}, "grammar:2:4", "the flag l of /a/il is not supported"),
        ('start: "a"\n  | "\ud800"', {}, "grammar:2:6", "a lone surrogate"),
        ('start: "a".."c"i', {}, "grammar:1:8", "a range goes from one character to a later one"),
        ('start: "b".."a"', {}, "grammar:1:8", "a range goes from one character to a later one"),
        ('start: "\\u12"', {}, "grammar:1:8", "an escape"),
        ('start: "a"\n\nstart: "b"', {}, "grammar:1", "defined more than once"),
        ("start: A\nA: start", {}, "grammar:2", "Rules aren't allowed inside terminals"),
        ("start: A\nA: /(?i)a/x", {}, "grammar", "global flags not at the start"),
        ('start: A "b"\nA: /(?i)a/', {"parser": "lalr"}, "grammar", "global flags not at the start"),
        ("start: A B\nA: /(?P<q>a)/\nB: /(?P<q>b)/", {"lexer": "basic"}, "grammar", "redefinition of group name"),
        ("start: A\nA: /(a)?(?(1)b|c)/", {"lexer": "basic"}, "grammar:2", "asks for a group by its number"),
        ("start: A | B\nA: /a$/\nB: /b$/", {"parser": "lalr", "strict": True}, "grammar", "cannot compare the terminals"),
    ],
    ids=str,
)
def test_lark_lexers_refuse_by_name(text: str, options: dict[str, Any], position: str, words: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        compiler("python").compile(sg.Lark(text, **options))
    assert words in caught.value.what
    assert caught.value.position == position


def test_lark_lexers_say_what_a_grammar_expected() -> None:
    for text, expected in [('start: a\na: ("b"\n', "expected )"), ('start: "a")', "expected the end of the line")]:
        with pytest.raises(GrammarSyntaxError) as caught:
            compiler("python").compile(sg.Lark(text))
        assert caught.value.because == expected


def test_lark_lexers_of_states_that_never_meet_keep_their_names_of_groups() -> None:
    text = "start: A B\nA: /(?P<q>a)+/\nB: /(?P<q>b)/"
    assert all(check(sg.Lark(text, parser="lalr"), judge(text, "lalr", "contextual"), ["ab", "aaab"], random.Random(1), 4))


@pytest.mark.parametrize(
    "options",
    [{"parser": "cyk"}, {"parser": "lalr", "lexer": "dynamic"}, {"lexer": "contextual"}, {"lexer": "scanner"}],
    ids=str,
)
def test_lark_lexers_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        compiler("python").compile(sg.Lark('start: "a"', **options))


@pytest.mark.parametrize(
    "text",
    [
        "start: " + " ".join('["x"]' for _ in range(40)),
        'start: ("a" | "b")~40',
        "start: " + "(" * 400 + '"a"' + ")" * 400,
        'start: "a"~1..99999999',
        "start: A\nA: /(?:a{1,900}){1,900}/",
    ],
    ids=str,
)
def test_lark_lexers_large_grammars_meet_their_limit(text: str) -> None:
    with pytest.raises(LimitExceededError):
        compiler("python").compile(sg.Lark(text))


def test_lark_lexers_import_only_from_the_named_folders(tmp_path: Path) -> None:
    (tmp_path / "words.lark").write_text("WORD: /[a-z]+/\n_other: WORD\n")
    text = '%import .words.WORD\nstart: WORD "!"'
    with pytest.raises(StructgenError, match="only the grammars"):
        compiler("python").compile(sg.Lark(text))
    for one in (text, text.replace(".words", "words")):
        matcher = compiler("python").compile(sg.Lark(one, import_paths=(str(tmp_path),))).matcher()
        assert matcher.advance_bytes(b"abc!")
        assert matcher.is_accepting


def test_lark_lexers_shortest_completion_is_accepted() -> None:
    text = 'start: e ";"\ne: e "+" e | N | "(" e ")" | "if" e "else" e\nN: /[a-z]+/\n%ignore " "'
    for grammar in compile_all(sg.Lark(text, parser="earley", lexer="basic")):
        for begun, rest in [(b"", 2), (b"if", 1), (b"if ", 6 + 2), (b"(a+", 3), (b"if a else", 3)]:
            matcher = grammar.matcher()
            assert matcher.advance_bytes(begun)
            found = matcher.shortest_completion()
            assert len(found) <= rest + 1, (begun, found)
            assert matcher.advance_bytes(found)
            assert matcher.is_accepting
