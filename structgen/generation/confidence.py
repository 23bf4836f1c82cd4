"""How sure the model was of each field of a JSON value.

In: the steps of an output. Out: JSONPath -> probability. A field's probability is the product, over the tokens of its
value that the model could choose, of their probabilities among the allowed tokens; a value written without a choice has 1.
A token that begins before a value and ends inside it counts for the value: its choice decided how the value begins.

Caveat: this is the probability of this spelling of the value; other spellings (white space, escapes) may add to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from structgen.generation.position import Scanner
from structgen.generation.result import Step

__all__ = ["field_confidence"]


def field_confidence(steps: Sequence[Step], given: str = "", skip: int = 0) -> dict[str, float] | None:
    """The probability of every scalar of an object or array; None for other values.

    ``given``: how the output began before the first step. ``skip``: bytes of the steps that do not belong to it."""
    logs: dict[str, float] = {}
    scanner = Scanner()
    for character in given:
        scanner.feed(character)
    for step in steps:
        paths: list[str] = []
        text, skip = step.text.encode()[skip:].decode(errors="replace"), max(0, skip - len(step.text.encode()))
        for character in text:
            scanner.feed(character)
            if scanner.in_value and (not paths or paths[-1] != scanner.path):
                paths.append(scanner.path)
        for path in paths:
            logs.setdefault(path, 0.0)
        if paths and not step.forced:
            logs[paths[-1]] += math.log(max(step.masked, 1e-300))
    logs.pop("$", None)
    return {path: math.exp(value) for path, value in logs.items()} or None
