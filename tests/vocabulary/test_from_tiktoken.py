from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from vocabulary.families import TEXTS

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary

tiktoken = pytest.importorskip("tiktoken")

RANKS = {bytes([byte]): byte for byte in range(256)} | {b"th": 256, b"the": 257, b" the": 259, "é".encode(): 260}
SPECIAL = {"<|endoftext|>": 264, "<|fim_prefix|>": 262}


def encoding(special: dict[str, int] = SPECIAL) -> object:
    return tiktoken.Encoding("small", pat_str=r"\s*\S+|\s+", mergeable_ranks=RANKS, special_tokens=special)


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary.from_tiktoken(encoding())


def test_from_tiktoken_bytes_gaps_and_special_tokens() -> None:
    tokens = vocabulary().tokens
    assert tokens[:256] == tuple(bytes([byte]) for byte in range(256))
    assert tokens[256:] == (b"th", b"the", None, b" the", "é".encode(), None, None, None, None)
    assert vocabulary().eos_token_ids == (264,)


@settings(max_examples=100)
@given(text=TEXTS)
def test_from_tiktoken_tokens_of_a_text_write_that_text(text: str) -> None:
    assert vocabulary().decode(vocabulary().encode(text)) == text.encode() == vocabulary().encoded_bytes(text)


def test_from_tiktoken_end_tokens_can_be_given() -> None:
    assert Vocabulary.from_tiktoken(encoding(), eos_token_ids=[264, 262], size=300).eos_token_ids == (262, 264)


def test_from_tiktoken_asks_for_an_end_token_where_there_is_none() -> None:
    with pytest.raises(VocabularyError, match="endoftext") as raised:
        Vocabulary.from_tiktoken(encoding({"<|stop|>": 261}))
    assert "<|stop|>" in str(raised.value)
