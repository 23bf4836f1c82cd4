"""Small real tokenizers of each family, trained or assembled here, and texts that are hard to keep whole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

CORPUS = [
    '{"name": "Ada Lovelace", "age": 36, "tags": ["math", "engines"], "ok": true}',
    "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.",
    "def add(a: int, b: int) -> int:\n    return a + b\n\n\n    # twice   as   nice",
    "Größe, naïve, 東京 and Москва; 1234567890 + 3.14 = ?",
] * 3

HARD = [
    *["", " ", "  ", " a", "a ", "  two  spaces  ", "\n", "\r\n\t", "\x00\x01\x7f", "0", "007"],
    *["é", "e\u0301", "ﬁ", "ß", "東京", "👩\u200d🚀 🇩🇪", "\ufeffbom", "\u2028\u2029\u00a0\u3000", "\U0010ffff"],
    *["<s></s><unk>", "<|endoftext|>", "<0x41>", "Ġx"],
]

# Code points that stay unassigned may be given a composition by a later Unicode version than Python's.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="▁"), max_size=40),
    st.text(st.sampled_from(' \n\t{}[]":,aeé0東👩\u200d<>|'), max_size=40),
    st.sampled_from(HARD),
)

BYTE_PIECES = [f"<0x{byte:02X}>" for byte in range(256)]


def byte_level(*, add_prefix_space: bool = False) -> Any:
    """GPT-2's kind: BPE over bytes spelled as visible characters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def llama_bpe() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Pieces and merges of a BPE over text, with ``▁`` for a space and the 256 byte pieces first."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>", *BYTE_PIECES]
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False, special_tokens=special)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def byte_fallback_bpe() -> Any:
    """Llama 2's kind as its files have it: the normalizer writes ``▁``, the decoder undoes it."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    pieces, merges = llama_bpe()
    tokenizer = Tokenizer(models.BPE(pieces, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer


def unigram(*, byte_fallback: bool = True) -> Any:
    """SentencePiece's unigram kind with Metaspace."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    words = ["▁", "▁the", "▁dog", "th", "e", "a", "o", "n", "▁▁", "▁a", '{"', '":', "Größe", "京", *"</s>"]
    scores = [("<unk>", -1000.0), ("</s>", -1000.0)] + [(piece, -10.0) for piece in BYTE_PIECES]
    scores += [(word, -3.0 - index / 10) for index, word in enumerate(words)]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer.add_special_tokens(["<unk>", "</s>"])
    return tokenizer


def wrapped(tokenizer: Any, eos_token: str | None = "</s>", **options: Any) -> Any:
    """A ``tokenizers`` tokenizer as transformers has it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos_token, **options)
