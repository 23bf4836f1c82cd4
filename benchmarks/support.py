"""Which keywords of JSON Schema the masks enforce, found out by trying, as a Markdown table.

    python benchmarks/support.py
    python benchmarks/support.py benchmarks/corpus/small.jsonl [--take 1000] [--readme README.md]

In: the probes below: for each keyword small schemas, texts that must be taken and texts that must not. Out: a row for
each keyword. "enforced" means that the schema compiled and every text was decided rightly; "refused" that compiling
raised ``UnsupportedSchemaError`` naming the keyword; "if asked", that an option is needed. Anything else is a bug and ends
the script. With a corpus (JSON Lines with a ``schema`` each, also gzipped) two columns say which share of its schemas uses
the keyword and which share of those compiles. ``--readme`` writes the table between the markers of that file.

Caveat: a probe is an example. What a keyword means in every combination is the business of the tests.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where this file is imported, as in the tests
from masks import read_rows

from structgen import Compiler, JsonSchema, StructgenError, UnsupportedSchemaError, Vocabulary
from structgen.schema.pydantic_schema import subschemas


class Probe(NamedTuple):
    """A schema with texts; ``about`` says what is special where a keyword has several probes."""

    schema: Any
    taken: tuple[str, ...] = ()
    not_taken: tuple[str, ...] = ()
    about: str = ""
    options: tuple[tuple[str, Any], ...] = ()


FORMATS = {
    "date-time": ('"2024-02-29T12:00:00Z"', '"2023-02-29T12:00:00Z"'), "date": ('"2024-02-29"', '"2024-02-30"'),
    "time": ('"12:00:00Z"', '"25:00:00Z"'), "duration": ('"P1DT2H"', '"P1"'), "email": ('"a@b.example"', '"a"'),
    "hostname": ('"b.example"', '"-b"'), "ipv4": ('"10.0.0.1"', '"10.0.0.256"'), "ipv6": ('"::1"', '"1::2::3"'),
    "uuid": ('"12345678-1234-1234-1234-123456789abc"', '"1234"'), "uri": ('"a:b"', '"/b"'),
    "uri-reference": ('"/b"', '"\\\\b"'), "iri": ('"http://b.example/ü"', '"/ü"'), "iri-reference": ('"/ü"', '"\\\\b"'),
    "json-pointer": ('"/a~0b"', '"a"'), "relative-json-pointer": ('"1/a"', '"/a"'),
    "idn-email": ('"실례@실례.테스트"', '"b"'), "idn-hostname": ('"실례.테스트"', '"-b"'),
    "uri-template": ('"/{b}"', '"{"'), "regex": ('"^b(c|d)*$"', '"("'),
}
"""For each name that JSON Schema defines a text that has the format and one that has not."""

FIRST, LAST = "<!-- support -->", "<!-- /support -->"
OBJECTS = {"type": "object", "properties": {"a": {"type": "integer"}}}
PROBES: dict[str, tuple[Probe, ...]] = {
    "type": (Probe({"type": ["integer", "null"]}, ("1", "null"), ("1.5", '"1"')),),
    "enum": (Probe({"enum": [1, "a", {"b": []}]}, ("1", '"a"', '{"b":[]}'), ("2", '"b"')),),
    "const": (Probe({"const": "a"}, ('"a"', '"\\u0061"'), ('"b"',)),),
    "allOf": (Probe({"allOf": [{"minimum": 1}, {"type": "integer"}]}, ("1",), ("0", "1.5")),),
    "anyOf": (Probe({"anyOf": [{"type": "integer"}, {"maxLength": 1, "type": "string"}]}, ("1", '"a"'), ('"ab"',)),),
    "oneOf": (Probe({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}]}, ("1", "5.5"), ("6",)),
              Probe({"oneOf": [{"required": ["a"]}, {"patternProperties": {"^x": {"type": "null"}}}]},
                    ("{}", '{"a":1,"x":1}'), ('{"a":1}', '{"x":1}'),
                    about="branches that may overlap in members or items that are not named")),
    "not": (Probe({"type": "integer", "not": {"enum": [1, 2]}}, ("3",), ("1", "2")),
            Probe({"type": "object", "not": {"additionalProperties": {"type": "integer"}}},
                  ('{"a":"b"}',), ("{}", '{"a":1}'),
                  about="schemas about members or items that are not named")),
    "if, then, else": (
        Probe({**OBJECTS, "required": ["a"], "if": {"properties": {"a": {"const": 1}}}, "then": {"maxProperties": 1},
               "else": {"required": ["b"]}}, ('{"a":1}', '{"a":2,"b":0}'), ('{"a":2}', '{"a":1,"b":0}')),
        Probe({"type": "object", "if": {"additionalProperties": {"type": "integer"}}, "then": {"required": ["b"]}},
              ('{"a":"b"}', '{"b":1}'), ("{}", '{"a":1}'), about="conditions about members or items that are not named")),
    "$ref, $defs, $anchor, $id": (
        Probe({"$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}, "$ref": "#/$defs/list"},
              ("[]", "[[],[[]]]"), ("[1]",)),
        Probe({"$ref": "https://example.com/schema"}, about="targets outside the schema and its `registry`")),
    "$dynamicRef": (Probe({"$id": "http://b.example/", "$defs": {"x": {"$dynamicAnchor": "x", "type": "null"}, "list": {
        "$id": "list", "type": "array", "items": {"$dynamicRef": "#x"}, "$defs": {"x": {"$dynamicAnchor": "x"}}}},
        "$ref": "list"}, ("[null]",), ("[1]",)),),
    "$recursiveRef": (Probe({"$schema": "https://json-schema.org/draft/2019-09/schema", "type": "array",
                             "items": {"$recursiveRef": "#"}}, ("[[]]",), ("[1]",)),),
    "minimum, maximum": (Probe({"type": "number", "minimum": -1.5, "maximum": 10}, ("-1.5", "1e1"), ("-1.6", "10.1")),),
    "exclusiveMinimum, exclusiveMaximum": (
        Probe({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 3}, ("1", "2"), ("0", "3")),),
    "multipleOf": (Probe({"type": "number", "multipleOf": 0.25}, ("0.75", "2"), ("0.3",)),
                   Probe({"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 100}, ("49",), ("50",)),
                   Probe({"type": "integer", "multipleOf": 12}, ("0", "-24", "36"), ("1", "8", "-18")),
                   Probe({"type": "number", "multipleOf": 0.0123}, ("0.0246",), ("0.0247",),
                         "steps of which the digits cannot be told apart, unless integers are bounded")),
    "minLength, maxLength": (Probe({"type": "string", "minLength": 2, "maxLength": 3}, ('"a\\u00e9"', '"äöü"'),
                                   ('"a"', '"abcd"')),),
    "pattern": (Probe({"type": "string", "pattern": "^(?!ab)[a-c]{2}$"}, ('"ac"',), ('"ab"', '"acc"')),
                Probe({"type": "string", "pattern": "(?<=ab)c(?:d\\b ?)*$"}, ('"abcd d"',), ('"acd"', '"abcda"')),
                Probe({"type": "string", "pattern": "^([ab])c\\1$"}, ('"aca"',), ('"acb"',)),
                Probe({"type": "string", "pattern": "^(a+)b\\1$"}, ('"aba"', '"aabaa"'), ('"aab"',),
                      "back-references to groups with many texts")),
    "format": tuple(Probe({"type": "string", "format": name}, (good,), (bad,), f"`{name}`")
                    for name, (good, bad) in FORMATS.items()),
    "items, prefixItems, additionalItems": (
        Probe({"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "integer"}}, ("[null,1]",),
              ("[1]", "[null,null]")),
        Probe({"$schema": "http://json-schema.org/draft-07/schema#", "type": "array", "items": [{"type": "null"}],
               "additionalItems": False}, ("[null]",), ("[null,null]",))),
    "minItems, maxItems": (Probe({"type": "array", "minItems": 1, "maxItems": 2}, ("[0]",), ("[]", "[0,0,0]")),),
    "uniqueItems": (Probe({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ('["a","b"]',),
                          ('["a","\\u0061"]',)),
                    Probe({"type": "array", "items": OBJECTS, "uniqueItems": True}, ('[{"a":1},{"a":2}]',),
                          ('[{"a":1},{"a":1}]',), about="items that are arrays or objects"),
                    Probe({"type": "array", "prefixItems": [{"type": "null"}], "uniqueItems": True}, ("[null,1]",),
                          ("[null,null]",), about="items behind a prefix")),
    "contains, minContains, maxContains": (
        Probe({"type": "array", "contains": {"type": "null"}}, ("[1,null]",), ("[]", "[1]")),
        Probe({"type": "array", "contains": {"minimum": 5}, "minContains": 2, "maxContains": 3}, ("[5,6,1]",),
              ("[5]", "[5,5,5,5]"))),
    "properties, required": (Probe({**OBJECTS, "required": ["a"]}, ('{"a":1}', '{"\\u0061":1}'),
                                   ("{}", '{"a":null}')),),
    "additionalProperties": (Probe({**OBJECTS, "additionalProperties": False}, ('{"a":1}',), ('{"b":1}',)),),
    "patternProperties": (
        Probe({"type": "object", "patternProperties": {"^x": {"type": "null"}}, "additionalProperties": False},
              ('{"x1":null}',), ('{"x1":1}', '{"y":null}')),
        Probe({"type": "object", "patternProperties": {"^x": {"type": "null"}, "y$": {"type": "integer"}}},
              ('{"x1":null,"y":1,"z":"b"}',), ('{"x1":1}', '{"xy":1}', '{"xy":null}'))),
    "propertyNames": (Probe({"type": "object", "propertyNames": {"maxLength": 1}}, ('{"a":1}',), ('{"ab":1}',)),),
    "minProperties, maxProperties": (Probe({"type": "object", "minProperties": 1, "maxProperties": 2}, ('{"a":1}',),
                                           ("{}", '{"a":1,"b":1,"c":1}')),),
    "dependentRequired, dependentSchemas, dependencies": (
        Probe({**OBJECTS, "dependentRequired": {"a": ["b"]}}, ('{"a":1,"b":1}', '{"b":1}'), ('{"a":1}',)),
        Probe({**OBJECTS, "dependentSchemas": {"a": {"maxProperties": 1}}}, ('{"a":1}',), ('{"a":1,"b":1}',))),
    "unevaluatedProperties, unevaluatedItems": (
        Probe({**OBJECTS, "unevaluatedProperties": False}, ('{"a":1}',), ('{"b":1}',)),
        Probe({"anyOf": [OBJECTS, {"required": ["b"]}], "unevaluatedProperties": False}, ("{}", '{"a":1}'), ('{"b":1}',),
              about="beside keywords such as `allOf`, `anyOf`, `$ref` in the same schema")),
    "contentEncoding, contentMediaType": (
        Probe({"type": "string", "contentEncoding": "base64"}, ('"YQ=="',), ('"%"',), "", (("content", "assert"),)),),
    "extends, disallow, divisibleBy": (Probe({"extends": {}}), Probe({"disallow": "null"}), Probe({"divisibleBy": 2})),
    "x-structgen-from-text": (Probe({"type": "string", "x-structgen-from-text": "one two"}, ('"e t"',), ('"three"',)),),
}
"""Every keyword that constrains. A name that is in no row here is an annotation, as the standard says."""


def compiler() -> Compiler:
    """A compiler for single bytes: probes are about languages, not about tokens."""
    return Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256))


def is_enforced(probe: Probe, keyword: str, using: Compiler) -> bool:
    """True: enforced; False: refused by name."""
    try:
        grammar = using.compile(JsonSchema(probe.schema, **dict(probe.options)))
    except UnsupportedSchemaError as error:
        if error.keyword not in keyword.split(", "):
            raise AssertionError(f"{keyword}: refused, but as {error.keyword}: {error}") from error
        return False
    for texts, wanted in ((probe.taken, True), (probe.not_taken, False)):
        for text in texts:
            matcher = grammar.matcher()
            if (matcher.advance_bytes(text.encode()) and matcher.is_accepting) is not wanted:
                raise AssertionError(f"{keyword}: {text} is {'not ' if wanted else ''}taken by {probe.schema}")
    if not probe.taken:
        raise AssertionError(f"{keyword}: {probe.schema} compiles now; give the probe texts")
    return True


def rows() -> list[tuple[str, str, str]]:
    """Keyword, status, and what is refused."""
    using, found = compiler(), []
    for keyword, probes in PROBES.items():
        results = [(probe, is_enforced(probe, keyword, using)) for probe in probes]
        refused = [probe.about for probe, enforced in results if not enforced]
        status = "enforced" if not refused else "refused" if len(refused) == len(results) else "enforced in part"
        asked = {f'`{name}="{value}"`' for probe in probes for name, value in probe.options}
        status += "".join(f" if asked: {one}" for one in sorted(asked))
        found.append((keyword, status, ", ".join(about for about in refused if about)))
    return found


def uses(schema: Any) -> set[str]:
    """Names of the keywords that occur in a schema."""
    names: set[str] = set()

    def visit(one: Any, place: str) -> Any:
        if isinstance(one, dict):
            names.update(one)
            dict(subschemas(one, place, visit))
        return one

    visit(schema, "#")
    return names


def shares(path: Path, take: int) -> tuple[Counter[str], Counter[str]]:
    """For each row of the table: schemas that use one of its keywords, and those of them that compile."""
    using, used, compiled = compiler(), Counter[str](), Counter[str]()
    for row in read_rows(path, take):
        names = uses(row["schema"])
        try:
            using.compile(JsonSchema(row["schema"]))
        except StructgenError:
            works = 0
        else:
            works = 1
        for keyword in PROBES:
            if names & set(keyword.split(", ")):
                used[keyword] += 1
                compiled[keyword] += works
        used[""] += 1
        compiled[""] += works
    return used, compiled


def table(data: Path | None = None, take: int = 0) -> str:
    """The table as Markdown."""
    used, compiled = shares(data, take) if data else (Counter[str](), Counter[str]())
    lines = ["| Keyword | Status | Refused by name |" + (" Schemas with it | of them compile |" if data else ""),
             "|---|---|---|" + ("---:|---:|" if data else "")]
    for keyword, status, refused in rows():
        line = f"| {', '.join(f'`{name}`' for name in keyword.split(', '))} | {status} | {refused} |"
        if data:
            share = f"{compiled[keyword] / used[keyword]:.1%}" if used[keyword] else "-"
            line += f" {used[keyword] / max(used[''], 1):.1%} | {share} |"
        lines.append(line)
    if data:
        lines.append(f"| all schemas | | | {used['']:,} | {compiled[''] / max(used[''], 1):.1%} |")
    return "\n".join(lines)


def between_markers(text: str, found: str) -> str:
    """The text with the table between its markers."""
    front, first, rest = text.partition(FIRST)
    _, last, end = rest.partition(LAST)
    if not (first and last):
        raise SystemExit(f"no {FIRST} and {LAST} in that file")
    return f"{front}{FIRST}\n{found}\n{LAST}{end}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="a corpus: JSON Lines with a schema each")
    parser.add_argument("--take", type=int, default=0, metavar="N", help="only N schemas of it, the same each time")
    parser.add_argument("--readme", type=Path, help="a file with the markers <!-- support --> and <!-- /support -->")
    arguments = parser.parse_args()
    found = table(arguments.data, arguments.take)
    if arguments.readme is None:
        print(found)
    else:
        arguments.readme.write_text(between_markers(arguments.readme.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
