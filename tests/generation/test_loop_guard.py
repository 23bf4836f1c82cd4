"""Outputs that repeat themselves are found, broken, and told."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from generation.writers import PROMPT, saying, writer

from structgen.generation.loop_guard import LoopGuard, PromptLoopWarning, open_brackets
from structgen.generation.sampling import Sampling


def period_of(tokens: list[int]) -> int:
    guard = LoopGuard()
    for token in tokens:
        guard.add(token)
    return guard.period


@pytest.mark.parametrize(("tokens", "period"), [
    ([7] * 19, 0), ([7] * 20, 1), ([1, 2] * 9, 0), ([1, 2] * 10, 2), ([*range(30)] * 4, 0), ([*range(30)] * 5, 30),
    ([*range(128)] * 5, 128), ([*range(129)] * 9, 0), ([*range(300)], 0), ([1] * 50 + [2], 0),
])
def test_a_loop_is_five_rounds_and_twenty_tokens(tokens: list[int], period: int) -> None:
    assert period_of(tokens) == period


def test_loops_are_found_as_by_comparing_everything() -> None:
    rng = random.Random(5)
    for _ in range(300):
        before = [rng.randrange(3) for _ in range(rng.randrange(40))]
        round_ = [rng.randrange(2) for _ in range(rng.randint(1, 4))]
        tokens = before + round_ * rng.randint(1, 30)
        wanted = next((p for p in range(1, 129) if len(tokens) >= (size := max(5 * p, 20)) and
                       all(tokens[-i] == tokens[-i - p] for i in range(1, size - p + 1))), 0)
        assert period_of(tokens) == wanted, tokens


def stuck(text: bytes, wanted: bytes) -> dict[int, float]:
    """A model that says one text over and over once it has begun."""
    for size in range(len(wanted), 0, -1):
        if text.endswith(wanted[:size]):
            return {wanted[size % len(wanted)]: 14.0}
    return {wanted[0]: 14.0}


@pytest.mark.parametrize(("output_type", "wanted", "action"), [
    (str, b"la ", "closed"), (list[str], b'"a", ', "closed"), (list[int], b"0,", "penalty"),
    (dict[str, list[int]], b"7, ", "closed"), (list[dict[str, str]], b'{"a":"b"}, ', "penalty"),
])
def test_a_model_made_to_loop_comes_to_an_end(output_type: Any, wanted: bytes, action: str) -> None:
    model = writer(lambda text: stuck(text, wanted))
    result = model.generate(PROMPT, output_type, max_tokens=600, instructions=None)
    assert result.finish_reason == "complete"
    assert len(result.tokens) < 500
    assert json.loads(result.text) == result.value
    actions = [loop.action for loop in result.loops]
    assert (actions[0], actions[-1]) == ("penalty", action)
    assert sorted(result.loops[0].text) == sorted(wanted.decode())


def test_a_loop_that_penalties_break_goes_on_as_the_model_likes() -> None:
    def wish(text: bytes) -> dict[int, float]:
        return {ord("a"): 14.0, ord("b"): 9.0} if b"b" not in text else {ord('"'): 15.0}

    result = writer(wish).generate(PROMPT, str, max_tokens=300, instructions=None)
    assert [loop.action for loop in result.loops] == ["penalty"]
    assert result.value.rstrip("b") == "a" * (len(result.value) - 1)
    assert result.finish_reason == "complete"


def test_free_text_that_loops_is_ended() -> None:
    result = writer(lambda text: stuck(text, b"ho ")).generate(PROMPT, None, max_tokens=400, instructions=None)
    assert result.finish_reason == "complete"
    assert result.loops[-1].action == "closed"
    assert len(result.tokens) < 100


def test_the_guard_can_be_switched_off() -> None:
    result = writer(lambda text: stuck(text, b"ho ")).generate(PROMPT, None, max_tokens=100, instructions=None,
                                                             sampling=Sampling(loop_guard=False))
    assert (result.finish_reason, result.loops) == ("length", ())


def test_a_prompt_that_loops_is_warned_of() -> None:
    with pytest.warns(PromptLoopWarning, match="over and over"):
        saying("x").generate("really " * 40 + PROMPT, None, instructions=None)


def test_a_ruler_in_a_prompt_is_no_loop() -> None:
    saying("x").generate("-" * 200 + PROMPT, None, instructions=None)


def test_open_brackets_count_none_in_strings() -> None:
    assert open_brackets('[{"[\\"{": (1)}]')[-1] == 0
    assert max(open_brackets('[{"[\\"{": (1)}]')) == 3
    assert open_brackets("]}") == [0, 0]


def test_structure_is_not_penalised() -> None:
    """With a penalty that forbids nearly all repetition, names of fields and brackets still come."""
    model = saying('[{"a": "xy"}, {"a": "xy"}, {"a": "xz"}]')
    harsh = Sampling(repetition_penalty=3.0)
    kept = model.generate(PROMPT, list[dict[str, str]], instructions=None, max_tokens=100, sampling=harsh)
    assert kept.value[0] == {"a": "xy"}
    assert len(kept.value) > 1
