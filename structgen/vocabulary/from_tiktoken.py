"""A ``tiktoken.Encoding`` in, the parts of a ``Vocabulary`` out.

tiktoken works on bytes and loses nothing, so each token's bytes are simply asked for. Ids between the ordinary and the
special tokens may be unused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from structgen.errors import VocabularyError


def read_tiktoken(encoding: Any, *, eos_token_ids: int | Iterable[int] | None) -> dict[str, Any]:
    """The arguments of ``Vocabulary`` for an encoding."""
    tokens: list[bytes | None] = []
    for token_id in range(encoding.n_vocab):
        try:
            token = None if encoding.is_special_token(token_id) else encoding.decode_single_token_bytes(token_id)
        except KeyError:  # tiktoken's answer for an id without a token
            token = None
        tokens.append(token)
    if eos_token_ids is None:
        eos_token_ids = _end_of_text(encoding)
    # encode_ordinary reads special tokens in the text as text.
    return {"tokens": tokens, "eos_token_ids": eos_token_ids, "encode": encoding.encode_ordinary}


def _end_of_text(encoding: Any) -> int:
    try:
        return int(encoding.eot_token)
    except KeyError:
        raise VocabularyError(
            f"the encoding {encoding.name!r} has no token <|endoftext|>",
            position="eos_token_ids",
            because="without an end token a complete text could never be ended",
            instead=f"pass eos_token_ids=, ids of some of {sorted(encoding.special_tokens_set)}",
        ) from None
