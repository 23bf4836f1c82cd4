"""Patterns and choices as sources."""

from __future__ import annotations

import re

import pytest

from structgen.automaton.dfa import compile_language
from structgen.errors import GrammarSyntaxError, SchemaError
from structgen.formats.text.source import Choice, Regex
from structgen.grammar.nodes import Grammar, Text
from structgen.limits import Limits


def accepts(grammar: Grammar, text: str) -> bool:
    assert isinstance(grammar.start, Text)
    dfa = compile_language(grammar.start.body, Limits())
    return dfa is not None and dfa.accepts(text)


def test_pattern_matches_the_whole_text() -> None:
    grammar = Regex(r"[ab]+c", flags=re.IGNORECASE).to_grammar(Limits())
    assert accepts(grammar, "aBC")
    assert not accepts(grammar, "xabc")


def test_compiled_pattern_keeps_its_flags() -> None:
    source = Regex(re.compile("a.", re.DOTALL))
    assert source.pattern == "a."
    assert accepts(source.to_grammar(Limits()), "a\n")


def test_malformed_pattern_is_refused_with_its_offset() -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        Regex("a(b").to_grammar(Limits())
    assert caught.value.position == "offset 1"


def test_choice_is_one_of_its_strings() -> None:
    grammar = Choice(["yes", "no", "", "é"]).to_grammar(Limits())
    assert all(accepts(grammar, text) for text in ["yes", "no", "", "é"])
    assert not accepts(grammar, "ye")


@pytest.mark.parametrize(("strings", "words"), [
    ([], "at least one"), (["a", "b", "a"], "occurs twice"), (["a", "\ud800"], "lone surrogate"), ("ab", "several"),
    (["a", 1], "not int"),
], ids=["empty", "duplicate", "surrogate", "one string", "number"])
def test_malformed_choice_is_refused(strings: list[str], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        Choice(strings)


def test_malformed_regex_type_is_refused() -> None:
    with pytest.raises(SchemaError, match="not bytes"):
        Regex(re.compile(b"a"))  # type: ignore[arg-type]


def test_sources_are_values() -> None:
    assert Regex("a") == Regex("a")
    assert hash(Choice(["a", "b"])) == hash(Choice(["a", "b"]))
