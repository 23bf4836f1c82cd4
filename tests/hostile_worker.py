"""Compiles sources in a process of its own: JSON lines in (``kind, input, accepts, rejects``), one outcome a line out.

Run as a script by ``test_hostile_inputs``: an outcome is ``ok``, ``refused: …`` for a typed error, or what went wrong.
The process has 2 GB of memory, and ten seconds a line.
"""

from __future__ import annotations

import base64
import json
import resource
import signal
import sys
from typing import Any

from oracle import VOCABULARY

from structgen import Compiler, Gbnf, JsonSchema, Lark, Regex, StructgenError

MEMORY = 2 << 30
SECONDS = 10


def source_of(row: dict[str, Any]) -> Any:
    text: Any = row["input"]
    if text is None:
        text = base64.b64decode(row["input_b64"])
    if row["kind"] == "json_schema":
        return JsonSchema(text, whitespace="flexible", property_order="any")
    if row["kind"] in ("gbnf", "lark"):
        return Gbnf(text) if row["kind"] == "gbnf" else Lark(text)
    return Regex(text)


def outcome(compiler: Compiler, row: dict[str, Any]) -> str:
    try:
        matcher = compiler.compile(source_of(row)).matcher()
        matcher.mask()
        for text in row.get("accepts") or ():
            matcher.reset()
            if not (matcher.advance_bytes(text.encode()) and matcher.is_accepting):
                return f"rejects {text[:200]!r}"
        for text in row.get("rejects") or ():
            matcher.reset()
            if matcher.advance_bytes(text.encode("utf-8", "surrogatepass")) and matcher.is_accepting:
                return f"accepts {text[:200]!r}"
    except StructgenError as error:
        return f"refused: {type(error).__name__}: {str(error)[:300]}"
    except Exception as error:
        return f"leaks {type(error).__name__}: {str(error)[:300]}"
    return "ok"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    compiler = Compiler(VOCABULARY, engine=sys.argv[1])  # type: ignore[arg-type]
    for line in sys.stdin:
        signal.alarm(SECONDS)
        print(json.dumps(outcome(compiler, json.loads(line))), flush=True)
        signal.alarm(0)


if __name__ == "__main__":
    main()
