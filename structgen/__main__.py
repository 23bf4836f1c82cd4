"""The command line: ``structgen generate``, ``demo``, ``compile``, ``mask``, ``grammar`` and ``repair``.

Results go to standard output and nothing else does; progress goes to standard error, and only to a terminal. Exit
codes: 0, 1 for an error structgen can name, 2 for a wrong command line, 3 from ``repair`` for a text that took repairs,
130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from structgen.errors import ReadError, SchemaError, StructgenError

MODEL_HELP = "a folder or a name on the Hugging Face hub (default: the embedded model)"


def main(argv: list[str] | None = None) -> int:
    """Runs a command; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code = int(arguments.run(arguments) or 0)
        sys.stdout.flush()
        return code
    except StructgenError as error:
        print(f"structgen: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `structgen … | head`: whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="structgen", description="Language models that write exactly what a type, "
                                     "schema, regex or grammar allows.")
    commands = parser.add_subparsers(required=True, metavar="command")

    generate = commands.add_parser("generate", help="generate a value of a type or schema",
                                   description="Generate a value and print it as JSON.")
    _add_target(generate, required=False)
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

    batch = commands.add_parser("batch", help="a file of prompts to a file of values",
                                description="Generate a value for each row of a JSON Lines file (a string, or an object "
                                            "with a prompt). The output is its own journal: started again, the command "
                                            "goes on where it stopped. Exit code: 0 all are values, 1 some failed.")
    batch.add_argument("source", type=Path, metavar="FILE", help="JSON Lines with prompts")
    batch.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON Lines with the values")
    _add_target(batch, required=True)
    batch.add_argument("--model", help=MODEL_HELP)
    batch.add_argument("--max-tokens", type=int, default=256, metavar="N")
    batch.add_argument("--temperature", type=float, default=0.0, metavar="T")
    batch.add_argument("--seed", type=int, metavar="N", help="row i draws with the seed N + i")
    batch.add_argument("--size", type=int, default=16, metavar="N", help="rows side by side (default 16)")
    batch.add_argument("--from-text", action="store_true", help="the strings of a value occur in its prompt")
    batch.add_argument("--retry-failed", action="store_true", help="run the rows that failed once more")
    batch.set_defaults(run=_batch)

    demo = commands.add_parser("demo", help="the same request free, masked, and taken from the text",
                               description="Show what the mask does, token by token.")
    demo.add_argument("text", nargs="?", default="Ada Lovelace, 36, wrote the first program.")
    demo.add_argument("--model", help=MODEL_HELP)
    demo.add_argument("--seed", type=int, default=0, metavar="N")
    demo.add_argument("--temperature", type=float, default=0.7, metavar="T")
    demo.set_defaults(run=_demo)

    compile_ = commands.add_parser("compile", help="compile a JSON Schema and say what is enforced",
                                   description="Say what masks enforce of a JSON Schema, and what it costs.")
    compile_.add_argument("schema", type=Path, help="a file with a JSON Schema")
    compile_.add_argument("--vocabulary", metavar="NAME", help="bytes, or the tokenizer of " + MODEL_HELP)
    compile_.add_argument("--validate", action="store_true", help="leave what masks cannot enforce to a check at the end")
    compile_.set_defaults(run=_compile)

    mask = commands.add_parser("mask", help="say what may come after a beginning of the output",
                               description="List the tokens that a mask allows after a beginning of the output.")
    _add_target(mask, required=True)
    mask.add_argument("--prefix", default="", help="the output so far")
    mask.add_argument("--vocabulary", metavar="NAME", help="bytes, or the tokenizer of " + MODEL_HELP)
    mask.add_argument("--limit", type=int, default=40, metavar="N", help="tokens listed (default 40)")
    mask.set_defaults(run=_mask)

    from structgen.generation.sql_command import add_sql_command

    add_sql_command(commands, lambda name: _model(name), MODEL_HELP)

    grammar = commands.add_parser("grammar", help="check a grammar file, and texts against it",
                                  description="Read a grammar in Lark's notation or in GBNF (by the file's ending), and say "
                                  "of each text whether it belongs to it, or where it ceases to.")
    grammar.add_argument("file", help="a file *.lark or *.gbnf, or the name of a shipped grammar")
    grammar.add_argument("--test", nargs="+", default=[], metavar="TEXT", help="a text; - reads one from standard input")
    grammar.add_argument("--start", metavar="RULE", help="the rule to begin with (default: start, in GBNF root)")
    grammar.add_argument("--parser", choices=["earley", "lalr"], default="earley", help="lark's parser (default earley)")
    grammar.add_argument("--lexer", default="auto", metavar="NAME",
                         choices=["auto", "dynamic", "dynamic_complete", "basic", "contextual", "none"],
                         help="lark's lexer (default: the parser's own); none: terminals mean the texts they spell")
    grammar.set_defaults(run=_grammar)

    repair = commands.add_parser("repair", help="read damaged output and list what was repaired",
                                 description="Print the value of each file on standard output and its repairs on "
                                             "standard error. Exit code: 0 clean, 3 repaired, 1 failed.")
    repair.add_argument("files", nargs="+", metavar="FILE", help="a file; - reads standard input")
    _add_target(repair, required=False)
    repair.add_argument("--format", default="json", help="the format of the texts (default json)")
    repair.add_argument("--rules", action="append", default=[], metavar="MODULE:RULE", help="a repair rule; may be repeated")
    repair.add_argument("--max-cost", type=int, metavar="N", help="fail where the repairs cost more; 0 allows none")
    repair.add_argument("--stats", action="store_true",
                        help="count the repairs by kind and model; a FILE may be a folder or JSON Lines")
    repair.add_argument("--field", metavar="NAME", help="with --stats: the member of a row that holds the text")
    repair.set_defaults(run=_repair)
    return parser


