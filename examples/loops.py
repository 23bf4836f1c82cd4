"""A model made to loop, and what breaks the loop.

    python examples/loops.py

In: a model that says the same words for ever. Out: a list that ends all the same, with a record of every loop that was
found and broken. The preset ``Sampling.anti_loop()`` makes loops rarer to begin with; the guard ends those that come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

import structgen as sg

WORDS = b'"very", '
END = 256


class Stuck:
    """Whatever it has read, it goes on with the same words."""

    def forward(self, ids: Sequence[int]) -> Any:
        said = bytes(token for token in ids if token != END)
        size = next(n for n in range(len(WORDS), -1, -1) if said.endswith(WORDS[:n]))
        row = torch.zeros(END + 1)
        row[WORDS[size % len(WORDS)]] = 12.0
        return row


def main() -> dict[str, sg.Result[Any]]:
    """The list as the guard ends it, with the greedy choice and with the preset."""
    vocabulary = sg.Vocabulary([*(bytes([byte]) for byte in range(256)), None], END, encode=lambda text: list(text.encode()))
    model = sg.Model(Stuck(), vocabulary=vocabulary)
    return {name: model.generate("?", list[str], max_tokens=600, sampling=sampling, instructions=None)
            for name, sampling in {"greedy": sg.Sampling(), "anti_loop": sg.Sampling.anti_loop(seed=2)}.items()}


if __name__ == "__main__":
    for name, result in main().items():
        print(f"{name:10} {len(result.tokens)} tokens, {len(result.value)} items; loops: "
              + ", ".join(f"{loop.text!r} {loop.action}" for loop in result.loops))
        assert result.finish_reason == "complete"
        assert len(result.tokens) < 600
        assert result.loops or name == "anti_loop"
