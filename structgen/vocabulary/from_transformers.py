"""A tokenizer of ``transformers`` or ``tokenizers`` in, the parts of a ``Vocabulary`` out.

Fast tokenizers describe themselves as JSON: a *normalizer* and a *pre-tokenizer* change text before it is cut, a
*model* holds the pieces, a *decoder* turns pieces into text. The decoder says which bytes a token writes, and the other
two whether text survives encoding; all are read from that JSON, nothing is guessed from the look of tokens. A component
that is not known to keep text is refused by its name.

Two families are left after that: byte-level (GPT-2, Llama 3, Qwen), whose pieces spell bytes in a table of 256 visible
characters, and SentencePiece-like ones with byte fallback (Llama 2, Gemma), whose pieces spell text with ``▁`` for a
space and single bytes as ``<0xE4>``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from structgen.errors import VocabularyError
from structgen.vocabulary.from_mistral import read_mistral
from structgen.vocabulary.vocabulary import UTF8_BYTES, Normalization

Component = Mapping[str, Any]
PrefixRule = Literal["always", "unless-space"]


def read_transformers(tokenizer: Any, *, eos_token_ids: int | Iterable[int] | None) -> dict[str, Any]:
    """The arguments of ``Vocabulary`` for a tokenizer."""
    if type(tokenizer).__name__ == "MistralCommonBackend":  # wraps a MistralTokenizer
        return read_mistral(tokenizer.tokenizer, eos_token_ids=eos_token_ids)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise VocabularyError(
            f"{type(tokenizer).__name__} is not a fast tokenizer",
            because="only fast tokenizers describe how their tokens become text",
            instead="load its fast version (AutoTokenizer does), or use Vocabulary.from_sentencepiece",
        )
    if eos_token_ids is None:
        eos_token_ids = getattr(tokenizer, "eos_token_id", None)
    if eos_token_ids is None:
        raise VocabularyError(
            f"{type(tokenizer).__name__} names no end token",
            position="eos_token_ids",
            because="without an end token a complete text could never be ended",
            instead="pass eos_token_ids=model.generation_config.eos_token_id",
        )
    return read_tokenizers(backend, eos_token_ids=eos_token_ids)


def read_tokenizers(backend: Any, *, eos_token_ids: int | Iterable[int]) -> dict[str, Any]:
    """The arguments of ``Vocabulary`` for a ``tokenizers.Tokenizer``, or for the path of a ``tokenizer.json``."""
    if isinstance(backend, (str, os.PathLike)):
        backend = _load(Path(backend))
    elif not callable(getattr(backend, "to_str", None)):
        raise VocabularyError(f"{type(backend).__name__} is no tokenizers.Tokenizer",
                              because="it does not describe itself (to_str)",
                              instead="pass a tokenizers.Tokenizer or a path to tokenizer.json, or use from_transformers")
    description = json.loads(backend.to_str())
    encoder = _read_encoder(description)
    return {
        "tokens": _read_tokens(description, encoder.space),
        "eos_token_ids": eos_token_ids,
        "encode": _text_encoder(backend),
        "prefix": encoder.prefix,
        "prefix_rule": encoder.prefix_rule,
        "normalization": encoder.normalization,
    }


def _load(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_buffer(path.read_bytes())
    except OSError as error:
        raise VocabularyError(f"{path} cannot be read", because=error.strerror) from error
    except Exception as error:  # tokenizers raises a plain Exception for what is no description of a tokenizer
        raise VocabularyError(f"{path} is no tokenizer.json", because=str(error)) from error


# --- what tokens write ---------------------------------------------------------------------------------------------


def _read_tokens(description: Component, space: str) -> list[bytes | None]:
    model = description["model"]
    pieces = _pieces(model)
    added = {token["id"]: token for token in description["added_tokens"]}
    write = _writer(description["decoder"])
    if write(space) != b" " and not _decodes_bytes(description):
        raise _refused(f"{space!r} for a space in its pieces", "its decoder does not write a space for it")
    tokens: list[bytes | None] = [None] * (1 + max([*pieces.values(), *added], default=-1))
    for piece, token_id in pieces.items():
        tokens[token_id] = write(piece)
    for token_id, token in added.items():
        tokens[token_id] = None if token["special"] else write(token["content"])
    unknown = _unknown_id(model, pieces)
    if unknown is not None:
        tokens[unknown] = None
    if not _decodes_bytes(description) and not model.get("byte_fallback"):
        raise _incomplete(model, "its byte_fallback is off, so characters outside its pieces become the unknown token")
    missing = UTF8_BYTES - {token[0] for token in tokens if token is not None and len(token) == 1}
    if missing:
        examples = ", ".join(f"0x{byte:02X}" for byte in sorted(missing)[:3])
        raise _incomplete(
            model, f"{len(missing)} bytes have no token ({examples}…), so characters outside its pieces are lost"
        )
    return tokens


def _pieces(model: Component) -> dict[str, int]:
    kind = model.get("type", "BPE")
    if kind == "BPE":
        for option in ("continuing_subword_prefix", "end_of_word_suffix"):
            if model.get(option):
                raise _refused(
                    f"a BPE model with {option}={model[option]!r}",
                    "its pieces mark words and do not say which spaces were there",
                )
        pieces: dict[str, int] = model["vocab"]
        return pieces
    if kind == "Unigram":
        return {piece: token_id for token_id, (piece, _) in enumerate(model["vocab"])}
    raise _refused(f"a {kind} model", "it cannot write every text: words outside its list become the unknown token")


def _unknown_id(model: Component, pieces: Mapping[str, int]) -> int | None:
    if model.get("type") == "Unigram":
        unknown: int | None = model.get("unk_id")
        return unknown
    return pieces.get(model.get("unk_token") or "")


def _incomplete(model: Component, because: str) -> VocabularyError:
    return _refused(
        f"a {model.get('type', 'BPE')} model that cannot write every text",
        because,
        "train it with byte_fallback and 256 byte tokens, or byte-level with ByteLevel.alphabet() as initial alphabet",
    )


def _writer(decoder: Component | None) -> Callable[[str], bytes]:
    """What the decoder writes for one token in the middle of a text.

    A decoder may drop one space at the beginning of a text (``Strip``, ``Metaspace``); a token's own bytes keep it.
    """
    if decoder is None:
        raise _refused("no decoder", "tokens are then joined with spaces that are not in the text")
    replaced: list[tuple[str, str]] = []
    byte_level = fallback = fused = False
    for step in _steps(decoder, "decoders"):
        kind = step["type"]
        if kind == "ByteLevel":
            byte_level = True
        elif kind == "Replace" and "String" in step["pattern"] and not fused:
            replaced.append((step["pattern"]["String"], step["content"]))
        elif kind == "Metaspace":
            replaced.append((step["replacement"], " "))
        elif kind == "ByteFallback":
            fallback = True
        elif kind == "Fuse":
            fused = True
        elif not (kind == "Strip" and fused and step["content"] == " " and step["start"] <= 1 and not step["stop"]):
            raise _refused(f"the decoder {_name(step)}", "it does not write each token's own text")
    if byte_level:
        if replaced or fallback:
            raise _refused("a ByteLevel decoder beside others", "the bytes of a token depend on their order")
        return _write_byte_level
    return lambda piece: _write_spelled(piece, replaced, fallback)


def _write_byte_level(piece: str) -> bytes:
    try:
        return bytes([_BYTE_OF[character] for character in piece])
    except KeyError:  # an added token with a character outside the table is written as it is
        return piece.encode()


def _write_spelled(piece: str, replaced: Iterable[tuple[str, str]], fallback: bool) -> bytes:
    if fallback and (byte := _BYTE_PIECE.fullmatch(piece)):
        return bytes([int(byte[1], 16)])
    for old, new in replaced:
        piece = piece.replace(old, new)
    return piece.encode()


_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def _byte_characters() -> dict[str, int]:
    """The visible character for each byte in byte-level pieces: the byte's own where Latin-1 has a visible one, else
    the next code point from 256 on, in order (the table of GPT-2)."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + index): byte for index, byte in enumerate(hidden)}


