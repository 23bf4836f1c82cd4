"""Every substring of a text, and nothing else."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.automaton.dfa import compile_language
from structgen.automaton.substrings import compile_substrings
from structgen.grammar.nodes import And, Not, Substrings
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits


@settings(max_examples=300)
@given(st.text("abé\u20ac\U0001f600", max_size=8), st.text("abé\u20ac\U0001f600\U0001f601", max_size=4))
def test_substrings_are_those_of_the_text(source: str, text: str) -> None:
    dfa = compile_substrings(source)
    assert dfa.accepts(text) == (text in source)
    every = {source[i:j] for i in range(len(source) + 1) for j in range(i, len(source) + 1)}
    assert all(dfa.accepts(part) for part in every)
    assert dfa.count[0] == len(every)
    assert dfa.max_length[0] == len(source)
    assert len([label for label in dfa.accept if label >= 0]) <= max(1, 2 * len(source))


@settings(max_examples=100)
@given(st.text("abé", max_size=8), st.text("abé", max_size=4))
def test_substrings_join_other_languages(source: str, text: str) -> None:
    words = parse_regex("[aé]+", limits=Limits())
    both = compile_language(And((Substrings(source), words, Not(Substrings("éa")))), Limits())
    wanted = text in source and bool(text) and set(text) <= set("aé") and text not in "éa"
    assert (both is not None and both.accepts(text)) == wanted


def test_a_long_text_is_linear() -> None:
    source = "".join(random.Random(1).choices("abc déf\n", k=20_000))
    started = time.process_time()
    dfa = compile_substrings(source)
    assert time.process_time() - started < 5  # about 0.4 s
    assert dfa.accepts(source[777:1999])
    assert len(dfa.edges) < 3 * len(source)
