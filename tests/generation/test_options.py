"""Options as strangers pass them: odd values and combinations are right, or refused by name before the model is asked."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from generation.writers import END, PROMPT, saying
from pydantic import BaseModel, field_validator

from structgen.errors import GenerationError, ReadError
from structgen.generation.beam import beam
from structgen.generation.fallback import Fallback
from structgen.generation.model import Model
from structgen.generation.result import Result
from structgen.generation.result_cache import ResultCache
from structgen.generation.retry import Retry
from structgen.generation.sampling import Sampling
from structgen.generation.search import best_of, select, until, verify, vote


class Person(BaseModel):
    name: str
    age: int


TEXT = '{"name":"Ada","age":36}'
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("n='2' is not a whole number", {"n": "2"}),
    ("n=0 is not a whole number, at least 1", {"n": 0}),
    ("max_tokens='5' is not a whole number", {"max_tokens": "5"}),
    ("max_tokens=1.5 is not a whole number", {"max_tokens": 1.5}),
    ("max_tokens=True is not a whole number", {"max_tokens": True}),
    ("temperature='hot' is not a number", {"temperature": "hot"}),
    ("temperature=nan is not", {"temperature": float("nan")}),
    ("top_k=1.5 is not a whole number", {"top_k": 1.5, "temperature": 1.0}),
    ("top_p='0.9' is not a number", {"top_p": "0.9"}),
    ("seed='x' is not a whole number", {"seed": "x"}),
    ("seed=1180591620717411303424 is not a whole number", {"seed": 2**70}),
    ("top_logprobs=-1 is not a whole number, at least 0", {"top_logprobs": -1}),
    ("attempts='a' is not a whole number", {"retry": "a"}),
    ("strategy=7 is none", {"strategy": 7}),
    ("strategy=<function best_of", {"strategy": best_of}),
    ("n=2.5 is not a whole number", {"strategy": vote(2.5)}),  # type: ignore[arg-type]
    ("n=0 is not a whole number", {"strategy": until(lambda value: True, max=0)}),
    ("the check of verify gave None", {"strategy": verify(lambda value: None, n=2)}),  # type: ignore[arg-type,return-value]
    ("the check of verify gave nan", {"strategy": verify(lambda value: float("nan"), n=2)}),
    ("repair=True has no meaning under the mask", {"repair": True}),
    ("stop texts have no meaning for a type", {"stop": "x"}),
    ("beam search takes no temperature, cut", {"strategy": beam(2), "sampling": Sampling(min_p=0.1)}),
    ("the prefix is int, not str", {"prefix": 3}),
    ("mask='no' is neither True nor False", {"mask": "no"}),
    ("from_text=5 is no text", {"from_text": 5}),
    ("instructions=5 is no text", {"instructions": 5}),
    ("check=5 is no function", {"check": 5}),
    ("by of select gave None", {"strategy": select(2, by=lambda result: None)}),  # type: ignore[arg-type,return-value]
    ("by of vote gave <object", {"strategy": vote(2, by=lambda value: object())}),
    ("sampling={} is no Sampling", {"sampling": {}}),
]


@pytest.mark.parametrize(("message", "options"), REFUSED, ids=[message[:40] for message, _ in REFUSED])
def test_what_makes_no_sense_is_refused_by_name(message: str, options: dict[str, Any]) -> None:
    with pytest.raises(GenerationError) as caught:
        saying(TEXT).generate(PROMPT, Person, **{"instructions": None, **options})
    assert message in str(caught.value)


@pytest.mark.parametrize("stop", [b"x", [5], 5, [""]])
def test_stop_texts_are_texts(stop: Any) -> None:
    with pytest.raises(GenerationError, match="stop"):
        saying(TEXT).generate(PROMPT, None, instructions=None, stop=stop)


def test_records_refuse_what_they_cannot_mean() -> None:
    for message, make in {
        "temperatures has -1.0": lambda: Retry(temperatures=(-1.0,)),
        "backoff_s=-1.0 is not a number of seconds": lambda: Retry(backoff_s=-1.0),
        "deadline_s='soon' is not": lambda: Retry(deadline_s="soon"),  # type: ignore[arg-type]
        "by='x' is unknown": lambda: vote(2, by="x"),  # type: ignore[arg-type]
        "by='longest' is unknown": lambda: select(2, "longest"),  # type: ignore[arg-type]
        "score='x' is unknown": lambda: best_of(2, score="x"),  # type: ignore[arg-type]
        "logit_bias=[1] is not a mapping": lambda: Sampling(logit_bias=[1]),  # type: ignore[arg-type]
        "width='2' is not a whole number": lambda: beam("2"),  # type: ignore[arg-type]
        "check='x' is no function": lambda: verify("x"),  # type: ignore[arg-type]
        "check=None is no function": lambda: until(None),  # type: ignore[arg-type]
        "temperatures=0.5 is no list": lambda: Retry(temperatures=0.5),  # type: ignore[arg-type]
        "a chain of models is no Model": lambda: Fallback(saying("1")),  # type: ignore[arg-type]
        "5 is no model of a chain": lambda: Fallback([5]),
        "max_bytes=-1 is not a whole number": lambda: ResultCache("x", max_bytes=-1),
        "cache='x' is no cache": lambda: Model(None, vocabulary=saying("1").vocabulary, cache="x"),  # type: ignore[arg-type]
    }.items():
        with pytest.raises(GenerationError) as caught:
            make()
        assert message in str(caught.value)


def test_one_token_is_enough_where_the_text_has_one() -> None:
    for options in ({}, {"strategy": beam(2)}, {"strategy": best_of(2)}):
        assert saying("1").generate(PROMPT, int, instructions=None, max_tokens=1, **options).text == "1"  # type: ignore[arg-type]


def test_a_bias_on_the_end_moves_only_where_an_end_is_allowed() -> None:
    def text(output_type: Any, bias: float, **options: Any) -> str:
        sampling = Sampling(logit_bias={END: bias})
        return saying("1").generate(PROMPT, output_type, instructions=None, sampling=sampling, **options).text

    assert text(int, 100.0) == "1"
    assert text(None, 100.0) == ""
    assert len(text(int, float("-inf"), max_tokens=8)) == 8


def test_a_batch_is_a_list() -> None:
    with pytest.raises(GenerationError, match="the prompts of a batch are one text"):
        saying(TEXT).generate_batch("abc", Person)
    with pytest.raises(GenerationError, match="2 prompts and 1 ways of sampling"):
        saying(TEXT).generate_batch([PROMPT] * 2, Person, sampling=[Sampling()])
    assert saying(TEXT).generate_batch([], Person) == []
    mixed: list[Any] = [PROMPT, None, 5, PROMPT]
    found = saying(TEXT).generate_batch(mixed, Person, instructions=None)
    assert [isinstance(one, GenerationError) for one in found] == [False, True, True, False]


def drawn(model: Model, seed: int) -> str:
    sampling = Sampling(temperature=1.3, seed=seed)
    return model.generate(PROMPT, Person, instructions=None, sampling=sampling, max_tokens=60).text


def test_seeds_give_the_same_in_batches_threads_and_streams() -> None:
    model = saying(TEXT, weights=[6.0])
    alone = [drawn(model, seed) for seed in range(4)]
    assert len(set(alone)) > 1
    batch = model.generate_batch([PROMPT] * 4, Person, instructions=None, max_tokens=60,
                                 sampling=Sampling(temperature=1.3, seed=0))
    assert [getattr(one, "text", None) for one in batch] == alone
    found: dict[int, str] = {}
    threads = [threading.Thread(target=lambda seed: found.update({seed: drawn(model, seed)}), args=(seed,))
               for seed in range(4)]
    threads += [threading.Thread(target=lambda seed: found.update({seed + 10: streamed(model, seed)}), args=(seed,))
                for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[seed] for seed in range(4)] == [found[seed + 10] for seed in range(4)] == alone


def streamed(model: Model, seed: int) -> str:
    sampling = Sampling(temperature=1.3, seed=seed)
    return list(model.stream(PROMPT, Person, instructions=None, sampling=sampling, max_tokens=60))[-1].text


def test_a_check_may_ask_the_same_model() -> None:
    model = saying(TEXT)

    def check(value: Person) -> bool:
        return bool(model.generate(PROMPT, Person, instructions=None).value == value)

    assert model.generate(PROMPT, Person, instructions=None, check=check).text == TEXT


def values(results: list[Any]) -> list[Any]:
    return [getattr(one, "value", one) for one in results]


def test_a_batch_takes_the_options_of_a_request() -> None:
    model = saying(TEXT)
    begun = model.generate_batch([PROMPT] * 3, Person, instructions=None, prefix=['{"name":"Ada",', "", '{"name":"Bob",'])
    assert [getattr(one, "text", "") for one in begun][:2] == [TEXT, TEXT]
    assert getattr(begun[2], "text", "").startswith('{"name":"Bob","age":')
    free = saying("one. two").generate_batch([PROMPT], instructions=None, stop=" two", top_logprobs=1)
    assert isinstance(free[0], Result)
    assert (free[0].text, free[0].finish_reason, len(free[0].trace[0].alternatives)) == ("one.", "stop", 1)
    loose = saying("Well: {name: 'Ada', age: 36}").generate_batch([PROMPT], Person, instructions=None, mask=False,
                                                                    repair=True)
    assert values(loose) == [Person(name="Ada", age=36)]
    shown = [model.generate_batch([PROMPT] * 3, Person, instructions=None, max_tokens=60, temperature=1.3, seed=0),
             model.generate_batch([PROMPT] * 3, Person, instructions=None, max_tokens=60,
                                  sampling=Sampling(temperature=1.3, seed=0))]
    assert values(shown[0]) == values(shown[1])


def test_items_of_a_batch_are_checked_and_asked_again() -> None:
    def old(person: Person) -> None:
        if person.age < 40:
            raise ValueError("too young")

    model = saying(TEXT)
    once = model.generate_batch([PROMPT] * 2, Person, instructions=None, check=old)
    assert all(isinstance(one, GenerationError) and "too young" in str(one) for one in once)
    told: list[tuple[int, int]] = []
    again = model.generate_batch([PROMPT, 5], Person, instructions=None, check=old, retry=2,  # type: ignore[list-item]
                                 progress=lambda *at: told.append(at))
    assert "no right answer in 2 attempts" in str(again[0])
    assert "the prompt is int" in str(again[1])
    assert told == [(1, 2), (2, 2)]
    voted = model.generate_batch([PROMPT] * 2, Person, instructions=None, strategy=vote(3))
    assert [one.agreement for one in voted if isinstance(one, Result)] == [1.0, 1.0]


@pytest.mark.parametrize("attempts", [1, 2])
def test_an_error_says_what_it_has_cost(attempts: int) -> None:
    with pytest.raises(GenerationError) as caught:
        saying(TEXT).generate(PROMPT, Person, instructions=None, retry=attempts, check=lambda value: False)
    assert caught.value.usage.output_tokens >= attempts * 5
    with pytest.raises(GenerationError, match=r"no right answer in 1 attempt;(.|\n)*deadline_s=0"):
        saying(TEXT).generate(PROMPT, Person, instructions=None, check=lambda value: False, retry=Retry(4, deadline_s=0))


def test_a_batch_refuses_what_a_request_refuses() -> None:
    model = saying(TEXT)
    for message, options in REFUSED:
        with pytest.raises(GenerationError) as caught:
            for one in model.generate_batch([PROMPT], Person, **{"instructions": None, **options}):
                assert isinstance(one, GenerationError), options
                raise one
        assert message in str(caught.value)
    with pytest.raises(GenerationError, match="2 prompts and 1 prefixes"):
        model.generate_batch([PROMPT] * 2, Person, prefix=["x"])
    with pytest.raises(GenerationError, match="the prompts of a batch are a generator"):
        model.generate_batch((one for one in [PROMPT]), Person)  # type: ignore[arg-type]


def test_a_stream_takes_the_options_of_one_output() -> None:
    model = saying(TEXT, weights=[6.0])
    last = list(model.stream(PROMPT, Person, instructions=None, temperature=1.3, seed=2, max_tokens=60))[-1]
    assert last.text == drawn(model, 2)
    loose = list(saying("Well: {name: 'Ada', age: 36}").stream(PROMPT, Person, instructions=None, mask=False, repair=True))
    assert loose[-1].value == Person(name="Ada", age=36)
    for name, value in {"n": 2, "strategy": vote(2), "retry": 3, "check": bool}.items():
        with pytest.raises(GenerationError, match=rf"stream\(\) takes no {name}="):
            model.stream(PROMPT, Person, **{name: value})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
        model.stream(PROMPT, Person, temprature=1)
    with pytest.raises(GenerationError, match="are both given"):
        model.stream(PROMPT, Person, temperature=0.5, sampling=Sampling())


def test_an_exception_of_a_validator_or_check_is_of_its_item() -> None:
    class Known(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def known(cls, name: str) -> str:
            return {"Ada": name}[name]

    def check(value: Known) -> bool:
        return {}[value.name]  # type: ignore[no-any-return,typeddict-item]

    with pytest.raises(GenerationError, match="a validator of Known raised KeyError: 'Bob'") as caught:
        saying('{"name":"Bob"}').generate(PROMPT, Known, instructions=None)
    assert isinstance(caught.value.__cause__, ReadError)
    for options in ({}, {"n": 2, "temperature": 1.0}):
        found = saying('{"name":"Ada"}').generate_batch([PROMPT], Known, instructions=None, check=check,
                                                        **options)  # type: ignore[arg-type]
        assert "raised KeyError: 'Ada'" in str(found[0])


def test_a_batch_asks_the_cache(tmp_path: Path) -> None:
    model = saying(TEXT)
    model.cache = ResultCache(tmp_path / "cache")
    first = model.generate_batch([PROMPT] * 2, Person, instructions=None)
    calls = model.model.calls
    assert values(model.generate_batch([PROMPT] * 2, Person, instructions=None)) == values(first)
    assert model.model.calls == calls
