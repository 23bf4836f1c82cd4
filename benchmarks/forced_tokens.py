"""What text without a choice saves: passes of the model with and without fast-forward, on the embedded model's JSON tasks.

In: a model folder (the embedded one), tasks held out from its training. Out: for each kind of task, and for the separators
pinned to the spelling of training or free: tokens, forced tokens, passes of the model with and without fast-forward, the
share saved, and how many outputs are the same text. Greedy; work is counted, not timed.

With pinned separators every forced text has the spelling that the model was trained on, so that all outputs are the same.
With free white space a name may be written after none or one space, and less is forced.

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
from structgen.generation.loop import Decoder


def asked(model: Any, example: Any, source: Any, fast: bool) -> Any:
    """The result, or None where there is no value."""
    stay = property(lambda self: fast, lambda self, value: None)
    with patch.object(Decoder, "fast_forward", stay, create=True):
        try:
            return model.generate(example.prompt, source, instructions=None)
        except sg.StructgenError:
            return None


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
            counts = Counter(tasks=1, same=int(fast.text == slow.text), tokens=len(fast.tokens),
                             forced=sum(step.forced for step in fast.trace), fast=fast.usage.forward_passes,
                             slow=slow.usage.forward_passes, all=len(slow.tokens))
            for kind in (example.task, "all"):
                found[spacing, kind] += counts
    print("| separators | task | tasks | tokens | of them forced | passes | without | saved | same text |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (spacing, kind), one in sorted(found.items()):
        share = one["forced"] / one["tokens"]
        print(f"| {spacing} | {kind} | {one['tasks']} | {one['tokens']} | {share:.0%} | {one['fast']} | "
              f"{one['slow']} | {1 - one['fast'] / one['slow']:.0%} | {one['same']} |")


if __name__ == "__main__":
    main()
