"""Tool calls of a corpus under the masks: right calls are taken, wrong ones are not.

    python benchmarks/tool_calls.py tool_calls.jsonl [--mutations 10] [--styles json,hermes,function] [--take 100]

In: JSON Lines of ``{"id", "functions": [{"name", "description", "parameters"}], "example_calls": [{"name", "arguments"}]}``
(the form that the Berkeley Function Calling Leaderboard takes here), ``example_schema_valid`` false where the calls
contradict their own schema. Out: a Markdown table with a row for each style: tools compiled; calls taken under random
tokenizations and read back equal; mutated calls taken, by the mask and by ``parse``: those have to be 0.

Calls are written as they are (any order of arguments) and with arguments in the order of the schema, each for the option
that allows it. A mutation is one change that makes a call wrong; jsonschema is the judge that it does. Tokenizations:
Tekken's 131,072 tokens, each text cut at random, twice. Times are those of compiling, in one process.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where this file is imported, as in the tests
from masks import read_rows

from structgen import Compiler, ReadError, StructgenError, Tools, Vocabulary

Call = dict[str, Any]
TRIES = 60
"""Changes tried for each mutation wanted: not every change can be made to every call."""


class Cutter:
    """Cuts texts into tokens at random."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids: dict[bytes, int] = {}
        for token, text in enumerate(vocabulary.tokens):
            if text:
                self._ids.setdefault(text, token)
        self._longest = max(map(len, self._ids))

    def cut(self, text: bytes, chance: random.Random) -> Iterator[int]:
        at = 0
        while at < len(text):
            ends = [end for end in range(at + 1, min(at + self._longest, len(text)) + 1) if text[at:end] in self._ids]
            end = chance.choice(ends)
            yield self._ids[text[at:end]]
            at = end


