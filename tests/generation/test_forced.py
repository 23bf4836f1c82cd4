"""Text without a choice is written without asking the model, in the tokenizer's spelling, and changes nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from generation.writers import saying

from structgen.formats.json.source import JsonSchema
from structgen.formats.text.source import Regex
from structgen.generation.forced import forced_run
from structgen.generation.loop import Decoder
from structgen.generation.model import Model
from structgen.models import load_model

SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
          "required": ["name", "age"], "additionalProperties": False}
PINNED = JsonSchema(SCHEMA, separators=(", ", ": "), escapes="necessary", exponents=False)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()  # type: ignore[no-any-return]


def run_of(model: Model, source: Any, prefix: bytes = b"") -> list[int]:
    matcher = model.compile(source).matcher()
    assert not prefix or matcher.advance_bytes(prefix)
    mask = np.zeros((1, (model.vocabulary.size + 31) // 32), dtype=np.int32)
    matcher.fill_mask(mask)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little")
    return forced_run(matcher, bits, int(bits.sum()), model.vocabulary)


def test_a_run_is_cut_as_the_tokenizer_cuts_it(model: Model) -> None:
    ids = run_of(model, PINNED)
    whole = model.vocabulary.encode('{"name": "')
    assert ids == whole[:-1]
    assert run_of(model, PINNED, b'{"name": "Ada') == []
    assert model.vocabulary.decode(run_of(model, PINNED, b'{"name": "Ada"')) in (b', "age', b', "age": ', b', "')


def test_where_there_is_a_choice_nothing_is_forced(model: Model) -> None:
    assert run_of(model, Regex("(yes|no) indeed")) == []
    assert run_of(model, JsonSchema(SCHEMA)) == []  # a space may come first
    assert run_of(model, Regex("indeed yes|indeed no"))[:1] == model.vocabulary.encode("indeed ")[:1]


TEXTS = ["Ada Lovelace, 36, wrote the first program.", "My neighbour Ingrid turned 71.", "Bob is 5 years old."]


def outputs(model: Model, fast: bool, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    if not fast:
        monkeypatch.setattr(Decoder, "fast_forward", property(lambda self: False, lambda self, value: None), raising=False)
    return [model.generate(text, PINNED) for text in TEXTS]


def test_outputs_are_the_same_with_fewer_passes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = outputs(model, True, monkeypatch), outputs(model, False, monkeypatch)
    assert [one.text for one in fast] == [one.text for one in slow]
    assert all(one.usage.forward_passes < other.usage.forward_passes for one, other in zip(fast, slow, strict=True))
    forced = [step for one in fast for step in one.trace if step.forced]
    assert all(step.probability is None or 0 <= step.probability <= 1 for step in forced)
    assert len(forced) > len([step for one in slow for step in one.trace if step.forced])


def test_a_plain_list_of_tokens_forces_single_tokens_only() -> None:
    plain = saying("indeed")
    plain.vocabulary._encode = None
    matcher = plain.compile(Regex("indeed")).matcher()
    bits = np.zeros(288, dtype=np.uint8)
    bits[ord("i")] = 1
    assert forced_run(matcher, bits, 1, plain.vocabulary) == []
