"""Labels with probabilities: the type is a ``Literal``, so the output can be nothing but one of its values.

    python examples/classification.py

In: texts. Out: for each the label that the model writes, and ``confidence``: the probability of every label, found by
scoring its whole spelling. How well the labels fit is up to the model.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import structgen as sg

Sentiment = Literal["positive", "negative", "neutral"]
TEXTS = [
    "It is a great lamp, I am very happy with it.",
    "The lamp is awful and I regret buying it.",
    "The shop opens at nine.",
]


def main(texts: list[str] = TEXTS) -> list[sg.Result[Any]]:
    """One result for each text."""
    model = sg.load_model()
    return [model.generate(text, Sentiment) for text in texts]


if __name__ == "__main__":
    for text, result in zip(TEXTS, main(), strict=True):
        assert result.confidence is not None  # it is None for types that are no choice
        shown = "  ".join(f"{label} {probability:.3f}" for label, probability in result.confidence.items())
        print(f"{text:50} {result.value:10} {shown}")
        assert result.value in get_args(Sentiment)
        assert set(result.confidence) == set(get_args(Sentiment))
        assert math.isclose(sum(result.confidence.values()), 1)