def written(calls: list[Call], style: str, parallel: bool) -> str:
    """Calls as each style writes them; independent of the library."""
    if style == "json":
        return json.dumps(calls if parallel else calls[0], ensure_ascii=False)
    if style == "hermes":
        return "\n".join(f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>" for call in calls)
    return "".join(
        f"<function={call.get('name')}>{json.dumps(call.get('arguments'), ensure_ascii=False)}</function>" for call in calls
    )


def in_order(value: Any, schema: Any) -> Any:
    """A value with members in the order of its schema."""
    if isinstance(value, list):
        return [in_order(one, schema.get("items", {})) for one in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties", {})
    first = [name for name in properties if name in value]
    return {
        name: in_order(value[name], properties.get(name, {}))
        for name in (*first, *(name for name in value if name not in properties))
    }


def ordered(calls: list[Call], functions: Mapping[str, Any]) -> list[Call]:
    return [
        {"name": call["name"], "arguments": in_order(call["arguments"], functions[call["name"]]["parameters"])}
        for call in calls
    ]


def is_right(call: Any, functions: Mapping[str, Any]) -> bool:
    """Whether this is a call of a declared function with valid arguments and no others."""
    if not isinstance(call, dict) or list(call) != ["name", "arguments"] or call["name"] not in functions:
        return False
    schema = functions[call["name"]]["parameters"]
    if "properties" in schema:
        schema = {"additionalProperties": False, **schema}
    return bool(Draft202012Validator({"type": "object", **schema}).is_valid(call["arguments"]))


def _wrong_name(call: Call, chance: random.Random) -> None:
    name = call["name"]
    call["name"] = chance.choice([name[:-1], name + "x", name.upper(), name.replace("_", "-"), "run", " " + name])


def _missing(call: Call, chance: random.Random) -> None:
    if call["arguments"]:
        del call["arguments"][chance.choice(list(call["arguments"]))]


def _wrong_type(call: Call, chance: random.Random) -> None:
    if call["arguments"]:
        name = chance.choice(list(call["arguments"]))
        old = call["arguments"][name]
        call["arguments"][name] = chance.choice([None, True, 1.5, "text", [old], {"value": old}, str(old), -1])


def _extra(call: Call, chance: random.Random) -> None:
    name = chance.choice(["extra", "unit_", *(f"{name}2" for name in call["arguments"])])
    call["arguments"][name] = chance.choice([1, "x", None, []])


def _inner(call: Call, chance: random.Random) -> None:
    """Changes a value inside a list or an object."""
    nested = [value for value in call["arguments"].values() if isinstance(value, (list, dict)) and value]
    if nested:
        value = chance.choice(nested)
        key = chance.randrange(len(value)) if isinstance(value, list) else chance.choice(list(value))
        value[key] = chance.choice([None, True, 1.5, "text", [], {}])


def _no_object(call: Call, chance: random.Random) -> None:
    call["arguments"] = chance.choice([None, [], [call["arguments"]], json.dumps(call["arguments"]), 1])


def _no_arguments(call: Call, chance: random.Random) -> None:
    del call["arguments"]


MUTATIONS = {
    "wrong name": _wrong_name,
    "missing argument": _missing,
    "wrong type": _wrong_type,
    "extra argument": _extra,
    "wrong inner value": _inner,
    "arguments no object": _no_object,
    "no arguments": _no_arguments,
}


def mutations(
    calls: list[Call], functions: Mapping[str, Any], count: int, chance: random.Random
) -> Iterator[tuple[str, Any]]:
    """Calls with one change that makes them wrong, all different; first one of each kind, as far as there are any."""
    seen: set[str] = set()
    kinds = list(MUTATIONS)
    for number in range(count * TRIES):
        if len(seen) == count:
            return
        kind = kinds[number % len(kinds)]
        made = copy.deepcopy(calls)
        MUTATIONS[kind](chance.choice(made), chance)
        text = json.dumps(made)
        if text not in seen and not all(is_right(call, functions) for call in made):
            seen.add(text)
            yield kind, made


class Check:
    """Rows checked with one compiler and style; ``problems`` names what went wrong."""

    def __init__(self, compiler: Compiler, style: str, *, cuts: int = 2, seed: int = 0) -> None:
        self.compiler, self.style, self.cuts = compiler, style, cuts
        self._cutter, self._seed = Cutter(compiler.vocabulary), seed
        self.counts: Counter[str] = Counter()
        self.mutated: Counter[str] = Counter()
        self.problems: list[str] = []
        self.times_ms: list[float] = []

    def row(self, row: Mapping[str, Any], count: int) -> None:
        """Compiles the row's tools, takes its calls, and refuses mutations of them."""
        functions = {function["name"]: function for function in row["functions"]}
        self.counts["rows"] += 1
        try:
            found = {order: self._compiled(row["functions"], order) for order in ("any", "schema")}
        except StructgenError as error:
            self.problems.append(f"{row['id']}: does not compile: {error}")
            return
        self.counts["compiled"] += 1
        if not all(is_right(call, functions) for call in row["example_calls"]):
            self.counts["contradictory"] += 1
            return
        chance = random.Random(f"{self._seed} {row['id']}")
        for order, (tools, compiled) in found.items():
            calls = row["example_calls"] if order == "any" else ordered(row["example_calls"], functions)
            self._right(row["id"], tools, compiled, calls, chance)
        for kind, calls in mutations(row["example_calls"], functions, count, chance):
            if self.style == "function" and any(list(call) != ["name", "arguments"] for call in calls):
                continue  # has no place for it
            self.mutated[kind] += 1
            for tools, compiled in found.values():
                self._wrong(row["id"], kind, tools, compiled, calls, chance)

    def _compiled(self, functions: Any, order: Any) -> tuple[Tools, Any]:
        began = time.perf_counter()
        tools = Tools(functions, style=self.style, property_order=order, tool_choice="required")
        compiled = self.compiler.compile(tools)
        self.times_ms.append((time.perf_counter() - began) * 1000)
        return tools, compiled

    def _taken(self, compiled: Any, text: str, chance: random.Random) -> bool:
        matcher = compiled.matcher()
        return all(matcher.advance(token) for token in self._cutter.cut(text.encode(), chance)) and matcher.is_accepting

    def _right(self, name: str, tools: Tools, compiled: Any, calls: list[Call], chance: random.Random) -> None:
        text = written(calls, self.style, True)
        self.counts["calls"] += 1
        taken = all(self._taken(compiled, text, chance) for _ in range(self.cuts))
        back = [{"name": call.name, "arguments": call.arguments} for call in tools.parse(text)]
        self.counts["taken"] += taken
        self.counts["read back"] += back == calls
        if not taken or back != calls:
            self.problems.append(f"{name}: {'taken' if taken else 'not taken'}, read back as {back}: {text}")

    def _wrong(self, name: str, kind: str, tools: Tools, compiled: Any, calls: Any, chance: random.Random) -> None:
        text = written(calls, self.style, True)
        if self._taken(compiled, text, chance):
            self.counts["wrong taken"] += 1
            self.problems.append(f"{name}: {kind} is taken by the mask: {text}")
        try:
            tools.parse(text)
        except ReadError:
            return
        self.counts["wrong parsed"] += 1
        self.problems.append(f"{name}: {kind} is read by parse: {text}")


def run(rows: Iterable[Mapping[str, Any]], compiler: Compiler, style: str, count: int) -> Check:
    """All rows in one style."""
    check = Check(compiler, style)
    for row in rows:
        check.row(row, count)
    return check


def tekken() -> Vocabulary:
    """Mistral's Tekken vocabulary, from the file that comes with mistral_common."""
    import mistral_common

    return Vocabulary.from_mistral(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("--mutations", type=int, default=10)
    options.add_argument("--styles", default="json,hermes,function")
    options.add_argument("--take", type=int, default=0)
    given = options.parse_args()
    rows, compiler = read_rows(given.data, given.take), Compiler(tekken())
    print(
        "| style | rows | compiled | contradict their schema | texts of calls | taken | read back | mutations | "
        "taken by the mask | read by parse | compile p50, p99 (ms) |"
    )
    print("|" + "---|" * 11)
    problems: list[str] = []
    for style in given.styles.split(","):
        check = run(rows, compiler, style, given.mutations)
        n, times = check.counts, sorted(check.times_ms)
        shown = f"{times[len(times) // 2]:.1f}, {times[len(times) * 99 // 100]:.1f}"
        print(
            f"| {style} | {n['rows']} | {n['compiled']} | {n['contradictory']} | {n['calls']} | {n['taken']} | "
            f"{n['read back']} | {sum(check.mutated.values())} | {n['wrong taken']} | {n['wrong parsed']} | {shown} |"
        )
        problems += [f"{style}: {one}" for one in check.problems]
        print(", ".join(f"{kind} {many}" for kind, many in check.mutated.items()), file=sys.stderr)
    print("\n".join(problems[:20]), file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
