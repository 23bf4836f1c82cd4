"""Better answers from more samples: the likeliest, the one most agree on, the one that a check likes.

    python examples/several_samples.py

In: a text and a type. Out: one result for each strategy, with all its samples in ``candidates`` and their cost in ``total``.
The check needs no answer key: a field that does not occur in the text cannot be right.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

import structgen as sg

TEXT = "On 3 May, Nora Quist paid 210 euros to Emil Falk."


class Payment(BaseModel):
    sender: str
    receiver: str
    amount: float


def found(payment: Payment) -> float:
    """The share of the names that stand in the text; the same name twice counts once."""
    return len({name for name in (payment.sender, payment.receiver) if name in TEXT}) / 2


def main() -> dict[str, sg.Result[Any]]:
    """A result for each strategy."""
    model = sg.load_model()
    strategies = {"best of 4": sg.best_of(4), "vote of 5": sg.vote(5, by="fields"), "verified": sg.verify(found, n=6)}
    return {name: model.generate(TEXT, Payment, strategy=strategy, sampling=sg.Sampling(seed=3))
            for name, strategy in strategies.items()}


if __name__ == "__main__":
    for name, result in main().items():
        print(f"{name:10} {result.value!r}  ({len(result.candidates)} samples, {result.total.output_tokens} tokens)")
        assert isinstance(result.value, Payment)
        assert all(isinstance(one.value, Payment) for one in result.candidates)
