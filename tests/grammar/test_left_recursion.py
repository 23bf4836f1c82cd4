"""Left recursion is removed and the language stays: compared on random small grammars with the sets of spans that their
rules allow, and on some known ones with lark's Earley parser."""

from __future__ import annotations

import itertools
import random
from functools import cache
from typing import Any

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput
from laws.walks import ENGINES

from structgen import Compiler, LimitExceededError, Limits, UnsatisfiableError, Vocabulary
from structgen.grammar.empty_text import components, first_rules, nullable_rules
from structgen.grammar.lark import read_lark
from structgen.grammar.left_recursion import without_left_recursion
from structgen.grammar.nodes import Grammar, Ref

BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
WORDS = ["".join(word) for size in range(6) for word in itertools.product("ab", repeat=size)]


@cache
def compiler(engine: Any) -> Compiler:
    return Compiler(BYTES, limits=Limits(threads=150), engine=engine)


def matchers(grammar: Grammar) -> list[Any]:
    return [compiler(engine).compile(grammar).matcher() for engine in ENGINES]


def accepts(matcher: Any, text: str) -> bool:
    matcher.reset()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


Rules = dict[str, Any]
"""Bodies by rule: a letter, a rule's name, ("alt", options), ("seq", parts) or ("repeat", body, least, most)."""


def random_rules(chance: random.Random) -> Rules:
    """Two or three rules, of a few short alternatives each; many begin with a rule, some are empty."""
    names = ["start", "p", "q"][: chance.randint(2, 3)]

    def item(depth: int) -> Any:
        if depth < 1 and chance.random() < 0.1:
            return "repeat", body(depth + 1, 2), *chance.choice([(1, 1), (0, 1), (0, None), (1, None), (0, 2), (2, 2)])
        one = chance.choice("ab") if chance.random() < 0.5 else chance.choice(names)
        return one if chance.random() < 0.8 else ("repeat", one, *chance.choice([(0, 1), (0, 1), (0, None)]))

    def body(depth: int, most: int) -> Any:
        sizes = [chance.choice([0, 1, 1, 2, 2, 2, 2, 3, 3, 3]) for _ in range(chance.randint(1, most))]
        return "alt", [("seq", [item(depth) for _ in range(size)]) for size in sizes]

    return {name: body(0, 3) for name in names}


def written(node: Any) -> str:
    """A body in Lark's notation."""
    if isinstance(node, str):
        return f'"{node}"' if node in "ab" else node
    if node[0] == "alt":
        return "(" + " | ".join(map(written, node[1])) + ")"
    if node[0] == "seq":
        return " ".join(map(written, node[1]))
    return f"({written(node[1])})" + {(0, 1): "?", (0, None): "*", (1, None): "+"}.get(node[2:], f"~{node[2]}..{node[3]}")


def belongs(rules: Rules, text: str) -> bool:
    """The least sets of spans that the rules allow: the meaning of a grammar, written down directly."""
    known: set[tuple[str, int, int]] = set()

    def ends(node: Any, start: int) -> set[int]:
        if isinstance(node, str):
            if node in "ab":
                return {start + 1} if text[start : start + 1] == node else set()
            return {end for rule, begin, end in known if rule == node and begin == start}
        if node[0] == "alt":
            return {end for option in node[1] for end in ends(option, start)}
        here = {start}
        if node[0] == "seq":
            for part in node[1]:
                here = {end for begin in here for end in ends(part, begin)}
            return here
        _, body, least, most = node
        found = here if least == 0 else set()
        for count in range(1, (len(text) + least + 1 if most is None else most) + 1):
            here = {end for begin in here for end in ends(body, begin)}
            found = found | here if count >= least else found
        return found

    while True:
        more = {(rule, i, end) for rule in rules for i in range(len(text) + 1) for end in ends(rules[rule], i)}
        if more <= known:
            return ("start", 0, len(text)) in known
        known |= more


def is_left_recursive(grammar: Grammar) -> bool:
    nullable = nullable_rules(grammar.rules)
    first = {name: first_rules(node, nullable) for name, node in grammar.rules.items()}
    return any(len(names) > 1 or names[0] in first[names[0]] for names in components(first))


def compare(rules: Rules, chance: random.Random) -> int:
    """How many texts of the grammar were found, after comparing every short word and random walks under masks."""
    text = "\n".join(f"{rule}: {written(body)}" for rule, body in rules.items())
    grammar = read_lark(text)
    assert not is_left_recursive(grammar), text
    right = {word for word in WORDS if belongs(rules, word)}
    try:
        both = matchers(grammar)
    except UnsatisfiableError:
        assert not right, text
        return 0
    for matcher in both:
        assert {word for word in WORDS if accepts(matcher, word)} == right, text
    for matcher in both:
        matcher.reset()
    path = b""
    for _ in range(10):
        allowed = [matcher.allowed_tokens().tolist() for matcher in both]
        assert all(one == allowed[0] for one in allowed), (text, path)
        texts = [token for token in allowed[0] if token != 256]
        for token in texts:  # whatever is allowed leads to a text of the language
            whole = path + bytes([token])
            assert both[0].advance(token)
            whole += both[0].shortest_completion()
            both[0].rollback(1)
            assert belongs(rules, whole.decode()), (text, whole)
        assert (256 in allowed[0]) == belongs(rules, path.decode()), (text, path)
        if not texts:
            break
        token = chance.choice(texts)
        assert all(matcher.advance(token) for matcher in both)
        path += bytes([token])
    return len(right)


