"""Grammars with judges that know nothing of them: the table of the mask suite.

A case is a source, what judges its texts, and texts to walk along. The judge's pattern, values or suffixes are written
by hand from the meaning of the source; nothing in them is taken from structgen.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from oracle import (
    Judge,
    RegexJudge,
    SearchJudge,
    ValuesJudge,
    has_lone_surrogate,
    listed_first,
    no_duplicates,
)

from structgen import Choice, JsonSchema, Regex

HIGH, LOW, HEX = "[dD][89abAB]", "[dD][c-fC-F]", "[0-9a-fA-F]"
UNIT = f"([0-9a-cA-CefEF]{HEX}{{3}}|[dD][0-7]{HEX}{{2}})"
PAIR = rf"\\u{HIGH}{HEX}{{2}}\\u{LOW}{HEX}{{2}}"
CHAR = rf'([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u{UNIT}|{PAIR})'
INT = r"-?(0|[1-9][0-9]*)"
TOP = "7976931348623157"  # the fraction of the greatest double, before e308
BELOW_TOP = "|".join(
    [f"{TOP[:i]}[0-{int(digit) - 1}][0-9]*" for i, digit in enumerate(TOP)] + [TOP[:i] for i in range(1, len(TOP))]
)


@dataclass(frozen=True)
class Case:
    """``texts``: complete texts, walked along; random walks come on top. ``others``: complete texts to refuse."""

    id: str
    source: Any
    judge: Callable[[], Judge]
    texts: tuple[str, ...]
    others: tuple[str, ...] = ()


def compact(schema: Any, **options: Any) -> JsonSchema:
    """Compact JSON without exponents."""
    return JsonSchema(schema, whitespace="compact", exponents=False, **options)


def regex(pattern: str) -> Callable[[], Judge]:
    return lambda: RegexJudge(pattern)


def valid(schema: Any, values: Iterable[Any], *ordered: str) -> Callable[[], Judge]:
    """Those of the values that jsonschema finds valid; ``ordered``: listed names that come first, in their order."""

    def judge() -> Judge:
        validator = Draft202012Validator(schema)
        kept = [value for value in values if validator.is_valid(value)]
        return ValuesJudge.of(kept, listed_first(*ordered)) if ordered else ValuesJudge.of(kept)

    return judge


def objects(names: Iterable[str], values: Iterable[Any], most: int | None = None) -> list[dict[str, Any]]:
    """Every object with some of the names."""
    names, values = list(names), list(values)
    most = len(names) if most is None else most
    return [
        dict(zip(chosen, held, strict=True))
        for size in range(most + 1)
        for chosen in itertools.combinations(names, size)
        for held in itertools.product(values, repeat=size)
    ]


def lists(items: Iterable[Any], most: int) -> list[list[Any]]:
    """Every list of at most that many of the items."""
    items = list(items)
    return [list(chosen) for size in range(most + 1) for chosen in itertools.product(items, repeat=size)]


def nested(leaf: Any, depth: int) -> list[Any]:
    """Lists in lists in lists, at most two wide, that deep."""
    if depth == 0:
        return [leaf]
    inner = nested(leaf, depth - 1)
    return [leaf, *lists(inner, 2)]


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no integer")


def unicode_json(check: Callable[[Any], bool], suffixes: Iterable[str]) -> Callable[[], Judge]:
    """JSON that a checker accepts, without duplicate names, lone surrogates or fractions, found by trying suffixes."""

    def whole(text: str) -> bool:
        value = json.loads(text, object_pairs_hook=no_duplicates, parse_float=_refused)
        return not has_lone_surrogate(json.dumps(value, ensure_ascii=False)) and check(value) and is_compact(text)

    suffixes = list(suffixes)
    return lambda: SearchJudge(whole, [*suffixes, *("zq" + suffix for suffix in suffixes)], ESCAPE_ENDS)


ESCAPE_ENDS = (
    "n",
    "0",
    "00",
    "000",
    "0000",
    "u0000",
    "ude00",
    "\\ude00",
    "0\\ude00",
    "00\\ude00",
    "e00",
    "de00",
    "\\udc00",
    "u0061",
    "0061",
    "61",
    "1",
    "061",
    "078",
    "u0078",
    "0078",
    "78",
    "8",
)
"""What ends an unfinished escape."""


def is_mixed(text: Any) -> bool:
    """What the pattern of the mixed cases means in ECMA 262, whose ``$`` is the end and nothing else."""
    return isinstance(text, str) and re.fullmatch("a|x[^x]*", text) is not None


def is_compact(text: str) -> bool:
    """Whether there is no white space outside strings."""
    inside = escaped = False
    for character in text:
        if inside:
            inside, escaped = (character != '"' or escaped), character == "\\" and not escaped
        elif character in " \t\r\n":
            return False
        elif character == '"':
            inside, escaped = True, False
    return True


def tails(text: str) -> list[str]:
    """The text's ends, the whole of it included."""
    return [text[i:] for i in range(len(text) + 1)]


