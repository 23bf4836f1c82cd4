"""How a matcher moves: masks and advances say the same, and going back is as if it had never gone."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import given
from laws.strategies import LAW, SEEDS, grammars, patterns, schemas
from laws.walks import compile_all, tokenized, too_ambiguous_is_refused
from oracle import VOCABULARY

from structgen import Choice, Grammar, JsonSchema, Limits, Regex


def walk(matcher: Any, chance: random.Random, steps: int) -> list[int]:
    """Takes at most that many text tokens at random."""
    path: list[int] = []
    for _ in range(steps):
        texts = [token for token in matcher.allowed_tokens().tolist() if token not in VOCABULARY.eos_token_ids]
        if not texts:
            break
        token = chance.choice(texts)
        assert matcher.advance(token)
        path.append(token)
    return path


@LAW
@given(grammars(), SEEDS)
def test_advance_takes_exactly_what_the_mask_allows(grammar: Grammar, seed: int) -> None:
    chance = random.Random(seed)
    for compiled in compile_all(grammar):
        matcher = compiled.matcher()
        for _ in range(3):
            with too_ambiguous_is_refused():
                allowed = set(matcher.allowed_tokens().tolist())
                before, accepting = matcher.mask(), matcher.is_accepting
                for token in range(VOCABULARY.size):
                    assert (token in allowed) == matcher.advance(token), VOCABULARY.tokens[token]
                    if token in allowed:
                        assert matcher.is_finished == (token in VOCABULARY.eos_token_ids)
                        matcher.rollback(1)
                    assert matcher.is_accepting == accepting and not matcher.is_finished
                assert (matcher.mask() == before).all()
                if not walk(matcher, chance, 2):
                    break


@LAW
@given(schemas(), SEEDS)
def test_rollback_fork_and_reset_restore_masks(schema: Any, seed: int) -> None:
    chance = random.Random(seed)
    for compiled in compile_all(JsonSchema(schema)):
        matcher, masks, tokens = compiled.matcher(), [], []
        for _ in range(5):
            masks.append(matcher.mask())
            step = walk(matcher, chance, 1)
            if not step:
                break
            tokens += step
        masks = masks[: len(tokens) + 1] if len(masks) > len(tokens) else [*masks, matcher.mask()]
        fork = matcher.fork()
        walk(fork, chance, 3)
        assert (matcher.mask() == masks[-1]).all()
        back = chance.randint(0, len(tokens))
        other = matcher.fork()
        other.rollback(back)
        assert (other.mask() == masks[len(tokens) - back]).all()
        assert other.validate(tokens[len(tokens) - back :]) == back
        assert (other.mask() == masks[len(tokens) - back]).all()
        other.reset()
        assert (other.mask() == masks[0]).all() and other.validate(tokens) == len(tokens)
        assert (matcher.mask() == masks[-1]).all()


@LAW
@given(schemas(), SEEDS)
def test_forced_tokens_are_the_only_way(schema: Any, seed: int) -> None:
    chance = random.Random(seed)
    for compiled in compile_all(JsonSchema(schema, whitespace="compact")):
        matcher = compiled.matcher()
        walk(matcher, chance, 4)
        before = matcher.mask()
        forced = matcher.forced_tokens(6)
        assert (matcher.mask() == before).all()
        for token in forced:
            assert matcher.allowed_tokens().tolist() == [token]
            matcher.advance(token)


@LAW
@given(patterns(), SEEDS)
def test_precomputed_grammars_compute_no_further_mask(pattern: str, seed: int) -> None:
    for compiled in compile_all(Regex(pattern)):
        coverage = compiled.precompute(Limits(precompute_states=400))
        if not coverage.complete:
            continue
        computed = compiled.stats()["masks_computed"]
        for number in range(4):
            matcher = compiled.matcher()
            walk(matcher, random.Random(seed + number), 10)
            matcher.mask()
        assert compiled.stats()["masks_computed"] == computed


def test_an_end_token_ends_and_can_be_taken_back() -> None:
    for compiled in compile_all(Choice(["a", "ab"])):
        matcher = compiled.matcher()
        for end in VOCABULARY.eos_token_ids:
            assert not matcher.advance(end) and not matcher.is_finished
            assert all(matcher.advance(token) for token in tokenized(b"a", random.Random(1)))
            assert matcher.is_accepting and matcher.advance(end)
            assert matcher.is_finished and matcher.is_accepting
            matcher.rollback(2)
            assert not matcher.is_finished and not matcher.is_accepting
            assert isinstance(matcher.mask(), np.ndarray) and matcher.validate(tokenized(b"ab", random.Random(2))) > 0
