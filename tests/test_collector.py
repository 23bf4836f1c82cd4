"""The collector of cycles and compilations: a full collection takes 0.1 s in a large process, and waits."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from structgen import Choice, Compiler, Grammar, JsonSchema, Limits, SchemaError, Vocabulary


class Laborious:
    """A source that makes many objects and keeps them."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []

    def to_grammar(self, limits: Limits) -> Grammar:
        self.made += [[number] for number in range(1000)]
        return Choice(["a", "b"]).to_grammar(limits)


@pytest.fixture
def collected() -> Iterator[list[int]]:
    """The generations that were collected; the collector is as eager as it can be set."""
    generations: list[int] = []

    def told(phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    before = gc.get_threshold()
    gc.collect()
    gc.callbacks.append(told)
    gc.set_threshold(50, 1, 1)
    try:
        yield generations
    finally:
        gc.callbacks.remove(told)
        gc.set_threshold(*before)


def test_compiling_collects_what_is_young_once_and_no_more(collected: list[int]) -> None:
    compiler = Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256]))
    collected.clear()
    compiler.compile(Laborious())
    assert collected == [1]
    assert gc.isenabled()


def test_compiling_leaves_the_collector_as_it_was(collected: list[int]) -> None:
    compiler = Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256]))
    with pytest.raises(SchemaError):
        compiler.compile(JsonSchema({"type": "nothing"}))
    assert gc.isenabled()
    gc.disable()
    try:
        collected.clear()
        compiler.compile(Laborious())
        assert collected == [] and not gc.isenabled()
    finally:
        gc.enable()
