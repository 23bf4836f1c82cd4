"""``structgen batch``: a file of prompts to a file of values, which is its own journal."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from structgen.commands.shared import MODEL_HELP, add_target, find_model, target_of

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``batch`` to the command line."""
    batch = commands.add_parser("batch", help="a file of prompts to a file of values",
                                description="Generate a value for each row of a JSON Lines file (a string, or an object "
                                            "with a prompt). The output is its own journal: started again, the command "
                                            "goes on where it stopped. Exit code: 0 all are values, 1 some failed.")
    batch.add_argument("source", type=Path, metavar="FILE", help="JSON Lines with prompts")
    batch.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON Lines with the values")
    add_target(batch, required=True)
    batch.add_argument("--model", help=MODEL_HELP)
    batch.add_argument("--max-tokens", type=int, default=256, metavar="N")
    batch.add_argument("--temperature", type=float, default=0.0, metavar="T")
    batch.add_argument("--seed", type=int, metavar="N", help="row i draws with the seed N + i")
    batch.add_argument("--size", type=int, default=16, metavar="N", help="rows side by side (default 16)")
    batch.add_argument("--from-text", action="store_true", help="the strings of a value occur in its prompt")
    batch.add_argument("--retry-failed", action="store_true", help="run the rows that failed once more")
    batch.set_defaults(run=_batch)


def _batch(arguments: argparse.Namespace) -> int:
    from rich.progress import Progress

    from structgen.generation.batch_file import run_file
    from structgen.generation.sampling import Sampling

    target = target_of(arguments)
    wanted = arguments.type or arguments.schema.read_text(encoding="utf-8")
    options = json.dumps([wanted, arguments.model, arguments.max_tokens, arguments.temperature, arguments.seed,
                          arguments.from_text])
    model = find_model(arguments.model)
    sampling = Sampling(temperature=arguments.temperature, seed=arguments.seed)
    with Progress(disable=not sys.stderr.isatty()) as bar:
        shown = bar.add_task("rows", total=None)
        rows, failed = run_file(model, arguments.source, arguments.out, target, size=arguments.size, options=options,
                                sampling=sampling, retry_failed=arguments.retry_failed, max_tokens=arguments.max_tokens,
                                from_text=arguments.from_text,
                                report=lambda done, all_, bad: bar.update(shown, completed=done, total=all_))
    print(f"{rows} rows, {failed} failed: {arguments.out}", file=sys.stderr)
    return 1 if failed else 0
