"""Tries of names and of strings, against dictionaries and sets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.automaton.dfa import ANY, INFINITE, Dfa, compile_language, compile_names, compile_strings
from structgen.errors import LimitExceededError, StructgenError
from structgen.grammar.build import alt, literal, seq
from structgen.grammar.nodes import Chars
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

LIMITS = Limits()
WORDS = st.text("abé\u20ac\U0001f600", max_size=4)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_strings_are_accepted_and_nothing_else(strings: list[str], others: list[str]) -> None:
    dfa = compile_strings(strings)
    if dfa is None:
        assert not strings
        return
    assert all(dfa.accepts(text) for text in strings)
    assert all(dfa.accepts(text) == (text in strings) for text in others)
    assert dfa.count[0] == len(set(strings))
    assert dfa.min_length[0] == min(map(len, strings))
    assert dfa.max_length[0] == max(map(len, strings))


@settings(max_examples=200)
@given(st.lists(st.text("abé", min_size=1, max_size=4), min_size=2, max_size=8))
def test_strings_give_the_automaton_of_the_subset_construction(strings: list[str]) -> None:
    last = [seq(literal(text[:-1]), Chars(((ord(text[-1]),) * 2,))) for text in strings]
    slow = compile_language(alt(last), LIMITS)
    assert compile_strings(strings) == slow


@pytest.mark.parametrize("pattern", [None, r"(?s).*", r"[abé]*", r".", r"[é€]{0,2}", r"x.*", r"[^a]*"], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_names_keep_their_labels_beside_the_others(pattern: str | None, seed: int) -> None:
    source = random.Random(seed)
    names = list({"".join(source.choices("ab\u00e9\u20ac\U0001f600", k=source.randint(0, 3))) for _ in range(12)})
    other = None if pattern is None else compile_language(parse_regex(pattern, limits=LIMITS), LIMITS)
    dfa = compile_names(names, True, other)
    assert dfa is not None
    for _ in range(400):
        text = "".join(source.choices("ab\u00e9\u00e8\u20ac\u20ad\U0001f600\U0001f601x", k=source.randint(0, 4)))
        wanted = len(names) if other is None or other.accepts(text) else -1
        if text in names:
            wanted = names.index(text)
        assert dfa.label(text) == wanted, text
    if other is not None and other.count[0] < INFINITE:
        assert dfa.count[0] == other.count[0] + sum(not other.accepts(name) for name in names)


@settings(max_examples=200)
@given(st.lists(WORDS, unique=True, max_size=8), st.booleans())
def test_names_tell_what_is_still_reachable(names: list[str], other: bool) -> None:
    dfa = compile_names(names, other)
    if dfa is None:
        assert not names
        assert not other
        return
    every = tuple(range(len(names) + other))
    assert dfa.labels[dfa.start] == every
    for number, name in enumerate(names):
        assert dfa.label(name) == number
        assert number in dfa.labels[walk(dfa, name)]
        follow = {i for i, longer in enumerate(names) if longer.startswith(name)}
        assert set(dfa.labels[walk(dfa, name)]) == follow | ({len(names)} if other else set())
    if not other:
        assert dfa.count[0] == len(names)
        assert (dfa.min_length[0], dfa.max_length[0]) == (min(map(len, names)), max(map(len, names)))


def walk(dfa: Dfa, text: str) -> int:
    state = dfa.start
    for byte in text.encode():
        state = next(target for low, high, target in dfa.edges[state] if low <= byte <= high)
    return state


def test_the_first_of_equal_names_wins() -> None:
    for names in (["a", "b", "a"], ["é", "b", "é"]):
        dfa = compile_names(names, True)
        assert dfa is not None
        assert dfa.label(names[0]) == 0


def test_nothing_to_name_is_none() -> None:
    assert compile_names([], False) is None
    assert compile_strings([]) is None
    others = compile_names([], True)
    assert others is not None
    assert others.label("anything") == 0


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(StructgenError, match="lone surrogate"):
        compile_names(["\ud800"], False)
    with pytest.raises(StructgenError, match="lone surrogate"):
        compile_strings(["\udfff"])


def test_names_longer_together_than_a_grammar_meet_their_limit() -> None:
    with pytest.raises(LimitExceededError) as caught:
        compile_names(["a" * 200, "b"], True, ANY, Limits(grammar_states=100))
    assert caught.value.limit == "grammar_states"


def test_many_strings_stay_linear() -> None:
    source = random.Random(5)
    strings = ["".join(source.choices("abcdefgh", k=12)) for _ in range(20_000)]
    dfa = compile_strings(strings)
    assert dfa is not None
    assert dfa.count[0] == len(set(strings))
