"""Random types, as JSON Schemas of the kind that pydantic writes, and values of them, as models fill them.

In: a random generator. Out: a schema and a value. Strings are what answers hold: names, sentences with colons, hashes,
quotes and apostrophes, code, paths, several lines, words that look like other types.
"""

from __future__ import annotations

from random import Random
from typing import Any

_NAMES = """
name title description summary label status priority category tags items notes address city country language version
author email owner path code steps reason answer question score count total price amount quantity rating year age
enabled active is_valid has_tests due_date created_at start end comment message details location url config options
parameters result results evidence confidence source target relevant_file suggestion one_sentence_summary firstName
lastName zipCode userId orderId isActive maxTokens model temperature region sku color size weight height width
"""
NAMES = _NAMES.split()
_WORDS = """
the a new old user file report test server value data model order system result change line page code key should must
can will fixes adds removes updates checks returns handles keeps small large quick slow first last main simple clear
missing wrong better other every each some many step case input output request response error note time Berlin Ada
Paris Lovelace Turing Smith blue red green engine motor account invoice total budget plan
"""
WORDS = _WORDS.split()
SENTENCE_ENDS = [".", ".", ".", "", "", "!", "?"]
COLONS = [
    "{a}: {b}",
    "Note: {a} {b}",
    "Ratio: 3:2, not 2:3",
    "{a} at 12:30: {b}",
    "TODO: {b}",
    "if x: return {a}",
    "error: {a}: {b}",
    "{a} {b}:",
]
HASHES = ["#{n} {a}", "fixes #{n} and #{m}", "{a} #{n}", "C #{n}", "#ff{n}00", "see issue #{n}: {a}", "#{a}"]
QUOTED = ['He said "{a}" and left', 'the "{a}" {b}', '"{a}" is the {b}', 'set "{a}" to "{b}"', 'a {a} called "{b}"']
APOSTROPHES = ["It's a {a}", "{a}'s {b}", "don't {a} the {b}", "the users' {a}", "O'Brien", "can't and won't {a}"]
RESERVED = [
    "@{a} said {b}",
    "@{a}",
    "%{n}",
    "%{a}% of {b}",
    "* {a} {b}",
    "*.docx",
    "**{a}** {b}",
    "& {a}",
    "&& {a}",
    "! {a}",
    "!important",
    "!= {n}",
    "| {a}",
    "|| {a}",
    "> {n} and < {m}",
    ">= {n}",
    "`{a}` {b}",
    "`{a}()`",
    "? {a}",
    "[{a}] {b} {a}",
    "[x] {a} {b}",
    "{{{a}}} and {b}",
    "{{{a}}}/{b}",
]
LOOKS = [
    "no",
    "yes",
    "on",
    "off",
    "true",
    "null",
    "No",
    "NO",
    "True",
    "1.10",
    "3.0",
    "007",
    "12:30",
    "2024-01-31",
    "1_000",
    "0x1F",
    "1e3",
    "42",
    "~",
    "12:30:45",
    "y",
    "n",
    ".5",
    "0o17",
    "3.14.15",
    "1,234",
]
BACKSLASHES = [
    r"\d{n}-\d{m}",
    r"^\w+\s*$",
    r"C:\Users\Data",
    r"\\server\share",
    r"\(a\) and \[b\]",
    r"{a}\.{b}",
    r"\d+\.\d+",
]
PATHS = [
    "https://example.com/{a}/{b}?q={n}",
    "src/{a}/{b}.py",
    "/usr/{a}/{b}",
    "{a}.{b}@example.com",
    "{a}-{b}-{n}",
    "{a}_{b}",
    "v{n}.{m}",
    "{a}::{b}",
    "$HOME/{a}",
    "--{a}={n}",
    "{a}.{b}()",
    "f({a}, {b})",
    "{a} -> {b}",
    "x = {n}",
    "{n}%",
    "${n}",
]
FOREIGN = ["Zürich", "São Paulo", "東京", "naïve {a}", "Größe: {n} m²", "{a} \u2013 {b}", "✓ {a}", "Ωmega {b}", "Łódź {n}"]
LINES = [
    "def {a}(x):\n    return x + {n}",
    "int main() {{\n  return {n};\n}}",
    "+  const {a} = {n};\n-  var {a} = {m};",
    "First {a}.\nThen {b}.",
    "{a}: {n}\n{b}: {m}",
    "for x in {a}:\n    print(x)\n    # {b}\nreturn {n}",
    "Dear {a},\n\nthe {b} is ready.\n\nBest",
    "SELECT {a}\nFROM {b}\nWHERE n = {n}",
    "- {a}\n- {b}",
    "{a}\n  {b}\n{a}",
]


