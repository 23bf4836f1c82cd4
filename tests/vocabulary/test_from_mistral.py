from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from vocabulary.families import HARD, TEXTS

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary

mistral_common = pytest.importorskip("mistral_common")
pytest.importorskip("sentencepiece")

DATA = Path(mistral_common.__file__).parent / "data"
FILES = ["tekken_240911.json", "tokenizer.model.v1", "mistral_instruct_tokenizer_240323.model.v3"]


@cache
def vocabulary(name: str) -> Vocabulary:
    return Vocabulary.from_mistral(DATA / name)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60)
@given(text=TEXTS)
def test_from_mistral_tokens_of_a_text_write_that_text(name: str, text: str) -> None:
    assert vocabulary(name).decode(vocabulary(name).encode(text)) == vocabulary(name).encoded_bytes(text)


@pytest.mark.parametrize("name", FILES)
def test_from_mistral_tokens_of_hard_texts_write_them(name: str) -> None:
    for text in HARD:
        assert vocabulary(name).decode(vocabulary(name).encode(text)) == vocabulary(name).encoded_bytes(text)


def test_from_mistral_tekken_puts_special_tokens_first() -> None:
    tekken = vocabulary("tekken_240911.json")
    assert (tekken.size, tekken.n_special, tekken.eos_token_ids, tekken.prefix) == (131_072, 1000, (2,), b"")
    assert tekken.tokens[1000:1256] == tuple(bytes([byte]) for byte in range(256))
    assert tekken.missing_bytes == frozenset()


def test_from_mistral_sentencepiece_bytes_spaces_and_control_pieces() -> None:
    first = vocabulary("tokenizer.model.v1")
    assert (first.size, first.n_special, first.eos_token_ids, first.prefix) == (32_000, 3, (2,), b" ")
    assert first.tokens[:3] == (None, None, None)
    assert first.tokens[3:259] == tuple(bytes([byte]) for byte in range(256))
    assert first.tokens[259] == b"  " and first.tokens[264] == b" a"


def test_from_mistral_takes_a_tokenizer_object() -> None:
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    tokenizer = MistralTokenizer.v1()
    assert Vocabulary.from_mistral(tokenizer).hash == vocabulary("tokenizer.model.v1").hash
    inner = tokenizer.instruct_tokenizer.tokenizer
    assert Vocabulary.from_mistral(inner, eos_token_ids=[2, 1]).eos_token_ids == (1, 2)


def test_from_mistral_and_from_transformers_agree_on_tekken() -> None:
    pytest.importorskip("transformers")
    from transformers.integrations.mistral import convert_tekken_tokenizer

    converted = Vocabulary.from_transformers(convert_tekken_tokenizer(str(DATA / "tekken_240911.json")))
    assert converted.hash == vocabulary("tekken_240911.json").hash


def test_from_mistral_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="object is not a tokenizer"):
        Vocabulary.from_mistral(object())
    with pytest.raises(VocabularyError, match="no such file"):
        Vocabulary.from_mistral(tmp_path / "tekken.json")
    (tmp_path / "tekken.json").write_text("{}")
    with pytest.raises(VocabularyError, match="not a tokenizer"):
        Vocabulary.from_mistral(tmp_path / "tekken.json")
