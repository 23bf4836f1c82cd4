"""Models behind a server: what is asked, what is made of every kind of bad answer, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pydantic
import pytest
from models.server import Answer, Server

from structgen.errors import GenerationError
from structgen.formats.json.source import JsonSchema
from structgen.generation.batch_file import run_file
from structgen.generation.beam import beam
from structgen.generation.retry import Retry
from structgen.generation.sampling import Sampling
from structgen.generation.search import best_of, first_valid, vote
from structgen.models import load_model
from structgen.models.portability import portability, strict_schema

pytest.importorskip("openai", reason="remote models need the package openai")


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)
    city: str | None = None


GOOD = '{"name": "Ada", "age": 36}'


def ask(answers: Callable[[int, dict[str, Any]], Answer], output_type: Any = Person, *,
        options: dict[str, Any] | None = None, **more: Any) -> tuple[Any, list[dict[str, Any]]]:
    """The result (or the error) and the requests that the server got."""
    with Server(answers) as server:
        model = load_model("openai:tiny", base_url=server.url, **{"timeout_s": 20.0, **(options or {})})
        try:
            return model.generate("Who?", output_type, **more), server.requests
        except GenerationError as error:
            return error, server.requests
        finally:
            model.close()


def test_a_good_answer_is_a_value_and_the_server_was_asked_to_enforce_it() -> None:
    result, requests = ask(lambda number, request: GOOD)
    assert result.value == Person(name="Ada", age=36)
    assert (result.attempts, result.repairs, result.usage.output_tokens) == (1, (), 5)
    form = requests[0]["response_format"]
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["required"] == ["name", "age", "city"]
    assert requests[0]["model"] == "tiny"
    assert "name" in requests[0]["messages"][0]["content"]


def test_a_damaged_answer_is_repaired() -> None:
    result, _ = ask(lambda number, request: "Sure! ```json\n{name: 'Ada', age: '36',}\n``` Anything else?")
    assert result.value == Person(name="Ada", age=36)
    assert result.repairs


def test_a_wrong_answer_is_told_and_asked_again() -> None:
    result, requests = ask(lambda number, request: GOOD if number else '{"name": "Ada", "age": -5}')
    assert (result.value.age, result.attempts) == (36, 2)
    said = requests[1]["messages"]
    assert said[1] == {"role": "assistant", "content": '{"name": "Ada", "age": -5}'}
    assert "$.age" in said[2]["content"]
    assert "Keep $.name." in said[2]["content"]
    assert result.kept == ("$.name",)
    assert result.total.output_tokens == 10


def test_a_cut_answer_is_asked_again_and_named_in_the_end() -> None:
    cut = {"finish_reason": "length", "message": {"role": "assistant", "content": '{"name": "A'}}
    error, requests = ask(lambda number, request: cut, retry=3)
    assert "no right answer in 3 attempts" in str(error)
    assert "was cut after max_tokens" in str(error)
    assert len(requests) == 3


def test_a_refusal_and_a_filter_are_named() -> None:
    refusal = {"message": {"role": "assistant", "content": None, "refusal": "I cannot do that."}}
    error, _ = ask(lambda number, request: refusal, retry=1)
    assert "the model refused" in str(error)
    assert "I cannot do that." in str(error)
    error, _ = ask(lambda number, request: {"finish_reason": "content_filter"}, retry=1)
    assert "content filter" in str(error)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_tried_again(status: int) -> None:
    result, requests = ask(lambda number, request: GOOD if number > 1 else (status, '{"error": {"message": "busy"}}'))
    assert result.value.name == "Ada"
    assert len(requests) == 3


def test_lasting_failures_are_named_once_tries_are_spent() -> None:
    error, requests = ask(lambda number, request: (500, "oh no"), options={"max_retries": 1}, retry=1)
    assert "openai:tiny: the server failed (HTTP 500)" in str(error)
    assert len(requests) == 2
    error, _ = ask(lambda number, request: (401, '{"error": {"message": "bad key"}}'), retry=1)
    assert "check the key" in str(error)


def test_a_server_that_does_not_answer_is_left() -> None:
    error, _ = ask(lambda number, request: 5.0, options={"timeout_s": 0.3, "max_retries": 0}, retry=1)
    assert "the server failed" in str(error)
    assert "imeout" in str(error) or "imed out" in str(error)


@pytest.mark.parametrize("body", ["not json at all", "{}", '{"choices": []}', "[]"])
def test_an_answer_that_is_none_is_an_error(body: str) -> None:
    error, _ = ask(lambda number, request: (200, body), options={"max_retries": 0}, retry=1)
    assert isinstance(error, GenerationError)


def test_a_server_without_structured_output_is_asked_without() -> None:
    def answers(number: int, request: dict[str, Any]) -> Answer:
        return (400, '{"error": {"message": "unknown field response_format"}}') if "response_format" in request else GOOD

    result, requests = ask(answers)
    assert result.value.name == "Ada"
    assert ["response_format" in one for one in requests] == [True, False]


def test_what_a_server_would_refuse_is_not_asked_of_it() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "patternProperties": {"^x": {"type": "string"}}}
    result, requests = ask(lambda number, request: '{"a": 1, "xy": "z"}', JsonSchema(schema))
    assert result.value == {"a": 1, "xy": "z"}
    assert "response_format" not in requests[0]
    assert portability(schema).refused == ("#: patternProperties: not supported",)
    assert portability(Person.model_json_schema()).refused == ()


def test_what_a_server_ignores_is_checked_here() -> None:
    schema = {"type": "object", "properties": {"u": {"type": "string", "format": "uri"}}, "required": ["u"]}
    assert portability(schema).ignored == ("#/properties/u: format: uri is not enforced",)
    result, _ = ask(lambda number, request: '{"u": "http://x.org/"}' if number else '{"u": "not a uri"}', JsonSchema(schema))
    assert (result.value, result.attempts) == ({"u": "http://x.org/"}, 2)


def test_strict_schemas_make_optional_fields_nullable() -> None:
    properties = {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}}
    made = strict_schema({"type": "object", "properties": properties, "required": ["a"]})
    assert made["required"] == ["a", "b"]
    assert made["additionalProperties"] is False
    assert made["properties"]["b"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_null_for_an_optional_field_is_its_default() -> None:
    class Box(pydantic.BaseModel):
        size: int
        colour: str = "red"

    result, _ = ask(lambda number, request: '{"size": 3, "colour": null}', Box)
    assert result.value == Box(size=3, colour="red")


def test_samples_run_side_by_side_and_losers_are_cancelled() -> None:
    def answers(number: int, request: dict[str, Any]) -> Answer:
        return GOOD if number == 2 else 30.0

    began = time.monotonic()
    result, requests = ask(answers, strategy=first_valid(4))
    assert result.value.name == "Ada"
    assert time.monotonic() - began < 15
    assert len(requests) >= 3


def test_a_vote_over_a_server() -> None:
    said = ['"red"', '"blue"', "It is red.", "no idea", '"red"']
    result, _ = ask(lambda number, request: said[number], Literal["red", "blue"], strategy=vote(5, early=False),
                    temperature=0.8)
    assert result.value == "red"
    assert result.total.output_tokens == 25


def test_logprobs_of_the_server_rank_samples() -> None:
    def answers(number: int, request: dict[str, Any]) -> Answer:
        content = [{"token": GOOD, "logprob": -0.1 - number, "bytes": None, "top_logprobs": []}]
        message = {"role": "assistant", "content": GOOD.replace("36", str(36 + number))}
        return {"message": message, "logprobs": {"content": content}}

    result, requests = ask(answers, strategy=best_of(3), top_logprobs=1, temperature=0.5)
    assert result.value.age == 36
    assert requests[0]["logprobs"] is True


def test_a_batch_keeps_order_and_errors() -> None:
    def answers(number: int, request: dict[str, Any]) -> Answer:
        return "nothing" if "bad" in request["messages"][0]["content"] else GOOD

    with Server(answers) as server:
        model = load_model("openai:tiny", base_url=server.url)
        results = model.generate_batch(["good", "bad", "good"], Person, retry=Retry(attempts=1))
        model.close()
    assert [isinstance(one, GenerationError) for one in results] == [False, True, False]


def test_a_way_of_sampling_is_told_to_the_server_or_refused() -> None:
    way = Sampling(0.3, top_p=0.9, seed=4, presence_penalty=0.5, logit_bias={7: -1.0})
    _, requests = ask(lambda number, request: GOOD, sampling=way)
    told = {name: requests[0][name] for name in ("temperature", "top_p", "seed", "presence_penalty", "logit_bias")}
    assert told == {"temperature": 0.3, "top_p": 0.9, "seed": 4, "presence_penalty": 0.5, "logit_bias": {"7": -1.0}}
    error, requests = ask(lambda number, request: GOOD, sampling=Sampling(top_k=5))
    assert "takes no top_k" in str(error)
    assert requests == []


def test_what_needs_logits_is_refused() -> None:
    error, _ = ask(lambda number, request: GOOD, strategy=beam(2))
    assert "Beams needs a model that runs here" in str(error)
    error, _ = ask(lambda number, request: GOOD, output_type=Person, n=1, strategy=None, retry=0)
    assert "attempts=0" in str(error)


def test_a_file_of_prompts_runs_over_a_server(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('"one"\n"two"\n')
    with Server(lambda number, request: GOOD) as server, load_model("openai:tiny", base_url=server.url) as model:
        assert run_file(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl", Person, sampling=Sampling(seed=3)) == (2, 0)
        assert sorted(request["seed"] for request in server.requests) == [3, 4]


def test_free_text_comes_as_it_is() -> None:
    result, requests = ask(lambda number, request: "Hello.", None)
    assert result.value == "Hello."
    assert "response_format" not in requests[0]


def test_options_of_remote_models_are_refused_for_others() -> None:
    with pytest.raises(GenerationError, match="base_url is an option of remote models"):
        load_model(base_url="http://localhost")


def test_a_key_is_needed_for_the_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(GenerationError, match="OPENAI_API_KEY is not set"):
        load_model("openai:gpt")


def test_options_of_a_model_that_runs_here_are_refused_by_name() -> None:
    with Server(lambda number, asked: GOOD) as server:
        model = load_model("openai:tiny", base_url=server.url)

        def batch(prompt: str, output_type: Any, **more: Any) -> Any:
            return model.generate_batch([prompt], output_type, **more)

        for name, value in {"from_text": True, "prefix": "{", "raw": True, "mask": True, "repair": False, "top_k": 3,
                            "on_unsupported": "error"}.items():
            for call in (model.generate, model.stream, batch):
                with pytest.raises(GenerationError, match=rf"takes no {name}="):
                    call("x", Person, **{name: value})
        with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
            model.generate("x", Person, temprature=1)
        with pytest.raises(GenerationError, match="both given"):
            model.generate("x", Person, temperature=0.5, sampling=Sampling())
        with pytest.raises(GenerationError, match="the prompts of a batch are a str"):
            model.generate_batch("x", Person)
        same = {"from_text": False, "prefix": "", "mask": False, "repair": True, "on_unsupported": "validate"}
        assert model.generate("x", Person, **same).value.name == "Ada"
        model.close()
