from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary


def test_vocabulary_flat_arrays_spell_the_tokens() -> None:
    tokens = [b"a", None, b"", b"\xe6\x9d\xb1", b"a", b"x" * 300, b"</s>"]
    vocabulary = Vocabulary(tokens, [6])
    ends = vocabulary.offsets.tolist()
    spelled = [vocabulary.data[start:end] for start, end in itertools.pairwise(ends)]
    assert spelled == [b"a", b"", b"", b"\xe6\x9d\xb1", b"a", b"x" * 300, b""]
    assert vocabulary.offsets.dtype == np.uint32 and len(vocabulary.offsets) == 8
    assert vocabulary.is_text.tolist() == [True, False, False, True, True, True, False]
    assert (vocabulary.size, len(vocabulary), vocabulary.n_special) == (7, 7, 3)


def test_vocabulary_end_tokens_write_nothing() -> None:
    vocabulary = Vocabulary([b"a", b"</s>", b"<end>"], [2, 1, 2])
    assert vocabulary.eos_token_ids == (1, 2)
    assert vocabulary.tokens == (b"a", None, None)
    assert vocabulary.decode([0, 1, 0]) == b"aa"


def test_vocabulary_takes_one_end_token_as_a_number() -> None:
    assert Vocabulary([b"a", None], 1).eos_token_ids == (1,)
    assert Vocabulary([b"a", None], np.int64(1)).eos_token_ids == (1,)  # type: ignore[arg-type]


def test_vocabulary_arrays_are_read_only() -> None:
    vocabulary = Vocabulary([b"a", None], 1)
    for array in (vocabulary.offsets, vocabulary.is_text):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_vocabulary_pads_to_the_width_of_a_model() -> None:
    vocabulary = Vocabulary([b"a", None], 1, prefix=b" ")
    wide = vocabulary.padded(64)
    assert wide.tokens == (b"a", *[None] * 63) and wide.size == 64 and wide.prefix == b" "
    assert wide.tokens == Vocabulary([b"a", None], 1, size=64).tokens
    # An end token may lie in the part that only the model has.
    assert Vocabulary([b"a"], 5, size=8).eos_token_ids == (5,)


def test_vocabulary_hash_depends_on_bytes_lengths_and_end_tokens() -> None:
    first = Vocabulary([b"ab", b"c", None], 2)
    assert first.hash == Vocabulary((b"ab", b"c", b"eos"), 2).hash
    others = [
        Vocabulary([b"a", b"bc", None], 2),
        Vocabulary([b"ab", b"c", None, None], 2),
        Vocabulary([b"ab", b"c", None, None], 3),
        Vocabulary([b"c", b"ab", None], 2),
    ]
    assert len({first.hash, *(other.hash for other in others)}) == 5
    # Written down, so that it is the same on every machine and in every version.
    assert first.hash == "00f6108f831b0309b17c7bfac4c637492ebeaba9313a4c9cd2bdb759394b58f6"


def test_vocabulary_names_the_bytes_it_cannot_write() -> None:
    every = Vocabulary([bytes([byte]) for byte in range(256)] + [None], 256)
    assert every.missing_bytes == frozenset()
    assert 0x62 in Vocabulary([b"a", b"bb", None], 2).missing_bytes
    assert 0xFF not in Vocabulary([b"a", None], 1).missing_bytes  # never part of UTF-8


@pytest.mark.parametrize(
    ("arguments", "position", "what"),
    [
        pytest.param({"tokens": [b"a", "b"], "eos_token_ids": 0}, "tokens[1]", "str, not bytes", id="text-token"),
        pytest.param({"tokens": [b"a"], "eos_token_ids": []}, "eos_token_ids", "no end token", id="no-end"),
        pytest.param({"tokens": [b"a"], "eos_token_ids": 1}, "eos_token_ids", "out of range", id="end-too-large"),
        pytest.param({"tokens": [b"a"], "eos_token_ids": [-1]}, "eos_token_ids", "out of range", id="end-negative"),
        pytest.param({"tokens": [b"a"], "eos_token_ids": ["</s>"]}, "eos_token_ids", "not an integer", id="end-text"),
        pytest.param({"tokens": [b"a"], "eos_token_ids": None}, "eos_token_ids", "not an integer", id="end-none"),
        pytest.param({"tokens": [b"a", None], "eos_token_ids": 1, "size": 1}, "size", "smaller", id="size-too-small"),
    ],
)
def test_vocabulary_refuses_what_is_malformed(arguments: dict[str, object], position: str, what: str) -> None:
    with pytest.raises(VocabularyError, match=what) as raised:
        Vocabulary(**arguments)  # type: ignore[arg-type]
    assert raised.value.position == position
    assert raised.value.because and raised.value.instead


def test_vocabulary_without_a_tokenizer_cannot_encode() -> None:
    vocabulary = Vocabulary([b"a", None], 1)
    assert not vocabulary.can_encode
    with pytest.raises(VocabularyError, match="cannot encode"):
        vocabulary.encode("a")


def test_vocabulary_of_131072_tokens_is_built_quickly() -> None:
    tokens = [b"t%d" % index for index in range(131_071)] + [None]
    best = min(_seconds(tokens) for _ in range(5))
    # 22 ms on a quiet machine, where 60 ms is the budget; a shared machine gets slack.
    assert best < 0.2


def _seconds(tokens: list[bytes | None]) -> float:
    start = time.perf_counter()
    Vocabulary(tokens, 131_071)
    return time.perf_counter() - start
