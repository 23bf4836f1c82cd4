"""Whoever follows the masks of a budget, however they choose, ends inside it: over random grammars and schemas."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from laws.strategies import LAW, SEEDS, anchored, grammars, patterns, schemas
from laws.walks import compile_all, too_ambiguous_is_refused
from oracle import VOCABULARY

from structgen import Grammar, JsonSchema, LimitExceededError, Regex
from structgen.generation.budget import budgeted, needed_tokens

MORE = (0, 1, 5)
"""Budgets: so many tokens above the least."""
LONGEST = 60
"""Least budgets beyond it are left out: a walk takes as many steps."""


def ends_in_time(source: Any, seed: int) -> None:
    for compiled in compile_all(source):
        with too_ambiguous_is_refused():
            least = needed_tokens(compiled)
            if least > LONGEST:
                return
            for more in MORE:
                walk(compiled, least + more, random.Random(seed + more))


def walk(compiled: Any, budget: int, chance: random.Random) -> None:
    matcher, free, taken = budgeted(compiled, budget), compiled.matcher(), 0
    while not matcher.is_finished:
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, f"nothing is allowed with {budget - taken} tokens left"
        assert set(allowed) <= set(free.allowed_tokens().tolist())
        token = chance.choice(allowed)
        assert matcher.advance(token) and free.advance(token)
        taken += VOCABULARY.tokens[token] is not None and token not in VOCABULARY.eos_token_ids
        assert taken <= budget
    assert free.is_finished


@LAW
@given(grammars(), SEEDS)
def test_random_grammars_end_in_time(grammar: Grammar, seed: int) -> None:
    ends_in_time(grammar, seed)


@LAW
@given(schemas(), SEEDS)
def test_random_schemas_end_in_time(schema: Any, seed: int) -> None:
    ends_in_time(JsonSchema(schema), seed)


@LAW
@given(anchored(patterns()).map(lambda text: text.removeprefix("^").removesuffix("$")), SEEDS)
def test_random_patterns_end_in_time(pattern: str, seed: int) -> None:
    try:
        ends_in_time(Regex(pattern), seed)
    except LimitExceededError as error:
        assert error.limit != "mask_steps"
