"""Choosing one token: argmax, cuts, penalties, seeds, and refusals."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from structgen.errors import GenerationError
from structgen.generation.sampler import Sampler
from structgen.generation.sampling import Sampling

LOGITS = [1.0, 3.0, 2.0, -math.inf, 0.0]


def drawn(count: int = 300, seen: tuple[int, ...] = (), **options: Any) -> set[int]:
    sampler = Sampler(Sampling(**{"temperature": 1.0, "seed": 1, **options}))
    return {sampler.choose(torch.tensor(LOGITS), seen) for _ in range(count)}


def test_temperature_zero_takes_the_largest() -> None:
    assert drawn(3, temperature=0.0) == {1}


@pytest.mark.parametrize(("options", "expected"), [
    ({}, {0, 1, 2, 4}),
    ({"top_k": 2}, {1, 2}),
    ({"top_k": 1}, {1}),
    ({"top_p": 0.5}, {1}),
    ({"top_p": 0.7}, {1, 2}),
    ({"min_p": 0.3}, {1, 2}),
    ({"min_p": 1.0}, {1}),
    ({"top_k": 3, "top_p": 0.99}, {0, 1, 2}),
    ({"temperature": 0.01}, {1}),
    ({"temperature": 1e-40}, {1}),
    ({"temperature": 100.0}, {0, 1, 2, 4}),
])
def test_cuts_leave_what_they_say(options: dict[str, Any], expected: set[int]) -> None:
    assert drawn(**options) == expected


def test_cuts_of_a_large_vocabulary_are_those_of_a_sorted_one() -> None:
    for spread in (0.0, 0.1, 8.0):  # from all alike, far more than are looked at first, to a few that hold everything
        logits = spread * torch.randn(5000, generator=torch.Generator().manual_seed(3))
        ordered, ids = torch.sort(torch.softmax(logits, 0), descending=True, stable=True)
        kept = set(ids[(ordered.cumsum(0) - ordered) < 0.9].tolist())
        sampler = Sampler(Sampling(temperature=1.0, top_p=0.9, seed=1))
        found = {sampler.choose(logits.clone(), ()) for _ in range(400)}
        assert found <= kept or spread == 0.0  # equal weights may be ranked in any order
        assert len(found) > 1


def test_forbidden_tokens_are_never_drawn() -> None:
    assert 3 not in drawn(2000, temperature=50.0)


def test_draws_follow_the_probabilities() -> None:
    sampler = Sampler(Sampling(temperature=1.0, seed=0))
    counts = torch.zeros(5)
    for _ in range(4000):
        counts[sampler.choose(torch.tensor(LOGITS), ())] += 1
    expected = torch.softmax(torch.tensor(LOGITS), 0)
    assert torch.allclose(counts / 4000, expected, atol=0.03)


def test_repetition_penalty_pushes_seen_tokens_down() -> None:
    assert drawn(3, seen=(1, 1), temperature=0.0, repetition_penalty=2.0) == {2}
    logits = torch.tensor([-1.0, -1.5])
    assert Sampler(Sampling(repetition_penalty=2.0)).choose(logits, [0]) == 1


def test_penalty_keeps_forbidden_tokens_forbidden() -> None:
    assert 3 not in drawn(200, seen=(3,), repetition_penalty=0.1)


def test_seed_repeats_the_draws_and_every_sample_has_its_own() -> None:
    def run(draw: int) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, seed=5), draw)
        return [sampler.choose(torch.tensor(LOGITS), ()) for _ in range(30)]

    assert run(0) == run(0)
    assert run(0) != run(1)


@pytest.mark.parametrize("options", [
    {"temperature": -1.0}, {"temperature": math.nan}, {"temperature": math.inf}, {"top_k": 0}, {"top_p": 0.0},
    {"top_p": 1.5}, {"min_p": -0.1}, {"min_p": 2.0}, {"repetition_penalty": 0.0}, {"repetition_penalty": math.nan},
])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(GenerationError, match=next(iter(options))):
        Sampling(**options)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_without_a_finite_number_are_told(temperature: float) -> None:
    for bad in (-math.inf, math.nan):
        with pytest.raises(GenerationError, match="no finite logit"):
            Sampler(Sampling(temperature=temperature)).choose(torch.full((3,), bad), ())


def shares(count: int = 20_000, **options: Any) -> list[float]:
    sampler = Sampler(Sampling(seed=11, **options))
    counts = torch.zeros(2)
    for _ in range(count):
        counts[sampler.choose(torch.tensor([1.0, 2.0]), ())] += 1
    return [round(float(one) / count, 2) for one in counts]


def test_golden_shares_of_two_logits() -> None:
    """Softmax of (1, 2) at temperature 1 and 0.5; three standard deviations of 20,000 draws are 0.01."""
    assert shares(temperature=1.0) == pytest.approx([0.27, 0.73], abs=0.01)
    assert shares(temperature=0.5) == pytest.approx([0.12, 0.88], abs=0.01)


def test_typical_p_keeps_what_is_as_surprising_as_expected() -> None:
    logits = torch.log(torch.tensor([0.5, 0.2, 0.2, 0.05, 0.05]))
    sampler = Sampler(Sampling(temperature=1.0, typical_p=0.35, seed=2))
    assert {sampler.choose(logits.clone(), ()) for _ in range(300)} == {1, 2}  # entropy 1.29 nats; log 5 is 1.61


def test_frequency_and_presence_count_the_output_only() -> None:
    def chosen(written: list[int], **options: float) -> int:
        return Sampler(Sampling(**options)).choose(torch.tensor([3.0, 2.0, 1.4]), [0, 0, 0], written)

    assert chosen([0], presence_penalty=0.5) == 0
    assert chosen([0, 0, 0], presence_penalty=0.5) == 0
    assert chosen([0, 0, 0], frequency_penalty=0.5) == 1
    assert chosen([0, 1], presence_penalty=2.0) == 2
    assert chosen([], frequency_penalty=9.0, presence_penalty=9.0) == 0


def test_logit_bias_adds_and_forbids() -> None:
    assert Sampler(Sampling(logit_bias={2: 5.0})).choose(torch.tensor(LOGITS), ()) == 2
    assert Sampler(Sampling(logit_bias={1: -math.inf})).choose(torch.tensor(LOGITS), ()) == 2
    with pytest.raises(GenerationError, match="logit_bias names the token 99"):
        Sampler(Sampling(logit_bias={99: 1.0})).choose(torch.tensor(LOGITS), ())
    with pytest.raises(GenerationError, match="below infinity"):
        Sampling(logit_bias={1: math.inf})


def test_the_preset_against_loops_is_within_the_usual_bounds() -> None:
    preset = Sampling.anti_loop(seed=3)
    assert 1.1 <= preset.repetition_penalty <= 1.3
    assert preset.top_k is not None and 50 <= preset.top_k <= 100
    assert preset.top_p is not None and 0.9 <= preset.top_p <= 0.95
    assert 0.7 <= preset.temperature <= 0.9
    assert preset.seed == 3
