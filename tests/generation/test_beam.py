"""Beam search against trying everything; restricted samples against the distribution they must follow."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from typing import Any, Literal

import pytest
from generation.writers import PROMPT, writer

from structgen.errors import GenerationError
from structgen.formats.text.source import Choice, Regex
from structgen.generation.beam import beam, restricted
from structgen.generation.model import Model
from structgen.generation.sampling import Sampling

LETTERS = "ab"


def odds_of(seed: int) -> dict[str, float]:
    """A probability of ``b`` after every text of up to four letters."""
    rng = random.Random(seed)
    return {"".join(text): rng.uniform(0.05, 0.95) for size in range(5) for text in itertools.product(LETTERS, repeat=size)}


def coins(odds: dict[str, float], stray: float = 1e-6) -> Model:
    """A model that writes four letters by these odds, and hardly ever anything else."""

    def wish(text: bytes) -> dict[int, float]:
        said = text.decode()
        if len(said) == 4:
            return {256: 20.0}
        chance = odds.get(said, 0.5)
        return {ord("a"): 20 + math.log(1 - chance), ord("b"): 20 + math.log(chance)}

    return writer(wish)


def probability(odds: dict[str, float], text: str) -> float:
    found = 1.0
    for at, letter in enumerate(text):
        found *= odds[text[:at]] if letter == "b" else 1 - odds[text[:at]]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_finds_the_likeliest_text(seed: int) -> None:
    odds = odds_of(seed)
    answer = coins(odds).generate(PROMPT, Regex("[ab]{4}"), instructions=None, strategy=beam(16))
    texts = ["".join(text) for text in itertools.product(LETTERS, repeat=4)]
    assert answer.text == max(texts, key=lambda text: probability(odds, text))
    assert len(answer.candidates) == 16


def test_a_narrow_beam_beats_greedy_where_the_beginning_misleads() -> None:
    odds = {**{"".join(text): 0.5 for size in range(5) for text in itertools.product(LETTERS, repeat=size)}, "": 0.45}
    odds |= {"b": 0.99, "bb": 0.99, "bbb": 0.99}
    model = coins(odds)
    assert model.generate(PROMPT, Regex("[ab]{4}"), instructions=None).text[0] == "a"
    assert model.generate(PROMPT, Regex("[ab]{4}"), instructions=None, strategy=beam(2)).text == "bbbb"


def test_groups_of_beams_differ() -> None:
    odds = odds_of(1)
    alike = coins(odds).generate(PROMPT, Regex("[ab]{4}"), instructions=None, strategy=beam(2))
    apart = coins(odds).generate(PROMPT, Regex("[ab]{4}"), instructions=None, strategy=beam(2, groups=2, diversity=5.0))
    assert apart.candidates[0].text[0] != apart.candidates[1].text[0]
    assert alike.candidates[0].text == apart.candidates[0].text or len(alike.candidates) == 2
    with pytest.raises(GenerationError, match="groups=2"):
        beam(3, groups=2)


def test_beams_hold_types_to_their_mask() -> None:
    answer = writer(lambda text: {}).generate(PROMPT, Literal["x", "y"], instructions=None, strategy=beam(4), max_tokens=40)
    assert {one.value for one in answer.candidates} == {"x", "y"}


def shares(model: Model, count: int, **options: Any) -> Counter[str]:
    return Counter(model.generate(PROMPT, Choice(TEXTS), instructions=None, sampling=Sampling(1.0, seed=seed * 100_003),
                                  **options).text for seed in range(count))


TEXTS = ["aaaa", "baab", "babb", "bbbb"]


def chi_square(found: Counter[str], odds: dict[str, float]) -> float:
    wanted = {text: probability(odds, text) for text in TEXTS}
    whole, count = sum(wanted.values()), found.total()
    return sum((found[text] - count * one / whole) ** 2 / (count * one / whole) for text, one in wanted.items())


def test_restricted_samples_follow_the_model_and_masked_ones_do_not() -> None:
    """Three degrees of freedom: 16.3 is exceeded by chance once in a thousand."""
    odds = {**odds_of(0), "": 0.5, "a": 0.1, "aa": 0.1, "aaa": 0.1, "b": 0.5, "ba": 0.2, "bb": 0.3, "bbb": 0.6}
    model = coins(odds)
    assert chi_square(shares(model, 250, strategy=restricted()), odds) < 16.3
    assert chi_square(shares(model, 250), odds) > 16.3


def test_a_grammar_that_the_model_never_writes_is_told() -> None:
    with pytest.raises(GenerationError, match="no sample was accepted in 5 tries") as caught:
        coins(odds_of(0)).generate(PROMPT, Choice(["zzzz", "yyyy"]), instructions=None, strategy=restricted(5))
    assert "of its probability" in str(caught.value)


@pytest.mark.parametrize("options", [{"sampling": Sampling(0.5)}, {"sampling": Sampling(top_k=3)}, {"top_logprobs": 2},
                                     {"sampling": Sampling(logit_bias={1: 2.0})}])
@pytest.mark.parametrize("search", [beam(2), restricted(2)])
def test_options_that_a_search_would_leave_out_are_refused(search: Any, options: dict[str, Any]) -> None:
    with pytest.raises(GenerationError, match="takes no temperature"):
        coins(odds_of(0)).generate(PROMPT, Regex("[ab]{4}"), instructions=None, strategy=search, **options)


def test_restricted_samples_draw_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text without a choice may be cut into tokens in several ways, all of which belong to the model's distribution."""
    seen = []
    monkeypatch.setattr("structgen.generation.loop.forced_run", lambda *given: seen.append(given) or [])
    model = coins(odds_of(0))
    model.generate(PROMPT, Choice(TEXTS), instructions=None, strategy=restricted(), seed=1)
    assert seen == []
    model.generate(PROMPT, Choice(TEXTS), instructions=None)
    assert seen
