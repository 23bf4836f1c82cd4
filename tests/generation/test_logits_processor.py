"""LogitsProcessor inside the real transformers.generate, on small random models, beside a processor without memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from structgen.compiler import Compiler  # noqa: E402
from structgen.errors import GenerationError  # noqa: E402
from structgen.formats.json.source import JsonSchema  # noqa: E402
from structgen.generation.logits_processor import LogitsProcessor  # noqa: E402
from structgen.grammar.nodes import Grammar  # noqa: E402
from structgen.grammar.regex import parse_regex  # noqa: E402
from structgen.limits import Limits  # noqa: E402
from structgen.matching.native_engine import AVAILABLE  # noqa: E402
from structgen.vocabulary import Vocabulary  # noqa: E402

PAD, BOS, EOS, EOS2 = 300, 301, 302, 303
WIDTH = 320
PIECES = [b'{"', b'":', b'": ', b'", "', b'"}', b"true", b"false", b"null", b"na", b"me", b'{"na', b"an", b"and", b"12"]
ENGINES = ["python", *(["native"] if AVAILABLE else [])]

SCHEMA = {"type": "object", "properties": {"na": {"type": "string", "maxLength": 4}, "ok": {"type": "boolean"}},
          "required": ["na", "ok"], "additionalProperties": False}
DATE = r"[12]\d\d\d-\d\d"
ANIMAL = "(cat|cow|dog|donkey|eel)"


def make_vocabulary(eos: Any = (EOS, EOS2), **options: Any) -> Vocabulary:
    tokens: list[bytes | None] = [bytes([byte]) for byte in range(256)] + list(PIECES)
    return Vocabulary([*tokens, *[None] * (304 - len(tokens))], eos, **options)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small gain nothing from threads, and wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def compiled(source: Any, engine: str = ENGINES[-1], vocabulary: Vocabulary | None = None) -> Any:
    return compiled_once(json.dumps(source), engine, vocabulary)


@lru_cache
def compiled_once(source: str, engine: Any, vocabulary: Vocabulary | None) -> Any:
    wanted = json.loads(source)
    grammar = Grammar(parse_regex(wanted, limits=Limits())) if isinstance(wanted, str) else \
        JsonSchema(wanted, whitespace="compact")
    return Compiler(vocabulary or make_vocabulary(), engine=engine).compile(grammar)


def make_model(kind: str = "llama", width: int = WIDTH, seed: int = 0, **config: Any) -> Any:
    torch.manual_seed(seed)
    common = {"vocab_size": width, "bos_token_id": BOS, "eos_token_id": [EOS, EOS2], "pad_token_id": PAD, **config}
    if kind == "gpt2":
        model = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=128, **common))
    else:
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
            hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=256, initializer_range=0.5, **common))
    return model.eval()


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return {kind: make_model(kind) for kind in ("llama", "gpt2")}


class Compared:
    """The processor, compared at every call with one that has no memory: it takes each row's tokens from the start."""

    def __init__(self, grammars: list[Any], prompt_length: int, **options: Any) -> None:
        self.grammars, self.prompt_length, self.calls, self.dead = grammars, prompt_length, 0, 0
        self.processor = LogitsProcessor(grammars[0] if len(grammars) == 1 else grammars, **options)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        before = scores.clone()
        found = self.processor(input_ids, scores)
        self.calls += 1
        share = len(input_ids) // len(self.grammars)
        for row, ids in enumerate(input_ids[:, self.prompt_length :].tolist()):
            grammar = self.grammars[row // share]
            allowed = self.allowed(grammar, ids, scores.shape[1])
            if allowed is not None:
                wanted = torch.where(torch.from_numpy(allowed).to(before.device), before[row], float("-inf"))
                assert torch.equal(found[row], wanted), (row, ids)
            else:
                self.dead += 1
                assert found[row].isneginf().all()
        return found

    def allowed(self, grammar: Any, ids: list[int], width: int) -> Any:
        """bool[width], or None where the row is a beam of probability 0."""
        if grammar is None:
            return np.ones(width, bool)
        matcher, found = grammar.matcher(), np.zeros(width, bool)
        for token in ids:
            if matcher.is_finished:
                break
            if token >= matcher.vocabulary.size or not matcher.advance(token):
                return None
        ends = [EOS, EOS2] if self.processor._pad_token_id is None else [EOS, EOS2, PAD]
        found[ends if matcher.is_finished else [t for t in matcher.allowed_tokens() if t < width]] = True
        return found


@dataclass
class Output:
    tokens: list[int]
    text: bytes
    ended: bool


def read(grammar: Any, sequence: Any, prompt_length: int) -> Output:
    """One returned row; checks that its tokens are allowed and that padding alone follows its end."""
    ids = sequence[prompt_length:].tolist()
    end = next((place for place, token in enumerate(ids) if token in (EOS, EOS2)), len(ids))
    taken = ids[: end + 1]
    if end == len(ids) and PAD in ids:  # a beam slot that was never filled
        taken = ids[: ids.index(PAD)]
    assert set(ids[len(taken) :]) <= {PAD}
    assert grammar.matcher().validate(taken) == len(taken)
    text = b"".join(grammar.vocabulary.tokens[token] or b"" for token in taken)
    return Output(taken, text, end < len(ids))


def prompt(*texts: str) -> dict[str, Any]:
    """Left-padded prompts."""
    longest = max(map(len, texts))
    ids = [[PAD] * (longest - len(text)) + list(text.encode()) for text in texts]
    mask = [[0] * (longest - len(text)) + [1] * len(text) for text in texts]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def generate(model: Any, inputs: dict[str, Any], processor: Any, seed: int = 0, **options: Any) -> Any:
    torch.manual_seed(seed)
    options = {"max_new_tokens": 24, "do_sample": False, **options}
    return model.generate(**inputs, logits_processor=[processor], **options)


WAYS = {
    "greedy": {},
    "sampling": {"do_sample": True},
    "sampling-narrow": {"do_sample": True, "top_k": 3, "top_p": 0.8, "temperature": 2.0},
    "sampling-several": {"do_sample": True, "num_return_sequences": 4},
    "beams": {"num_beams": 3},
    "beams-several": {"num_beams": 4, "num_return_sequences": 3, "early_stopping": True},
    "beams-long": {"num_beams": 3, "length_penalty": 2.0, "early_stopping": "never"},
    "beams-penalty": {"num_beams": 3, "repetition_penalty": 1.3},
    "beam-sampling": {"num_beams": 3, "do_sample": True, "num_return_sequences": 2},
    "beam-sampling-narrow": {"num_beams": 3, "do_sample": True, "top_k": 4, "top_p": 0.9, "min_p": 0.05},
    "no-cache": {"use_cache": False},
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("way", WAYS)
def test_logits_processor_allows_what_the_grammar_allows(models: Any, kind: str, way: str, engine: str) -> None:
    for source in (SCHEMA, DATE, ANIMAL):
        grammar = compiled(source, engine)
        inputs = prompt("Say: ")
        processor = Compared([grammar], inputs["input_ids"].shape[1])
        for sequence in generate(models[kind], inputs, processor, **WAYS[way]):
            output = read(grammar, sequence, processor.prompt_length)
            if output.ended and source is SCHEMA:
                value = json.loads(output.text)
                assert set(value) == {"na", "ok"}
                assert len(value["na"]) <= 4
            elif output.ended:
                assert re.fullmatch(str(source), output.text.decode())
        assert processor.calls > 1


@pytest.mark.parametrize("way", WAYS)
def test_logits_processor_holds_each_prompt_to_its_own_grammar(models: Any, way: str) -> None:
    sources = [SCHEMA, DATE, None, ANIMAL]
    grammars = [None if source is None else compiled(source) for source in sources]
    inputs = prompt("Tell me who: ", "When?", "Go on", "Which animal? ")
    processor = Compared(grammars, inputs["input_ids"].shape[1], pad_token_id=PAD)
    sequences = generate(models["llama"], inputs, processor, **WAYS[way])
    share = len(sequences) // len(sources)
    for row, sequence in enumerate(sequences):
        grammar = grammars[row // share]
        if grammar is not None:
            output = read(grammar, sequence, processor.prompt_length)
            if output.ended and sources[row // share] == DATE:
                assert re.fullmatch(DATE, output.text.decode())


@pytest.mark.parametrize("width", [304, 320, 1000])
def test_logits_processor_with_scores_wider_than_the_tokenizer(width: int) -> None:
    model = make_model(width=width, seed=3)
    grammar = compiled(DATE)
    for options in ({}, {"do_sample": True, "num_return_sequences": 3}, {"num_beams": 3}):
        for sequence in generate(model, prompt("x"), LogitsProcessor(grammar), **options):
            assert read(grammar, sequence, 1).ended


@pytest.mark.parametrize("ends", [[EOS], [EOS2], [EOS, EOS2]])
def test_logits_processor_ends_with_any_end_token(models: Any, ends: list[int]) -> None:
    grammar = compiled(ANIMAL, vocabulary=make_vocabulary(ends))
    seen = set()
    for seed in range(8):
        sequences = generate(models["llama"], prompt("x"), LogitsProcessor(grammar), seed=seed, do_sample=True,
                             num_return_sequences=4, eos_token_id=ends)
        for sequence in sequences:
            output = read(grammar, sequence, 1)
            assert output.ended
            seen.add(output.tokens[-1])
    assert seen == set(ends)


@pytest.mark.parametrize("pad", [None, PAD])
def test_logits_processor_never_leaves_an_ended_row_nothing(models: Any, pad: int | None) -> None:
    # generate is not told of the end tokens, so it goes on asking after the end.
    grammar = compiled("(a|b)")
    model = make_model(eos_token_id=None)
    sequences = generate(model, prompt("x"), LogitsProcessor(grammar, pad_token_id=pad), do_sample=True,
                         num_return_sequences=3, max_new_tokens=6)
    for sequence in sequences.tolist():
        assert sequence[1] in b"ab"
        assert sequence[2] in (EOS, EOS2)
        assert set(sequence[3:]) <= {EOS, EOS2, pad}


def test_logits_processor_serves_one_generate_after_the_other(models: Any) -> None:
    grammar = compiled(SCHEMA)
    processor = LogitsProcessor(grammar)
    first = generate(models["llama"], prompt("Say: "), processor, max_new_tokens=8)
    longer = {"input_ids": torch.cat([first, torch.tensor([list(b"\nAgain: ")])], dim=1)}
    longer["attention_mask"] = torch.ones_like(longer["input_ids"])
    for inputs in (prompt("Say: "), prompt("Say: "), prompt("S"), prompt("Tell me, at length: "), longer,
                   prompt("Say: ", "Or: "), prompt("Say: ", "No: "), prompt("Say: ")):
        for options in ({}, {"num_beams": 3}, {"max_new_tokens": 3}):
            fresh = generate(models["llama"], inputs, LogitsProcessor(grammar), **options)
            assert torch.equal(generate(models["llama"], inputs, processor, **options), fresh)


def test_logits_processor_goes_on_where_the_prompt_is_what_it_generated(models: Any) -> None:
    grammar = compiled(SCHEMA)
    whole = generate(models["llama"], prompt("Say: "), LogitsProcessor(grammar), max_new_tokens=8)
    processor = LogitsProcessor(grammar)
    ids = prompt("Say: ")["input_ids"]
    for _ in range(8):
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        ids = generate(models["llama"], inputs, processor, max_new_tokens=1)
    assert torch.equal(ids, whole)


def test_logits_processor_refuses_rows_it_cannot_place(models: Any) -> None:
    processor = LogitsProcessor(compiled(SCHEMA))
    generate(models["llama"], prompt("Say: "), processor, max_new_tokens=12)
    # Begins like the prompt before, and is not longer than what came of it: a draft dropped, or something new?
    with pytest.raises(GenerationError, match="row 0 does not continue any row"):
        generate(models["llama"], prompt("Say: this"), processor)
    # The failed call is forgotten.
    generate(models["llama"], prompt("Say: this"), processor, max_new_tokens=12)
    processor.reset()
    generate(models["llama"], prompt("Say: this and"), processor)


@pytest.mark.parametrize("options", [{}, {"prompt_lookup_num_tokens": 3}, {"assistant": 1}, {"assistant": 2}], ids=str)
@pytest.mark.parametrize("source", [SCHEMA, DATE], ids=["json", "date"])
def test_logits_processor_with_drafts_equals_without(models: Any, options: dict[str, int], source: Any) -> None:
    grammar = compiled(source)
    inputs = prompt('{"na":"19","ok":true} 1999-12 1888-11 ')
    plain = generate(models["llama"], inputs, LogitsProcessor(grammar))
    options = dict(options)
    if seed := options.pop("assistant", None):
        options["assistant_model"] = make_model(seed=0 if seed == 1 else seed)
    processor = Compared([grammar], inputs["input_ids"].shape[1])
    drafted = generate(models["llama"], inputs, processor, **options)
    assert torch.equal(drafted, plain)
    sampled = generate(models["llama"], inputs, LogitsProcessor(grammar), do_sample=True, **options)
    read(grammar, sampled[0], inputs["input_ids"].shape[1])


def test_logits_processor_without_a_prompt_of_ids(models: Any) -> None:
    grammar = compiled(DATE)
    embeds = models["llama"].get_input_embeddings()(prompt("When? ")["input_ids"])
    sequence = generate(models["llama"], {"inputs_embeds": embeds}, Compared([grammar], 0))[0]
    assert read(grammar, sequence, 0).ended


@pytest.mark.parametrize("way", ["greedy", "sampling-several", "beams-several"])
def test_logits_processor_in_an_encoder_decoder(way: str) -> None:
    torch.manual_seed(0)
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(
        vocab_size=WIDTH, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, decoder_start_token_id=BOS,
        eos_token_id=[EOS, EOS2], pad_token_id=PAD, initializer_factor=20.0)).eval()
    grammars = [compiled(DATE), compiled(ANIMAL)]
    processor = Compared(grammars, 1)
    sequences = generate(model, prompt("When is it?", "Who?"), processor, **WAYS[way])
    share = len(sequences) // 2
    for row, sequence in enumerate(sequences):
        assert read(grammars[row // share], sequence, 1).ended


def test_logits_processor_leaves_raw_logits_alone_unless_told(models: Any) -> None:
    options = {"return_dict_in_generate": True, "output_logits": True, "output_scores": True}
    grammar = compiled(DATE)
    for in_place in (False, True):
        result = generate(models["llama"], prompt("x"), LogitsProcessor(grammar, in_place=in_place), **options)
        assert all(bool(logits.isfinite().all()) is not in_place for logits in result.logits)
        assert not any(scores.isfinite().all() for scores in result.scores)


def test_logits_processor_reads_padding_of_rows_stopped_otherwise(models: Any) -> None:
    tokenizer = byte_tokenizer()
    grammar = compiled("[a-z]{12}")
    for seed in range(4):
        sequences = generate(
            models["llama"], prompt("x"), LogitsProcessor(grammar, pad_token_id=PAD), seed=seed, do_sample=True,
            num_return_sequences=6, stop_strings=["a", "e", "q", "u"], tokenizer=tokenizer)
        for sequence in sequences:
            read(grammar, sequence, 1)
    with pytest.raises(GenerationError, match=rf"pass pad_token_id={PAD}"):
        for seed in range(8):
            generate(models["llama"], prompt("x"), LogitsProcessor(grammar), seed=seed, do_sample=True,
                     num_return_sequences=6, stop_strings=["a", "e", "q", "u"], tokenizer=tokenizer)


def test_logits_processor_gives_a_beam_of_probability_zero_no_way_on(models: Any) -> None:
    grammar, dead = compiled(ANIMAL), 0
    for seed in range(6):
        processor = Compared([grammar], 1)
        for sequence in generate(models["gpt2"], prompt("x"), processor, seed=seed, num_beams=4, do_sample=True,
                                 num_return_sequences=4):
            read(grammar, sequence, 1)
        dead += processor.dead
    assert dead, "sampled no token of probability 0: the case is not met any more"


def test_logits_processor_follows_rows_when_others_are_dropped() -> None:
    scores = torch.zeros(3, WIDTH)
    rows = torch.tensor([[7, 7, ord(first), ord(second)] for first, second in ("ab", "cd", "ef")])
    for kept in ([2, 0], [1]):
        processor = LogitsProcessor(compiled("(ab|cd|ef)x"))
        for length in (2, 3):
            processor(rows[:, :length], scores)
        found = processor(rows[kept], scores[kept])
        assert found.isfinite().nonzero()[:, 1].tolist() == [ord("x")] * len(kept)
    several = LogitsProcessor([compiled("abx"), compiled("cdx"), compiled("efx")])
    for length in (2, 3):
        several(rows[:, :length], scores)
    with pytest.raises(GenerationError, match="3 rows have become 2"):
        several(rows[[0, 2]], scores[:2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("way", WAYS)
def test_logits_processor_on_cuda(way: str) -> None:
    grammars = [compiled(SCHEMA), None, compiled(DATE)]
    inputs = {name: tensor.cuda() for name, tensor in prompt("Tell me who: ", "Go on", "When?").items()}
    processor = Compared(grammars, inputs["input_ids"].shape[1], pad_token_id=PAD)
    sequences = generate(make_model().cuda(), inputs, processor, **WAYS[way])
    share = len(sequences) // 3
    for row, sequence in enumerate(sequences):
        if grammars[row // share] is not None:
            read(grammars[row // share], sequence, processor.prompt_length)


class Force:
    """Another processor, which wants one token whatever the grammar says."""

    def __init__(self, token: int, at: int) -> None:
        self.token, self.at = token, at

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if input_ids.shape[1] == self.at:
            scores = torch.full_like(scores, float("-inf"))
            scores[:, self.token] = 0.0
        return scores


@pytest.mark.parametrize("token", [ord("x"), PAD, 310])
def test_logits_processor_names_a_token_forced_by_others(models: Any, token: int) -> None:
    processor = LogitsProcessor(compiled(DATE))
    with pytest.raises(GenerationError, match=f"row 0: token {token} was generated where it is not allowed") as caught:
        models["llama"].generate(**prompt("x"), logits_processor=[processor, Force(token, 3)], do_sample=False,
                                 max_new_tokens=8)
    assert str(token) in (caught.value.because or "")
    if token == ord("x"):
        assert "'x'" in (caught.value.because or "")
        assert "allowed (" in (caught.value.because or "")


def test_logits_processor_says_when_others_force_every_beam(models: Any) -> None:
    processor = LogitsProcessor(compiled(DATE))
    with pytest.raises(GenerationError, match="row 0: no token is left") as caught:
        models["llama"].generate(**prompt("x"), logits_processor=[processor, Force(ord("x"), 3)], num_beams=3,
                                 do_sample=False, max_new_tokens=8)
    assert "every beam" in (caught.value.because or "")


def test_logits_processor_says_when_others_leave_nothing(models: Any) -> None:
    grammar = compiled("(a|b)")
    for options in ({}, {"do_sample": True}, {"num_beams": 2}):
        with pytest.raises(GenerationError, match="row 0: none of the 2 allowed tokens is left") as caught:
            generate(models["llama"], prompt("x"), LogitsProcessor(grammar), min_new_tokens=5, **options)
        assert "min_new_tokens" in (caught.value.because or "")


def test_logits_processor_says_when_the_model_is_narrower() -> None:
    tokens: list[bytes | None] = [b"a", b"b", None] + [b"c"] * 40
    grammar = compiled("c", vocabulary=Vocabulary(tokens, [2]))
    with pytest.raises(GenerationError, match="none of the 40 allowed tokens is left") as caught:
        LogitsProcessor(grammar)(torch.zeros(1, 1).long(), torch.zeros(1, 3))
    assert "only 3 scores" in (caught.value.because or "")


def test_logits_processor_refuses_continuous_batching(models: Any) -> None:
    from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessorList

    with pytest.raises(GenerationError, match="continuous batching"):
        ContinuousBatchingLogitsProcessorList(
            transformers.LogitsProcessorList([LogitsProcessor(compiled(DATE))]), True, True)


def test_logits_processor_refuses_lists_that_do_not_fit() -> None:
    one = compiled(DATE)
    ids, scores = torch.zeros(3, 4).long(), torch.zeros(3, WIDTH)
    with pytest.raises(GenerationError, match="3 rows cannot be shared by 2 grammars"):
        LogitsProcessor([one, None])(ids, scores)
    with pytest.raises(GenerationError, match="empty list"):
        LogitsProcessor([])
    with pytest.raises(GenerationError, match="different vocabularies"):
        LogitsProcessor([one, compiled(DATE, vocabulary=make_vocabulary([EOS]))])
    with pytest.raises(GenerationError, match="do not fit"):
        LogitsProcessor(one)(ids, scores[:2])
    assert LogitsProcessor([None])(ids, scores) is scores


def test_logits_processor_tells_equal_prompts_with_different_grammars_apart(models: Any) -> None:
    grammars = [compiled("a[ab]{6}"), compiled("a[bc]{6}"), compiled("a[ad]{6}")]
    for options in ({}, {"num_beams": 3}, {"num_beams": 3, "num_return_sequences": 3}):
        processor = Compared(grammars, 1)
        sequences = generate(models["gpt2"], prompt("x", "x", "x"), processor, **options)
        share = len(sequences) // 3
        for row, sequence in enumerate(sequences):
            read(grammars[row // share], sequence, 1)


def test_logits_processor_follows_rows_in_a_buffer_that_is_reused() -> None:
    # Rows exchanged in place between two steps: the tokens before must be a copy.
    grammar = compiled("(ab|cd)x")
    buffer = torch.zeros(2, 8).long()
    processor, scores = LogitsProcessor(grammar), torch.zeros(2, WIDTH)
    processor(buffer[:, :3], scores)
    buffer[0, 3], buffer[1, 3] = ord("a"), ord("c")
    processor(buffer[:, :4], scores)
    buffer[:] = buffer.flip(0).clone()
    buffer[0, 4], buffer[1, 4] = ord("d"), ord("b")
    found = processor(buffer[:, :5], scores)
    assert found.isfinite().nonzero().tolist() == [[0, ord("x")], [1, ord("x")]]


def test_logits_processor_is_a_callable_of_two_arguments() -> None:
    ids, scores = torch.zeros(2, 3).long(), torch.zeros(2, WIDTH)
    processor = LogitsProcessor(compiled(DATE))
    found = transformers.LogitsProcessorList([processor])(ids, scores)
    assert found.isfinite().nonzero().tolist() == [[0, ord("1")], [0, ord("2")], [1, ord("1")], [1, ord("2")]] or \
        found.isfinite().sum() == 6  # "12" is one token
    assert scores.isfinite().all()


def test_logits_processor_with_a_trained_tokenizer(models: Any) -> None:
    tokenizer = byte_tokenizer()
    vocabulary = Vocabulary.from_transformers(tokenizer, size=400)
    model = make_model(width=400, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    grammar = compiled(SCHEMA, vocabulary=vocabulary)
    inputs = tokenizer(["Describe the cat", "Go"], return_tensors="pt", padding=True, padding_side="left")
    inputs.pop("token_type_ids", None)
    for options in ({}, {"do_sample": True, "num_return_sequences": 3}, {"num_beams": 3}):
        sequences = generate(model, dict(inputs), LogitsProcessor(grammar), max_new_tokens=60, **options)
        for sequence in sequences[:, inputs["input_ids"].shape[1] :]:
            text = tokenizer.decode(sequence, skip_special_tokens=True)
            assert set(json.loads(text)) == {"na", "ok"}


def byte_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=390, special_tokens=["<pad>", "<end>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    text = '{"na":"abcd","ok":true} {"na": "xy", "ok": false} the cat and the dog'
    tokenizer.train_from_iterator([text] * 4, trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<pad>")


def test_logits_processor_imports_no_tensor_library() -> None:
    code = ("import sys; from structgen.generation.logits_processor import LogitsProcessor; "
            "print([name for name in ('torch', 'transformers', 'triton') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