def _add_target(parser: argparse.ArgumentParser, *, required: bool) -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument("--type", metavar="MODULE:CLASS", help="a Python type; modules of the current folder are found")
    group.add_argument("--schema", type=Path, metavar="FILE", help="a JSON Schema")


def _generate(arguments: argparse.Namespace) -> None:
    target = _in_format(_target(arguments), arguments.format)
    prompt = sys.stdin.read() if arguments.prompt == "-" else arguments.prompt
    model = _model(arguments.model)
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
    with _progress("generating"):
        result = model.generate(prompt, target, **options)
    print(result.text.removesuffix("\n") if target is None or arguments.format != "json" else _as_json(result.value))
    if arguments.trace:
        _print_trace(result.trace, model.vocabulary.size if hasattr(model, "vocabulary") else 0)


def _strategy(arguments: argparse.Namespace) -> Any:
    from structgen.generation.search import best_of, vote

    return best_of(arguments.best_of) if arguments.best_of else vote(arguments.vote) if arguments.vote else None


def _batch(arguments: argparse.Namespace) -> int:
    from rich.progress import Progress

    from structgen.generation.batch_file import run_file
    from structgen.generation.sampling import Sampling

    target = _target(arguments)
    wanted = arguments.type or arguments.schema.read_text(encoding="utf-8")
    options = json.dumps([wanted, arguments.model, arguments.max_tokens, arguments.temperature, arguments.seed,
                          arguments.from_text])
    model = _model(arguments.model)
    sampling = Sampling(temperature=arguments.temperature, seed=arguments.seed)
    with Progress(disable=not sys.stderr.isatty()) as bar:
        shown = bar.add_task("rows", total=None)
        rows, failed = run_file(model, arguments.source, arguments.out, target, size=arguments.size, options=options,
                                sampling=sampling, retry_failed=arguments.retry_failed, max_tokens=arguments.max_tokens,
                                from_text=arguments.from_text,
                                report=lambda done, all_, bad: bar.update(shown, completed=done, total=all_))
    print(f"{rows} rows, {failed} failed: {arguments.out}", file=sys.stderr)
    return 1 if failed else 0


def _demo(arguments: argparse.Namespace) -> None:
    from pydantic import BaseModel, Field

    from structgen.generation.prompt import prompt_text
    from structgen.generation.target import as_target

    class Person(BaseModel):
        """A person that a text is about."""

        name: str
        age: int = Field(ge=0, le=150)

    text, seed, temperature = arguments.text, arguments.seed, arguments.temperature
    model = _model(arguments.model)
    target = as_target(Person)
    print(f"Text: {text}\nType: Person(name: str, age: int from 0 to 150)\nSeed: {seed}, temperature {temperature}\n")
    with _progress("generating"):
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


def _compile(arguments: argparse.Namespace) -> int:
    from structgen.compiler import Compiler
    from structgen.formats.json.report import as_table, reason, report

    source = _json_schema(arguments.schema, "validate" if arguments.validate else "error")
    with _progress("reading the vocabulary"):
        vocabulary, name = _vocabulary(arguments.vocabulary)
    compiler = Compiler(vocabulary)
    rows = report(source, compiler.limits)
    print(as_table(rows) if rows else "The schema asks for nothing but JSON.")
    if any(row.status == "refused" for row in rows):
        print(f"structgen: {reason(source, compiler.limits)}\n  or: structgen compile --validate {arguments.schema}",
              file=sys.stderr)
        return 1
    started = time.perf_counter()
    compiled = compiler.compile(source)
    ready = time.perf_counter()
    compiled.matcher().mask()
    first = time.perf_counter()
    stats = compiled.stats()
    print(f"\nVocabulary: {name}, {vocabulary.size} tokens")
    print(f"Compiled in {1e3 * (ready - started):.1f} ms, first mask {1e3 * (first - ready):.1f} ms "
          f"({compiler.engine} engine)")
    print(f"{stats['states']} states, {compiled.memory_bytes() / 1024:.0f} KB")
    return 0


