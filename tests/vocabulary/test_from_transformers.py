from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from vocabulary.families import BYTE_PIECES, HARD, TEXTS, byte_fallback_bpe, byte_level, llama_bpe, unigram, wrapped

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")
decoders, models, normalizers, pre_tokenizers = (
    tokenizers.decoders,
    tokenizers.models,
    tokenizers.normalizers,
    tokenizers.pre_tokenizers,
)


def gpt2() -> Any:
    return wrapped(byte_level(), "<|endoftext|>")


def gpt2_with_prefix() -> Any:
    return wrapped(byte_level(add_prefix_space=True), "<|endoftext|>")


def qwen2() -> Any:
    model = byte_level().model
    return transformers.Qwen2Tokenizer(vocab=_vocab(model), merges=_merges(model))


def llama3() -> Any:
    """A Split by a regular expression, then ByteLevel without its own."""
    tokenizer = byte_level()
    split = pre_tokenizers.Split(tokenizers.Regex(r"\p{N}{1,3}|\s+|[^\s\p{N}]+"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return wrapped(tokenizer, "<|endoftext|>")


def llama2() -> Any:
    return wrapped(byte_fallback_bpe())


def llama2_of_transformers() -> Any:
    pieces, merges = llama_bpe()
    return transformers.LlamaTokenizer(vocab=pieces, merges=merges)


def gemma() -> Any:
    pieces, merges = llama_bpe()
    for piece in ("<pad>", "<eos>", "<bos>", "<mask>"):
        pieces[piece] = len(pieces)
    return transformers.GemmaTokenizer(vocab=pieces, merges=merges)


def unigram_with_fallback() -> Any:
    return wrapped(unigram())


def _vocab(model: Any) -> dict[str, int]:
    import json

    return json.loads(model.__getstate__())["vocab"]  # type: ignore[no-any-return]


def _merges(model: Any) -> list[tuple[str, str]]:
    import json

    return [tuple(merge) for merge in json.loads(model.__getstate__())["merges"]]


def writes_itself(vocabulary: Vocabulary, text: str) -> bool:
    return vocabulary.decode(vocabulary.encode(text)) == vocabulary.encoded_bytes(text)


def spells_a_piece_of_unigram(family: Callable[[], Any], text: str) -> bool:
    """Unigram models of ``tokenizers`` take ``<0x41>`` and ``</s>`` in a text for the pieces of that name."""
    return family is unigram_with_fallback and any(piece in text for piece in ("<0x", "<unk>", "</s>"))


FAMILIES = [gpt2, gpt2_with_prefix, qwen2, llama3, llama2, llama2_of_transformers, gemma, unigram_with_fallback]


@cache
def tokenizer_and_vocabulary(family: Callable[[], Any]) -> tuple[Any, Vocabulary]:
    tokenizer = family()
    return tokenizer, Vocabulary.from_transformers(tokenizer)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@settings(max_examples=60)
@given(text=TEXTS)
def test_from_transformers_tokens_of_a_text_write_that_text(family: Callable[[], Any], text: str) -> None:
    _, vocabulary = tokenizer_and_vocabulary(family)
    assert writes_itself(vocabulary, text) or spells_a_piece_of_unigram(family, text)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("text", HARD, ids=ascii)
def test_from_transformers_tokens_of_hard_texts_write_them(family: Callable[[], Any], text: str) -> None:
    _, vocabulary = tokenizer_and_vocabulary(family)
    assert writes_itself(vocabulary, text) or spells_a_piece_of_unigram(family, text)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_from_tokenizers_is_from_transformers_of_the_same_tokenizer(family: Callable[[], Any], tmp_path: Path) -> None:
    tokenizer, vocabulary = tokenizer_and_vocabulary(family)
    tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    for source in (tokenizer.backend_tokenizer, tmp_path / "tokenizer.json", str(tmp_path / "tokenizer.json")):
        found = Vocabulary.from_tokenizers(source, eos_token_ids=vocabulary.eos_token_ids)
        assert (found.hash, found.eos_token_ids) == (vocabulary.hash, vocabulary.eos_token_ids)
        assert found.encode("a b") == vocabulary.encode("a b")


def test_from_tokenizers_says_what_is_no_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"model": 1}')
    for wrong, said in ((tmp_path / "other.json", "is no tokenizer.json"), (tmp_path / "none.json", "cannot be read"),
                        ({}, "is no tokenizers.Tokenizer")):
        with pytest.raises(VocabularyError, match=said):
            Vocabulary.from_tokenizers(wrong, eos_token_ids=0)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_from_transformers_every_token_writes_what_the_decoder_writes(family: Callable[[], Any]) -> None:
    tokenizer, vocabulary = tokenizer_and_vocabulary(family)
    backend = tokenizer.backend_tokenizer
    # Some decoders drop a space at the beginning of a text, so each token is decoded after another one.
    first = next(i for i, token in enumerate(vocabulary.tokens) if token == b"a")
    for token_id, token in enumerate(vocabulary.tokens):
        if token is None:
            continue
        written = backend.decode([first, token_id])[1:]
        assert token.decode(errors="replace") == written or b"\xef\xbf\xbd" in written.encode(), token_id


@pytest.mark.parametrize(
    ("family", "prefix", "rule", "normalization"),
    [
        (gpt2, b"", "always", None),
        (gpt2_with_prefix, b" ", "unless-space", None),
        (qwen2, b"", "always", "NFC"),
        (llama2, b" ", "always", None),
        (llama2_of_transformers, b" ", "unless-space", None),
        (gemma, b"", "always", None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_from_transformers_says_what_encoding_adds(
    family: Callable[[], Any], prefix: bytes, rule: str, normalization: str | None
) -> None:
    _, vocabulary = tokenizer_and_vocabulary(family)
    assert (vocabulary.prefix, vocabulary.prefix_rule, vocabulary.normalization) == (prefix, rule, normalization)


def test_from_transformers_special_tokens_write_nothing_and_other_added_tokens_their_text() -> None:
    tokenizer = wrapped(byte_level(), "<|endoftext|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    tokenizer.add_tokens(["<tool_call>", "two words", "東京"])
    vocabulary = Vocabulary.from_transformers(tokenizer)
    ids = tokenizer.get_vocab()
    assert vocabulary.tokens[ids["<|im_end|>"]] is None and vocabulary.tokens[ids["<|endoftext|>"]] is None
    for text in ("<tool_call>", "two words", "東京"):
        assert vocabulary.tokens[ids[text]] == text.encode()
    text = "a<tool_call>b<|im_end|>c"
    assert vocabulary.decode(vocabulary.encode(text)) == text.encode()


def test_from_transformers_gaps_between_ids_write_nothing() -> None:
    pieces, merges = llama_bpe()
    pieces["last"] = len(pieces) + 10
    tokenizer = wrapped(byte_fallback_bpe())
    tokenizer.backend_tokenizer.model = models.BPE(pieces, merges, unk_token="<unk>", byte_fallback=True)
    vocabulary = Vocabulary.from_transformers(tokenizer)
    assert vocabulary.size == len(pieces) + 10
    assert vocabulary.tokens[-11:] == (*[None] * 10, b"last")


def test_from_transformers_byte_pieces_are_one_byte() -> None:
    tokenizer, vocabulary = tokenizer_and_vocabulary(llama2)
    ids = tokenizer.get_vocab()
    assert [vocabulary.tokens[ids[piece]] for piece in BYTE_PIECES] == [bytes([byte]) for byte in range(256)]
    assert vocabulary.missing_bytes == frozenset()


def test_from_transformers_end_tokens_can_be_given() -> None:
    vocabulary = Vocabulary.from_transformers(gpt2(), eos_token_ids=[0, 7], size=512)
    assert vocabulary.eos_token_ids == (0, 7) and vocabulary.tokens[7] is None and vocabulary.size == 512


def test_from_transformers_asks_for_an_end_token_where_there_is_none() -> None:
    with pytest.raises(VocabularyError, match="names no end token") as raised:
        Vocabulary.from_transformers(wrapped(byte_level(), None))
    assert "generation_config" in str(raised.value)


def test_from_transformers_leaves_the_tokenizer_as_it_is() -> None:
    tokenizer = gpt2()
    before = tokenizer.backend_tokenizer.to_str()
    Vocabulary.from_transformers(tokenizer).encode("a <|endoftext|>")
    assert tokenizer.backend_tokenizer.to_str() == before
    assert not tokenizer.backend_tokenizer.encode_special_tokens


def changed(**parts: Any) -> Any:
    """A byte-fallback tokenizer with other parts."""
    tokenizer = byte_fallback_bpe()
    for part, value in parts.items():
        setattr(tokenizer, part, value)
    return wrapped(tokenizer)


def word_piece() -> Any:
    tokenizer = tokenizers.Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "##b": 2, "</s>": 3}, unk_token="[UNK]"))
    tokenizer.decoder = decoders.WordPiece()
    return wrapped(tokenizer)


def word_level() -> Any:
    tokenizer = tokenizers.Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "</s>": 2}, unk_token="[UNK]"))
    tokenizer.decoder = decoders.Fuse()
    return wrapped(tokenizer)


