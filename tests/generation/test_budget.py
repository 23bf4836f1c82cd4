"""Budgets: what is needed is told before anything is written, and what follows the masks ends in time."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from generation.writers import PROMPT, writer
from laws.walks import ENGINES
from oracle import VOCABULARY
from pydantic import BaseModel

from structgen import (
    BudgetError,
    Choice,
    Compiler,
    FreeText,
    JsonSchema,
    Limits,
    LogitsProcessor,
    Regex,
    Tags,
    Then,
    Vocabulary,
)
from structgen.generation.budget import budgeted, needed_tokens
from structgen.generation.sampling import Sampling

FOLDER = str(Path(__file__).resolve().parents[2] / "benchmarks")
sys.path.insert(0, FOLDER)
import budgets  # noqa: E402

sys.path.remove(FOLDER)


class Tree(BaseModel):
    value: str
    children: list[Tree] = []


BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
WORD = {"type": "string", "pattern": "^([a-c]{2})+$", "minLength": 4, "maxLength": 20}
SOURCES: dict[str, Any] = {
    "Tree": Tree,
    "list[str]": list[str],
    "dict[str, int]": dict[str, int],
    "Literal": Literal["yes", "no", "perhaps"],
    "a pattern and a length": JsonSchema(WORD),
    "unique items": JsonSchema({"type": "array", "items": {"enum": ["a", "b", "abc"]}, "uniqueItems": True, "minItems": 2}),
    "any order": JsonSchema({"type": "object", "properties": {"a": {"type": "integer"}, "bb": {"type": "null"}},
                             "required": ["bb"]}, property_order="any"),
    "many items": JsonSchema({"type": "array", "items": {"type": "boolean"}, "minItems": 12}),
    "a regex": Regex("(ab|foobar){3,9}x*"),
    "a choice": Choice(["red", "green", "blue", "hello world"]),
    "tags": Tags({"ab": (Choice(["1", "12"]), ";")}, at_least_one=True),
    "thinking": Then(FreeText(until="xyz"), list[bool]),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SOURCES)
def test_random_outputs_end_in_time(engine: Any, name: str) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(SOURCES[name])
    least = needed_tokens(compiled)
    for more in (0, 1, 3, 9):
        for seed in range(2):
            chance, matcher, written, free = random.Random(seed), budgeted(compiled, least + more), 0, compiled.matcher()
            while not matcher.is_finished:
                allowed = matcher.allowed_tokens()
                token = int(chance.choice(allowed))
                assert matcher.advance(token) and free.advance(token)
                written += not matcher.is_finished
            assert written <= least + more and free.is_finished


@pytest.mark.parametrize("name", SOURCES)
def test_one_token_less_is_refused_before_any_is_written(name: str) -> None:
    compiled = Compiler(VOCABULARY).compile(SOURCES[name])
    least = needed_tokens(compiled)
    assert needed_tokens(compiled, end_token=True) == least + 1
    with pytest.raises(
        BudgetError, match=rf"{least - 1} tokens is too small: {least} are needed(.|\n)*max_tokens to {least} "
    ):
        budgeted(compiled, least - 1)
    with pytest.raises(BudgetError, match=f"{least + 1} are needed"):
        budgeted(compiled, least, end_token=True)


def test_an_end_token_has_room_where_it_counts() -> None:
    compiled = Compiler(BYTES).compile(int)
    for end_token, digits in ((False, b"123"), (True, b"12")):
        matcher = budgeted(compiled, 3, end_token=end_token)
        assert matcher.validate(list(b"12345")) == len(digits)
        assert all(map(matcher.advance, digits)) and matcher.allowed_tokens().tolist() == [256]
        assert matcher.is_pressed and matcher.advance(256) and matcher.is_finished


def fewest_from(matcher: Any, most: int) -> bool:
    """Whether some output ends in at most so many tokens: every one is tried."""
    seen, level = {matcher.configuration}, [matcher]
    for _ in range(most + 1):
        if any(one.is_accepting for one in level):
            return True
        following = []
        for one in level:
            for token in one.allowed_tokens().tolist():
                there = one.fork()
                there.advance(token)
                if there.configuration not in seen:
                    seen.add(there.configuration)
                    following.append(there)
        level = following
    return False


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", [Regex("(ab|foobar){2}x?"), Choice(["red", "green", "hello world"]), list[bool]], ids=str)
def test_masks_are_those_of_trying_everything(engine: Any, source: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(source)
    least, chance = needed_tokens(compiled), random.Random(1)
    for more in (0, 1, 2):
        matcher, free = budgeted(compiled, least + more), compiled.matcher()
        for left in range(least + more, 0, -1):
            allowed = [token for token in matcher.allowed_tokens().tolist() if token not in VOCABULARY.eos_token_ids]
            wanted = []
            for token in free.allowed_tokens().tolist():
                there = free.fork()
                there.advance(token)
                if token not in VOCABULARY.eos_token_ids and fewest_from(there, left - 1):
                    wanted.append(token)
            assert allowed == wanted
            if not allowed:
                break
            token = chance.choice(allowed)
            assert matcher.advance(token) and free.advance(token)


def test_least_budgets_are_near_the_optimum() -> None:
    for vocabulary in (budgets.small_vocabulary(), _learned_vocabulary()):
        compiler = Compiler(vocabulary)
        for source in (Tree, int, list[str], Literal["open", "closed"], budgets.Order, JsonSchema(WORD)):
            compiled = compiler.compile(source)
            found = budgets.fewest(compiled, 200_000)
            assert found is not None and found <= needed_tokens(compiled) <= 1.25 * found


def _learned_vocabulary() -> Vocabulary:
    """300 tokens: bytes, and the commonest pairs of pieces of some JSON, merged again and again."""
    text = (
        '{"number":0,"state":"open","lines":[]} {"value":"a","children":[{"value":"b"}]} ["open","closed","abca"] [true,1]'
    )
    pieces = [bytes([byte]) for byte in text.encode()]
    tokens: list[bytes | None] = [bytes([byte]) for byte in range(256)]
    while len(tokens) < 299:
        pairs = list(itertools.pairwise(pieces))
        first, second = max(pairs, key=lambda pair: (pairs.count(pair), pair))
        tokens.append(first + second)
        merged: list[bytes] = []
        for piece in pieces:
            if merged and merged[-1] == first and piece == second:
                merged[-1] += piece
            else:
                merged.append(piece)
        pieces = merged
    return Vocabulary([*tokens, None], [299])


def test_a_budgeted_matcher_is_a_matcher() -> None:
    compiled = Compiler(BYTES).compile(JsonSchema({"type": "array", "items": {"type": "boolean"}}, whitespace="compact"))
    matcher = budgeted(compiled, 7)
    assert matcher.validate(list(b"[true,true]")) == 5 and matcher.taken == 0
    assert all(map(matcher.advance, b"[true"))
    other = matcher.fork()
    assert not matcher.advance(ord(",")) and matcher.forced_tokens() == [ord("]"), 256]
    assert "could not be ended in the 1 tokens" in matcher.explain(ord(","))
    assert "allowed" in matcher.explain(ord("]"))
    assert matcher.shortest_completion() == b"]" and matcher.left == 2
    matcher.rollback(4)
    assert matcher.left == 6 and not matcher.is_pressed and matcher.advance(ord("t"))
    assert other.advance(ord("]")) and other.advance(256) and other.is_finished
    matcher.reset()
    assert (matcher.left, matcher.taken) == (7, 0) and all(map(matcher.advance, b"[false]"))


def test_a_long_budget_leaves_masks_as_they_are() -> None:
    compiled = Compiler(VOCABULARY).compile(Tree)
    matcher, free = budgeted(compiled, 100_000), compiled.matcher()
    for token in b'{"value":"a","children":[':
        assert np.array_equal(matcher.mask(), free.mask())
        token = VOCABULARY.tokens.index(bytes([token]))
        assert matcher.advance(token) and free.advance(token)


def test_budgets_hold_where_configurations_are_dropped() -> None:
    compiled = Compiler(VOCABULARY, limits=Limits(cache_bytes=1 << 16)).compile(dict[str, list[Tree]])
    for seed in range(2):
        chance, matcher, written = random.Random(seed), budgeted(compiled, 40), 0
        while not matcher.is_finished:
            assert matcher.advance(int(chance.choice(matcher.allowed_tokens())))
            written += not matcher.is_finished
        assert written <= 40


@pytest.mark.parametrize(("first", "second", "budget"), [(Tree, list[str], 14), (dict[str, int], None, 5)])
def test_logits_processor_ends_rows_in_time(first: Any, second: Any, budget: int) -> None:
    compiler = Compiler(VOCABULARY)
    grammars = [compiler.compile(first), None if second is None else compiler.compile(second)]
    processor, generator = LogitsProcessor(grammars, max_tokens=budget), torch.Generator().manual_seed(5)
    ids = torch.full((4, 2), 300)
    for _ in range(budget):
        scores = processor(ids, torch.rand(4, VOCABULARY.size, generator=generator) * 9)
        ids = torch.cat((ids, torch.distributions.Categorical(logits=scores).sample()[:, None]), 1)
    for row in range(4):
        grammar = grammars[row // 2]
        if grammar is not None:
            matcher = grammar.matcher()
            for token in ids[row, 2:].tolist():
                assert matcher.is_finished or matcher.advance(token)
            assert matcher.is_accepting
    with pytest.raises(BudgetError):
        LogitsProcessor(compiler.compile(Tree), max_tokens=2)


@pytest.mark.parametrize(
    ("output_type", "wish"),
    [
        (str, lambda text: {ord("a"): 9.0}),
        (list[int], lambda text: {ord("7"): 9.0, ord(","): 8.0, ord("["): 10.0}),
        (Tree, lambda text: dict.fromkeys(b'{[v":a', 5.0)),
    ],
    ids=["a string without end", "an array without end", "a tree without end"],
)
def test_a_model_that_would_never_end_ends_in_time(output_type: Any, wish: Callable[[bytes], dict[int, float]]) -> None:
    for budget in (20, 33):
        result = writer(wish).generate(
            PROMPT, output_type, max_tokens=budget, instructions=None, sampling=Sampling(loop_guard=False)
        )
        assert len(result.tokens) <= budget and (result.finish_reason == "budget" or output_type is Tree)


def test_a_budget_that_is_too_small_asks_no_model() -> None:
    model = writer(lambda text: {})
    with pytest.raises(BudgetError, match="a budget of 3 tokens is too small: 12 are needed"):
        model.generate(PROMPT, Tree, max_tokens=3)
    assert model.model.calls == 0
