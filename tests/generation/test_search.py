"""Several samples and one answer: what is chosen, when it stops, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import pydantic
import pytest
from generation.writers import PROMPT, saying

from structgen.errors import GenerationError
from structgen.generation.result import Result, Step, Usage
from structgen.generation.search import (
    Judge,
    best_of,
    canonical,
    first_valid,
    score_of,
    select,
    temperatures,
    until,
    verify,
    vote,
)


def result(value: Any, *probabilities: float, forced: Sequence[float] = ()) -> Result[Any]:
    steps = [Step(0, "x", 2, False, one, one) for one in probabilities] + [Step(0, "y", 1, True, one, 1.0) for one in forced]
    return Result(value, str(value), (0,) * len(steps), None, None, tuple(steps), "complete", Usage(1, len(steps), 1, 0.0))


def drawing(results: Sequence[Any]) -> tuple[Any, list[float]]:
    """A sample function over these, and the temperatures it was asked for."""
    asked: list[float] = []

    def sample(draw: int, temperature: float) -> Result[Any]:
        asked.append(temperature)
        if isinstance(results[draw], Exception):
            raise results[draw]
        return results[draw]

    return sample, asked


def test_scores_are_sums_and_means_of_logs() -> None:
    made = result("v", 0.2, 0.1, 0.3)
    assert math.exp(score_of(made, "sum")) == pytest.approx(0.006)
    assert math.exp(score_of(made, "chosen")) == pytest.approx(0.006 ** (1 / 3))


def test_forced_tokens_do_not_decide_between_answers() -> None:
    """The better answer has syntax that the model did not expect: a mean over all tokens picks the other one."""
    better, worse = result("better", 0.9, forced=[0.01, 0.01]), result("worse", 0.5, forced=[0.9, 0.9])
    assert best_of(2).run(drawing([better, worse])[0], 1.0).value == "better"
    assert best_of(2, score="all").run(drawing([better, worse])[0], 1.0).value == "worse"


def test_temperatures_are_those_asked_for_or_spread() -> None:
    assert temperatures(3, 0.6) == [0.6] * 3
    assert temperatures(1, 0.0) == [0.0]
    assert temperatures(4, 0.0) == [0.0, 0.5, 0.75, 1.0]


def test_a_vote_is_over_canonical_values() -> None:
    class Point(pydantic.BaseModel):
        x: float
        name: str

    values = [Point(x=1, name="a b"), Point(x=2, name="c"), Point(x=1.0, name="a  b ")]
    answer = vote(3, early=False).run(drawing([result(one, 0.5) for one in values])[0], 1.0)
    assert answer.value.x == 1
    assert answer.agreement == pytest.approx(2 / 3)
    assert canonical({"b": 1.0, "a": True}) == canonical({"a": True, "b": 1}) != canonical({"a": 1, "b": 1})


def test_a_vote_stops_when_it_is_decided() -> None:
    sample, asked = drawing([result("a", 0.5)] * 3 + [result("b", 0.9)] * 2)
    assert vote(5).run(sample, 0.7).value == "a"
    assert len(asked) == 3


def test_a_vote_by_fields_puts_the_majorities_together() -> None:
    def reread(text: str) -> Any:
        import json

        return json.loads(text)

    from dataclasses import replace

    values = [{"a": 1, "b": 1, "c": 9}, {"a": 1, "b": 2, "c": 3}, {"a": 5, "b": 2, "c": 9}]
    samples = [replace(result(one, 0.5), reread=reread) for one in values]
    answer = vote(3, by="fields").run(drawing(samples)[0], 1.0)
    assert answer.value == {"a": 1, "b": 2, "c": 9}


def test_a_vote_by_results_groups_what_differs_in_words() -> None:
    samples = [result("1+1", 0.9), result("2*3", 0.99), result("3-1", 0.4), result("oops", 1.0)]
    rows = {"1+1": 2, "2*3": 6, "3-1": 2, "oops": None}
    assert vote(4, by=rows.get, early=False).run(drawing(samples)[0], 1.0).value == "1+1"


def test_verify_takes_the_best_and_stops_at_enough() -> None:
    sample, asked = drawing([result(one, 0.5) for one in (1, 5, 9, 2)])
    assert verify(lambda value: value / 10, n=3).run(sample, 1.0).value == 9
    sample, asked = drawing([result(one, 0.5) for one in (1, 5, 9, 2)])
    assert verify(lambda value: value == 5, n=4).run(sample, 1.0).value == 5
    assert len(asked) == 2


def test_until_and_first_valid_end_with_the_first_right_one() -> None:
    wrong = GenerationError("no value", position="$.a")
    sample, asked = drawing([wrong, result(3, 0.5), result(8, 0.5)])
    answer = until(lambda value: value > 5, max=3).run(sample, 1.0)
    assert (answer.value, [one.value for one in answer.candidates], len(answer.failures)) == (8, [8, 3], 1)
    sample, asked = drawing([wrong, result(3, 0.5), result(8, 0.5)])
    assert first_valid(3).run(sample, 1.0).value == 3
    assert len(asked) == 2
    with pytest.raises(GenerationError, match="no sample passed the check in 3 tries"):
        until(lambda value: value > 50, max=3).run(drawing([wrong, result(3, 0.5), result(8, 0.5)])[0], 1.0)


def test_select_takes_the_shortest() -> None:
    samples = [result("long text", 0.9), result("short", 0.1), result("middle", 0.5)]
    assert select(3).run(drawing(samples)[0], 1.0).value == "short"
    assert select(3, by=lambda one: len(one.text)).run(drawing(samples)[0], 1.0).value == "long text"


def test_when_no_sample_is_a_value_the_last_error_is_told() -> None:
    wrong = GenerationError("the text is not a Person", position="$.age")
    for strategy in (best_of(2), vote(2), verify(bool, n=2), select(2), first_valid(2)):
        with pytest.raises(GenerationError, match="2 tries") as caught:
            strategy.run(drawing([wrong, wrong])[0], 1.0)
        assert caught.value.position == "$.age"


@pytest.mark.parametrize("strategy", [best_of(0), vote(0), verify(bool, n=0), select(0), until(bool, max=0),
                                      first_valid(-1)])
def test_no_samples_hold_no_answer(strategy: Any) -> None:
    with pytest.raises(GenerationError, match="is not a whole number, at least 1"):
        strategy.run(drawing([])[0], 0.0)


# On a model.


def test_samples_of_a_model_share_the_prompt_and_differ() -> None:
    model = saying('"red"', '"green"', '"blue"', weights=[10.0, 9.5, 9.0])
    answer = model.generate(PROMPT, Literal["red", "green", "blue"], strategy=best_of(6), instructions=None,
                            temperature=1.0, seed=1)
    assert {one.value for one in answer.candidates} >= {"red", "green"}
    assert answer.value == "red"
    assert answer.total is not None
    assert answer.total.output_tokens == sum(one.usage.output_tokens for one in answer.candidates)


def test_a_seed_repeats_all_samples() -> None:
    def texts() -> list[str]:
        model = saying('"red"', '"green"', '"blue"')
        return [one.text for one in model.generate(PROMPT, Literal["red", "green", "blue"], strategy=vote(5, early=False),
                                                   instructions=None, temperature=1.0, seed=3).candidates]

    assert texts() == texts()


def test_a_judge_is_another_model() -> None:
    judge = Judge(saying("true"), "Is it a colour?", {"instructions": None})
    sure = judge.model.generate("Is it?" + PROMPT, bool, instructions=None).confidence[True]
    assert sure > 0.9
    # the judge reads a prompt that ends with a question, which is where these models begin to write
    assert judge("red") > 0.9