def end_of_word() -> Any:
    tokenizer = tokenizers.Tokenizer(models.BPE({"a</w>": 0, "</s>": 1}, [], end_of_word_suffix="</w>"))
    tokenizer.decoder = decoders.BPEDecoder()
    return wrapped(tokenizer)


def no_fallback() -> Any:
    pieces, merges = llama_bpe()
    pieces = {piece: token_id for piece, token_id in pieces.items() if piece not in BYTE_PIECES}
    return changed(model=models.BPE(pieces, merges, unk_token="<unk>"))


def byte_level_with_few_bytes() -> Any:
    tokenizer = tokenizers.Tokenizer(models.BPE({"a": 0, "Ġ": 1, "<|endoftext|>": 2}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return wrapped(tokenizer, "<|endoftext|>")


def lossy(normalizer: Any) -> Callable[[], Any]:
    return lambda: changed(normalizer=normalizer)


def cutting(*steps: Any) -> Callable[[], Any]:
    return lambda: changed(normalizer=None, pre_tokenizer=pre_tokenizers.Sequence(list(steps)))


@pytest.mark.parametrize(
    ("build", "name"),
    [
        pytest.param(word_piece, "WordPiece", id="word-piece"),
        pytest.param(word_level, "WordLevel", id="word-level"),
        pytest.param(end_of_word, "end_of_word_suffix", id="end-of-word"),
        pytest.param(no_fallback, "byte_fallback is off", id="no-byte-fallback"),
        pytest.param(lambda: wrapped(unigram(byte_fallback=False)), "byte_fallback is off", id="unigram-unknown"),
        pytest.param(byte_level_with_few_bytes, "bytes have no token", id="bytes-missing"),
        pytest.param(lossy(normalizers.Lowercase()), "Lowercase", id="lower-case"),
        pytest.param(lossy(normalizers.NFKC()), "NFKC", id="nfkc"),
        pytest.param(lossy(normalizers.StripAccents()), "StripAccents", id="accents"),
        pytest.param(lossy(normalizers.BertNormalizer()), "BertNormalizer", id="bert"),
        pytest.param(lossy(normalizers.Strip()), "Strip", id="strip"),
        pytest.param(lossy(normalizers.Replace(tokenizers.Regex(" {2,}"), " ")), "Replace", id="spaces-joined"),
        pytest.param(lossy(normalizers.Replace(" ", "_")), "Replace", id="space-as-underscore"),
        pytest.param(cutting(pre_tokenizers.Whitespace()), "Whitespace", id="whitespace"),
        pytest.param(cutting(pre_tokenizers.WhitespaceSplit()), "WhitespaceSplit", id="whitespace-split"),
        pytest.param(cutting(pre_tokenizers.BertPreTokenizer()), "BertPreTokenizer", id="bert-pre-tokenizer"),
        pytest.param(cutting(pre_tokenizers.Split(" ", "removed")), "Split", id="split-removed"),
        pytest.param(cutting(pre_tokenizers.Punctuation("removed")), "Punctuation", id="punctuation-removed"),
        pytest.param(cutting(pre_tokenizers.Digits(), pre_tokenizers.Metaspace()), "Metaspace", id="inner-prefix"),
        pytest.param(lambda: changed(pre_tokenizer=pre_tokenizers.Metaspace()), "Metaspace", id="two-prefixes"),
        pytest.param(lambda: changed(decoder=decoders.WordPiece()), "WordPiece", id="decoder-word-piece"),
        pytest.param(lambda: changed(decoder=decoders.CTC()), "CTC", id="decoder-ctc"),
        pytest.param(lambda: changed(decoder=decoders.ByteFallback()), "for a space", id="decoder-keeps-mark"),
        pytest.param(lambda: changed(decoder=decoders.ByteLevel()), "one side", id="byte-level-on-one-side"),
    ],
)
def test_from_transformers_refuses_by_name_what_changes_or_loses_text(build: Callable[[], Any], name: str) -> None:
    with pytest.raises(VocabularyError, match=name) as raised:
        Vocabulary.from_transformers(build())
    assert raised.value.because and raised.value.instead


def test_from_transformers_refuses_a_tokenizer_without_decoder() -> None:
    tokenizer = byte_fallback_bpe()
    bare = tokenizers.Tokenizer(tokenizer.model)
    with pytest.raises(VocabularyError, match="no decoder"):
        Vocabulary.from_transformers(wrapped(bare))


def test_from_transformers_refuses_a_slow_tokenizer() -> None:
    with pytest.raises(VocabularyError, match="object is not a fast tokenizer"):
        Vocabulary.from_transformers(object(), eos_token_ids=0)