_BYTE_OF = _byte_characters()


# --- what encoding does to a text ----------------------------------------------------------------------------------


@dataclass
class _Encoder:
    """What the normalizer and the pre-tokenizer do, step by step."""

    prefix: bytes = b""
    prefix_rule: PrefixRule = "always"
    normalization: Normalization | None = None
    byte_level: bool = False
    space: str = " "
    """How a space is spelled in pieces."""
    cuts: list[str] = field(default_factory=list)
    """Pre-tokenizers so far: each cuts the text, and what follows works on the parts."""

    def add_prefix(self, step: Component, rule: PrefixRule) -> None:
        if self.cuts:
            raise _refused(
                f"the pre-tokenizer {_name(step)} after {self.cuts[0]}", "it puts a space before every part of a text"
            )
        if self.prefix:
            raise _refused(f"{_name(step)} beside another prefix", "a text would get one space or two")
        self.prefix, self.prefix_rule = b" ", rule


# Pre-tokenizers that cut a text and drop nothing.
_CUTTING = {"Digits", "FixedLength", "Punctuation", "Split", "UnicodeScripts"}


def _read_encoder(description: Component) -> _Encoder:
    encoder = _Encoder()
    for step in _steps(description["normalizer"], "normalizers"):
        _read_normalizer(step, encoder)
    for step in _steps(description["pre_tokenizer"], "pretokenizers"):
        _read_pre_tokenizer(step, encoder)
    if _decodes_bytes(description) != encoder.byte_level:
        raise _refused(
            "ByteLevel on one side only",
            "text is not decoded the way it is encoded",
            "set ByteLevel as pre-tokenizer and as decoder",
        )
    return encoder