def _mask(arguments: argparse.Namespace) -> int:
    from structgen.compiler import Compiler, as_grammar

    target = _target(arguments)
    with _progress("reading the vocabulary"):
        vocabulary, _ = _vocabulary(arguments.vocabulary)
    compiler = Compiler(vocabulary)
    matcher = compiler.compile(as_grammar(target, compiler.limits)).matcher()
    prefix = arguments.prefix.encode()
    for end in range(len(prefix)):
        if not matcher.advance_bytes(prefix[end:end + 1]):
            print(f"{prefix[:end].decode(errors='replace')!r} cannot be followed by "
                  f"{prefix[end:].decode(errors='replace')!r}; allowed there:")
            _print_allowed(matcher, vocabulary, arguments.limit)
            return 1
    _print_allowed(matcher, vocabulary, arguments.limit)
    return 0


def _grammar(arguments: argparse.Namespace) -> int:
    from structgen.compiler import Compiler

    compiler = Compiler(_vocabulary("bytes")[0])
    compiled = compiler.compile(_grammar_source(arguments))
    if not arguments.test:
        print(f"{arguments.file}: {compiled.stats()['states']} states")
    matcher = compiled.matcher()
    wrong = 0
    for test in arguments.test:
        text = sys.stdin.read() if test == "-" else test
        matcher.reset()
        problem = _first_problem(matcher, text)
        print(f"accepted: {text!r}" if problem is None else f"rejected: {text!r}\n{problem}")
        wrong += problem is not None
    return 1 if wrong else 0


def _grammar_source(arguments: argparse.Namespace) -> Any:
    from structgen.formats.grammar.source import Gbnf, Lark
    from structgen.grammar.files import grammar

    file, start = arguments.file, arguments.start
    path = Path(file)
    if not path.suffix and not path.exists():
        return grammar(file)
    if path.suffix not in (".lark", ".gbnf"):
        raise SchemaError(f"{file} is neither *.lark nor *.gbnf", because="the ending says in which notation it is written")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SchemaError(f"the grammar {file} cannot be read", because=error.strerror) from error
    if path.suffix == ".gbnf":
        return Gbnf(text, start or "root", path.name)
    return Lark(text, start or "start", path.name, parser=arguments.parser,
                lexer=None if arguments.lexer == "none" else arguments.lexer)


def _first_problem(matcher: Any, text: str) -> str | None:
    """The first character that no continuation allows, pointed at, with what was expected; None if the text is right."""
    at = 0
    while at < len(text) and matcher.advance_bytes(text[at].encode(errors="surrogatepass")):
        at += 1
    if at == len(text) and matcher.is_accepting:
        return None
    before = text[:at]
    line = before.count("\n") + 1
    begin = before.rfind("\n") + 1
    shown = text[begin:].split("\n", 1)[0]
    column = at - begin
    found = f"not {text[at]!r}" if at < len(text) else "but the text ends"
    end = ""
    if at == len(text):
        end = f"\n  for example it could go on with {matcher.shortest_completion().decode(errors='backslashreplace')!r}"
    return (f"  {shown}\n  {' ' * column}^ line {line}, column {column + 1}: expected {_expected(matcher)}, {found}{end}")


def _expected(matcher: Any) -> str:
    """What may come next, by first characters."""
    allowed = {int(token) for token in matcher.allowed_tokens()}
    names: list[str] = []
    for low in range(0x80):
        if low in allowed and low - 1 not in allowed:
            high = low
            while high + 1 in allowed and high < 0x7F:
                high += 1
            names += [repr(chr(one)) for one in range(low, high + 1)] if high - low < 4 \
                else [f"{chr(low)!r} to {chr(high)!r}"]
    names += ["a character beyond ASCII"] * any(0x80 <= token < 0x100 for token in allowed)
    names += ["the end"] * matcher.is_accepting
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _print_allowed(matcher: Any, vocabulary: Any, limit: int) -> None:
    allowed = [int(token) for token in matcher.allowed_tokens()]
    texts = [vocabulary.tokens[token] for token in allowed if vocabulary.tokens[token]]
    print(f"{len(allowed)} of {vocabulary.size} tokens are allowed.")
    for text in sorted(texts, key=lambda one: (len(one), one))[:limit]:
        print(f"  {text.decode(errors='backslashreplace')!r}")
    if len(texts) > limit:
        print(f"  … and {len(texts) - limit} more")
    if matcher.is_accepting:
        print("The output may end here.")


