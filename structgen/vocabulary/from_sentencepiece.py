"""A SentencePiece model in, the parts of a ``Vocabulary`` out.

Pieces write text with ``▁`` for a space; byte pieces (``<0xE4>``) write one byte each; control, unknown and unused
pieces write nothing. What the encoder does to a text before cutting it stands in the model's normalizer section, which
is read here: a model that changes or loses text is refused.

Source: sentencepiece_model.proto of the SentencePiece project, whose field numbers are named below.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from structgen.errors import VocabularyError

SPACE = "▁"


def read_sentencepiece(
    model: str | os.PathLike[str] | Any, *, eos_token_ids: int | Iterable[int] | None
) -> dict[str, Any]:
    """The arguments of ``Vocabulary`` for a processor or a model file."""
    processor = _load(os.fspath(model)) if isinstance(model, str | os.PathLike) else model
    options = _normalizer(processor.serialized_model_proto())
    tokens = [_token(processor, token_id) for token_id in range(processor.vocab_size())]
    if not any(processor.IsByte(token_id) for token_id in range(processor.vocab_size())):
        raise VocabularyError(
            "the SentencePiece model has no byte pieces",
            because="characters outside its pieces become the unknown token and their text is lost",
            instead="use a model trained with byte_fallback",
        )
    if eos_token_ids is None:
        # -1: the model was trained without an end token.
        eos_token_ids = [processor.eos_id()] if processor.eos_id() >= 0 else []
    return {
        "tokens": tokens,
        "eos_token_ids": eos_token_ids,
        "encode": processor.encode,
        "prefix": b" " if options["add_dummy_prefix"] else b"",
    }


def _load(path: str) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_file=path)
    except (OSError, RuntimeError, ValueError) as error:
        raise VocabularyError("the SentencePiece model cannot be read", position=path, because=str(error)) from error


def _token(processor: Any, token_id: int) -> bytes | None:
    if processor.IsControl(token_id) or processor.IsUnknown(token_id) or processor.IsUnused(token_id):
        return None
    piece: str = processor.id_to_piece(token_id)
    if processor.IsByte(token_id):
        return bytes([int(piece[3:5], 16)])
    return piece.replace(SPACE, " ").encode()


# Field numbers of ModelProto and NormalizerSpec; the proto's defaults are true for all three switches.
_NORMALIZER_SPEC = 3
_NORMALIZER_FIELDS = {3: "add_dummy_prefix", 4: "remove_extra_whitespaces", 5: "escape_whitespaces"}
_PRECOMPILED_CHARSMAP = 2


def _normalizer(model: bytes) -> dict[str, bool]:
    """The switches of the normalizer section; raises where the encoder changes or loses text."""
    options = dict.fromkeys(_NORMALIZER_FIELDS.values(), True)
    charsmap: int | bytes = b""
    for field, section in _fields(model):
        if field == _NORMALIZER_SPEC and isinstance(section, bytes):
            for number, value in _fields(section):
                if number == _PRECOMPILED_CHARSMAP:
                    charsmap = value
                elif number in _NORMALIZER_FIELDS:
                    options[_NORMALIZER_FIELDS[number]] = bool(value)
    for lossy, why in (
        (bool(charsmap), "precompiled_charsmap: characters are replaced by others before text is cut"),
        (options["remove_extra_whitespaces"], "remove_extra_whitespaces: repeated spaces are dropped"),
        (not options["escape_whitespaces"], "escape_whitespaces is off: spaces are not written as ▁"),
    ):
        if lossy:
            raise VocabularyError(
                "the SentencePiece model changes text when it encodes it",
                position="normalizer_spec",
                because=why,
                instead="use a model trained with the identity normalizer",
            )
    return options


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol-buffers message in order: (number, varint or bytes)."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(message, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _damaged(at, "unknown wire type")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(message):
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
    raise _damaged(at, "it ends inside a number")


def _damaged(at: int, because: str) -> VocabularyError:
    return VocabularyError("the SentencePiece model is damaged", position=f"byte {at}", because=because)
