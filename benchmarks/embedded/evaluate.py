"""Measures a model on made sentences whose names, numbers and wordings were not in the training data.

In: a model folder. Out: the share of exact fields (and of whole answers) with a 95 % Wilson interval, and the fields
per task: under free greedy generation, or `--masked`, where the type is enforced and strings must be whole words of
the text.
The one idea: an answer is parsed and compared field by field as values, so the spelling of a number does not count
and a wrong letter does. Caveats: the fields of one sentence are not independent, so the interval is a little too
narrow; the sentences come from the same maker as the training data, and real ones are harder.

    python benchmarks/embedded/evaluate.py structgen/models/embedded --count 500
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import sql_tasks
import tool_tasks

from structgen.schema.scalars import all_dates, all_numbers

END, PAD = 3, 0
JUDGES = {"sql": sql_tasks.same_result, "tools": tool_tasks.same_calls}
"""What is right where an answer is not compared field by field: a query by what it finds, calls as a whole."""


@dataclass
class Score:
    """Right and all, of fields by task and of whole answers."""

    fields: Counter[str] = field(default_factory=Counter)
    all_fields: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    count: int = 0

    def __str__(self) -> str:
        right, total = sum(self.fields.values()), sum(self.all_fields.values())
        low, high = wilson(right, total)
        tasks = " ".join(f"{t} {self.fields[t]}/{n}" for t, n in sorted(self.all_fields.items()))
        return (
            f"fields {right}/{total} = {right / max(total, 1):.1%} [{low:.1%}, {high:.1%}], "
            f"whole answers {self.exact}/{self.count}; {tasks}"
        )


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, z * z / total
    middle, half = share + square / 2, z * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def grade(score: Score, example: data.Example, text: str) -> int:
    """Counts one answer; returns the number of its wrong fields."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    score.count += 1
    judge = JUDGES.get(example.task)
    score.exact += same(value, example.answer) if judge is None else judge(example, text)
    if judge is not None:
        right, total = int(judge(example, text)), 1
    elif isinstance(example.answer, dict):
        got = value if isinstance(value, dict) else {}
        right = sum(key in got and same(got[key], wanted) for key, wanted in example.answer.items())
        total = len(example.answer)
    else:
        right, total = int(same(value, example.answer)), 1
    score.fields[example.task] += right
    score.all_fields[example.task] += total
    return total - right


@torch.no_grad()
def generate(model: Any, tokenizer: Any, prompts: list[str], longest: int = 120, rows: int = 50) -> list[str]:
    """Greedy answers, in batches of prompts of similar length, padded on the left."""
    ids = [tokenizer.encode(prompt).ids for prompt in prompts]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    answers = [""] * len(prompts)
    for first in range(0, len(order), rows):
        batch = order[first : first + rows]
        width = max(len(ids[row]) for row in batch)
        given = torch.tensor([[PAD] * (width - len(ids[row])) + ids[row] for row in batch])
        mask = (given != PAD).long()
        out = model.generate(
            given, attention_mask=mask, max_new_tokens=longest, do_sample=False, eos_token_id=END, pad_token_id=PAD
        )
        for row, tokens in zip(batch, out[:, width:].tolist(), strict=True):
            answers[row] = tokenizer.decode([token for token in tokens if token not in (END, PAD)])
    return answers


def restricted(node: Any, text: str) -> Any:
    """The schema with all fields required and every field taken from the text, as ``FromText`` does: plain strings consist
    of its whole words, numbers and dates are among those that it says."""
    if not isinstance(node, dict):
        return node
    made = {key: restricted(value, text) for key, value in node.items() if key not in ("properties", "anyOf")}
    if "properties" in node:
        made["properties"] = {key: restricted(value, text) for key, value in node["properties"].items()}
        made |= {"required": list(node["properties"]), "additionalProperties": False}
    if "anyOf" in node:
        made["anyOf"] = [restricted(one, text) for one in node["anyOf"]]
    if node.get("type") == "string" and "format" not in node:
        made |= {"x-structgen-words-from-text": text, "minLength": 1}
    if "enum" not in node and (node.get("type") in ("integer", "number") or node.get("format") == "date"):
        values: list[Any] = all_dates(text) if node.get("format") == "date" else list(all_numbers(text))
        values = [one for one in values if node["type"] != "integer" or isinstance(one, int)]
        made |= {"enum": values} if values else {}
    return made


def generate_masked(folder: Path, examples: list[data.Example]) -> list[str]:
    """Greedy answers under the mask of the type, with the spellings that Python types have."""
    import structgen

    model = structgen.load_model(folder)
    sources = {"sql": sql_tasks.source_of, "tools": tool_tasks.tools_of}
    answers = []
    for one in examples:
        told = data.instructions(one) or None
        source: Any = structgen.JsonSchema(restricted(one.schema, one.text), exponents=False, escapes="necessary")
        if one.task in sources:
            source = sources[one.task](one)
        try:
            answers.append(model.generate(one.prompt, source, instructions=told).text)
        except structgen.StructgenError as error:
            answers.append(f"error: {error}")
    return answers


def held_out(count: int, seed: int, only: str | None = None) -> list[data.Example]:
    rng = random.Random(seed)
    return [data.make(rng, held=True, only=only) for _ in range(count)]


def compare(examples: list[data.Example], answers: list[str], show: int = 0) -> Score:
    """The score of the answers; `show` prints that many with errors."""
    score = Score()
    for example, answer in zip(examples, answers, strict=True):
        if grade(score, example, answer) and show > 0:
            show -= 1
            wanted = json.dumps(example.answer, ensure_ascii=False)
            print(f"text:   {example.prompt}\nwanted: {wanted}\ngot:    {answer}\n")
    return score


def accuracy(model: Any, tokenizer: Any, count: int, seed: int = 0, show: int = 0, only: str | None = None) -> Score:
    """The score of a model on `count` held-out examples, generating freely."""
    model.eval()
    examples = held_out(count, seed, only)
    return compare(examples, generate(model, tokenizer, [data.render(one)[0] for one in examples]), show)


def main() -> None:
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", help="one task")
    parser.add_argument("--further", type=int, default=0, help="so many queries and tool calls beside the mix")
    parser.add_argument("--masked", action="store_true", help="enforce the type, and strings to be whole words of the text")
    args = parser.parse_args()
    torch.set_num_threads(2)
    if args.masked:
        def answered(examples: list[data.Example]) -> list[str]:
            return generate_masked(args.folder, examples)
    else:
        model = AutoModelForCausalLM.from_pretrained(args.folder, dtype=torch.float32).eval()
        tokenizer = Tokenizer.from_file(str(args.folder / "tokenizer.json"))

        def answered(examples: list[data.Example]) -> list[str]:
            return generate(model, tokenizer, [data.render(one)[0] for one in examples])

    wanted = [(args.count, args.only), *((args.further, task) for task in JUDGES if args.only is None)]
    for count, only in wanted:
        if count > 0:
            examples = held_out(count, args.seed, only)
            print(compare(examples, answered(examples), args.show), flush=True)


if __name__ == "__main__":
    main()
