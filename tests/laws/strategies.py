"""Random grammars, schemas and patterns, and random walks along masks.

Everything is drawn small on purpose: three names, few characters, short lists, so that counterexamples are read at
sight and the interesting cases (equal prefixes, used names, bounds that meet) are common.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from structgen.grammar.build import EMPTY, alt, literal, optional, repeat, seq
from structgen.grammar.nodes import (
    And,
    Chars,
    Grammar,
    Items,
    Members,
    Node,
    Not,
    Ref,
    Repeat,
    Seq,
    Str,
    Substrings,
    Text,
)

EXAMPLES = int(os.environ.get("STRUCTGEN_EXAMPLES", "40"))
"""Examples a law; more of them, with new seeds, where the variable is set."""
LAW = settings(max_examples=EXAMPLES)

SEEDS = st.integers(0, 2**32 - 1)
WORDS = st.sampled_from(["a", "b", "ab", "aa", "abc", "foo", "é", "漢", "😀", '"', "\\", "\n", "x", "1", "/", "\x00"])
RANGES = st.sampled_from(
    [
        ((0x61, 0x62),),
        ((0x61, 0x7A),),
        ((0x30, 0x39),),
        ((0x20, 0x7E),),
        ((0, 0xD7FF), (0xE000, 0x10FFFF)),
        ((0x61, 0x61), (0xE9, 0xE9)),
        ((0x4E00, 0x9FFF),),
        ((0x1F600, 0x1F64F),),
        ((0, 0x60), (0x62, 0xD7FF)),
    ]
)


def regular(depth: int = 3) -> st.SearchStrategy[Node]:
    """Regular nodes of every kind."""
    leaves = st.one_of(st.builds(Str, WORDS), st.builds(Chars, RANGES))
    if depth == 0:
        return leaves
    inner = regular(depth - 1)
    pair = st.tuples(inner, inner)
    return st.one_of(
        leaves,
        st.builds(lambda parts: seq(*parts), st.lists(inner, max_size=3)),
        st.builds(alt, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda body, least, more: repeat(body, least, None if more is None else least + more),
            inner,
            st.sampled_from([0, 0, 1, 2, 5]),
            st.sampled_from([None, 0, 1, 2, 7]),
        ),
        st.builds(And, pair),
        st.builds(Not, inner),
        st.builds(Substrings, st.sampled_from(["foobar", 'a"b\\c', "漢字漢", "abab"])),
    )


BOUNDS = st.sampled_from([(0, None), (0, None), (0, 0), (1, None), (0, 3), (2, 2), (1, 4), (3, 70), (6, None)])


@st.composite
def texts(draw: st.DrawFn, encoding: str | None = None) -> Text:
    least, most = draw(BOUNDS)
    chosen: Any = encoding or draw(st.sampled_from(["raw", "json"]))
    return Text(draw(regular(2)), chosen, least, most)


@st.composite
def items(draw: st.DrawFn, node: st.SearchStrategy[Node]) -> Items:
    least = draw(st.integers(0, 3))
    most = draw(st.sampled_from([None, least, least + 1, least + 3, 70]))
    unique = draw(st.booleans())
    if unique:
        scalars = [
            draw(texts("json")),
            *draw(st.lists(st.builds(lambda t: Text(Str(t)), st.sampled_from(["1", "12", "null"])), max_size=2)),
        ]
        rest: Node | None = alt(scalars) if draw(st.booleans()) else scalars[0]
        return Items(Str("["), Str("]"), Str(","), (), rest, least, most, True)
    prefix = tuple(draw(st.lists(node, max_size=2)))
    rest = draw(st.one_of(st.none(), node))
    return Items(
        Str("["),
        Str("]"),
        draw(st.sampled_from([Str(","), seq(Str(","), optional(Str(" ")))])),
        prefix,
        rest,
        least if rest is not None else min(least, len(prefix)),
        most,
    )


@st.composite
def members(draw: st.DrawFn, node: st.SearchStrategy[Node]) -> Members:
    names = draw(st.lists(st.sampled_from(["a", "b", "ab", "é", '"', "foo"]), unique=True, max_size=4))
    values = tuple(draw(node) for _ in names)
    required = tuple(draw(st.booleans()) for _ in names)
    other = draw(st.one_of(st.none(), node))
    name = draw(st.one_of(st.none(), regular(1))) if other is not None else None
    least = draw(st.sampled_from([0, 0, 0, 1, 2]))
    most = draw(st.sampled_from([None, None, max(least, sum(required)), 3]))
    colon = draw(st.sampled_from([Str(":"), seq(Str(":"), optional(Str(" ")))]))
    classes = tuple(draw(st.lists(st.tuples(regular(1), node), max_size=2))) if other is None or name is not None else ()
    awaited, proofs = 0, ()
    if other is not None and name is None and draw(st.booleans()):
        awaited = draw(st.sampled_from([1, 3]))
        sets = draw(st.sampled_from([(3,), (1, 2), (1, 2, 3)]))
        proofs = tuple((bits & awaited, None, draw(node)) for bits in sets if bits & awaited)
    return Members(
        Str("{"),
        Str("}"),
        colon,
        Str(","),
        tuple(names),
        values,
        required,
        other,
        name,
        draw(st.booleans()),
        least,
        most,
        draw(st.sampled_from(["json", "json", "json", "raw"])) if not classes and other is None else "json",
        classes,
        awaited,
        proofs,
    )


def structural(rules: int, depth: int = 2) -> st.SearchStrategy[Node]:
    """Nodes of every kind; references come behind a bracket, so that no rule begins with itself."""
    leaves = [texts(), st.builds(Str, st.sampled_from(["1", "12", "null", "true", "a", '"ab"']))]
    if rules:
        leaves.append(st.builds(lambda i: Seq((Str("("), Ref(f"r{i}"), Str(")"))), st.integers(0, rules - 1)))
    if depth == 0:
        return st.one_of(*leaves)
    inner = structural(rules, depth - 1)
    return st.one_of(
        *leaves,
        items(inner),
        members(inner),
        st.builds(lambda parts: seq(*parts), st.lists(inner, min_size=1, max_size=3)),
        st.builds(alt, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda body, least, more: Repeat(seq(body, Str(";")), least, None if more is None else least + more),
            inner,
            st.sampled_from([0, 1, 3]),
            st.sampled_from([None, 1, 2, 8, 80]),
        ),
    )


@st.composite
def grammars(draw: st.DrawFn) -> Grammar:
    """A start node and up to two rules, some of them recursive."""
    count = draw(st.integers(0, 2))
    rules = {
        f"r{i}": alt([draw(structural(count, 1)), literal("0") if draw(st.booleans()) else EMPTY]) for i in range(count)
    }
    return Grammar(draw(structural(count)), rules)


# --- patterns ---------------------------------------------------------------------------------------------------------


def patterns(depth: int = 3) -> st.SearchStrategy[str]:
    """Patterns on which Python's ``re`` and ECMA 262 agree."""
    leaves = st.sampled_from(
        ["a", "b", "c", "ab", "[ab]", "[^a]", "x", "é", "漢", "😀", "[a-f0-3]", "\\.", "-", "foo", "1", "0"]
    )
    if depth == 0:
        return leaves
    inner = patterns(depth - 1)
    return st.one_of(
        leaves,
        st.builds("".join, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: "(?:" + "|".join(parts) + ")", st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda body, how: f"(?:{body}){how}",
            inner,
            st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,9}", "{2,}", "{3,40}"]),
        ),
    )


