"""What text without a choice saves: passes of the model with and without fast-forward, on the embedded model's JSON tasks.

In: a model folder (the embedded one), tasks held out from its training. Out: for each kind of task, with separators pinned
to the spelling of training or free: how many outputs are the same text with and without fast-forward; how many the model
spells canonically when it is asked for every token, as its tokenizer would cut the text, and how many of those are the same;
and for the outputs that are the same the tokens, the forced ones, and the passes of the model with and without. Greedy; work
is counted, not timed.

Outputs that differ are those in which the model, asked, leaves the tokenizer's spelling: it was never trained on that.

    python benchmarks/forced_tokens.py --count 100
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent / "embedded"))

from evaluate import held_out

import structgen as sg
from structgen.generation.instructions import render_instructions
from structgen.generation.loop import Decoder


def asked(model: Any, example: Any, source: Any, fast: bool) -> Any:
    """The result, or None where there is no value."""
    stay = property(lambda self: fast, lambda self, value: None)
    with patch.object(Decoder, "fast_forward", stay, create=True):
        try:
            return model.generate(example.prompt, source, instructions=told(example))
        except sg.StructgenError:
            return None


def told(example: Any) -> str:
    return render_instructions(example.schema, example.name, example.description)


def closed(schema: Any) -> Any:
    """The schema with all fields required and no others, as the tasks mean it."""
    if not isinstance(schema, dict) or "properties" not in schema:
        return schema
    return {**schema, "required": list(schema["properties"]), "additionalProperties": False}


def sources(schema: Any) -> dict[str, Any]:
    common: dict[str, Any] = {"exponents": False, "escapes": "necessary"}
    return {"pinned": sg.JsonSchema(closed(schema), separators=(", ", ": "), **common),
            "free": sg.JsonSchema(closed(schema), **common)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a model folder (default: the embedded model)")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=31)
    args = parser.parse_args()
    model = sg.load_model(args.model)
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for example in held_out(args.count, args.seed):
        for spacing, source in sources(example.schema).items():
            fast, slow = (asked(model, example, source, one) for one in (True, False))
            if fast is None or slow is None:
                continue
            same = fast.text == slow.text
            ends = model.vocabulary.eos_token_ids
            canonical = [one for one in slow.tokens if one not in ends] == model.vocabulary.encode(slow.text)
            counts = Counter(tasks=1, same=int(same), canonical=int(canonical), both=int(same and canonical))
            if same:
                counts += Counter(tokens=len(fast.tokens), forced=sum(step.forced for step in fast.trace),
                                  fast=fast.usage.forward_passes, slow=slow.usage.forward_passes)
            for kind in (example.task, "all"):
                found[spacing, kind] += counts
    print("| separators | task | outputs | same | canonical | of them same | tokens | forced | passes | without | saved |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for (spacing, kind), one in sorted(found.items()):
        share = one["forced"] / max(1, one["tokens"])
        saved = 1 - one["fast"] / max(1, one["slow"])
        shown = [spacing, kind, *(one[name] for name in ("tasks", "same", "canonical", "both", "tokens")), f"{share:.0%}",
                 one["fast"], one["slow"], f"{saved:.0%}"]
        print(f"| {' | '.join(map(str, shown))} |")


if __name__ == "__main__":
    main()
