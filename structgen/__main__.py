"""The command line: ``structgen generate``, ``batch``, ``demo``, ``compile``, ``mask``, ``sql``, ``grammar``, ``repair``.

Results go to standard output and nothing else does; progress goes to standard error, and only to a terminal. Exit
codes: 0, 1 for an error structgen can name, 2 for a wrong command line, 3 from ``repair`` for a text that took repairs,
130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys

from structgen.commands import batch, generate, grammar, inspect, repair, sql
from structgen.errors import StructgenError


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
    for command in (generate, batch, inspect, sql, grammar, repair):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