def _repair(arguments: argparse.Namespace) -> int:
    from structgen.formats.read import read

    target = _target(arguments)
    rules = [_load_type(spec) for spec in arguments.rules]
    if arguments.stats:
        return _repair_stats(arguments, target, rules)
    code, several = 0, len(arguments.files) > 1
    for name in arguments.files:
        before = f"{name}:" if several else ""
        try:
            text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            reading = read(text, target, format=arguments.format, rules=rules, max_cost=arguments.max_cost)
        except OSError as error:
            raise SchemaError(f"{name} cannot be read", because=error.strerror) from error
        except ReadError as error:
            print(f"structgen: {before}{error}", file=sys.stderr)
            code = 1
            continue
        print(_as_json(reading.value, indent=None if several else 2))
        for repair in reading.repairs:
            print(f"{before}{repair}", file=sys.stderr)
        code = code or (0 if reading.is_clean else 3)
    return code


def _repair_stats(arguments: argparse.Namespace, target: Any, rules: list[Any]) -> int:
    from structgen.formats.stats import answers_in, repair_stats

    try:
        answers = (answer for name in arguments.files for answer in answers_in(Path(name), arguments.field))
        stats = repair_stats(answers, target, format=arguments.format, rules=rules)
    except OSError as error:
        raise SchemaError(f"{error.filename} cannot be read", because=error.strerror) from error
    print(stats)
    repaired = stats.answers.total() > stats.clean.total()
    return 1 if stats.failed else 3 if repaired else 0


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


def _target(arguments: argparse.Namespace) -> Any:
    if arguments.type:
        return _load_type(arguments.type)
    return _json_schema(arguments.schema) if arguments.schema else None


def _in_format(target: Any, name: str) -> Any:
    """What is asked for, written in a format."""
    if name == "json":
        return target
    if target is None:
        raise SchemaError(f"--format {name} needs a type", instead="add --type MODULE:CLASS or --schema FILE")
    from structgen.formats.csv.source import Csv
    from structgen.formats.yaml.source import Yaml

    return Yaml(target) if name == "yaml" else Csv(target)


def _load_type(spec: str) -> Any:
    module_name, colon, path = spec.partition(":")
    if not colon or not module_name or not path:
        raise SchemaError(f"--type {spec} names no type", instead="write --type module:Class")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command does not look where it is started
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SchemaError(f"there is no module {error.name}", because=f"--type {spec} asks for it",
                          instead="start structgen in the folder that holds it, or install it") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise SchemaError(f"the module {module_name} has no {path}", instead="check the name") from error
    return found


def _json_schema(path: Path, on_unsupported: Literal["error", "validate"] = "error") -> Any:
    from structgen.formats.json.source import JsonSchema

    try:
        return JsonSchema(path.read_bytes(), on_unsupported=on_unsupported)
    except OSError as error:
        raise SchemaError(f"the schema {path} cannot be read", because=error.strerror) from error


def _vocabulary(name: str | None) -> tuple[Any, str]:
    from structgen.models.loader import EMBEDDED, load_tokenizer
    from structgen.vocabulary import Vocabulary

    if name is None and not (EMBEDDED / "config.json").is_file():
        name = "bytes"
    if name == "bytes":
        return Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256), "single bytes"
    found = None if name in (None, "embedded") else name
    return Vocabulary.from_transformers(load_tokenizer(found)), name or "embedded"


def _model(name: str | None) -> Any:
    from structgen.models.loader import load_model

    with _progress("loading the model"):
        if not sys.stderr.isatty():
            _silence_loading()
        return load_model(name)


def _silence_loading() -> None:
    """transformers draws progress bars even where nobody sees them."""
    try:
        logging: Any = importlib.import_module("transformers.utils.logging")
    except ImportError:  # load_model says so properly
        return
    logging.disable_progress_bar()


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Says on a terminal what is going on, and takes it back."""
    shown = sys.stderr.isatty()
    if shown:
        print(f"{what} …", end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print(" " * (len(what) + 2), end="\r", file=sys.stderr, flush=True)


def _as_json(value: Any, indent: int | None = 2) -> str:
    from pydantic_core import PydanticSerializationError, to_json

    try:
        return to_json(value, indent=indent).decode()
    except (PydanticSerializationError, UnicodeError):  # half of a surrogate pair is a string of Python's, but no UTF-8
        return json.dumps(value, indent=indent)


if __name__ == "__main__":
    sys.exit(main())
