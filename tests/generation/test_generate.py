"""From a prompt to a value, on small real models and on plain objects with ``forward``."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pydantic
import pytest
import torch
from models.tiny import save

from structgen.errors import BudgetError, GenerationError, SchemaError
from structgen.formats.json.source import JsonSchema
from structgen.formats.text.source import Choice, Regex
from structgen.generation.model import COMPILED_TYPES, Model
from structgen.generation.session import PlainSession, TransformersSession
from structgen.models import load_model
from structgen.vocabulary import Vocabulary


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Person(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=12)
    age: int = pydantic.Field(ge=0, le=150)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(save("llama", tmp_path_factory.mktemp("llama")))


BYTES = [bytes([byte]) for byte in range(256)]


class Typist:
    """A model of single bytes that wants to write a text; whatever the mask forces on it, it goes on from there."""

    def __init__(self, wanted: str, *, every: bool = False, second: str = "") -> None:
        self.wanted, self.every, self.second = [*wanted.encode(), 256], every, [*second.encode(), 256]

    def forward(self, ids: Sequence[int]) -> Any:
        rows = [self._row(len(ids[:end])) for end in range(1, len(ids) + 1)]
        return torch.stack(rows) if self.every else rows[-1].numpy()

    def _row(self, length: int) -> torch.Tensor:
        row = torch.zeros(257)
        row[[*b"\t\n\r \\"]] = -1.0  # where nothing is wanted, something shorter than white space and escapes
        for wanted, weight in ((self.second, 8.0), (self.wanted, 10.0)):
            place = length - len(PROMPT)
            row[wanted[place] if 0 <= place < len(wanted) else 256] += weight
        return row


PROMPT = "?"


def typist(wanted: str, **options: Any) -> Model:
    vocabulary = Vocabulary([*BYTES, None], 256, encode=lambda text: list(text.encode()))
    return Model(Typist(wanted, **options), vocabulary=vocabulary)


def ask(model: Model, output_type: Any = None, **options: Any) -> Any:
    return model.generate(PROMPT, output_type, instructions=None, **options)


@pytest.mark.parametrize("every", [True, False])
def test_wanted_text_comes_out_as_a_value(every: bool) -> None:
    result = ask(typist('{"name":"Ada","age":36}', every=every), Person)
    assert result.value == Person(name="Ada", age=36)
    assert result.text == '{"name":"Ada","age":36}'
    assert (result.finish_reason, result.attempts, result.repairs) == ("complete", 1, ())
    assert bytes(result.tokens[:-1]).decode() == result.text
    assert result.tokens[-1] == 256
    assert result.usage.prompt_tokens == 1
    assert result.usage.output_tokens == len(result.tokens)


def test_mask_turns_a_wrong_text_into_a_value() -> None:
    result = ask(typist("I do not know."), Person, max_tokens=100)
    assert isinstance(result.value, Person)


def test_forced_tokens_are_marked_and_not_counted() -> None:
    result = ask(typist("123", second="456"), Literal[123, 456])
    assert result.value == 123
    assert [step.text for step in result.trace] == ["1", "2", "3", ""]
    assert [step.forced for step in result.trace] == [False, True, True, True]
    choice = result.trace[0]
    assert (choice.allowed, choice.token) == (2, ord("1"))
    assert choice.masked == pytest.approx(float(torch.softmax(torch.tensor([10.0, 8.0]), 0)[0]))
    assert choice.probability < choice.masked
    assert result.logprob == pytest.approx(math.log(choice.probability))
    assert all(step.masked == 1.0 for step in result.trace if step.forced)
    assert [step.probability is None for step in result.trace] == [False, True, True, True]


def test_forced_tokens_cost_no_pass_of_their_own(llama: Model) -> None:
    result = llama.generate("Which?", Literal[3333333333333333, 3333333333333334], instructions=None)
    choices = sum(not step.forced for step in result.trace)
    assert result.usage.forward_passes <= 1 + choices
    assert result.usage.output_tokens > 1


def test_output_text_is_the_tokens_bytes(llama: Model) -> None:
    result = llama.generate("Say it.", Person, temperature=1.0, seed=2, max_tokens=300)
    assert llama.vocabulary.decode(result.tokens).decode() == result.text
    assert Person.model_validate_json(result.text) == result.value


def test_probabilities_are_those_of_a_single_pass(llama: Model) -> None:
    result = llama.generate("Say it.", Person, temperature=1.0, seed=4, max_tokens=300)
    prompt = llama.tokenizer(_rendered(llama, "Say it."), add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        rows = llama.model(torch.tensor([[*prompt, *result.tokens]])).logits[0].float()
    for place, step in enumerate(result.trace):
        if step.probability is None:
            continue
        expected = torch.softmax(rows[len(prompt) - 1 + place], 0)[step.token]
        assert step.probability == pytest.approx(float(expected), rel=2e-2, abs=1e-6)


def _rendered(model: Model, prompt: str) -> str:
    from structgen.generation.prompt import prompt_text
    from structgen.generation.target import as_target

    message = [{"role": "user", "content": prompt_text(prompt, as_target(Person), "auto")}]
    return str(model.tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))


def test_template_is_the_models_own(llama: Model) -> None:
    text = _rendered(llama, "Say it.")
    assert text.startswith("<|user|>\nAnswer with JSON of the type Person")
    assert text.endswith("\n\nSay it.<|assistant|>\n")


@pytest.mark.parametrize(("instructions", "expected"), [("auto", True), ("Be brief.", False), (None, False)])
def test_instructions_are_told_or_not(instructions: str | None, expected: bool) -> None:
    from structgen.generation.prompt import prompt_text
    from structgen.generation.target import as_target

    text = prompt_text("Who?", as_target(Person), instructions)
    assert ("Answer with JSON of the type Person" in text) is expected
    assert text.endswith("Who?")
    assert text.startswith("Be brief.\n\n") is (instructions == "Be brief.")
    words = prompt_text("Which?", as_target(Choice(["good", "bad"])), instructions)
    assert words.startswith("Answer with one of: good | bad\n\n") is expected


def test_seed_repeats_the_output(llama: Model) -> None:
    texts = [llama.generate("Say it.", list[int], temperature=1.0, seed=seed, max_tokens=400).text
             for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_several_samples_are_ranked_by_probability(llama: Model) -> None:
    result = llama.generate("Say it.", Literal["one", "two", "three"], temperature=2.0, seed=1, n=5)
    assert len(result.candidates) == 5
    scores = [one.logprob for one in result.candidates]
    assert scores == sorted(scores, reverse=True)
    assert (result.value, result.logprob) == (result.candidates[0].value, scores[0])


def test_free_text_stops_at_the_end_token_or_the_limit() -> None:
    done = ask(typist("Hello"))
    assert (done.value, done.finish_reason, done.tokens[-1]) == ("Hello", "complete", 256)
    cut = ask(typist("Hello"), max_tokens=3)
    assert (cut.value, cut.finish_reason) == ("Hel", "length")


def test_choice_tells_the_probability_of_every_label() -> None:
    confidence = ask(typist('"red"', second='"blue"'), Color).confidence
    assert list(confidence) == [Color.RED, Color.BLUE]
    assert sum(confidence.values()) == pytest.approx(1.0)
    assert confidence[Color.RED] > 0.99
    assert ask(typist("true"), bool).confidence[True] > 0.99
    assert ask(typist("1"), int).confidence is None


def test_sources_of_text_give_text() -> None:
    result = ask(typist("blue", second="red"), Choice(["red", "blue"]))
    assert (result.value, result.text) == ("blue", "blue")
    assert result.confidence["blue"] > 0.9
    assert ask(typist("a-12"), Regex("[a-c]-[0-9]{2}")).value == "a-12"
    assert ask(typist("a-12"), Regex("[a-c]-[0-9]{2}"), mask=False).value == "a-12"
    with pytest.raises(GenerationError, match="the text is not a Regex"):
        ask(typist("d-12"), Regex("[a-c]-[0-9]{2}"), mask=False)
    with pytest.raises(BudgetError, match="a budget of 2 tokens is too small: 4 are needed"):
        ask(typist("a-12"), Regex("[a-c]-[0-9]{2}"), max_tokens=2)
    with pytest.raises(GenerationError, match="character 2: the output was cut after 2 tokens"):
        ask(typist("a-12"), Regex("[a-c]-[0-9]{2}"), max_tokens=2, mask=False)


def test_labels_that_begin_others_are_told_apart_by_their_end() -> None:
    confidence = ask(typist("1"), Literal[1, 12]).confidence
    assert confidence[1] > 0.99
    assert ask(typist("12"), Literal[1, 12]).confidence[12] > 0.8


def test_confidence_of_a_model_is_the_product_of_its_tokens(llama: Model) -> None:
    confidence = llama.generate("Which?", Literal["good", "bad"]).confidence
    prompt = llama.tokenizer(_prompt_of(llama, Literal["good", "bad"]), add_special_tokens=False)["input_ids"]
    scores = []
    for label in ('"good"', '"bad"'):
        ids = llama.vocabulary.encode(label)
        with torch.inference_mode():
            rows = torch.log_softmax(llama.model(torch.tensor([[*prompt, *ids]])).logits[0].double(), -1)
        scores.append(sum(float(rows[len(prompt) - 1 + place][token]) for place, token in enumerate(ids)))
    expected = torch.softmax(torch.tensor(scores), 0)
    assert confidence is not None
    assert list(confidence.values()) == pytest.approx(expected.tolist(), abs=1e-3)


def _prompt_of(model: Model, output_type: Any) -> str:
    from structgen.generation.prompt import prompt_text
    from structgen.generation.target import as_target

    message = [{"role": "user", "content": prompt_text("Which?", as_target(output_type), "auto")}]
    return str(model.tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))


@pytest.mark.parametrize(("wanted", "limit", "message"), [
    ('{"name":"Ada Lovelace","age":36}', 12, "$.name: the output was cut after 12 tokens, in a string"),
    ('{"name":"Ada","age":36}', 21, "$.age: the output was cut after 21 tokens, in a number or word"),
    ('{"name":"Ada","age":36}', 3, "$: the output was cut after 3 tokens, in a name"),
])
def test_cut_output_says_where(wanted: str, limit: int, message: str) -> None:
    with pytest.raises(GenerationError) as caught:
        ask(typist(wanted), Person, max_tokens=limit, mask=False)
    assert str(caught.value).startswith(message)
    assert f"max_tokens={limit}" in str(caught.value)
    assert "raise max_tokens" in str(caught.value)


def test_output_that_is_complete_without_its_end_token_is_kept() -> None:
    assert ask(typist('{"name":"Ada","age":36}'), Person, max_tokens=23).value == Person(name="Ada", age=36)
    cut = ask(typist("1234"), int, max_tokens=2)
    assert (cut.value, cut.finish_reason) == (12, "budget")


def test_without_the_mask_the_text_must_be_a_value() -> None:
    assert ask(typist(' {"age": 36, "name": "Ada"}'), Person, mask=False).value == Person(name="Ada", age=36)
    for text, message in (("I think Ada.", "is not a Person"), ('{"name":"Ada"}', "$.age"),
                          ('{"name":"A","name":"B","age":1}', "occurs twice")):
        with pytest.raises(GenerationError) as caught:
            ask(typist(text), Person, mask=False)
        assert message in str(caught.value)
        assert repr(text)[1:-1] in str(caught.value)


def test_json_schema_gives_plain_data() -> None:
    source = JsonSchema({"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"],
                         "additionalProperties": False})
    assert ask(typist('{"a":5}'), source).value == {"a": 5}
    assert ask(typist('{"a":5}'), JsonSchema(json.dumps(source.schema))).value == {"a": 5}
    assert ask(typist('{"a":5}'), source, mask=False).value == {"a": 5}
    with pytest.raises(GenerationError, match="less than the minimum of 3"):
        ask(typist('{"a":1}'), source, mask=False)


class Even(pydantic.BaseModel):
    number: int

    @pydantic.field_validator("number")
    @classmethod
    def even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value


def test_what_no_mask_enforces_is_checked_at_the_end() -> None:
    assert ask(typist('{"number":4}'), Even).value.number == 4
    with pytest.raises(GenerationError) as caught:
        ask(typist('{"number":5}'), Even)
    assert "$.number" in str(caught.value)
    assert "must be even" in str(caught.value)
    assert "not enforced by the mask: #/properties/number: the validator Even.even" in str(caught.value)


def test_fields_are_taken_from_the_text() -> None:
    text = "Ada Lovelace, 36, wrote"
    result = ask(typist('{"name":"Bob","age":36}'), Person, from_text=text)
    assert result.value.name
    assert result.value.name in text
    assert ask(typist('{"name":"Lovelace","age":36}'), Person, from_text=text).value.name == "Lovelace"
    with pytest.raises(GenerationError, match="from_text needs the mask"):
        ask(typist("x"), Person, from_text=True, mask=False)
    with pytest.raises(SchemaError, match="from_text has no meaning for free text"):
        ask(typist("x"), from_text=True)


def test_require_all_writes_fields_with_defaults() -> None:
    class Options(pydantic.BaseModel):
        a: bool = False

    assert ask(typist("{}"), Options).text == "{}"
    assert json.loads(ask(typist("{}"), Options, require_all=True).text) == {"a": False}


@pytest.mark.parametrize(("call", "message"), [
    (lambda model: ask(model, n=2), "n=2 samples at temperature 0"),
    (lambda model: ask(model, n=0), "n=0 is not a whole number, at least 1"),
    (lambda model: ask(model, max_tokens=0), "max_tokens=0 is not a whole number"),
    (lambda model: ask(model, temperature=-1), "temperature=-1 is not"),
    (lambda model: ask(model, {"type": "object"}), "the output type is a dict"),
    (lambda model: model.generate("", None), "the prompt is empty"),
    (lambda model: model.compile(None), "free text has no grammar"),
])
def test_wrong_requests_are_refused(call: Callable[[Model], Any], message: str) -> None:
    with pytest.raises((GenerationError, SchemaError), match=message):
        call(typist("x"))


def test_compiled_grammars_are_kept_and_bounded() -> None:
    model = typist("x")
    assert model.compile(Person) is model.compile(Person)
    assert model.compile(Person) is not model.compile(Person, from_text="abc")
    source = JsonSchema({"type": "integer"})
    assert model.compile(source) is model.compile(source)
    for size in range(COMPILED_TYPES + 3):
        model.compile(Literal[f"label {size}"])  # type: ignore[valid-type]
    assert len(model._compiled) == COMPILED_TYPES


def test_prompt_longer_than_the_model_reads_is_told(llama: Model) -> None:
    with pytest.raises(GenerationError, match="the model reads 512 at most"):
        llama.generate("word " * 3000, Person)
    options: dict[str, Any] = {"max_tokens": 1000, "temperature": 1.0, "seed": 0, "instructions": None, "top_k": 1}
    prompt = " ".join(str(number) for number in range(100, 220))
    with pytest.raises(GenerationError, match="the 512 tokens the model can read left no room"):
        llama.generate(prompt, list[int], mask=False, **options)
    ended = llama.generate(prompt, list[int], **options)
    assert ended.finish_reason == "budget" and ended.usage.prompt_tokens + ended.usage.output_tokens <= 512


def test_vocabulary_wider_than_the_logits_is_told() -> None:
    model = typist("x")
    model.model.forward = lambda ids: torch.zeros(100)
    with pytest.raises(Exception, match="logits for 100 tokens, the vocabulary has 257"):
        ask(model)


@pytest.mark.parametrize("shape", [(3, 257), (1, 1, 257)])
def test_logits_of_a_wrong_shape_are_told(shape: tuple[int, ...]) -> None:
    model = typist("x")
    model.model.forward = lambda ids: torch.zeros(shape)
    with pytest.raises(GenerationError, match="forward returned logits of shape"):
        ask(model)


def test_session_forgets_and_reads_on(llama: Model) -> None:
    session = TransformersSession(llama.model)
    whole = session.extend([5, 6, 7, 8])
    session.truncate(2)
    again = session.extend([7, 8])
    assert torch.allclose(whole[2:], again, atol=1e-5)
    uncut = TransformersSession(llama.model)
    uncut.extend([5, 6, 7, 8])
    uncut._cache = None  # a cache that cannot be cut
    uncut.truncate(2)
    assert torch.allclose(whole[2:], uncut.extend([7, 8]), atol=1e-5)


def test_plain_session_asks_for_every_row_it_needs() -> None:
    session = PlainSession(Typist("abc"))
    assert session.extend([1, 2, 3]).shape == (3, 257)
    assert session.passes == 3
    assert session.extend([4], keep=1).shape == (1, 257)


def test_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match="needs its tokenizer"):
        Model(object())
    with pytest.raises(GenerationError, match="is not a model"):
        ask(Model(object(), vocabulary=Vocabulary([b"?", None], 1, encode=lambda text: [0])))


TWICE = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(.+)\\1$"}}, "required": ["a"],
         "additionalProperties": False}
"""A string that repeats itself: no regular language, so no mask holds to it."""


def test_unsupported_keyword_may_be_checked_at_the_end() -> None:
    source = JsonSchema(TWICE, on_unsupported="validate")
    assert ask(typist('{"a":"abab"}'), source).value == {"a": "abab"}
    with pytest.raises(GenerationError) as caught:
        ask(typist('{"a":"aba"}'), source)
    assert caught.value.position == "$.a"
    assert "does not match" in str(caught.value) and "#/properties/a: pattern" in str(caught.value)


def test_unsupported_keyword_is_an_error_unless_the_caller_says_otherwise() -> None:
    model = typist('{"a":"abab"}')
    with pytest.raises(SchemaError):
        ask(model, JsonSchema(TWICE))
    assert ask(model, JsonSchema(TWICE), on_unsupported="validate").value == {"a": "abab"}
    with pytest.raises(SchemaError):
        ask(model, JsonSchema(TWICE, on_unsupported="validate"), on_unsupported="error")
    assert model.compile(JsonSchema(TWICE), on_unsupported="validate").unenforced == ("#/properties/a: pattern",)


def test_compiled_schema_is_kept_whatever_is_asked_of_it() -> None:
    model, source = typist('{"a":"abab"}'), JsonSchema(TWICE)
    assert model.compile(source, on_unsupported="validate") is model.compile(source, on_unsupported="validate")


def test_unsupported_keyword_of_a_type_is_checked_by_the_type() -> None:
    class Stepped(pydantic.BaseModel):
        a: float = pydantic.Field(multiple_of=0.123456789)

    model = typist('{"a":0.5}')
    with pytest.raises(SchemaError):
        ask(model, Stepped)
    with pytest.raises(GenerationError) as caught:
        ask(model, Stepped, on_unsupported="validate")
    assert caught.value.position == "$.a"
