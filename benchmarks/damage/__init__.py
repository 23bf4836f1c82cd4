"""A model of the errors that language models make when they write structured text.

In: a seed. Out: random types and values of them, the text of each as a model would write it, and the same text damaged.
``random_types`` makes types and values, ``around`` damages what stands around an answer, ``yaml_text`` and ``json_text``
write a format, ``yaml_damage`` and ``json_text`` damage it. A format is a ``Model``: three functions and two tables of
damages, so another is one more module.

    Model(name, types, write, render, damages)

``types(rng)`` gives a JSON Schema and a value; ``write(value, schema, rng)`` gives the document in parts, in one of
several writers' styles; ``render(document)`` its text. A damage takes a document and ``rng`` and returns a damaged one, or
None where it has nothing to damage; those of ``around`` take and give texts. (CSV: ``types`` may make rows of its own, and
``around.DAMAGES`` can be used as it is.)

The error classes are those that public lists and reports name: for YAML fences, prose, tabs, unquoted colons and hashes,
reserved first signs, indentation, spaces left out, dashes left out, block scalars, wrapped lines, quotes, smart quotes,
escapes, JSON in YAML, duplicate keys, implicit types, keys without a value, several documents, Markdown, odd characters;
for JSON those of the repairers' own tests.

Left out is damage that no reader could undo, because two values give the same damaged text, or the text has lost a part:

- text that is cut inside a value, or before required ones (only missing closing signs are modelled);
- a string that without its quotes is valid YAML and means another string: "a # b" (a comment), "&x y" (an anchor);
- an unquoted null where the field may also be left out;
- a dash without its space before a number, an unquoted "12" where the type takes strings and numbers alike;
- escapes that were not doubled but are escapes by themselves ("C:\\new");
- all indentation lost in a nested value whose names also occur in its parents; blank lines and relative indentation of
  text whose indentation was lost together with that of its key;
- a name that occurs twice with different values, different answers of which none is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["Model", "Sample", "samples"]

Damage = Callable[[Any, Random], Any]
TRIES = 400
FRONT = ("thinking", "byte-order-mark", "windows-newlines")
"""Damages around a text that come after others."""


@dataclass(frozen=True)
class Model:
    """One format. ``damages``: of documents, by kind; ``around``: of texts, by kind."""

    name: str
    types: Callable[[Random], tuple[Any, Any]]
    write: Callable[[Any, Any, Random], Any]
    render: Callable[[Any], str]
    damages: Mapping[str, Damage]
    around: Mapping[str, Damage]


@dataclass(frozen=True)
class Sample:
    """A text, what it means, and what was done to it (nothing: the kinds are empty)."""

    schema: Any
    value: Any
    text: str
    kinds: tuple[str, ...]


def samples(model: Model, count: int, seed: int, share: float = 0.1) -> list[Sample]:
    """``count`` documents, of which ``share`` are damaged: each kind as often as any other, every third one twice."""
    rng = Random(f"{model.name} {seed}")
    kinds = [*model.damages, *model.around]
    made: list[Sample] = []
    damaged = 0
    for number in range(count):
        if (number + 1) * share >= damaged + 1:
            wanted = [kinds[damaged % len(kinds)]]
            if damaged % 3 == 2:
                wanted.append(rng.choice([kind for kind in kinds if kind != wanted[0]]))
            made.append(_damaged(model, wanted, rng))
            damaged += 1
        else:
            schema, value = model.types(rng)
            made.append(Sample(schema, value, model.render(model.write(value, schema, rng)), ()))
    return made


def _damaged(model: Model, kinds: list[str], rng: Random) -> Sample:
    """A document with all of these damages; documents are made until one has a place for each."""
    inner = [kind for kind in kinds if kind in model.damages]
    outer = sorted((kind for kind in kinds if kind in model.around), key=lambda kind: kind in FRONT)
    for _ in range(TRIES):
        schema, value = model.types(rng)
        document = model.write(value, schema, rng)
        for kind in inner:
            document = None if document is None else model.damages[kind](document, rng)
        if document is None:
            continue
        text: str | None = model.render(document)
        for kind in outer:
            text = None if text is None else model.around[kind](text, rng)
        if text is not None:
            return Sample(schema, value, text, tuple(inner + outer))
    if len(kinds) > 1:
        return _damaged(model, kinds[:1], rng)
    raise ValueError(f"no document has a place for the damage {kinds[0]}")