def _decodes_bytes(description: Component) -> bool:
    return any(step["type"] == "ByteLevel" for step in _steps(description["decoder"], "decoders"))


def _read_normalizer(step: Component, encoder: _Encoder) -> None:
    kind = step["type"]
    if kind == "NFC" and not encoder.prefix:
        encoder.normalization = "NFC"
    elif kind == "ByteLevel":
        encoder.byte_level = True
    elif kind == "Prepend" and step["prepend"] in ("▁", " "):
        encoder.add_prefix(step, "always")
    elif kind == "Replace" and step["pattern"] == {"String": " "} and step["content"] == "▁":
        encoder.space = "▁"
    elif kind == "Precompiled" and not step.get("precompiled_charsmap"):
        pass  # an empty map
    else:
        raise _refused(f"the normalizer {_name(step)}", "it changes or loses text before tokens are cut")


def _read_pre_tokenizer(step: Component, encoder: _Encoder) -> None:
    kind = step["type"]
    if kind == "ByteLevel":
        encoder.byte_level = True
        if step["add_prefix_space"]:
            encoder.add_prefix(step, "unless-space")
    elif kind == "Metaspace":
        encoder.space = step["replacement"]
        if step.get("prepend_scheme", "always") != "never" and step.get("add_prefix_space", True):
            encoder.add_prefix(step, "unless-space")
    elif kind not in _CUTTING or step.get("behavior") == "Removed":
        raise _refused(f"the pre-tokenizer {_name(step)}", "it drops the spaces or separators at which it cuts")
    encoder.cuts.append(_name(step))


def _text_encoder(backend: Any) -> Callable[[str], list[int]]:
    """Encodes plain text: no special tokens, no truncation. Works on a copy, made when first called."""
    copies: list[Any] = []

    def encode(text: str) -> list[int]:
        if not copies:
            copy = type(backend).from_str(backend.to_str())
            copy.no_truncation()
            copy.no_padding()
            copy.encode_special_tokens = True
            copies.append(copy)
        ids: list[int] = copies[0].encode(text, add_special_tokens=False).ids
        return ids

    return encode


# --- the JSON ------------------------------------------------------------------------------------------------------


def _steps(component: Component | None, members: str) -> Iterator[Component]:
    """The components in order, sequences taken apart."""
    if component is None:
        return
    if component["type"] == "Sequence":
        for member in component[members]:
            yield from _steps(member, members)
    else:
        yield component


def _name(step: Component) -> str:
    options = ", ".join(f"{key}={value!r}" for key, value in step.items() if key != "type")
    return f"{step['type']}({options if len(options) < 80 else '…'})"


def _refused(what: str, because: str, instead: str | None = None) -> VocabularyError:
    return VocabularyError(
        f"the tokenizer has {what}",
        because=because,
        instead=instead or "use a tokenizer that keeps text as it is: byte-level, or SentencePiece with byte fallback",
    )
