"""The pieces of a text that cut no word in two, judged by trying every piece."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from structgen import Compiler, FromText, JsonSchema, SchemaError, UnsatisfiableError, Vocabulary
from structgen.automaton.dfa import compile_language, compile_text
from structgen.automaton.substrings import compile_substrings
from structgen.formats.json.matches import matches
from structgen.grammar.build import spelled_words
from structgen.grammar.nodes import And, Not, Words
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits
from structgen.schema.words import is_piece, places_of

LETTERS = "ab \u00e9-_1\n\u20ac"


def whole_words(source: str) -> Words:
    return Words(source, places_of(source))


def pieces(source: str) -> set[str]:
    """The empty text and every piece without white space at its ends beside which no word goes on."""
    inside = re.compile(r"\w")  # of the letters used here, those of words
    found = {""}
    for low in range(len(source)):
        for high in range(low + 1, len(source) + 1):
            piece = source[low:high]
            cut = any(
                inside.match(source[place - 1]) and inside.match(source[place])
                for place in (low, high)
                if 0 < place < len(source)
            )
            if piece == piece.strip() and not cut:
                found.add(piece)
    return found


@settings(max_examples=500)
@given(st.text(LETTERS, max_size=10))
def test_pieces_are_those_of_whole_words(source: str) -> None:
    node = whole_words(source)
    dfa = compile_substrings(source, node.places)
    wanted = pieces(source)
    every = {source[low:high] for low in range(len(source) + 1) for high in range(low, len(source) + 1)}
    assert {piece for piece in every if dfa.accepts(piece)} == wanted
    assert {piece for piece in every if is_piece(piece, source, node.places)} == wanted
    assert {piece for piece in every if matches(node, piece)} == wanted
    assert dfa.count[0] == len(wanted)
    assert dfa.max_length[0] == max(map(len, wanted))
    assert all(label >= 0 or row for label, row in zip(dfa.accept, dfa.edges, strict=True))  # no dead end
    assert len([label for label in dfa.accept if label >= 0]) <= max(1, 2 * len(source))


@settings(max_examples=200)
@given(st.text(LETTERS, max_size=9), st.integers(0, 4), st.integers(0, 5))
def test_pieces_of_some_length_join_patterns(source: str, least: int, more: int) -> None:
    node = whole_words(source)
    pattern = parse_regex("[ab ]+", limits=Limits())
    both = And((node, pattern, Not(whole_words("a b"))))
    for body, held in (
        (node, pieces(source)),
        (both, {one for one in pieces(source) - pieces("a b") if set(one) <= set("ab ")}),
    ):
        wanted = {one for one in held if least <= len(one) <= least + more}
        made = compile_text(body, least, least + more, Limits())
        every = {source[low:high] for low in range(len(source) + 1) for high in range(low, len(source) + 1)}
        got = (
            set()
            if made is None
            else {
                one
                for one in every
                if made[0].accepts(one) and made[1] <= len(one) and (made[2] is None or len(one) <= made[2])
            }
        )
        assert got == wanted


@settings(max_examples=200)
@given(st.text('ab "', max_size=9))
def test_pieces_may_be_spelled_otherwise(source: str) -> None:
    node = spelled_words(whole_words(source), lambda one: one.replace('"', '""'))
    found = compile_language(node, Limits())
    assert found is not None
    wanted = {one.replace('"', '""') for one in pieces(source)}
    assert found.count[0] == len(wanted)
    assert all(map(found.accepts, wanted))


@pytest.mark.parametrize(
    ("source", "inside", "outside"),
    [
        (
            "Write to bo.b@x-y.org, please",
            ["bo.b@x-y.org", "x-y.org", "bo", "org, please"],
            ["o.b", "bo.b@x-y.or", "Write ", " to"],
        ),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"], ["cafe", "\u0301 noir"]),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e",
            ["\u0939\u093f\u0928\u094d\u0926\u0940"],
            ["\u0939\u093f"],
        ),
        ("\u5f20\u4f1f\u5728\u5317\u4eac", ["\u5f20\u4f1f", "\u5317\u4eac"], []),
        (
            "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22\u0e19\u0e35\u0e48",
            ["\u0e44\u0e17\u0e22"],
            ["\u0e44\u0e17\u0e22\u0e19"],
        ),
        ("snake_case x", ["snake_case"], ["snake", "case", "_case"]),
        ("20kg (net)", ["20kg", "(net)", "net"], ["20", "kg"]),
        ("a\u200db c", ["a\u200db"], ["a", "b"]),
        ("\U0001f600ok", ["ok", "\U0001f600", "\U0001f600ok"], ["o"]),
    ],
)
def test_words_of_other_scripts(source: str, inside: list[str], outside: list[str]) -> None:
    dfa = compile_substrings(source, whole_words(source).places)
    assert [one for one in inside if not dfa.accepts(one)] == []
    assert [one for one in outside if dfa.accepts(one)] == []
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[str, FromText(source, whole_words=True)])
    for one in inside:
        assert adapter.validate_python(one) == one
    for one in outside:
        with pytest.raises(ValidationError, match="cuts a word"):
            adapter.validate_python(one)


def test_a_long_text_takes_linear_space() -> None:
    for source in ("a " * 10_000, "".join(random.Random(1).choices("abc d\u00e9f\n", k=20_000))):
        dfa = compile_substrings(source, whole_words(source).places)
        assert len(dfa.edges) < 3 * len(source)


def test_whole_words_is_a_keyword_and_a_flag() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[str, FromText("Ada wrote", whole_words=True)])
    assert adapter.json_schema() == {"type": "string", "x-structgen-words-from-text": "Ada wrote"}
    with pytest.raises(SchemaError, match="whole_words is True or False"):
        FromText("x", whole_words="yes")  # type: ignore[arg-type]


def test_what_no_piece_satisfies_is_said() -> None:
    vocabulary = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
    schema = {"type": "string", "x-structgen-words-from-text": "hello there", "pattern": "^hel$"}
    words = '"x-structgen-words-from-text" at #/x-structgen-words-from-text and "pattern" at #/pattern'
    with pytest.raises(UnsatisfiableError, match=re.escape(words)):
        Compiler(vocabulary).compile(JsonSchema(schema))
    Compiler(vocabulary).compile(JsonSchema({**schema, "pattern": "^hello$"}))
