"""Runs the official JSON Schema test suite through masks.

    python benchmarks/json_schema_suite.py --data suite.json.gz [--draft 2020-12] [--show] [--ratchet FILE [--write]]

In: the suite as one JSON file, ``{"drafts": {draft: {file: [group, …]}}, "remotes": {uri: schema}}``. Each group's schema
is compiled once (the remotes are the registry, nothing is downloaded); each test's instance is written as compact JSON
and taken byte by byte, and again cut at random into tokens, every one of which the mask must hold. Out: for each draft
and part how many tests pass, are refused by name, and go wrong:

* ``pass``            valid and taken both ways, or invalid and taken neither way;
* ``refused: …``      the schema was refused, and by which keyword or limit;
* ``accepts``         invalid and taken; ``rejects``: valid and not taken; ``differs``: the two ways disagree;
* ``crash: …``        anything but a ``StructgenError``.

``core`` is what every implementation must pass, with formats as annotations; ``optional`` the rest, ``format`` those
about formats, asserted, and ``content`` the one about content, asserted too. With ``--ratchet`` the categories are compared
with those of a file: a worsening is an exit status of 1. ``--write`` records what is better now.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from structgen import Compiler, JsonSchema, LimitExceededError, StructgenError, UnsupportedSchemaError, Vocabulary

DRAFTS = {"draft4": 4, "draft6": 6, "draft7": 7, "draft2019-09": 2019, "draft2020-12": 2020}
PIECES = ('{"', '":', '","', '"}', '["', '"]', "],", "},", "[[", "]]", "{}", "[]", "null", "true", "false", "foo", '"foo"',
          "ba", "ar", '"a', '":"', "12", "00", "1.", ".0", "e3", "\\u", "\\n", "ab", "é", "💩", '":[', '":{"', "tp:/")
WORSE = ("pass", "refused", "differs", "rejects", "accepts", "crash")
"""The categories from the best to the worst."""


def vocabulary() -> Vocabulary:
    """Every byte, some pieces of JSON, and an end."""
    return Vocabulary([None, *(bytes((byte,)) for byte in range(256)), *(text.encode() for text in PIECES)], [0])


def read_suite(path: Path) -> dict[str, Any]:
    """The suite; numbers with a point or an exponent stay decimals."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        suite: dict[str, Any] = json.load(file, parse_float=Decimal)
    return suite


def spelt(value: Any) -> str:
    """The value as compact JSON, decimals as they were written."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{spelt(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def part_of(file: str) -> str:
    """Which part of the suite a file belongs to."""
    if file == "optional/content.json":
        return "content"
    if file.startswith("optional/format/") or file == "optional/format-assertion.json":
        return "format"
    return "optional" if file.startswith("optional/") else "core"


class Runner:
    """Runs groups of the suite; ``registry`` is what their references may lead to."""

    def __init__(self, registry: Mapping[str, Any], engine: Any = "auto") -> None:
        words = vocabulary()
        self._compiler = Compiler(words, engine=engine)
        self._registry = registry
        self._tokens: dict[bytes, int] = {text: token for token, text in enumerate(words.tokens) if text}
        self._longest = max(map(len, self._tokens))
        self._chance = random.Random(0)

    def group(self, group: dict[str, Any], draft: int, part: str) -> Iterator[tuple[str, str]]:
        """The name and the category of each test of a group."""
        source = JsonSchema(group["schema"], whitespace="compact", property_order="any", draft=draft,
                            formats="assert" if part == "format" else "annotation", registry=self._registry,
                            content="assert" if part == "content" else "annotation")
        failed, matcher = "", None
        try:
            matcher = self._compiler.compile(source).matcher()
        except UnsupportedSchemaError as error:
            failed = f"refused: {error.keyword}"
        except LimitExceededError as error:
            failed = f"refused: {error.limit}"
        except StructgenError as error:
            if "no value can satisfy" not in error.what and "nothing can be generated" not in error.what:
                failed = f"refused: {type(error).__name__}"
        except Exception as error:
            failed = f"crash: {type(error).__name__}"
        for test in group["tests"]:
            yield test["description"], failed or self._category(matcher, spelt(test["data"]).encode(), test["valid"])

    def _category(self, matcher: Any, text: bytes, valid: bool) -> str:
        try:
            whole, cut = self._takes(matcher, text), self._takes_tokens(matcher, text)
        except StructgenError as error:
            return f"refused: {type(error).__name__}"
        except Exception as error:
            return f"crash: {type(error).__name__}"
        if whole != cut:
            return "differs"
        return "pass" if whole == valid else "accepts" if whole else "rejects"

    def _takes(self, matcher: Any, text: bytes) -> bool:
        if matcher is None:
            return False  # nothing satisfies the schema
        matcher.reset()
        return bool(matcher.advance_bytes(text) and matcher.is_accepting)

    def _takes_tokens(self, matcher: Any, text: bytes) -> bool:
        if matcher is None:
            return False
        matcher.reset()
        while text:
            sizes = [size for size in range(1, self._longest + 1) if text[:size] in self._tokens]
            size = self._chance.choice(sizes)
            token = self._tokens[text[:size]]
            if token not in matcher.allowed_tokens():
                return False
            if not matcher.advance(token):
                raise AssertionError("the mask allows a token that the matcher does not take")
            text = text[size:]
        return bool(matcher.is_accepting)


def run(suite: dict[str, Any], drafts: list[str], engine: Any = "auto") -> dict[str, dict[str, dict[str, str]]]:
    """The category of every test: by draft, by file, by the names of group and test."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    runner = Runner(suite["remotes"], engine)
    for draft in drafts:
        files = found[draft] = {}
        for file, groups in sorted(suite["drafts"][draft].items()):
            tests = files[file] = {}
            for group in groups:
                for name, category in runner.group(group, DRAFTS[draft], part_of(file)):
                    key = f"{group['description']}: {name}"
                    while key in tests:
                        key += " (again)"
                    tests[key] = category
    return found


