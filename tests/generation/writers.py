"""Small models of single bytes whose wishes are known: what they want to write, whatever the mask makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from structgen.generation.model import Model
from structgen.vocabulary import Vocabulary

END = 256
PROMPT = "?"
TOLD = b"changing only what is wrong."
"""The end of what a model is told when it is asked again."""


class Wishes:
    """``wish(text after the prompt) -> {next byte or END: logit}``; everything else is unlikely."""

    def __init__(self, wish: Callable[[bytes], dict[int, float]]) -> None:
        self.wish, self.calls = wish, 0

    def forward(self, ids: Sequence[int]) -> Any:
        self.calls += 1
        text = bytes(token for token in ids if token != END)
        row = torch.zeros(END + 1)
        row[[*b"\t\n\r \\"]] = -2.0
        begin = max(text.rindex(b"?") + 1, text.rfind(TOLD) + len(TOLD) if TOLD in text else 0)
        for token, logit in self.wish(text[begin:]).items():
            row[token] = logit
        return row


def writer(wish: Callable[[bytes], dict[int, float]]) -> Model:
    """A model of bytes with these wishes."""
    vocabulary = Vocabulary([*(bytes([byte]) for byte in range(256)), None], END, encode=lambda text: list(text.encode()))
    return Model(Wishes(wish), vocabulary=vocabulary)


def saying(*texts: str, weights: Sequence[float] | None = None) -> Model:
    """A model that begins one of the texts and then goes on with it."""
    logits = list(weights or [10.0] * len(texts))

    def wish(so_far: bytes) -> dict[int, float]:
        wished: dict[int, float] = {}
        for text, logit in zip(texts, logits, strict=True):
            whole = text.encode()
            if whole.startswith(so_far):
                token = whole[len(so_far)] if len(so_far) < len(whole) else END
                wished[token] = max(logit, wished.get(token, -1e9))
        return wished or {END: 12.0}

    return writer(wish)
