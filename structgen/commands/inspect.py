"""``structgen compile`` and ``mask``: what masks enforce of a schema, and what they allow after a beginning."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from structgen.commands.shared import MODEL_HELP, add_target, find_vocabulary, json_schema, progress, target_of

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``compile`` and ``mask`` to the command line."""
    compile_ = commands.add_parser("compile", help="compile a JSON Schema and say what is enforced",
                                   description="Say what masks enforce of a JSON Schema, and what it costs.")
    compile_.add_argument("schema", type=Path, help="a file with a JSON Schema")
    compile_.add_argument("--vocabulary", metavar="NAME", help="bytes, or the tokenizer of " + MODEL_HELP)
    compile_.add_argument("--validate", action="store_true", help="leave what masks cannot enforce to a check at the end")
    compile_.set_defaults(run=_compile)

    mask = commands.add_parser("mask", help="say what may come after a beginning of the output",
                               description="List the tokens that a mask allows after a beginning of the output.")
    add_target(mask, required=True)
    mask.add_argument("--prefix", default="", help="the output so far")
    mask.add_argument("--vocabulary", metavar="NAME", help="bytes, or the tokenizer of " + MODEL_HELP)
    mask.add_argument("--limit", type=int, default=40, metavar="N", help="tokens listed (default 40)")
    mask.set_defaults(run=_mask)


def _compile(arguments: argparse.Namespace) -> int:
    from structgen.compiler import Compiler
    from structgen.formats.json.report import as_table, reason, report

    source = json_schema(arguments.schema, "validate" if arguments.validate else "error")
    with progress("reading the vocabulary"):
        vocabulary, name = find_vocabulary(arguments.vocabulary)
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

    target = target_of(arguments)
    with progress("reading the vocabulary"):
        vocabulary, _ = find_vocabulary(arguments.vocabulary)
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