def summary(found: dict[str, dict[str, dict[str, str]]]) -> Iterator[str]:
    """A line for each draft and part."""
    for draft, files in found.items():
        for part in ("core", "optional", "format", "content"):
            kinds = Counter(category.split(":")[0] for file, tests in files.items() if part_of(file) == part
                            for category in tests.values())
            total = sum(kinds.values())
            if not total:
                continue
            yield f"{draft:13} {part:9}{total:6} tests, pass {kinds['pass']:5} ({100 * kinds['pass'] / total:5.1f} %), " + \
                ", ".join(f"{kind} {kinds[kind]}" for kind in WORSE[1:])


def recorded(found: dict[str, dict[str, dict[str, str]]]) -> dict[str, Any]:
    """What a ratchet file holds: how many tests each file has, and the category of those that do not pass."""
    return {draft: {file: {"tests": len(tests), "not passing": {name: category for name, category in tests.items()
                                                                if category != "pass"}}
                    for file, tests in files.items()} for draft, files in found.items()}


def bettered(found: dict[str, dict[str, dict[str, str]]], ratchet: dict[str, Any]) -> dict[str, Any]:
    """The ratchet with what is better now, and with files that it did not know."""
    made = recorded(found)
    for draft, files in made.items():
        for file, entry in files.items():
            known = ratchet.get(draft, {}).get(file)
            if known is None or known["tests"] != entry["tests"]:
                continue
            for name, category in found[draft][file].items():
                before = known["not passing"].get(name, "pass")
                if rank(before) < rank(category):
                    entry["not passing"].pop(name)
                    entry["not passing"] |= {} if before == "pass" else {name: before}
    return ratchet | made


def rank(category: str) -> int:
    """How bad a category is."""
    return WORSE.index(category.split(":")[0])


def worsened(found: dict[str, dict[str, dict[str, str]]], ratchet: dict[str, Any]) -> list[str]:
    """The tests whose category is worse than the recorded one, and the files that have other tests than recorded."""
    lines: list[str] = []
    for draft, files in found.items():
        for file, tests in files.items():
            known = ratchet.get(draft, {}).get(file)
            if known is None or known["tests"] != len(tests):
                lines.append(f"{draft}/{file}: {len(tests)} tests, recorded {known and known['tests']}")
                continue
            for name, category in tests.items():
                before = known["not passing"].get(name, "pass")
                if rank(category) > rank(before):
                    lines.append(f"{draft}/{file}: {name}: {before} became {category}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draft", action="append", choices=list(DRAFTS), help="only these")
    parser.add_argument("--engine", default="auto", choices=("auto", "native", "python"))
    parser.add_argument("--show", action="store_true", help="every test that does not pass")
    parser.add_argument("--ratchet", type=Path)
    parser.add_argument("--write", action="store_true", help="record what is better in the ratchet file")
    given = parser.parse_args()
    found = run(read_suite(given.data), given.draft or list(DRAFTS), given.engine)
    reasons: Counter[str] = Counter()
    for draft, files in found.items():
        for file, tests in files.items():
            for name, category in tests.items():
                reasons[category] += category.startswith("refused")
                if category != "pass" and given.show:
                    print(f"{category:30} {draft}/{file}: {name}")
    print("\n".join(summary(found)))
    print("refused by: " + ", ".join(f"{reason.split(': ')[1]} {count}" for reason, count in reasons.most_common() if count))
    if given.ratchet and given.write:
        known = json.loads(given.ratchet.read_text(encoding="utf-8")) if given.ratchet.exists() else {}
        text = json.dumps(bettered(found, known), indent=1, ensure_ascii=True, sort_keys=True)
        given.ratchet.write_text(text + "\n", encoding="utf-8")
    elif given.ratchet:
        lines = worsened(found, json.loads(given.ratchet.read_text(encoding="utf-8")))
        print("\n".join(["worse than recorded:", *lines] if lines else ["nothing is worse than recorded"]))
        return 1 if lines else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
