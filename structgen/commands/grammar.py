"""``structgen grammar``: whether texts belong to a grammar, or where they cease to."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from structgen.commands.shared import find_vocabulary
from structgen.errors import SchemaError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``grammar`` to the command line."""
    grammar = commands.add_parser("grammar", help="check a grammar file, and texts against it",
                                  description="Read a grammar in Lark's notation or in GBNF (by the file's ending), and say "
                                  "of each text whether it belongs to it, or where it ceases to.")
    grammar.add_argument("file", help="a file *.lark or *.gbnf, or the name of a shipped grammar")
    grammar.add_argument("--test", nargs="+", action="extend", default=[], metavar="TEXT",
                         help="a text; - reads one from standard input")
    grammar.add_argument("--start", metavar="RULE", help="the rule to begin with (default: start, in GBNF root)")
    grammar.add_argument("--parser", choices=["earley", "lalr"], default="earley", help="lark's parser (default earley)")
    grammar.add_argument("--lexer", default="auto", metavar="NAME",
                         choices=["auto", "dynamic", "dynamic_complete", "basic", "contextual", "none"],
                         help="lark's lexer (default: the parser's own); none: terminals mean the texts they spell")
    grammar.set_defaults(run=_grammar)


def _grammar(arguments: argparse.Namespace) -> int:
    from structgen.compiler import Compiler

    compiler = Compiler(find_vocabulary("bytes")[0])
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