def anchored(pattern: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda body, how: how.format(body), pattern, st.sampled_from(["^{}$", "^(?:{})$", "{}", "^{}", "{}$"])
    ).filter(lambda text: text.count("^") <= 1 or "[^" in text)


# --- schemas ----------------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "ab")
KEY_PATTERNS = st.sampled_from(["^a", "b", "^[ax]", "^.$", "x$", "^x[0-9]$", "^", "^é"])
SCALARS = st.sampled_from([None, True, False, 0, 1, -3, 12, 0.5, "", "a", "ab", "aa", "b", "é", "😀", "foo"])


@st.composite
def string_schemas(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if draw(st.booleans()):
        schema["minLength"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        schema["maxLength"] = schema.get("minLength", 0) + draw(st.sampled_from([0, 1, 2, 5, 30]))
    if draw(st.integers(0, 2)) == 0:
        schema["pattern"] = draw(anchored(patterns(1)))
    return schema


@st.composite
def number_schemas(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": draw(st.sampled_from(["integer", "number"]))}
    low = draw(st.sampled_from([None, -12, 0, 1, 9, -0.5]))
    if low is not None:
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = (low or 0) + draw(
            st.sampled_from([1, 2, 10, 99, 1000])
        )
    if draw(st.integers(0, 3)) == 0:
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 5, 10, 0.5, 0.25]))
    return schema


