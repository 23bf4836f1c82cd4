"""Tokens as bytes: the one form in which every tokenizer reaches the engine.

In comes, for every token id, the bytes that token writes (``None``: it writes no text); out go flat arrays. The idea:
a tokenizer matters here only through the bytes its *decoder* writes for each token, so once those are known, masks are
exact for any tokenizer, and nothing behind this module knows one from another.

Caveat: tokenizers may also put something *before* a text when they encode it (SentencePiece writes a space), or change
it (Qwen composes accents). That concerns prompts and never a mask; ``encoded_bytes`` says it exactly.
"""

from __future__ import annotations

import hashlib
import operator
import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from structgen.errors import VocabularyError

Normalization = Literal["NFC"]

UTF8_BYTES = frozenset(range(0xF5)) - {0xC0, 0xC1}
"""Every byte that occurs in some UTF-8 text (RFC 3629, section 4)."""

# A token id is an int32 in masks and in every engine; offsets into `data` are uint32.
_MAX_SIZE = 2**31 - 1
_MAX_BYTES = 2**32 - 1


class Vocabulary:
    """The tokens of a model: id → bytes, and which ids end the output.

    ``tokens[i]`` is what token ``i`` writes. ``None`` marks a special or unused id, and like the empty token ``b""`` it
    is never allowed as text. End tokens are special whatever bytes the caller gives them. Ids may repeat a byte string,
    and tokens may be of any length. ``size`` widens the vocabulary to that of a model whose output is wider than its
    tokenizer; the ids added write nothing.

    Building one takes about 25 ms for 131,072 tokens (2 cores, CPython 3.11). An instance is never changed after that.
    """

    tokens: tuple[bytes | None, ...]
    """What each id writes; None: nothing."""
    eos_token_ids: tuple[int, ...]
    """The ids that end the output, sorted."""
    data: bytes
    """The bytes of all tokens, one after the other."""
    offsets: NDArray[np.uint32]
    """uint32[size + 1], read-only: token ``i`` is ``data[offsets[i]:offsets[i + 1]]``."""
    is_text: NDArray[np.bool_]
    """bool[size], read-only: False for special, unused, empty and end tokens."""
    prefix: bytes
    """What the tokenizer's encoder puts before a text: ``b" "`` for most SentencePiece models, else empty."""
    prefix_rule: Literal["always", "unless-space"]
    """When it does so: before any text but the empty one, or only before one that does not begin with a space."""
    normalization: Normalization | None
    """What the encoder does to a text before it is cut into tokens."""

    def __init__(
        self,
        tokens: Sequence[bytes | None],
        eos_token_ids: int | Iterable[int],
        *,
        size: int | None = None,
        encode: Callable[[str], list[int]] | None = None,
        prefix: bytes = b"",
        prefix_rule: Literal["always", "unless-space"] = "always",
        normalization: Normalization | None = None,
    ) -> None:
        ids = list(tokens)
        _check_types(ids)
        if size is not None:
            ids += [None] * (_checked_size(size, len(ids)) - len(ids))
        self.eos_token_ids = _checked_eos(eos_token_ids, len(ids))
        for token_id in self.eos_token_ids:
            ids[token_id] = None
        self.tokens = tuple(ids)
        self._encode = encode
        self.prefix, self.prefix_rule, self.normalization = prefix, prefix_rule, normalization
        texts = [token or b"" for token in ids]
        lengths = np.fromiter(map(len, texts), dtype=np.uint32, count=len(texts))
        ends = np.cumsum(lengths, dtype=np.uint64)
        if len(texts) > _MAX_SIZE or (len(ends) and ends[-1] > _MAX_BYTES):
            raise VocabularyError(
                f"the vocabulary is too large: {len(texts)} tokens",
                because="token ids are 31-bit numbers and all tokens together at most 4 GiB",
            )
        self.data = b"".join(texts)
        self.offsets = np.concatenate((np.zeros(1, np.uint32), ends.astype(np.uint32)))
        self.is_text = lengths > 0
        self.offsets.flags.writeable = self.is_text.flags.writeable = False

    @classmethod
    def from_transformers(
        cls, tokenizer: Any, *, eos_token_ids: int | Iterable[int] | None = None, size: int | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``transformers`` tokenizer.

        ``eos_token_ids``: the ids that end the output, where that is not only ``tokenizer.eos_token_id``; a model's
        ``generation_config.eos_token_id`` often lists several. ``size``: the width of the model's logits
        (``model.config.vocab_size``), where it is wider than the tokenizer.

        Tokenizers that change or lose text (lower case, NFKC, WordPiece, unknown tokens) raise ``VocabularyError``.
        Takes about a second for 131,072 tokens.
        """
        from structgen.vocabulary.from_transformers import read_transformers

        return cls(**read_transformers(tokenizer, eos_token_ids=eos_token_ids), size=size)

    @classmethod
    def from_tokenizers(
        cls, tokenizer: Any, *, eos_token_ids: int | Iterable[int], size: int | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``tokenizers.Tokenizer``, or of a ``tokenizer.json`` by its path; needs no transformers.

        ``eos_token_ids``: the ids that end the output (the file does not say which do). ``size`` and errors as in
        ``from_transformers``.
        """
        from structgen.vocabulary.from_transformers import read_tokenizers

        return cls(**read_tokenizers(tokenizer, eos_token_ids=eos_token_ids), size=size)

    @classmethod
    def from_tiktoken(
        cls, encoding: Any, *, eos_token_ids: int | Iterable[int] | None = None, size: int | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``tiktoken.Encoding``; its end is ``<|endoftext|>`` unless ``eos_token_ids`` says so."""
        from structgen.vocabulary.from_tiktoken import read_tiktoken

        return cls(**read_tiktoken(encoding, eos_token_ids=eos_token_ids), size=size)

    @classmethod
    def from_mistral(
        cls,
        tokenizer: str | os.PathLike[str] | Any,
        *,
        eos_token_ids: int | Iterable[int] | None = None,
        size: int | None = None,
    ) -> Vocabulary:
        """The vocabulary of a ``mistral_common`` tokenizer or of its file (``tekken.json``, ``tokenizer.model.v3``)."""
        from structgen.vocabulary.from_mistral import read_mistral

        return cls(**read_mistral(tokenizer, eos_token_ids=eos_token_ids), size=size)

    @classmethod
    def from_sentencepiece(
        cls,
        model: str | os.PathLike[str] | Any,
        *,
        eos_token_ids: int | Iterable[int] | None = None,
        size: int | None = None,
    ) -> Vocabulary:
        """The vocabulary of a ``sentencepiece.SentencePieceProcessor``, or of a ``.model`` file."""
        from structgen.vocabulary.from_sentencepiece import read_sentencepiece

        return cls(**read_sentencepiece(model, eos_token_ids=eos_token_ids), size=size)

    @property
    def size(self) -> int:
        """The number of ids, special and unused ones included: the width of a mask."""
        return len(self.tokens)

    @cached_property
    def n_special(self) -> int:
        """How many ids write no text."""
        return int(self.size - np.count_nonzero(self.is_text))

    @cached_property
    def hash(self) -> str:
        """64 hexadecimal digits that depend on the tokens' bytes and the end ids alone; the same on every machine."""
        eos = np.array(self.eos_token_ids, dtype="<u4")
        digest = hashlib.sha256(b"structgen vocabulary 1\0")
        digest.update(np.array([self.size, len(eos)], dtype="<u8").tobytes())
        digest.update(eos.tobytes())
        digest.update(self.offsets.astype("<u4").tobytes())
        digest.update(self.data)
        return digest.hexdigest()

    @cached_property
    def missing_bytes(self) -> frozenset[int]:
        """The bytes of UTF-8 that no token writes alone; empty means that every text can be written."""
        return UTF8_BYTES - {token[0] for token in self.tokens if token is not None and len(token) == 1}

    @property
    def can_encode(self) -> bool:
        """Whether ``encode`` works: the vocabulary came from a tokenizer, not from a plain list."""
        return self._encode is not None

    def encode(self, text: str) -> list[int]:
        """The tokenizer's own tokens for a text: no beginning or end token, and special tokens written out as text."""
        if self._encode is None:
            raise VocabularyError(
                "this vocabulary cannot encode text",
                because="it was built from a plain list of tokens, which says nothing about how text is cut",
                instead="build it with Vocabulary.from_transformers, from_tiktoken, from_mistral or pass encode=",
            )
        return self._encode(text)

    def encoded_bytes(self, text: str) -> bytes:
        """What the tokens of ``encode(text)`` write: the text as UTF-8, with the tokenizer's prefix and normalization.

        Three exceptions lie in the tokenizers themselves: SentencePiece cannot tell ``▁`` (U+2581) from a space, a
        tokenizer with a prefix may repeat it after an added token that occurs inside the text, and a unigram model
        may take the spelling of a special or byte token (``</s>``, ``<0x41>``) for that token.
        """
        if self.normalization is not None:
            text = unicodedata.normalize(self.normalization, text)
        if not text or (self.prefix_rule == "unless-space" and text.startswith(" ")):
            return text.encode()
        return self.prefix + text.encode()

    def decode(self, token_ids: Iterable[int]) -> bytes:
        """The bytes that these tokens write; special tokens write nothing. May end inside a character."""
        return b"".join(self.tokens[token_id] or b"" for token_id in token_ids)

    def padded(self, size: int) -> Vocabulary:
        """The same vocabulary, as wide as a model's logits; the ids added are never allowed."""
        return Vocabulary(
            self.tokens,
            self.eos_token_ids,
            size=size,
            encode=self._encode,
            prefix=self.prefix,
            prefix_rule=self.prefix_rule,
            normalization=self.normalization,
        )

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"Vocabulary(size={self.size}, n_special={self.n_special}, eos_token_ids={self.eos_token_ids})"


def _check_types(tokens: list[bytes | None]) -> None:
    strange = set(map(type, tokens)) - {bytes, type(None)}
    if strange:
        index = next(i for i, token in enumerate(tokens) if type(token) in strange)
        raise VocabularyError(
            f"a token is {type(tokens[index]).__name__}, not bytes or None",
            position=f"tokens[{index}]",
            because="masks are computed over bytes, and text pieces of tokenizers are not always the text they write",
            instead="use Vocabulary.from_transformers, from_tiktoken or from_mistral, or give each token's bytes",
        )


def _checked_size(size: int, tokens: int) -> int:
    if size < tokens:
        raise VocabularyError(
            f"size={size} is smaller than the {tokens} tokens given",
            position="size",
            because="every token needs an id, and the mask one bit for each",
            instead="pass the width of the model's logits, or leave size out",
        )
    return operator.index(size)


def _checked_eos(eos_token_ids: int | Iterable[int], size: int) -> tuple[int, ...]:
    try:
        given = list(eos_token_ids) if isinstance(eos_token_ids, Iterable) else [eos_token_ids]
        eos = sorted(set(map(operator.index, given)))
    except TypeError as error:
        raise VocabularyError(
            "an end token is not an integer",
            position="eos_token_ids",
            because=str(error),
            instead="pass token ids, not texts",
        ) from None
    if not eos:
        raise VocabularyError(
            "no end token is given",
            position="eos_token_ids",
            because="a complete text could never be ended",
            instead="pass the ids that end the output, such as the model's generation_config.eos_token_id",
        )
    for token_id in eos:
        if not 0 <= token_id < size:
            raise VocabularyError(
                f"the end token {token_id} is out of range",
                position="eos_token_ids",
                because=f"the vocabulary has the ids 0 to {size - 1}",
                instead="pass ids of this tokenizer, or size= where the model is wider than its tokenizer",
            )
    return tuple(eos)