@pytest.mark.parametrize("seed", range(5))
def test_random_grammars_keep_their_language(seed: int) -> None:
    """A grammar that is ambiguous beyond the limit says so."""
    chance = random.Random(seed)
    texts = 0
    for _ in range(25):
        try:
            texts += compare(random_rules(chance), chance)
        except LimitExceededError as error:
            assert error.limit == "threads"
    assert texts > 20


def reads(judge: Lark, text: str) -> bool:
    try:
        judge.parse(text)
    except UnexpectedInput:
        return False
    return True


EXPRESSION = """
start: sum
?sum: sum "+" product | sum "-" product | product
?product: product "*" atom | product "/" atom | atom
?atom: NUMBER | "-" atom | "(" sum ")" | call
call: atom "(" [sum ("," sum)*] ")"
NUMBER: /[0-9]/
"""
AMBIGUOUS = """
?start: add | multiply | negate | index | NUMBER | "(" start ")"
add: start "+" start
multiply: start "*" start
negate: "-" start
index: start "[" start "]"
NUMBER: /[0-9]/
"""


@pytest.mark.parametrize("text", [EXPRESSION, AMBIGUOUS], ids=["layers", "ambiguous"])
@pytest.mark.parametrize("engine", ENGINES)
def test_expressions_keep_the_stack_flat(text: str, engine: Any) -> None:
    compiled = compiler(engine).compile(read_lark(text))
    matcher = compiled.matcher()
    assert accepts(matcher, "1")
    assert accepts(matcher, "1" + "+2*3" * 20 + "*-(1+(2))")
    few = compiled.stats()["configurations"]
    assert accepts(matcher, "1" + "+2*3" * 3000)
    assert compiled.stats()["configurations"] == few
    assert not accepts(matcher, "1+")
    assert not accepts(matcher, "1)")


@pytest.mark.parametrize(("text", "yes", "no"), [
    ('start: start "a" | "b"', ["b", "ba", "baaa"], ["", "a", "ab"]),
    ('start: start', [], []),
    ('start: start | p\np: start | "a"', ["a"], ["", "aa"]),
    ('start: p start "x" | "x"\np: | "e"', ["x", "xx", "exx", "eexxx"], ["e", "ex", "eeexx"]),
    ('start: q "x" | "x"\nq: start "y" | "y"', ["x", "yx", "xyx", "xyxyx"], ["y", "xy", "yy"]),
    ('start: start start | "a" |', ["", "a", "aaaa"], ["b"]),
    ('start: [start "a"] "b"', ["b", "bab", "babab"], ["", "ba", "ab"]),
    ('start: (start "a")~2 | "b"', ["b", "baba"], ["", "ba", "bab"]),
    ('start: p* start "a" | "b"\np: "a"?', ["b", "ba", "aba", "aaaba"], ["", "a", "ab"]),
    ('start: (p | "c") start | "d"\np: start?', ["d", "cd", "ccd", "dd", "cdcdd"], ["", "c", "dc"]),
], ids=str)
def test_left_recursion_keeps_the_language(text: str, yes: list[str], no: list[str]) -> None:
    judge = Lark(text, parser="earley", lexer="dynamic")
    assert [reads(judge, sample) for sample in yes + no] == [True] * len(yes) + [False] * len(no)
    try:
        both = matchers(read_lark(text))
    except UnsatisfiableError:
        assert not yes
        return
    for matcher in both:
        assert [sample for sample in yes if not accepts(matcher, sample)] == []
        assert [sample for sample in no if accepts(matcher, sample)] == []


def test_grammar_without_left_recursion_stays_itself() -> None:
    grammar = Grammar(Ref("start"), read_lark('start: "a" start | p\np: "(" start ")" p?').rules)
    assert without_left_recursion(grammar, Limits()) is grammar


def test_many_rules_in_one_cycle_meet_the_limit() -> None:
    size = 60
    text = "\n".join(f"r{i}: " + " | ".join(f'r{j} "x{i}y{j}"' for j in range(size)) + ' | "z"' for i in range(size))
    with pytest.raises(LimitExceededError) as caught:
        read_lark("start: r0\n" + text, limits=Limits(grammar_states=1000))
    assert caught.value.limit == "grammar_states"


def test_long_chains_of_rules_need_no_recursion() -> None:
    def chain(size: int, last: str) -> str:
        return "\n".join(f'r{i}: r{i + 1} | "x"' for i in range(size)) + f"\nr{size}: {last}"

    assert not is_left_recursive(read_lark(f'start: start "a" | r0\n{chain(3000, """ "y" """)}'))
    grammar = read_lark(f'start: start "a" | r0\n{chain(40, """ "y" | start "b" """)}')
    assert not is_left_recursive(grammar)
    for matcher in matchers(grammar):
        assert accepts(matcher, "xabbaab")
        assert not accepts(matcher, "yac")