def filled(template: str, rng: Random) -> str:
    return template.format(a=rng.choice(WORDS), b=rng.choice(WORDS), n=rng.randint(1, 99), m=rng.randint(1, 99))


def sentence(rng: Random, least: int = 3, most: int = 12) -> str:
    words = [rng.choice(WORDS) for _ in range(rng.randint(least, most))]
    if len(words) > 5 and rng.random() < 0.3:
        words[2] += ","
    return " ".join(words).capitalize() + rng.choice(SENTENCE_ENDS)


SPECIAL = (
    (COLONS, 8),
    (HASHES, 5),
    (QUOTED, 5),
    (APOSTROPHES, 6),
    (RESERVED, 6),
    (LOOKS, 6),
    (BACKSLASHES, 4),
    (PATHS, 10),
    (FOREIGN, 4),
    (LINES, 8),
)


def text(rng: Random) -> str:
    """A string of an answer."""
    pick = rng.random()
    if pick < 0.22:
        return rng.choice(WORDS) + (" " + rng.choice(WORDS) if rng.random() < 0.5 else "")
    if pick < 0.45:
        return sentence(rng)
    if pick < 0.47:
        return " ".join(sentence(rng, 8, 14) for _ in range(rng.randint(2, 4)))
    if pick < 0.48:
        return ""
    kinds, weights = zip(*SPECIAL, strict=True)
    return filled(rng.choice(rng.choices(kinds, weights)[0]), rng)


def types(rng: Random) -> tuple[Any, Any]:
    """A schema and a value of it."""
    if rng.random() < 0.12:
        inner = object_schema(rng, 2)
        return {"type": "array", "items": inner}, [value(inner, rng) for _ in range(rng.randint(1, 4))]
    schema = object_schema(rng, 0)
    return schema, value(schema, rng)


def object_schema(rng: Random, depth: int) -> dict[str, Any]:
    names = rng.sample(NAMES, rng.randint(2, 6 if depth == 0 else 4))
    properties = {name: any_schema(rng, depth + 1) for name in names}
    required = [name for name in names if rng.random() < 0.75] or names[:1]
    schema = {"type": "object", "properties": properties, "required": required}
    return schema if rng.random() < 0.3 else {**schema, "additionalProperties": False}


def any_schema(rng: Random, depth: int) -> dict[str, Any]:
    pick = rng.random()
    if depth < 4:
        if pick < 0.08:
            return object_schema(rng, depth)
        if pick < 0.16:
            return {"type": "array", "items": object_schema(rng, depth + 1)}
        if pick < 0.28:
            return {"type": "array", "items": scalar_schema(rng)}
        if pick < 0.32:
            return {"type": "object", "additionalProperties": scalar_schema(rng)}
    inner = scalar_schema(rng)
    return {"anyOf": [inner, {"type": "null"}]} if pick > 0.92 and "enum" not in inner else inner


def scalar_schema(rng: Random) -> dict[str, Any]:
    pick = rng.random()
    if pick < 0.55:
        return {"type": "string"}
    if pick < 0.65:
        return {"type": "integer"}
    if pick < 0.74:
        return {"type": "number"}
    if pick < 0.84:
        return {"type": "boolean"}
    if pick < 0.94:
        return {
            "type": "string",
            "enum": sorted(
                rng.sample(
                    ["low", "medium", "high", "Bug fix", "Feature", "no", "new", "used", "in_progress", "done"],
                    rng.randint(2, 4),
                )
            ),
        }
    return {"type": "string", "format": "date"}


def value(schema: dict[str, Any], rng: Random) -> Any:
    if "anyOf" in schema:
        return None if rng.random() < 0.3 else value(schema["anyOf"][0], rng)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema["type"]
    if kind == "array":
        return [value(schema["items"], rng) for _ in range(rng.choice([0, 1, 2, 2, 3, 3, 4, 5]))]
    if kind == "object" and "properties" in schema:
        return {
            name: value(inner, rng)
            for name, inner in schema["properties"].items()
            if name in schema["required"] or rng.random() < 0.6
        }
    if kind == "object":
        return {rng.choice(WORDS): value(schema["additionalProperties"], rng) for _ in range(rng.randint(0, 3))}
    if kind == "string":
        if schema.get("format") == "date":
            return f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        return text(rng)
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        return rng.choice([0, 1, rng.randint(-9, 99), rng.randint(0, 100_000), rng.randint(0, 10**12)])
    return rng.choice([0.5, 1.0, float(rng.randint(0, 9)), round(rng.uniform(-100, 1000), 2), round(rng.random(), 3)])
