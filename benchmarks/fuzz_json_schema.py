"""Random schemas over every keyword, sampled under masks and judged by jsonschema.

    python benchmarks/fuzz_json_schema.py [--schemas 2000] [--seed 0] [--only NUMBER]

In: nothing; each schema comes from its number and the seed. For each that compiles: random walks along the masks to a
complete text, which must be valid; no mask on the way is empty, and the shortest completion of each state is accepted.
And random instances, close to what the schema asks for, are taken exactly where they are valid. A schema that is refused
is compiled again with ``on_unsupported="validate"``, where it must take every valid instance. One that is told to be
unsatisfiable must have no valid instance among those tried. Out: how many of each, and every failure with its schema.

The judge is ``json_schema_judge``: jsonschema, made exact.
Caveat: the alphabet is small on purpose (three names, a few characters), so that what is rare elsewhere is common here.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where this file is imported, as in the tests
from json_schema_judge import PATTERNS, canonical, goes_round, judge, no_duplicates, spelt

from structgen import (
    Compiler,
    JsonSchema,
    LimitExceededError,
    Limits,
    StructgenError,
    UnsatisfiableError,
    UnsupportedSchemaError,
    Vocabulary,
)

PIECES = ('{"', '":', '","', '"}', '["', '"]', "],", "},", "[[", "]]", "{}", "[]", "null", "true", "false", '"a"', '"b"',
          '"ab"', '"a":', '"b":', '"ab":', "aa", "ab", "ba", "12", "00", "1.", ".0", ".5", "e1", "\\u00", "61", "\\n", "é",
          '":[', '":{"', "1,", "2]", "}}", '"a":1', '{"a":')
NAMES = ("a", "b", "ab")
WORDS = ("", "a", "b", "ab", "aa", "ba", "abab", "1", "12", "a1", "é", "2024-02-29", "1.2.3.4")
DRAFTS = {4: "http://json-schema.org/draft-04/schema#", 6: "http://json-schema.org/draft-06/schema#",
          7: "http://json-schema.org/draft-07/schema#", 2019: "https://json-schema.org/draft/2019-09/schema",
          2020: "https://json-schema.org/draft/2020-12/schema"}
NUMBERS: tuple[int | Decimal, ...] = (0, 1, 2, 3, -1, -2, 5, 10, 12, Decimal("0.5"), Decimal("1.5"), Decimal("-0.25"),
                                       Decimal("0.1"), 100)
LIMITS = Limits(dfa_states=5000, grammar_states=200_000, threads=500, dfa_steps=500_000)
FREE, MOST, SECONDS = 14, 400, 20
"""Tokens chosen freely before a text is closed; tokens at most; seconds a schema may take."""


@cache
def vocabulary() -> Vocabulary:
    """Every byte, some pieces of JSON, and an end."""
    return Vocabulary([None, *(bytes((byte,)) for byte in range(256)), *(text.encode() for text in PIECES)], [0])


# --- schemas ----------------------------------------------------------------------------------------------------------

class Maker:
    """Makes one random schema, and instances for it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.draft = chance.choice((4, 6, 7, 7, 2019, 2020, 2020, 2020))
        self.definitions = "$defs" if self.draft >= 2019 else "definitions"
        self.has_definitions = chance.random() < 0.3

    def document(self) -> dict[str, Any]:
        """A whole schema."""
        made = self.schema(3)
        root: dict[str, Any] = dict(made) if isinstance(made, dict) else {"allOf": [made]} if self.draft > 4 else {}
        if "$ref" in root and self.draft < 2019:
            root = {"allOf": [root]}
        if self.has_definitions:
            root[self.definitions] = {name: self.schema(1) for name in ("x", "y")}
        root["$schema"] = DRAFTS[self.draft]
        return root

    def schema(self, depth: int) -> Any:
        """A schema with up to four keywords, most of them for one type."""
        chance = self.chance
        if self.draft > 4 and chance.random() < 0.06:
            return chance.random() < 0.6
        if self.has_definitions and chance.random() < 0.15:
            return {"$ref": f"#/{self.definitions}/{chance.choice('xy')}"} if chance.random() < 0.9 else {"$ref": "#"}
        if depth == 0:
            return self.leaf()
        made: dict[str, Any] = {}
        kind = chance.choice(("string", "number", "array", "object", "object", "any", "combined"))
        if kind == "combined" or chance.random() < (0.5 if kind == "any" else 0.2):
            made.update(self.combined(depth))
        if self.has_definitions and self.draft >= 2019 and chance.random() < 0.1:
            made["$ref"] = f"#/{self.definitions}/{chance.choice('xy')}"
        if kind != "combined":
            keywords = getattr(self, kind)(depth) if kind != "any" else {}
            made.update(keywords)
            if kind == "any":
                made.update(self.leaf())
        if kind in ("string", "array", "object") and chance.random() < 0.75:
            made["type"] = kind if chance.random() < 0.9 else [kind, chance.choice(("null", "boolean", "integer"))]
        elif kind == "number" and chance.random() < 0.8:
            made["type"] = chance.choice(("number", "integer"))
        return made

    def leaf(self) -> dict[str, Any]:
        chance = self.chance
        roll = chance.random()
        if roll < 0.4:
            return {"type": chance.choice(("string", "integer", "number", "null", "boolean", "array", "object"))}
        if roll < 0.6:
            return {"enum": [self.value(1) for _ in range(chance.randint(1, 3))]}
        if roll < 0.75 and self.draft > 4:
            return {"const": self.value(1)}
        return self.string(0) | {"type": "string"} if roll < 0.9 else self.number(0) | {"type": "integer"}

    def string(self, depth: int) -> dict[str, Any]:
        chance, made = self.chance, dict[str, Any]()
        for keyword, value in (("minLength", chance.randint(0, 2)), ("maxLength", chance.randint(0, 4)),
                               ("pattern", chance.choice(list(PATTERNS)))):
            if chance.random() < 0.4:
                made[keyword] = value
        return made

    def number(self, depth: int) -> dict[str, Any]:
        chance, made = self.chance, dict[str, Any]()
        low = chance.choice(NUMBERS)
        if chance.random() < 0.5:
            made["minimum"] = low
        if chance.random() < 0.5:
            step = chance.choice(NUMBERS)
            made["maximum"] = low + (step if step > 0 else -step)
        for side in ("Minimum", "Maximum"):
            if chance.random() < 0.25:
                if self.draft > 4:
                    made[f"exclusive{side}"] = made.pop(side.lower(), chance.choice(NUMBERS))
                elif side.lower() in made:
                    made[f"exclusive{side}"] = True
        if chance.random() < 0.25:
            made["multipleOf"] = chance.choice((1, 2, 3, 5, Decimal("0.5"), Decimal("0.1"), Decimal("1.5"), 10))
        return made

    def array(self, depth: int) -> dict[str, Any]:
        chance, made, below = self.chance, dict[str, Any](), depth - 1
        prefix = "prefixItems" if self.draft == 2020 else "items"
        if chance.random() < 0.3:
            made[prefix] = [self.schema(below) for _ in range(chance.randint(1, 2))]
            if chance.random() < 0.5:
                made["items" if self.draft == 2020 else "additionalItems"] = self.sub(below)
        elif chance.random() < 0.7:
            made["items"] = self.sub(below)
        if chance.random() < 0.3:
            made["minItems"] = chance.randint(0, 2)
        if chance.random() < 0.3:
            made["maxItems"] = chance.randint(0, 3)
        if chance.random() < 0.2:
            made["uniqueItems"] = True
        if self.draft > 4 and chance.random() < 0.25:
            made["contains"] = self.sub(below)
            if self.draft >= 2019 and chance.random() < 0.4:
                made["minContains"] = chance.randint(0, 2)
            if self.draft >= 2019 and chance.random() < 0.4:
                made["maxContains"] = chance.randint(0, 2)
        if self.draft >= 2019 and chance.random() < 0.12:
            made["unevaluatedItems"] = self.sub(below)
        return made

    def object(self, depth: int) -> dict[str, Any]:
        chance, made, below = self.chance, dict[str, Any](), depth - 1
        names = chance.sample(NAMES, chance.randint(0, 3))
        if names:
            made["properties"] = {name: self.sub(below) for name in names}
        if chance.random() < 0.4:
            made["required"] = chance.sample(NAMES, chance.randint(1, 2))
        if chance.random() < 0.4:
            made["additionalProperties"] = chance.random() < 0.3 or (chance.random() < 0.6 and self.schema(below))
        if chance.random() < 0.2:
            made["patternProperties"] = {pattern: self.sub(below) for pattern in chance.sample(list(PATTERNS),
                                                                                               chance.randint(1, 2))}
        if chance.random() < 0.15:
            made["minProperties"] = chance.randint(0, 2)
        if chance.random() < 0.15:
            made["maxProperties"] = chance.randint(0, 3)
        if self.draft > 4 and chance.random() < 0.12:
            made["propertyNames"] = chance.choice(({"maxLength": 1}, {"enum": ["a", "b"]}, {"pattern": "^a"}, self.sub(0)))
        if chance.random() < 0.15:
            depending = {chance.choice(NAMES): chance.sample(NAMES, 1)}
            schemas = {chance.choice(NAMES): self.schema(below)}
            if self.draft < 2019:
                made["dependencies"] = chance.choice((depending, schemas))
            else:
                made.update(chance.choice(({"dependentRequired": depending}, {"dependentSchemas": schemas})))
        if self.draft >= 2019 and chance.random() < 0.12:
            made["unevaluatedProperties"] = chance.random() < 0.2 or (chance.random() < 0.6 and self.schema(below))
        return made

    def sub(self, depth: int) -> Any:
        """A schema below another one; draft 4 has no boolean ones."""
        return self.schema(depth)

    def combined(self, depth: int) -> dict[str, Any]:
        chance, below = self.chance, depth - 1
        keyword = chance.choice(("allOf", "anyOf", "oneOf", "not", "if"))
        if keyword == "not":
            return {"not": self.schema(below)}
        if keyword == "if" and self.draft > 6:
            made = {"if": self.schema(below)}
            for name in ("then", "else"):
                if chance.random() < 0.7:
                    made[name] = self.schema(below)
            return made if chance.random() < 0.6 else made | self.combined(depth)
        keyword = "anyOf" if keyword == "if" else keyword
        return {keyword: [self.schema(below) for _ in range(chance.randint(1, 3))]}

    # --- values -------------------------------------------------------------------------------------------------------

    def value(self, depth: int) -> Any:
        """Any small value."""
        chance = self.chance
        kind = chance.choice(("null", "bool", "number", "number", "string", "string", "array", "object"))
        if kind == "array":
            return [self.value(depth - 1) for _ in range(chance.randint(0, 3))] if depth > 0 else []
        if kind == "object":
            return {name: self.value(depth - 1) for name in chance.sample((*NAMES, "z"), chance.randint(0, 3))} \
                if depth > 0 else {}
        return {"null": None, "bool": chance.random() < 0.5, "number": chance.choice(NUMBERS),
                "string": chance.choice(WORDS)}[kind]

    def instance(self, schema: Any, root: dict[str, Any], depth: int = 4) -> Any:
        """A value that tries to satisfy a schema, or at times any value."""
        chance = self.chance
        if not isinstance(schema, dict) or depth == 0 or chance.random() < 0.08:
            return self.value(2)
        if "$ref" in schema:
            target = root if schema["$ref"] == "#" else root[self.definitions][schema["$ref"][-1]]
            return self.instance(target, root, depth - 1)
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else chance.choice(schema["enum"])
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema and chance.random() < 0.6:
                return self.instance(chance.choice(schema[keyword]), root, depth - 1)
        kind = schema.get("type")
        kind = chance.choice(kind) if isinstance(kind, list) else kind or self._guess(schema)
        if kind == "array":
            return self._array(schema, root, depth)
        if kind == "object":
            return self._object(schema, root, depth)
        if kind in ("number", "integer"):
            bounds = [schema[name] for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
                      if name in schema and not isinstance(schema[name], bool)] or [0]
            number = chance.choice((chance.choice(bounds) + chance.choice((0, 1, -1)), chance.choice(NUMBERS)))
            return number * schema.get("multipleOf", 1) if chance.random() < 0.3 else number
        return {"null": None, "boolean": chance.random() < 0.5}.get(kind, chance.choice(WORDS))

    def _guess(self, schema: dict[str, Any]) -> str:
        for kind, keywords in (("object", ("properties", "required", "patternProperties", "minProperties", "dependencies",
                                           "additionalProperties", "propertyNames", "dependentRequired")),
                               ("array", ("items", "prefixItems", "contains", "minItems", "uniqueItems")),
                               ("number", ("minimum", "maximum", "multipleOf")), ("string", ("minLength", "pattern"))):
            if any(keyword in schema for keyword in keywords):
                return kind
        return self.chance.choice(("string", "integer", "array", "object", "null"))

    def _array(self, schema: dict[str, Any], root: dict[str, Any], depth: int) -> list[Any]:
        items = schema.get("items", True)
        prefix = schema.get("prefixItems", items if isinstance(items, list) else [])
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        size = schema.get("minItems", 0) + self.chance.choice((0, 0, 1, 2))
        made = [self.instance(prefix[i] if i < len(prefix) else rest, root, depth - 1) for i in range(size)]
        if "contains" in schema and made and self.chance.random() < 0.7:
            made[self.chance.randrange(len(made))] = self.instance(schema["contains"], root, depth - 1)
        return made

    def _object(self, schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
        chance, known = self.chance, schema.get("properties", {})
        names = dict.fromkeys([*schema.get("required", ()), *(name for name in known if chance.random() < 0.6)])
        if chance.random() < 0.3:
            names[chance.choice((*NAMES, "1", "z", "ba"))] = None
        order = list(names)
        chance.shuffle(order)
        return {name: self.instance(known.get(name, schema.get("additionalProperties", True)), root, depth - 1)
                for name in order}


# --- runs -------------------------------------------------------------------------------------------------------------

class Outcome(NamedTuple):
    """What became of one schema."""

    kind: str
    """``compiled``, ``refused: KEYWORD``, ``limit: NAME``, ``unsatisfiable`` or ``failed``."""
    problems: tuple[str, ...] = ()
    samples: int = 0
    valid: int = 0
    invalid: int = 0


class Fuzz:
    """Runs random schemas through one engine."""

    def __init__(self, seed: int, engine: Any = "auto", walks: int = 2, instances: int = 12) -> None:
        self._seed, self._walks, self._instances = seed, walks, instances
        self._compiler = Compiler(vocabulary(), limits=LIMITS, engine=engine)

    def run(self, number: int) -> tuple[dict[str, Any], Outcome]:
        """The schema of that number, and what became of it."""
        chance = random.Random(f"{self._seed}:{number}")
        maker = Maker(chance)
        schema = maker.document()
        if goes_round(schema):
            return schema, self._circular(schema)
        valid = judge(schema, maker.draft)
        made = [maker.instance(schema, schema) for _ in range(self._instances)]
        if "uniqueItems" in spelt(schema) or maker.draft == 4:  # to draft 4, 2.0 is no integer and still equals 2
            made = [canonical(value) for value in made]
        values = [(value, valid(value)) for value in made]
        try:
            grammar = self._compiler.compile(JsonSchema(schema, whitespace="compact", property_order="any"))
        except UnsatisfiableError as error:
            wrong = [spelt(value) for value, is_valid in values if is_valid]
            return schema, Outcome("unsatisfiable", (f"unsatisfiable ({error}), but valid: {wrong}",) if wrong else ())
        except UnsupportedSchemaError as error:
            return schema, self._widened(schema, values, f"refused: {error.keyword}")
        except LimitExceededError as error:
            return schema, Outcome(f"limit: {error.limit}")
        except StructgenError as error:
            return schema, Outcome(f"refused: {type(error).__name__}")
        problems: list[str] = []
        samples = 0
        try:
            problems += self._judged(grammar, values)
            for _ in range(self._walks):
                text = self._walk(grammar.matcher(), chance, problems)
                if text is not None:
                    samples += 1
                    problems += self._sample(text, valid)
        except LimitExceededError as error:
            return schema, Outcome(f"limit: {error.limit}", tuple(problems), samples)
        good = sum(is_valid for _, is_valid in values)
        return schema, Outcome("compiled", tuple(problems), samples, good, len(values) - good)

    def _circular(self, schema: Any) -> Outcome:
        with suppress(StructgenError):
            self._compiler.compile(JsonSchema(schema))
        return Outcome("circular")

    def _judged(self, grammar: Any, values: list[tuple[Any, bool]]) -> Iterator[str]:
        matcher = grammar.matcher()
        for value, is_valid in values:
            matcher.reset()
            text = spelt(value)
            taken = bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)
            if taken != is_valid:
                yield f"{'invalid, but taken' if taken else 'valid, but not taken'}: {text}"

    def _widened(self, schema: Any, values: list[tuple[Any, bool]], kind: str) -> Outcome:
        """Left to validation, the schema takes every valid instance still."""
        source = JsonSchema(schema, whitespace="compact", property_order="any", on_unsupported="validate")
        try:
            grammar = self._compiler.compile(source)
            problems = [f"left to validation: {line}" for line in self._judged(grammar, values) if line.startswith("valid")]
        except (UnsupportedSchemaError, LimitExceededError):
            return Outcome(kind)
        except UnsatisfiableError:
            problems = [f"left to validation: valid, but unsatisfiable: {spelt(value)}" for value, good in values if good]
            return Outcome(kind, tuple(problems))
        if not grammar.unenforced:
            problems.append("left to validation, but nothing is listed as unenforced")
        return Outcome(kind, tuple(problems))

    def _walk(self, matcher: Any, chance: random.Random, problems: list[str]) -> bytes | None:
        """A complete text by random steps; None if something went wrong on the way."""
        tokens, path, free = vocabulary().tokens, b"", chance.randint(1, FREE)
        for number in range(MOST):
            allowed = matcher.allowed_tokens().tolist()
            if not allowed:
                problems.append(f"nothing is allowed behind {path!r}")
                return None
            rest: bytes = matcher.shortest_completion()
            ahead = matcher.fork()
            if not (ahead.advance_bytes(rest) and ahead.is_accepting):
                problems.append(f"behind {path!r} the shortest completion {rest!r} is not accepted")
                return None
            if number >= free:
                return path + rest
            token = chance.choice(allowed)
            if not matcher.advance(token):
                problems.append(f"behind {path!r} the mask allows {tokens[token]!r}, which is not taken")
                return None
            if matcher.is_finished:
                return path
            path += tokens[token] or b""
        return None

    def _sample(self, text: bytes, valid: Callable[[Any], bool]) -> Iterator[str]:
        try:
            value = json.loads(text, parse_float=Decimal, object_pairs_hook=no_duplicates)
        except ValueError as error:
            yield f"sampled, but not JSON ({error}): {text!r}"
            return
        if not valid(value):
            yield f"sampled, but not valid: {text!r}"


