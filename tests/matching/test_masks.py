"""Masks, token by token: both engines and a brute-force oracle over one table of grammars."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from matching.cases import CASES, Case
from matching.spelling_cases import SPELLING_CASES
from oracle import VOCABULARY, Judge, expected_tokens, mask_of

from structgen import Compiler
from structgen.matching.native_engine import AVAILABLE

ENGINES = [
    "python",
    pytest.param("native", marks=pytest.mark.skipif(not AVAILABLE, reason="the native engine was not built")),
]
ALL_CASES = [*CASES, *SPELLING_CASES]
WALKS, STEPS = 3, 8
"""Random walks a case, and the most tokens in one."""


@cache
def compiler(engine: Any) -> Compiler:
    return Compiler(VOCABULARY, engine=engine)


@cache
def judge_of(case: Case) -> Judge:
    return case.judge()


@cache
def expected(case: Case, prefix: bytes) -> tuple[int, ...]:
    return tuple(expected_tokens(judge_of(case), prefix))


def shown(tokens: set[int]) -> list[Any]:
    return [VOCABULARY.tokens[token] or f"end {token}" for token in sorted(tokens)][:20]


def check_mask(case: Case, matcher: Any, prefix: bytes) -> None:
    found, right = set(matcher.allowed_tokens().tolist()), set(expected(case, prefix))
    assert found == right, f"behind {prefix!r}: too many {shown(found - right)}, too few {shown(right - found)}"
    assert (matcher.mask() == mask_of(right)).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.id)
def test_masks_hold_exactly_the_tokens_of_the_oracle(case: Case, engine: str) -> None:
    grammar = compiler(engine).compile(case.source)
    for text in case.texts:
        matcher = grammar.matcher()
        data = text.encode()
        for cut in range(len(data) + 1):
            check_mask(case, matcher, data[:cut])
            if cut < len(data):
                assert matcher.advance_bytes(data[cut : cut + 1])
        assert matcher.is_accepting
    chance = random.Random(case.id)
    for _ in range(WALKS):
        matcher, prefix = grammar.matcher(), b""
        for _ in range(STEPS):
            check_mask(case, matcher, prefix)
            token = chance.choice(expected(case, prefix))
            assert matcher.advance(token)
            if matcher.is_finished:
                break
            prefix += VOCABULARY.tokens[token] or b""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.id)
def test_matchers_refuse_texts_that_are_not_complete_and_valid(case: Case, engine: str) -> None:
    grammar = compiler(engine).compile(case.source)
    for text in case.others:
        matcher = grammar.matcher()
        assert not (matcher.advance_bytes(text.encode()) and matcher.is_accepting), text
        assert not judge_of(case).is_complete(text.encode()), text
