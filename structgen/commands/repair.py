"""``structgen repair``: the value of a damaged text, and every repair with its place; or counts of repairs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from structgen.commands.shared import add_target, as_json, load_type, target_of
from structgen.errors import ReadError, SchemaError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``repair`` to the command line."""
    repair = commands.add_parser("repair", help="read damaged output and list what was repaired",
                                 description="Print the value of each file on standard output and its repairs on "
                                             "standard error. Exit code: 0 clean, 3 repaired, 1 failed.")
    repair.add_argument("files", nargs="+", metavar="FILE", help="a file; - reads standard input")
    add_target(repair, required=False)
    repair.add_argument("--format", default="json", help="the format of the texts (default json)")
    repair.add_argument("--rules", action="append", default=[], metavar="MODULE:RULE", help="a repair rule; may be repeated")
    repair.add_argument("--max-cost", type=int, metavar="N", help="fail where the repairs cost more; 0 allows none")
    repair.add_argument("--stats", action="store_true",
                        help="count the repairs by kind and model; a FILE may be a folder or JSON Lines")
    repair.add_argument("--field", metavar="NAME", help="with --stats: the member of a row that holds the text")
    repair.set_defaults(run=_repair)


def _repair(arguments: argparse.Namespace) -> int:
    from structgen.formats.read import read

    target = target_of(arguments)
    rules = [load_type(spec) for spec in arguments.rules]
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
        print(as_json(reading.value, indent=None if several else 2))
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
