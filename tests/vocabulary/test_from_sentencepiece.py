from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from vocabulary.families import CORPUS, TEXTS

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary

sentencepiece = pytest.importorskip("sentencepiece")

KEEPING: dict[str, Any] = {
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "byte_fallback": True,
}


def trained(**options: Any) -> Any:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        vocab_size=400,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


@pytest.fixture(scope="module")
def plain() -> Vocabulary:
    return Vocabulary.from_sentencepiece(trained(**KEEPING, add_dummy_prefix=False, user_defined_symbols=["<tool>"]))


@settings(max_examples=100)
@given(text=TEXTS)
def test_from_sentencepiece_tokens_of_a_text_write_that_text(plain: Vocabulary, text: str) -> None:
    assert plain.decode(plain.encode(text)) == plain.encoded_bytes(text) == text.encode()


def test_from_sentencepiece_symbols_of_the_user_are_text(plain: Vocabulary) -> None:
    assert b"<tool>" in plain.tokens and plain.prefix == b""


def test_from_sentencepiece_prefix_is_the_model_s() -> None:
    vocabulary = Vocabulary.from_sentencepiece(trained(**KEEPING))
    assert vocabulary.prefix == b" "
    for text in ("a", " a", ""):
        assert vocabulary.decode(vocabulary.encode(text)) == vocabulary.encoded_bytes(text)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param({**KEEPING, "normalization_rule_name": "nfkc"}, "precompiled_charsmap", id="nfkc"),
        pytest.param({**KEEPING, "remove_extra_whitespaces": True}, "remove_extra_whitespaces", id="spaces-dropped"),
        pytest.param({**KEEPING, "byte_fallback": False}, "no byte pieces", id="no-byte-fallback"),
    ],
)
def test_from_sentencepiece_refuses_by_name_what_changes_or_loses_text(options: dict[str, Any], name: str) -> None:
    with pytest.raises(VocabularyError, match=name):
        Vocabulary.from_sentencepiece(trained(**options))


def test_from_sentencepiece_asks_for_an_end_token_where_there_is_none() -> None:
    with pytest.raises(VocabularyError, match="no end token"):
        Vocabulary.from_sentencepiece(trained(**KEEPING, eos_id=-1))


def test_from_sentencepiece_says_which_file_cannot_be_read(tmp_path: Any) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(b"not a model")
    with pytest.raises(VocabularyError) as raised:
        Vocabulary.from_sentencepiece(path)
    assert raised.value.position == str(path)
