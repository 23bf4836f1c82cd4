"""A file of prompts to a file of values, in batches, that can be killed and started again.

In: JSON Lines, a row being a string, or an object with ``prompt`` (or ``messages``) and anything else, of which ``id`` is
copied. Out: JSON Lines, for each row of the input one with its number (``index``, from 0), its ``id``, and either ``value``
and ``text`` or ``error``. The one idea: the output is its own journal. A row is written as a whole line and flushed to the
disk with its group; at the start the lines that are whole tell what is done, a last line without an end is cut off, and a
digest in each row tells that input, type and options are still the same. So every row comes exactly once, whatever happens.

Caveat: rows that failed are done, too; ``retry_failed`` takes them out of the file and runs them again behind the others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from structgen.errors import GenerationError, StructgenError
from structgen.generation.model import Model
from structgen.generation.result import Result
from structgen.generation.sampling import Sampling

__all__ = ["run_file"]

Report = Callable[[int, int, int], None]
"""Told (rows done, rows in all, rows failed)."""


def run_file(model: Model, source: Path, target: Path, output_type: Any, *, size: int = 16, options: str = "",
             sampling: Sampling | None = None, retry_failed: bool = False, report: Report | None = None,
             **settings: Any) -> tuple[int, int]:
    """Runs the rows of ``source`` that ``target`` does not hold yet; how many there are now, and how many failed.

    ``options``: a text that says what else the values depend on (type, model, sampling); rows of other options are refused.
    ``settings``: those of ``generate_batch``. A seed gives row i the draws of ``seed + i``, whenever it is run.
    """
    if size < 1:
        raise GenerationError(f"size={size} must be at least 1")
    prompts = list(_rows(source))
    try:
        done = _journal(target, prompts, options)
        if retry_failed and any(done.values()):
            _drop_failed(target)
            done = _journal(target, prompts, options)
        target.touch()
    except OSError as error:
        raise GenerationError(f"{target} cannot be written", because=error.strerror) from error
    failed = sum(done.values())
    waiting = [index for index in range(len(prompts)) if index not in done]
    sampling = sampling or Sampling()
    with target.open("ab") as out:
        for start in range(0, len(waiting), size):
            group = waiting[start:start + size]
            results = _run(model, [prompts[index] for index in group], group, output_type, sampling, size, settings)
            for index, result in zip(group, results, strict=True):
                failed += isinstance(result, StructgenError)
                out.write(_line(index, prompts[index], options, result))
            out.flush()
            os.fsync(out.fileno())
            if report is not None:
                report(len(done) + start + len(group), len(prompts), failed)
    return len(prompts), failed


def _run(model: Model, rows: Sequence[dict[str, Any]], places: Sequence[int], output_type: Any, sampling: Sampling,
         size: int, settings: dict[str, Any]) -> list[Result[Any] | StructgenError]:
    """The results of a group; with a seed every row has its own, which does not depend on the group."""
    said = [row["messages"] if "messages" in row else row["prompt"] for row in rows]
    samplings = [sampling if sampling.seed is None else sampling.with_seed(sampling.seed + place) for place in places]
    return model.generate_batch(said, output_type, sampling=samplings, size=size, **settings)


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    """The rows of the input; ``GenerationError`` with file and line for what is none."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GenerationError(f"{source} cannot be read", because=str(error)) from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{source.name}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GenerationError("this line is not JSON", position=place, because=str(error),
                                  instead="write one JSON string or object on each line") from error
        row = {"prompt": row} if isinstance(row, str) else row
        if not isinstance(row, dict) or not ("messages" in row or isinstance(row.get("prompt"), str)):
            raise GenerationError("this row has no prompt", position=place, instead='write {"prompt": "…"}, or a string')
        yield row


def _digest(row: dict[str, Any], options: str) -> str:
    text = json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n" + options
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def _journal(target: Path, prompts: Sequence[dict[str, Any]], options: str) -> dict[int, bool]:
    """The rows that the output holds, and whether they failed; a line that was being written is cut off."""
    if not target.exists():
        return {}
    data = target.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with target.open("r+b") as out:
            out.truncate(whole)
    done: dict[int, bool] = {}
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            row = json.loads(line)
            index = row["index"]
            same = 0 <= index < len(prompts) and row["digest"] == _digest(prompts[index], options)
        except (ValueError, LookupError, TypeError):
            same = False
        if not same:
            raise GenerationError(f"{target} holds other rows", position=f"{target.name}:{number}",
                                  because="its row is of another input, type, model or option",
                                  instead="name another output, or remove this one")
        done[index] = "error" in row
    return done


def _drop_failed(target: Path) -> None:
    """Rewrites an output, whose lines are whole, without the rows that failed."""
    lines = target.read_bytes().splitlines(keepends=True)
    kept = target.with_name(target.name + ".part")
    kept.write_bytes(b"".join(line for line in lines if "error" not in json.loads(line)))
    kept.replace(target)


def _line(index: int, row: dict[str, Any], options: str, result: Result[Any] | StructgenError) -> bytes:
    from pydantic_core import to_jsonable_python

    made: dict[str, Any] = {"index": index, **({"id": row["id"]} if "id" in row else {}), "digest": _digest(row, options)}
    if isinstance(result, StructgenError):
        made |= {"error": result.what, "position": result.position, "because": result.because}
    else:
        made |= {"value": to_jsonable_python(result.value, fallback=str), "text": result.text,
                 "tokens": len(result.tokens), "logprob": result.logprob}
    return json.dumps(made, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
