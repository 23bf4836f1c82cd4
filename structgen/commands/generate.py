"""``structgen generate`` and ``demo``: values of a type from a prompt, and what the mask does to them token by token."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from structgen.commands.shared import MODEL_HELP, add_target, as_json, find_model, progress, target_of
from structgen.errors import SchemaError, StructgenError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``generate`` and ``demo`` to the command line."""
    generate = commands.add_parser("generate", help="generate a value of a type or schema",
                                   description="Generate a value and print it as JSON.")
    add_target(generate, required=False)
    generate.add_argument("--format", choices=("json", "yaml", "csv"), default="json",
                          help="what the model writes; YAML and CSV are printed as written (default json)")
    generate.add_argument("--prompt", required=True, help="the prompt; - reads it from standard input")
    generate.add_argument("--model", help=MODEL_HELP)
    generate.add_argument("--max-tokens", type=int, default=256, metavar="N")
    generate.add_argument("--temperature", type=float, default=0.0, metavar="T")
    generate.add_argument("--seed", type=int, metavar="N")
    generate.add_argument("--no-mask", action="store_true", help="let the model write freely, then check")
    generate.add_argument("--no-instructions", action="store_true", help="do not tell the type to the model")
    generate.add_argument("--from-text", action="store_true", help="take every plain string from the prompt")
    generate.add_argument("--repair", action="store_true", help="with --no-mask: read what came tolerantly")
    generate.add_argument("--prefix", default="", metavar="TEXT", help="how the output begins; the model goes on from there")
    generate.add_argument("--raw", action="store_true", help="the output goes on with the prompt, no chat template between")
    generate.add_argument("--no-heal", action="store_true", help="keep the last token of --prefix or --raw as it is")
    generate.add_argument("--retry", type=int, metavar="N", help="attempts, each telling the model what was wrong")
    several = generate.add_mutually_exclusive_group()
    several.add_argument("--best-of", type=int, metavar="N", help="the likeliest of N samples")
    several.add_argument("--vote", type=int, metavar="N", help="the value that most of N samples agree on")
    generate.add_argument("--trace", action="store_true", help="print every token, and what stood beside it")
    generate.set_defaults(run=_generate)

    demo = commands.add_parser("demo", help="the same request free, masked, and taken from the text",
                               description="Show what the mask does, token by token.")
    demo.add_argument("text", nargs="?", default="Ada Lovelace, 36, wrote the first program.")
    demo.add_argument("--model", help=MODEL_HELP)
    demo.add_argument("--seed", type=int, default=0, metavar="N")
    demo.add_argument("--temperature", type=float, default=0.7, metavar="T")
    demo.set_defaults(run=_demo)


def _generate(arguments: argparse.Namespace) -> None:
    target = _in_format(target_of(arguments), arguments.format)
    prompt = sys.stdin.read() if arguments.prompt == "-" else arguments.prompt
    model = find_model(arguments.model)
    options: dict[str, Any] = {"max_tokens": arguments.max_tokens, "temperature": arguments.temperature,
                               "seed": arguments.seed, "instructions": None if arguments.no_instructions else "auto",
                               "retry": arguments.retry, "strategy": _strategy(arguments)}
    if not (arguments.model or "").startswith("openai:"):
        options |= {"mask": not arguments.no_mask, "repair": arguments.no_mask and arguments.repair,
                    "from_text": arguments.from_text or None, "top_logprobs": 3 if arguments.trace else 0,
                    "prefix": arguments.prefix, "raw": arguments.raw, "heal": not arguments.no_heal}
    elif wanted := [name for name in ("from_text", "prefix", "raw") if getattr(arguments, name)]:
        raise SchemaError(f"--{wanted[0].replace('_', '-')} needs a model that runs here",
                          because="a server begins its answers itself, and knows no masks")
    with progress("generating"):
        result = model.generate(prompt, target, **options)
    print(result.text.removesuffix("\n") if target is None or arguments.format != "json" else as_json(result.value))
    if arguments.trace:
        _print_trace(result.trace, model.vocabulary.size if hasattr(model, "vocabulary") else 0)


