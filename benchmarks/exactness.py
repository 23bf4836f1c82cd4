"""Compares masks with an exhaustive walk: every token of the vocabulary, byte by byte, through a matcher's steps.

    python benchmarks/exactness.py --data benchmarks/corpus/small.jsonl --schemas 300 --states 10000 [--out done.jsonl]

In: schemas with instances (as for ``masks.py``). The states compared are those that valid instances pass through. Out:
how many were compared and how many differ, which must be none; the exit status says the same. The walk uses no mask
code: the tokens are sorted, so that a depth-first run takes each shared prefix once (``advance_bytes`` and
``rollback``), at about 0.01 to 0.5 seconds a state of 131,072 tokens. With ``--out`` a run goes on where it stopped.

Caveat: mask and walk share the automaton, so this finds wrong masks, not wrong grammars (see ``masks.py`` for those).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mask_engines import tekken
from masks import read_rows

from structgen import Compiler, JsonSchema, StructgenError, Vocabulary


class Walk:
    """The tokens in byte order; ``allowed`` runs through them along a matcher."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.ends = vocabulary.eos_token_ids
        order = sorted((text, token) for token, text in enumerate(vocabulary.tokens) if text)
        self.texts = [text for text, _ in order]
        self.tokens = [token for _, token in order]
        self.skips = self._skips()

    def _skips(self) -> list[list[int]]:
        """``skips[i][d]``: the first place behind ``i`` whose token has not its first ``d + 1`` bytes."""
        skips: list[list[int]] = [[] for _ in self.texts]
        open_ends: list[list[list[int]]] = []
        previous = b""
        for place, text in enumerate(self.texts):
            shared = 0
            while shared < min(len(previous), len(text)) and previous[shared] == text[shared]:
                shared += 1
            for depth in range(shared, len(open_ends)):
                for waiting in open_ends[depth]:
                    waiting[depth] = place
            del open_ends[shared:]
            skips[place] = [0] * len(text)
            for depth in range(len(text)):
                if depth >= len(open_ends):
                    open_ends.append([])
                open_ends[depth].append(skips[place])
            previous = text
        for depth, waiting_here in enumerate(open_ends):
            for waiting in waiting_here:
                waiting[depth] = len(self.texts)
        return skips

    def allowed(self, matcher: Any) -> np.ndarray[Any, Any]:
        """The ids that may come, ascending; the matcher is back where it was."""
        found = [token for token in self.ends if matcher.is_accepting]
        advance, rollback, texts = matcher.advance_bytes, matcher.rollback, self.texts
        place, path = 0, b""
        while place < len(texts):
            text = texts[place]
            shared = 0
            while shared < len(path) and shared < len(text) and path[shared] == text[shared]:
                shared += 1
            if shared < len(path):
                rollback(len(path) - shared)
                path = path[:shared]
            while shared < len(text) and advance(text[shared : shared + 1]):
                shared += 1
            path = text[:shared]
            if shared < len(text):
                place = self.skips[place][shared]
                continue
            found.append(self.tokens[place])
            place += 1
        if path:
            rollback(len(path))
        return np.array(sorted(found), dtype=np.int64)


def instances(compiler: Compiler, row: dict[str, Any], encode: Any, texts: int) -> Iterator[tuple[Any, list[int]]]:
    """A matcher and the tokens of a valid instance, for a few instances of a schema."""
    try:
        grammar = compiler.compile(JsonSchema(row["schema"], whitespace="flexible", property_order="any"))
    except StructgenError:
        return
    for test in [test for test in row["tests"] if test["valid"]][:texts]:
        yield grammar.matcher(), encode(json.dumps(test["data"], ensure_ascii=False))


def compare(walk: Walk, matcher: Any, tokens: list[int], every: int, most: int) -> Iterator[dict[str, Any]]:
    """The states along an output, each ``every``-th of them: what the mask has too much and too little."""
    compared = 0
    for number, token in enumerate(tokens):
        if number % every == 0 and compared < most:
            compared += 1
            mask, right = matcher.allowed_tokens(), walk.allowed(matcher)
            yield {
                "at": number,
                "more": np.setdiff1d(mask, right).tolist()[:20],
                "less": np.setdiff1d(right, mask).tolist()[:20],
            }
        if not matcher.advance(token):
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--schemas", type=int, default=300, help="only that many schemas, by the hash of their ids")
    parser.add_argument("--states", type=int, default=10_000, help="states compared at most")
    parser.add_argument("--per-schema", type=int, default=40, help="states of one schema at most")
    parser.add_argument("--engine", default="auto", choices=("auto", "native", "python"))
    parser.add_argument("--out", type=Path, help="results, one line a schema; what is in it is not compared again")
    given = parser.parse_args()
    tokens = tekken()
    vocabulary = Vocabulary(list(tokens.texts), [tokens.end])
    compiler, walk = Compiler(vocabulary, engine=given.engine), Walk(vocabulary)
    done = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out and given.out.exists() else []
    known = {result["id"] for result in done}
    states, wrong = sum(result["states"] for result in done), sum(result["wrong"] for result in done)
    began, rows = time.monotonic(), read_rows(given.data, given.schemas)
    for number, row in enumerate(rows):
        if row["id"] in known or states >= given.states:
            continue
        here, bad = 0, 0
        for matcher, ids in instances(compiler, row, tokens.encode, 2):
            left = min(given.per_schema - here, given.states - states - here)
            for found in compare(walk, matcher, ids, max(1, len(ids) // max(1, given.per_schema // 2)), left):
                here += 1
                if found["more"] or found["less"]:
                    bad += 1
                    prefix = vocabulary.decode(ids[: found["at"]])
                    more, less = ([vocabulary.tokens[token] for token in found[key]] for key in ("more", "less"))
                    print(f"\n{row['id']} behind {prefix!r}: the mask has more {more}, less {less}")
        states, wrong = states + here, wrong + bad
        if given.out:
            with given.out.open("a") as out:
                out.write(json.dumps({"id": row["id"], "states": here, "wrong": bad}) + "\n")
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {len(rows)} schemas, {states:,} states, {wrong} differ", end="", file=sys.stderr)
    seconds = time.monotonic() - began
    print(f"{states:,} states compared over {vocabulary.size:,} tokens, {wrong:,} differ ({seconds:.0f} s)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
