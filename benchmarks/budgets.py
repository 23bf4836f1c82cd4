"""Token budgets as a promise: every output under a budget is complete and valid.

    python benchmarks/budgets.py [--samples 200] [--temperature 1.5] [--rows 200]

In: the embedded model, five types and twelve budgets each, from the least that is enough on. Out: a Markdown table: for each
type the least budget, and for all its budgets how many outputs were complete, valid for pydantic, and within the budget.
Samples are drawn by ``transformers.generate`` with structgen's LogitsProcessor, many rows at a time; one of each budget is
drawn by ``Model.generate``, too.

Then the least budgets against the optimum: a search over tokens, on a vocabulary of 300, of the fewest that write a text.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from typing import Any, Literal

import torch
from pydantic import BaseModel, TypeAdapter, ValidationError

import structgen as sg
from structgen.generation.budget import needed_tokens

STEPS = (0, 1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40)
"""Budgets: so many tokens above the least one."""


class Person(BaseModel):
    name: str
    age: int
    email: str | None = None


class Line(BaseModel):
    article: str
    count: int
    price: float


class Order(BaseModel):
    number: int
    state: Literal["open", "paid", "sent"]
    lines: list[Line]


class Tree(BaseModel):
    value: str
    children: list[Tree] = []


TYPES: dict[str, Any] = {
    "Person": Person,
    "Order": Order,
    "Tree": Tree,
    "list[str]": list[str],
    "dict[str, int | bool]": dict[str, int | bool],
}


def sampled(model: sg.Model, compiled: Any, budget: int, count: int, temperature: float, rows: int) -> list[str]:
    """Texts of ``generate`` with the processor."""
    prompt = model.tokenizer("Give an example.\n", return_tensors="pt")
    end = list(model.vocabulary.eos_token_ids)
    texts: list[str] = []
    while len(texts) < count:
        many = min(rows, count - len(texts))
        out = model.model.generate(
            **prompt, do_sample=True, temperature=temperature, top_k=0, top_p=1.0, num_return_sequences=many,
            max_new_tokens=budget, eos_token_id=end, pad_token_id=end[0],
            logits_processor=[sg.LogitsProcessor(compiled, max_tokens=budget)])  # fmt: skip
        for row in out[:, prompt["input_ids"].shape[1] :].tolist():
            texts.append(model.vocabulary.decode(token for token in row if token not in end).decode(errors="replace"))
    return texts


def is_valid(text: str, adapter: TypeAdapter[Any]) -> bool:
    try:
        adapter.validate_json(text)
    except ValidationError:
        return False
    return True


def promise(count: int, temperature: float, rows: int, types: dict[str, Any]) -> int:
    """The table of the promise; how many outputs break it."""
    model = sg.load_model()
    broken = 0
    print("| type | least budget | budgets | outputs | complete and valid | by Model.generate |")
    print("|" + "---|" * 6)
    for name, output_type in types.items():
        compiled, adapter = model.compile(output_type), TypeAdapter(output_type)
        least = needed_tokens(compiled)
        right = outputs = direct = 0
        for step in STEPS:
            torch.manual_seed(step)
            texts = sampled(model, compiled, least + step, count, temperature, rows)
            right += sum(is_valid(text, adapter) for text in texts)
            outputs += len(texts)
            result = model.generate(
                "Give an example.", output_type, max_tokens=least + step, temperature=temperature, seed=step
            )
            direct += len(result.tokens) <= least + step and is_valid(result.text, adapter)
        broken += outputs - right + len(STEPS) - direct
        print(f"| {name} | {least} | {len(STEPS)} | {outputs} | {right} | {direct} of {len(STEPS)} |", flush=True)
    return broken


def fewest(compiled: Any, most: int) -> int | None:
    """The fewest tokens of any output: a search by whole tokens, best first, with the least that bytes allow as its lead."""
    from structgen.matching.reach import reach_of

    reach, longest = reach_of(compiled), max(len(text or b"") for text in compiled.vocabulary.tokens)
    start = compiled.matcher()
    heap: list[tuple[int, int, int, Any]] = [(0, 0, 0, start)]
    seen: dict[int, int] = {start.configuration: 0}
    number = 0
    while heap and number < most:
        _, length, _, matcher = heapq.heappop(heap)
        if matcher.is_accepting:
            return length
        for token in matcher.allowed_tokens().tolist():
            following = matcher.fork()
            following.advance(token)
            if length + 1 < seen.get(following.configuration, sys.maxsize):
                seen[following.configuration] = length + 1
                number += 1
                least = -(-max(0, reach.bytes_left(following) - 4) // longest)
                heapq.heappush(heap, (length + 1 + least, length + 1, -number, following))
    return None


def small_vocabulary() -> sg.Vocabulary:
    """300 tokens: all bytes and pieces of JSON."""
    pieces = ('"}', '":', '","', '":"', '": "', '{"', '["', '[]', '{}', '""', '"",', '":0', ':0,"', '],"', '"]', "null",
              "true",
              "false", '":[]', '":null', "na", "me", "name", '"name', "ge", "age", "id", "num", "ber", "st", "ate", "open",
              "lin", "es", "val", "ue", "chil", "dren", "}]", "0}", '0,"', "[{", ':[{"', '}]}')  # fmt: skip
    return sg.Vocabulary([*(bytes([byte]) for byte in range(256)), *(piece.encode() for piece in pieces[:43]), None], [299])


def optimum() -> float:
    """The table of least budgets beside the optimum; the worst ratio."""
    compiler, worst = sg.Compiler(small_vocabulary()), 1.0
    print("\n| type | tokens stated | fewest | ratio |")
    print("|" + "---|" * 4)
    types = {**TYPES, "int": int, "Literal": Literal["open", "closed"], "tuple": tuple[int, bool, str | None], "Line": Line}
    for name, output_type in types.items():
        compiled = compiler.compile(output_type)
        stated, found = needed_tokens(compiled), fewest(compiled, 200_000)
        if found is None:
            print(f"| {name} | {stated} | not found | |")
            continue
        worst = max(worst, stated / max(1, found))
        print(f"| {name} | {stated} | {found} | {stated / max(1, found):.2f} |", flush=True)
    return worst


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=200)
    options.add_argument("--temperature", type=float, default=1.5)
    options.add_argument("--rows", type=int, default=200)
    options.add_argument("--types", default=";".join(TYPES), help="names of types, with ; between them")
    options.add_argument("--optimum-only", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(1)  # threads that wait for each other cost more than a model this small
    types = {name: TYPES[name] for name in given.types.split(";")}
    broken = 0 if given.optimum_only else promise(given.samples, given.temperature, given.rows, types)
    worst = optimum()
    sys.exit(bool(broken) or worst > 1.25)


if __name__ == "__main__":
    main()