COLOUR = {"enum": ["red", "green", "blue"]}
ANY_ORDER = {
    "type": "object",
    "properties": {"a": {"const": 1}, "b": {"enum": [0, 1]}, "ab": {"const": None}},
    "required": ["b"],
    "additionalProperties": False,
}
COUNTED = {
    "type": "object",
    "properties": {n: {"const": 1} for n in ("a", "b", "c", "d")},
    "additionalProperties": False,
    "minProperties": 2,
    "maxProperties": 3,
}
FINITE_NAMES = {
    "type": "object",
    "properties": {"a": {"const": 1}},
    "propertyNames": {"pattern": "^[ab]{1,2}$"},
    "additionalProperties": {"const": 0},
    "maxProperties": 3,
}
FINITE_NAMES_MIN = {
    "type": "object",
    "propertyNames": {"pattern": "^[ab]$"},
    "additionalProperties": {"const": 0},
    "minProperties": 2,
}
NAMES = ["".join(p) for size in (1, 2) for p in itertools.product("ab", repeat=size)]
RECURSIVE = {
    "$ref": "#/$defs/n",
    "$defs": {"n": {"anyOf": [{"const": 1}, {"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": 2}]}},
}
OVERLAPPING = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "b": {"const": 1}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "c": {"const": 2}},
            "required": ["a"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "additionalProperties": False},
    ]
}
TUPLE = {
    "type": "array",
    "prefixItems": [{"enum": ["a", "b"]}, {"enum": [1, 12]}],
    "items": {"const": None},
    "minItems": 1,
    "maxItems": 4,
}
OPEN_NULLS = {"type": "object", "additionalProperties": {"type": "null"}}
OPEN_LISTED = {
    "type": "object",
    "properties": {"a": {"const": 1}, "ab": {"const": 12}},
    "required": ["ab"],
    "additionalProperties": {"type": "null"},
}
UNIQUE_TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 3}
UNIQUE_MIXED = {"type": "array", "items": {"type": "string", "pattern": "^(a|x[^x]*)$"}, "uniqueItems": True}
MIXED_NAMES = {
    "type": "object",
    "propertyNames": {"pattern": "^(a|x[^x]*)$"},
    "additionalProperties": {"const": 1},
}
MIXED_CLOSERS = ["", "]", '"]', 'a"]', 'x"]', '"a"]', '"xzq"]', ',"a"]', ',"xzq"]', '","xzq"]', 'xzq"]']
MIXED_ENDS = ["", "}", "1}", ":1}", '":1}', 'a":1}', 'x":1}', '"a":1}', '"x":1}', '"xzq":1}', 'xzq":1}', ',"xzq":1}']
CLOSERS = [
    "",
    '"',
    '"}',
    '":null}',
    '"]',
    "}",
    "]",
    *tails(":null}"),
    *tails("ull}"),
    *tails('"zz"]'),
    ',"zz"]',
    '"zz":null}',
]
OPENERS = [
    "",
    '"',
    *tails(':1,"ab":12}'),
    '"' + ':null,"ab":12}',
    '":null,"ab":12}',
    '":1,"ab":12}',
    '":12}',
    ":12}",
    "12}",
    "2}",
    "}",
    ',"ab":12}',
    '"ab":12}',
    '"zz":null}',
    '":1}',
    ":1}",
    "1}",
    'ab":12}',
    'b":12}',
    *(end + ',"ab":12}' for end in tails("null")),
    ':null,"ab":12}',
    *(end + "}" for end in tails("null")),
    ":null}",
    '":null}',
    '{"ab":12}',
]