class TooSlow(Exception):
    """A schema took more than its time."""


def guarded(fuzz: Fuzz, number: int) -> tuple[dict[str, Any], Outcome]:
    """``Fuzz.run`` within its time, with any other exception as a failure."""
    try:
        signal.alarm(SECONDS)
        return fuzz.run(number)
    except TooSlow:
        return Maker(random.Random(0)).document(), Outcome("failed", (f"more than {SECONDS} seconds",))
    except Exception as error:
        return {}, Outcome("failed", (f"{type(error).__name__}: {error}",))
    finally:
        signal.alarm(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int, help="the schema of this number, shown")
    parser.add_argument("--engine", default="auto", choices=("auto", "native", "python"))
    given = parser.parse_args()

    def too_slow(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, too_slow)
    fuzz = Fuzz(given.seed, given.engine)
    if given.only is not None:
        schema, outcome = fuzz.run(given.only)
        print(spelt(schema), outcome, sep="\n")
        return bool(outcome.problems)
    kinds: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for number in range(given.first, given.first + given.schemas):
        schema, outcome = guarded(fuzz, number)
        kinds[outcome.kind] += 1
        totals.update(samples=outcome.samples, valid=outcome.valid, invalid=outcome.invalid, wrong=bool(outcome.problems))
        if outcome.problems:
            print(f"--- {number}: {spelt(schema)}", *outcome.problems[:4], sep="\n    ", flush=True)
    print(f"{given.schemas:,} schemas: {totals['samples']:,} samples, {totals['valid']:,} valid and {totals['invalid']:,} "
          f"invalid instances, {totals['wrong']:,} schemas with problems")
    print(", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    return 1 if totals["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
