"""A ``mistral_common`` tokenizer or one of its files in, the parts of a ``Vocabulary`` out.

There are two kinds: Tekken (a JSON file; byte-level, special tokens first) and SentencePiece (a ``.model`` file).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from structgen.errors import VocabularyError
from structgen.vocabulary.from_sentencepiece import read_sentencepiece


def read_mistral(
    tokenizer: str | os.PathLike[str] | Any, *, eos_token_ids: int | Iterable[int] | None
) -> dict[str, Any]:
    """The arguments of ``Vocabulary`` for a ``MistralTokenizer``, its inner tokenizer, or a file of either kind."""
    if isinstance(tokenizer, str | os.PathLike):
        tokenizer = _load(Path(tokenizer))
    # MistralTokenizer and the tokenizer of an instruct tokenizer only wrap the one that knows the tokens.
    inner = getattr(tokenizer, "instruct_tokenizer", tokenizer)
    inner = getattr(inner, "tokenizer", inner)
    kind = type(inner).__name__
    if kind == "Tekkenizer":
        return _read_tekken(inner, eos_token_ids)
    if kind == "SentencePieceTokenizer":
        return read_sentencepiece(inner.file_path, eos_token_ids=eos_token_ids)
    raise VocabularyError(
        f"{kind} is not a tokenizer of mistral_common",
        because="only Tekken and SentencePiece tokenizers are known here",
        instead="pass a MistralTokenizer, or the path of a tekken.json or tokenizer.model file",
    )


def _load(path: Path) -> Any:
    from mistral_common.tokens.tokenizers.sentencepiece import SentencePieceTokenizer
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    if not path.is_file():
        raise VocabularyError("there is no such file", position=str(path), instead="pass a tekken or tokenizer.model")
    try:
        return Tekkenizer.from_file(path) if path.suffix == ".json" else SentencePieceTokenizer(path)
    except (ValueError, KeyError, TypeError, AssertionError, RuntimeError, OSError) as error:
        raise VocabularyError(
            "the file is not a tokenizer that mistral_common can read", position=str(path), because=str(error)
        ) from error


def _read_tekken(tekken: Any, eos_token_ids: int | Iterable[int] | None) -> dict[str, Any]:
    special = tekken.num_special_tokens
    ordinary = [tekken.id_to_byte_piece(token_id) for token_id in range(special, tekken.n_words)]
    return {
        "tokens": [None] * special + ordinary,
        "eos_token_ids": tekken.eos_id if eos_token_ids is None else eos_token_ids,
        "encode": lambda text: tekken.encode(text, bos=False, eos=False),
    }