STRINGS = [
    Case(
        "string-any",
        compact({"type": "string"}),
        regex(f'"{CHAR}*"'),
        ('""', '"a\\u00e9\\ud83d\\ude00😀é"', '"\\\\\\"b"'),
        ('"\\ud83d"',),
    ),
    Case(
        "string-2-to-3",
        compact({"type": "string", "minLength": 2, "maxLength": 3}),
        regex(f'"{CHAR}{{2,3}}"'),
        ('"ab"', '"😀\\ud83d\\ude00"', '"éé漢"', '"\\n\\u0061a"'),
        ('"a"', '"aaaa"', '"\\ud83d\\ude00"'),
    ),
    Case(
        "string-at-most-9",
        compact({"type": "string", "maxLength": 9}),
        regex(f'"{CHAR}{{0,9}}"'),
        ('"hello"', '"foobarfoo"'),
        ('"0123456789"',),
    ),
    Case(
        "string-at-least-6",
        compact({"type": "string", "minLength": 6}),
        regex(f'"{CHAR}{{6,}}"'),
        ('"foobar"', '"\\u0061aaaa\\ud83d\\ude00"'),
        ('"foo"',),
    ),
    Case("string-enum", compact(COLOUR), valid(COLOUR, ["red", "green", "blue"]), ('"red"', '"\\u0067reen"'), ('"re"',)),
    Case(
        "string-enum-astral",
        compact({"enum": ["😀", "é", "\n", '"', "\\", "/"]}),
        valid({}, ["😀", "é", "\n", '"', "\\", "/"]),
        ('"\\uD83d\\uDe00"', '"\\u00E9"', '"\\n"', '"\\/"'),
        ('"a"',),
    ),
    Case(
        "string-pattern-length",
        compact({"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 5}),
        valid({}, ["abab"]),
        ('"abab"', '"\\u0061bab"'),
        ('"ab"', '"ababab"'),
    ),
    Case(
        "string-pattern-search",
        compact({"type": "string", "pattern": "a+b", "maxLength": 3}),
        regex(
            '"(A{1}B{1}|A{1}B{1}C|CA{1}B{1}|A{2}B{1})"'.replace("A", "(a|\\\\u0061)")
            .replace("B", "(b|\\\\u0062)")
            .replace("C", CHAR)
        ),
        ('"ab"', '"xab"', '"aab"', '"ab😀"'),
        ('"ba"', '"a"'),
    ),
    Case(
        "string-anyof-overlap",
        compact({"anyOf": [{"enum": ["a", "ab", "foo"]}, {"type": "string", "pattern": "^a+$", "maxLength": 4}]}),
        valid({}, ["a", "ab", "foo", "aa", "aaa", "aaaa"]),
        ('"aaa"', '"ab"'),
        ('"b"',),
    ),
    Case(
        "string-not-const",
        compact({"enum": ["a", "aa", "b"], "not": {"const": "a"}}),
        valid({}, ["aa", "b"]),
        ('"aa"',),
        ('"a"',),
    ),
    Case("string-const-nul", compact({"const": "a\x00b"}), valid({}, ["a\x00b"]), ('"a\\u0000b"',), ('"a\\u0001b"',)),
    Case(
        "string-date",
        compact({"type": "string", "format": "date", "pattern": "^2024-(0[12]|12)-"}),
        valid({}, [f"2024-{m}-{d:02}" for m, n in (("01", 31), ("02", 29), ("12", 31)) for d in range(1, n + 1)]),
        ('"2024-02-29"', '"2024-12-31"'),
        ('"2024-02-30"', '"2023-01-01"'),
    ),
]

NUMBERS = [
    Case("integer", compact({"type": "integer"}), regex(INT), ("0", "-12", "2024"), ("01", "1.0", "-")),
    Case(
        "integer-range",
        compact({"type": "integer", "minimum": -12, "maximum": 105}),
        valid({}, range(-12, 106)),
        ("-12", "105", "-0", "99"),
        ("106", "-13"),
    ),
    Case("number", compact({"type": "number"}), regex(INT + r"(\.[0-9]+)?"), ("-0.5", "12", "1.0"), ("1.", ".5", "1e5")),
    Case(
        "number-exponents",
        JsonSchema({"type": "number"}, whitespace="compact"),
        regex(
            INT + r"(\.[0-9]+)?([eE][+-]?0{0,2}([0-9]|[1-9][0-9]|[12][0-9][0-9]|30[0-7]))?"
            rf"|-?1(\.({BELOW_TOP}|{TOP}0*))?[eE]\+?0{{0,2}}308"
        ),
        ("1e5", "-0.5E+10", "1e-12", "1e308", "1.79e+308"),
        ("1e", "1e309", "2e308", "1.8e308", "1e-308"),
    ),
    Case(
        "number-open-interval",
        compact({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        regex(r"0\.0*[1-9][0-9]*"),
        ("0.5", "0.01"),
        ("0", "1", "0.0"),
    ),
    Case(
        "integer-enum",
        compact({"enum": [1, 10, 100, 12, -1, None, True]}),
        valid({}, [1, 10, 100, 12, -1, None, True]),
        ("100", "null"),
        ("11",),
    ),
    Case(
        "multiple-of",
        compact({"type": "integer", "multipleOf": 5, "minimum": 0, "maximum": 120}),
        valid({}, range(0, 121, 5)),
        ("0", "100", "15"),
        ("12",),
    ),
]

CONTAINERS = [
    Case(
        "object-schema-order",
        compact(ANY_ORDER),
        valid(ANY_ORDER, objects(("a", "b", "ab"), (0, 1, None)), "a", "b", "ab"),
        ('{"a":1,"b":0}', '{"b":1,"ab":null}'),
        ('{"b":1,"a":1}', "{}"),
    ),
    Case(
        "object-any-order",
        compact(ANY_ORDER, property_order="any"),
        valid(ANY_ORDER, objects(("a", "b", "ab"), (0, 1, None))),
        ('{"a":1,"b":0}', '{"ab":null,"b":1,"a":1}', '{"\\u0062":0}'),
        ('{"b":1,"b":1}', "{}"),
    ),
    Case(
        "object-counted",
        compact(COUNTED),
        valid(COUNTED, objects("abcd", (1,)), *"abcd"),
        ('{"a":1,"d":1}', '{"b":1,"c":1,"d":1}'),
        ('{"d":1}',),
    ),
    Case(
        "object-counted-any-order",
        compact(COUNTED, property_order="any"),
        valid(COUNTED, objects("abcd", (1,))),
        ('{"d":1,"a":1}',),
        ('{"d":1}',),
    ),
    Case(
        "object-finite-names",
        compact(FINITE_NAMES),
        valid(FINITE_NAMES, objects(NAMES, (0, 1), 3), "a"),
        ('{"a":1,"ab":0,"b":0}', '{"bb":0,"b":0}', "{}"),
        ('{"b":0,"a":1}', '{"c":0}'),
    ),
    Case(
        "object-finite-names-any-order",
        compact(FINITE_NAMES, property_order="any"),
        valid(FINITE_NAMES, objects(NAMES, (0, 1), 3)),
        ('{"ab":0,"a":1,"aa":0}',),
        ('{"ab":0,"ab":0}',),
    ),
    Case(
        "object-finite-names-least",
        compact(FINITE_NAMES_MIN),
        valid(FINITE_NAMES_MIN, objects("ab", (0,))),
        ('{"b":0,"\\u0061":0}',),
        ('{"a":0}',),
    ),
    Case(
        "object-open",
        compact(OPEN_NULLS),
        unicode_json(Draft202012Validator(OPEN_NULLS).is_valid, CLOSERS),
        ('{"a":null,"aa":null,"\\u0062":null}', '{"":null,"é":null}', "{}"),
        ('{"a":null,"\\u0061":null}',),
    ),
    Case(
        "object-open-listed-any-order",
        compact(OPEN_LISTED, property_order="any"),
        unicode_json(Draft202012Validator(OPEN_LISTED).is_valid, OPENERS),
        ('{"x":null,"ab":12,"a":1}', '{"ab":12,"b":null}'),
        ('{"ab":12,"ab":12}',),
    ),
    Case(
        "object-anyof-overlap",
        compact(OVERLAPPING),
        valid(OVERLAPPING, objects("abc", (1, 2)), *"abc"),
        ('{"a":1,"c":2}', '{"a":2}'),
        ('{"a":2,"c":2}',),
    ),
    Case(
        "array-tuple",
        compact(TUPLE),
        valid(TUPLE, lists(("a", "b", 1, 12, None), 4)),
        ('["a"]', '["b",12,null,null]'),
        ("[]", "[1]"),
    ),
    Case(
        "array-counted",
        compact({"type": "array", "items": {"enum": [1, 12]}, "minItems": 2, "maxItems": 3}),
        valid({"minItems": 2}, lists((1, 12), 3)),
        ("[1,12]", "[12,12,1]"),
        ("[1]", "[1,1,1,1]"),
    ),
    Case(
        "array-long-counted",
        compact({"type": "array", "items": {"const": 1}, "minItems": 7, "maxItems": 90}),
        regex(r"\[1(,1){6,89}\]"),
        ("[1,1,1,1,1,1,1,1]",),
        ("[1,1]",),
    ),
    Case(
        "array-unique-enum",
        compact({"type": "array", "items": {"enum": ["a", "ab", 1, None]}, "uniqueItems": True, "minItems": 2}),
        valid({"uniqueItems": True, "minItems": 2}, lists(("a", "ab", 1, None), 4)),
        ('["a","ab"]', '[null,1,"\\u0061b","a"]'),
        ('["a","a"]', '["a"]'),
    ),
    Case(
        "array-unique-strings",
        compact(UNIQUE_TEXTS),
        unicode_json(Draft202012Validator(UNIQUE_TEXTS).is_valid, CLOSERS),
        ('["a","aa","b"]', '["\\u0061","b"]'),
        ('["a","\\u0061"]',),
    ),
    Case(
        "array-unique-mixed",
        compact(UNIQUE_MIXED),
        unicode_json(
            lambda value: type(value) is list and all(map(is_mixed, value)) and len(set(value)) == len(value), MIXED_CLOSERS
        ),
        ('["a","xa","x"]', '["x","\\u0061"]'),
        ('["a","a"]', '["b"]'),
    ),
    Case(
        "object-mixed-names",
        compact(MIXED_NAMES),
        unicode_json(
            lambda value: type(value) is dict and all(is_mixed(name) and repr(value[name]) == "1" for name in value),
            MIXED_ENDS,
        ),
        ('{"a":1,"xa":1,"x":1}', '{"x":1,"\\u0061":1}'),
        ('{"a":1,"a":1}', '{"b":1}'),
    ),
    Case(
        "depth-3",
        compact(RECURSIVE, max_depth=3),
        lambda: ValuesJudge.of(nested(1, 3)),
        ("[[1,[]],1]", "[]", "1"),
        ("[[[[1]]]]", "[1,1,1]"),
    ),
]

WHITE = "[ \\t\\n\\r]*"
BOUNDED = "( |\\n[ \\t]{0,40})?"
SPACES = [
    Case(
        "white-space-bounded",
        JsonSchema({"type": "array", "items": {"const": 1}, "maxItems": 2}, exponents=False),
        regex(rf"\[{BOUNDED}{BOUNDED}\]|\[{BOUNDED}1({BOUNDED},{BOUNDED}1)?{BOUNDED}\]"),
        ("[1, 1]", "[\n  1\n]"),
        ("[  1]", " [1]"),
    ),
    Case(
        "white-space-flexible",
        JsonSchema({"type": "array", "items": {"const": 1}, "maxItems": 2}, whitespace="flexible", exponents=False),
        regex(rf"{WHITE}\[{WHITE}(1{WHITE}(,{WHITE}1{WHITE})?)?\]{WHITE}"),
        ("  [ 1 , 1 ]\n", "[1]"),
        ("[1,]",),
    ),
]


def _from_text(source: str) -> Any:
    from typing import Annotated

    from structgen import FromText
    from structgen.compiler import json_source

    return json_source(Annotated[str, FromText(source)], escapes="all")


WORDS = 'a_b \u00e9"ab\u00e9"\n, c'


def whole_words(text: str) -> set[str]:
    places = [place for place in range(len(text) + 1) if not re.fullmatch(r"\w\w", text[max(0, place - 1) : place + 1])]
    return {text[low:high] for low in places for high in places if text[low:high] == text[low:high].strip()}


TEXTS = [
    Case("regex-words", Regex("(foo|bar)+|x{2,4}y"), regex("(foo|bar)+|x{2,4}y"), ("foobarfoo", "xxxy"), ("xy", "fo")),
    Case("regex-characters", Regex("[é-ü漢😀]{1,3}"), regex("[é-ü漢😀]{1,3}"), ("éü", "漢😀"), ("a",)),
    Case("regex-any", Regex("[^x\\n]*end"), regex("[^x\\n]*end"), ("the end", "endend"), ("x end",)),
    Case("regex-long-counter", Regex("(a|bc){3,200}"), regex("(a|bc){3,200}"), ("abcabc",), ("ab",)),
    Case("regex-ambiguous", Regex("(a*)*b?a{2}"), regex("a*b?a{2}"), ("aaaa", "aabaa"), ("ab",)),
    Case("regex-empty-too", Regex("(ab)?"), regex("(ab)?"), ("", "ab"), ("a",)),
    Case(
        "choice",
        Choice(["a", "ab", "abc", "foo", "foobar", "漢字", "漢"]),
        lambda: ValuesJudge([(frozenset((t.encode(),)),) for t in ("a", "ab", "abc", "foo", "foobar", "漢字", "漢")]),
        ("abc", "漢字"),
        ("fo", ""),
    ),
    Case(
        "from-text",
        _from_text('the quick 漢字\n"fox"'),
        lambda: ValuesJudge.of({'the quick 漢字\n"fox"'[i:j] for i in range(18) for j in range(i, 19)}),
        ('"quick"', '"字\\n\\"f"'),
        ('"slow"',),
    ),
    Case(
        "from-text-words",
        JsonSchema({"x-structgen-words-from-text": WORDS, "type": "string", "maxLength": 6, "pattern": "a|\u00e9"}),
        lambda: ValuesJudge.of({one for one in whole_words(WORDS) if len(one) <= 6 and set(one) & set("a\u00e9")}),
        ('"a_b"', '"\u00e9\\"ab\u00e9\\""'),
        ('"_b"', '"a_b "', '"c"', '""'),
    ),
]

CASES = [*STRINGS, *NUMBERS, *CONTAINERS, *SPACES, *TEXTS]
