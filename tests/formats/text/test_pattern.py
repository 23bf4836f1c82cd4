"""Regular expressions as output: every text that the masks allow compiles, and usual patterns are allowed."""

from __future__ import annotations

import random
import re
import warnings
from typing import Any

import pytest
from laws.walks import compile_all, compiler, sample, tokenized

import structgen as sg
from structgen.errors import ReadError
from structgen.formats.text.source import PatternText, text_source
from structgen.generation.target import as_target


@pytest.mark.parametrize("seed", range(4))
def test_pattern_samples_compile(seed: int) -> None:
    chance = random.Random(seed)
    matcher = compiler("native" if len(compile_all(re.Pattern)) > 1 else "python").compile(re.Pattern).matcher()
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # no set operations that a later Python reads otherwise
        for _ in range(40):
            matcher.reset()
            made = sample(matcher, chance, chance.randint(1, 30), 300)
            assert made is not None
            re.compile(made.decode())


@pytest.mark.parametrize("pattern", [
    "", r"\d{4}-(?:0[1-9]|1[0-2])", r"^[^@\s]+@[\w.-]+\.[a-z]{2,}$", r"(?i:colou?r)s?|(?!x).*?",
    r"(?<=\d)[a-f0-9_]++(?>a|b)",
    r"((((((a))))))", r"\x41\u00e9[\]\\^-]", "é+|[ß-]"], ids=str)
def test_pattern_usual_ones_are_allowed(pattern: str) -> None:
    re.compile(pattern)
    for grammar in compile_all(sg.grammar("regex")):  # type: ignore[operator]
        matcher = grammar.matcher()
        assert all(map(matcher.advance, tokenized(pattern.encode(), random.Random(pattern))))
        assert matcher.is_accepting


@pytest.mark.parametrize("text", ["(", "a)", "*a", "a**", "[b-a]", "[", "(?", "a{2,1}", r"\q", "(?<=a*)b", "(?P<a>b)", "\\"])
def test_pattern_malformed_ones_are_not(text: str) -> None:
    for grammar in compile_all(re.Pattern):
        matcher = grammar.matcher()
        assert not (matcher.advance_bytes(text.encode()) and matcher.is_accepting)


@pytest.mark.parametrize("output_type", [re.Pattern, re.Pattern[str]], ids=str)
def test_pattern_type_is_a_target_with_its_value(output_type: Any) -> None:
    target = as_target(output_type)
    assert isinstance(target.source, PatternText)
    assert target.read("a|b") == re.compile("a|b")
    assert "regular expression" in (target.words or "")
    with pytest.raises(ReadError):
        target.read("(")


def test_pattern_of_bytes_is_no_text() -> None:
    assert text_source(re.Pattern[bytes]) is None
    assert text_source(str) is None