@st.composite
def array_schemas(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array"}
    if draw(st.integers(0, 3)) == 0:
        schema["items"] = draw(
            st.one_of(
                string_schemas(),
                number_schemas(),
                st.builds(lambda v: {"enum": v}, st.lists(SCALARS, min_size=1, max_size=4)),
            )
        )
        schema["uniqueItems"] = True
    else:
        if draw(st.integers(0, 2)) == 0:
            schema["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
        if draw(st.booleans()):
            schema["items"] = draw(inner)
    if "uniqueItems" not in schema and draw(st.integers(0, 3)) == 0:
        schema["contains"] = draw(inner)
        if draw(st.booleans()):
            schema["minContains"] = draw(st.integers(0, 2))
        if draw(st.booleans()):
            schema["maxContains"] = schema.get("minContains", 1) + draw(st.integers(0, 1))
    if draw(st.booleans()):
        schema["minItems"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        schema["maxItems"] = schema.get("minItems", 0) + draw(st.integers(0, 3))
    return schema


@st.composite
def object_schemas(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    if names:
        schema["properties"] = {name: draw(inner) for name in names}
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
    if draw(st.booleans()):
        schema["additionalProperties"] = draw(st.one_of(st.just(False), st.just(False), inner))
    if draw(st.integers(0, 3)) == 0:
        schema["patternProperties"] = draw(st.dictionaries(KEY_PATTERNS, inner, min_size=1, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        schema["propertyNames"] = draw(
            st.sampled_from([{"pattern": "^[ab]{1,2}$"}, {"maxLength": 2}, {"enum": ["a", "b", "x"]}])
        )
    if draw(st.integers(0, 3)) == 0:
        schema["minProperties"] = draw(st.integers(0, 2))
    if draw(st.integers(0, 3)) == 0:
        schema["maxProperties"] = schema.get("minProperties", 0) + draw(st.integers(0, 2))
    return schema


def schemas(depth: int = 2) -> st.SearchStrategy[Any]:
    """Schemas over the keywords that are enforced everywhere; some of them nothing satisfies."""
    leaves = st.one_of(
        st.just({"type": "boolean"}),
        st.just({"type": "null"}),
        string_schemas(),
        number_schemas(),
        st.builds(lambda value: {"const": value}, SCALARS),
        st.builds(lambda values: {"enum": values}, st.lists(SCALARS, min_size=1, max_size=3)),
    )
    if depth == 0:
        return leaves
    inner = schemas(depth - 1)
    return st.one_of(
        leaves,
        array_schemas(inner),
        object_schemas(inner),
        object_schemas(inner),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda options: {"oneOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one, banned: {"allOf": [one], "not": banned}, inner, inner),
        st.builds(lambda one, way, other: {"if": one, "then": way, "else": other}, inner, inner, inner),
        st.builds(
            lambda body, banned: {**body, "not": {"enum": banned}}, leaves, st.lists(SCALARS, min_size=1, max_size=2)
        ),
        st.builds(
            lambda types: {"type": types},
            st.lists(
                st.sampled_from(["string", "integer", "null", "boolean", "array"]), min_size=1, max_size=3, unique=True
            ),
        ),
    )