def _strategy(arguments: argparse.Namespace) -> Any:
    from structgen.generation.search import best_of, vote

    return best_of(arguments.best_of) if arguments.best_of else vote(arguments.vote) if arguments.vote else None


def _in_format(target: Any, name: str) -> Any:
    """What is asked for, written in a format."""
    if name == "json":
        return target
    if target is None:
        raise SchemaError(f"--format {name} needs a type", instead="add --type MODULE:CLASS or --schema FILE")
    from structgen.formats.csv.source import Csv
    from structgen.formats.yaml.source import Yaml

    return Yaml(target) if name == "yaml" else Csv(target)


def _demo(arguments: argparse.Namespace) -> None:
    from pydantic import BaseModel, Field

    from structgen.generation.prompt import prompt_text
    from structgen.generation.target import as_target

    class Person(BaseModel):
        """A person that a text is about."""

        name: str
        age: int = Field(ge=0, le=150)

    text, seed, temperature = arguments.text, arguments.seed, arguments.temperature
    model = find_model(arguments.model)
    target = as_target(Person)
    print(f"Text: {text}\nType: Person(name: str, age: int from 0 to 150)\nSeed: {seed}, temperature {temperature}\n")
    with progress("generating"):
        free = model.generate(prompt_text(text, target, "auto"), None, instructions=None, max_tokens=64,
                              temperature=temperature, seed=seed)
        masked = _attempt(lambda: model.generate(text, Person, max_tokens=64, temperature=temperature, seed=seed))
        taken = _attempt(lambda: model.generate(text, Person, max_tokens=64, temperature=temperature, seed=seed,
                                                from_text=text))
    print(f"1. free                        {free.text!r}")
    try:
        print(f"{'':31}read: {target.read(free.text.strip())!r}")
    except StructgenError as error:
        print(f"{'':31}not a Person: {error.what}")
    for title, result in (("2. masked", masked), ("3. masked, taken from the text", taken)):
        print(f"{title:31}{result if isinstance(result, str) else repr(result.value)}")
    if not isinstance(taken, str):
        print("\nThe third, token by token:\n")
        _print_trace(taken.trace, model.vocabulary.size)
    print("\nWith a model of your own:\n\n"
          "    import structgen as sg\n"
          "    model = sg.load_model(\"path/or/hub-name\")\n"
          f"    model.generate({text!r}, Person).value")


def _attempt(run: Callable[[], Any]) -> Any:
    """The result, or what went wrong as text: one failed line of the demonstration is no reason to stop."""
    try:
        return run()
    except StructgenError as error:
        return f"failed: {error.args[0]}"


def _print_trace(trace: Any, size: int) -> None:
    print(f"  {'token':>6}  {'text':20} {'allowed':>8}  {'p model':>8}  {'p masked':>8}")
    for step in trace:
        text = repr(step.text) if step.text else "(end)"
        text = text if len(text) <= 20 else text[:19] + "…"
        raw = "" if step.probability is None else f"{step.probability:.4f}"
        print(f"  {step.token:6}  {text:20} {step.allowed:8}  {raw:>8}  "
              f"{'forced' if step.forced else f'{step.masked:8.4f}':>8}")
        others = [one for one in step.alternatives if one.token != step.token or one.token < 0]
        if others:
            print(f"  {'':6}  beside it: {', '.join(map(_alternative, others))}")
    forced = sum(step.forced for step in trace)
    print(f"  {len(trace)} tokens, {forced} of them forced; {size} in the vocabulary")


def _alternative(one: Any) -> str:
    after = "forbidden" if one.masked == 0 else f"→ {one.masked:.2f}"
    return f"{one.text or '(end)'!r} {one.probability:.2f} {after}"
