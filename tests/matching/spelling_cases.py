"""Cases of the mask suite for the options that say how strings, keys and separators are written.

What judges a string's spelling is ``json.dumps`` (for the necessary escapes) or a pattern written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from matching.cases import (
    CLOSERS,
    COLOUR,
    MIXED_ENDS,
    MIXED_NAMES,
    OPEN_NULLS,
    PAIR,
    UNIQUE_TEXTS,
    UNIT,
    Case,
    compact,
    is_mixed,
    regex,
    unicode_json,
    valid,
)
from oracle import Judge, ValuesJudge, character_spellings, json_atoms, listed_first

from structgen import JsonSchema

DIGIT = "[0-9a-f]"
CONTROL = r"\\u00(0[0-7bef]|1[0-9a-f])"
ASCII = rf'([ !#-\[\]-~]|\\["\\/bfnrt]|\\u{UNIT}|{PAIR})'
NECESSARY = rf'([^"\\\x00-\x1f]|\\["\\bfnrt]|{CONTROL})'
ABOVE = rf"\\u(007f|00[89a-f]{DIGIT}|0[1-9a-f]{DIGIT}{{2}}|[1-9abcef]{DIGIT}{{3}}|d[0-7]{DIGIT}{{2}})"
SMALL_PAIR = rf"\\ud[89ab]{DIGIT}{{2}}\\ud[c-f]{DIGIT}{{2}}"
PLAIN_ASCII = rf'([ !#-\[\]-~]|\\["\\bfnrt]|{CONTROL}|{ABOVE}|{SMALL_PAIR})'

UNIQUE_ENDS = ('a"]', '"a"]', 'n"]', '"zq"]', ',"zq"]', '","zq"]')
OPTIONS: dict[str, dict[str, Any]] = {
    "ascii": {"ensure_ascii": True},
    "necessary": {"escapes": "necessary"},
    "necessary-ascii": {"escapes": "necessary", "ensure_ascii": True},
}
CHARACTERS = {"ascii": ASCII, "necessary": NECESSARY, "necessary-ascii": PLAIN_ASCII}
TEXTS = {
    "ascii": ('""', '"a\\u00E9\\ud83D\\uDe00b\\/"', '"\\\\\\"\\n"'),
    "necessary": ('""', '"aé😀/"', '"\\\\\\"\\n\\u001fb"'),
    "necessary-ascii": ('""', '"a\\u00e9\\ud83d\\ude00/"', '"\\\\\\"\\n\\u007f"'),
}
OTHERS = {
    "ascii": ('"é"', '"\x7f"', '"\\ud83d"'),
    "necessary": ('"\\u00e9"', '"\\u0061"', '"\\/"', '"\\u000a"', '"\\u001F"', '"\\u0022"'),
    "necessary-ascii": ('"é"', '"\\u00E9"', '"\\u0061"', '"\\/"', '"\x7f"', '"\\ud83d"'),
}


def spellings(character: str, kind: str) -> frozenset[bytes]:
    """How a character may be written."""
    if kind == "ascii":
        return frozenset(text for text in character_spellings(character) if all(byte < 0x7F for byte in text))
    return frozenset((json.dumps(character, ensure_ascii=kind == "necessary-ascii")[1:-1].encode(),))


def written(kind: str, values: Iterable[Any], *ordered: str) -> Callable[[], Judge]:
    """The values with their strings in the spellings of an option, listed names in their order."""
    by_all = {character_spellings(chr(point)): spellings(chr(point), kind) for point in (*range(0x250), 0x6F22, 0x1F600)}

    def judge() -> Judge:
        return ValuesJudge(tuple(by_all.get(atom, atom) for atom in atoms)
                           for value in values for atoms in json_atoms(value, listed_first(*ordered)))

    return judge


def canonical(kind: str, check: Callable[[Any], bool], suffixes: Iterable[str]) -> Callable[[], Judge]:
    """Compact JSON that a checker accepts, as ``json.dumps`` writes it."""
    judge = unicode_json(check, suffixes)
    ascii_only = kind == "necessary-ascii"

    def strict() -> Judge:
        found: Any = judge()
        accepts = found._check
        found._check = lambda text: accepts(text) and json.dumps(json.loads(text), ensure_ascii=ascii_only,
                                                                 separators=(",", ":")) == text
        return found  # type: ignore[no-any-return]

    return strict


def _cases(kind: str) -> list[Case]:
    options, char = OPTIONS[kind], CHARACTERS[kind]
    odd = ["😀", "é", "\n", '"', "\\", "/", "\x1f", "\x7f", "a"]
    found = [
        Case(f"any-{kind}", compact({"type": "string"}, **options), regex(f'"{char}*"'), TEXTS[kind], OTHERS[kind]),
        Case(f"2-to-3-{kind}", compact({"type": "string", "minLength": 2, "maxLength": 3}, **options),
             regex(f'"{char}{{2,3}}"'), (json.dumps("b\n", ensure_ascii=kind != "necessary"),)),
        Case(f"enum-{kind}", compact({"enum": odd}, **options), written(kind, odd),
             tuple(json.dumps(text, ensure_ascii=kind != "necessary") for text in odd if text != "\x7f"), ('"b"',)),
        Case(f"pattern-{kind}", compact({"type": "string", "pattern": "^[é漢😀\\n]{1,2}$"}, **options),
             written(kind, [*"é漢😀\n", *(a + b for a in "é漢😀\n" for b in "é漢😀\n")]),
             (json.dumps("é\n", ensure_ascii=kind != "necessary"),), ('"a"',)),
        Case(f"keys-{kind}", compact({"properties": {"é": {"const": 1}, "\n": {"const": 1}}, "additionalProperties": False,
                                      "type": "object"}, **options),
             written(kind, [{}, {"é": 1}, {"\n": 1}, {"é": 1, "\n": 1}], "é", "\n"),
             (json.dumps({"é": 1}, separators=(",", ":"), ensure_ascii=kind != "necessary"),)),
    ]
    if kind != "ascii":
        found += [
            Case(f"other-keys-{kind}", compact(OPEN_NULLS, **options),
                 canonical(kind, lambda value: type(value) is dict and not any(v is not None for v in value.values()),
                           CLOSERS),
                 ('{"a":null,"\\n":null}', "{}"), ('{"a":null,"a":null}', '{"\\u0061":null}')),
            Case(f"mixed-keys-{kind}", compact(MIXED_NAMES, **options),
                 canonical(kind, lambda value: type(value) is dict
                           and all(is_mixed(name) and repr(value[name]) == "1" for name in value), MIXED_ENDS),
                 ('{"a":1,"xa":1,"x":1}',), ('{"a":1,"a":1}', '{"\\u0061":1}')),
            Case(f"unique-{kind}", compact(UNIQUE_TEXTS, **options),
                 canonical(kind, lambda value: type(value) is list and all(type(v) is str for v in value)
                           and len(value) == len(set(value)) <= 3, [*CLOSERS, *UNIQUE_ENDS]),
                 ('["a","\\n"]',), ('["a","a"]', '["\\u0061"]')),
        ]
    return found


SEPARATED = {"type": "object", "properties": {"a": {"type": "array", "items": {"enum": [1, 2]}, "maxItems": 3},
                                              "b": {"const": None}}, "additionalProperties": False}
SEPARATORS = [
    Case("separators-python", JsonSchema(SEPARATED, separators=(", ", ": "), exponents=False),
         regex(r'\{("a": \[([12](, [12]){0,2})?\](, "b": null)?|"b": null)?\}'.replace("a", "A").replace("b", "B")
               .replace('"A"', r'"(a|\\u0061)"').replace('"B"', r'"(b|\\u0062)"')),
         ('{"a": [1, 2], "b": null}', "{}", '{"b": null}'), ('{"a":[]}', '{"a": [1,2]}', '{ "b": null}')),
    Case("separators-wide", JsonSchema({"type": "array", "items": COLOUR, "maxItems": 2}, separators=("\n ,\t", ":"),
                                       escapes="necessary"),
         regex(r'\[("(red|green|blue)"(\n ,\t"(red|green|blue)")?)?\]'), ('["red"\n ,\t"blue"]',), ('["red","blue"]',)),
    Case("separators-compact", JsonSchema({"type": "array", "items": {"const": 1}, "maxItems": 2}, separators=(",", ":"),
                                          whitespace="compact", exponents=False),
         valid({}, [[], [1], [1, 1]]), ("[1,1]",), ("[1, 1]",)),
]

SPELLING_CASES = [case for kind in OPTIONS for case in _cases(kind)] + SEPARATORS
