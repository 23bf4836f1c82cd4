"""Strings as JSON spells them: patterns, formats, lengths and finite sets as one text node.

Every test of a string is a regular language, so a facet is their conjunction; whether it is empty is decided where the
automaton is built. Nodes are remembered by facet: the same string type in another schema is the same node.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

from structgen.automaton.dfa import compile_text
from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.formats.json.formats import format_node
from structgen.grammar.build import ANY_TEXT, alt, literal, repeat
from structgen.grammar.nodes import And, Encoding, Node, Not, Substrings, Text, Words
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits
from structgen.schema.nodes import StringFacet, TextTest
from structgen.schema.words import places_of

FEW_STATES = 2000
"""States of an automaton that only tells whether there is a string."""


@cache
def any_string(encoding: Encoding) -> Text:
    """Any string."""
    return Text(ANY_TEXT, encoding)


class PatternError(Exception):
    """A pattern that cannot be read; whoever knows the position in the schema makes an error of it."""

    def __init__(self, error: GrammarSyntaxError, origin: int, keyword: str = "pattern") -> None:
        super().__init__(error.what)
        self.error, self.origin, self.keyword = error, origin, keyword
        self.is_unsupported = "not supported" in error.what


def string_node(facet: StringFacet, encoding: Encoding, limits: Limits) -> Text:
    """The JSON strings of a facet."""
    if not facet.tests:  # no pattern, and so no limits: hashing those takes longer than the rest
        return _string_node(facet.values, facet.excluded, facet.min_length, facet.max_length, (), encoding, None)
    return _string_node(facet.values, facet.excluded, facet.min_length, facet.max_length, facet.tests, encoding, limits)


@lru_cache(4096)
def _string_node(values: tuple[str, ...] | None, excluded: tuple[str, ...], min_length: int, max_length: int | None,
                 tests: tuple[TextTest, ...], encoding: Encoding, limits: Limits | None) -> Text:
    parts: list[Node] = []
    if values is not None:
        parts.append(literals(values))
    for test in tests:
        assert limits is not None
        body, longest = language(test, limits)
        if longest is not None:
            if test.holds:
                max_length = longest if max_length is None else min(longest, max_length)
            else:
                body = And((body, repeat(ANY_TEXT.body, 0, longest)))
        parts.append(body if test.holds else Not(body))
    if excluded:
        parts.append(Not(literals(excluded)))
    body = ANY_TEXT if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))
    return Text(body, encoding, min_length, max_length)


@lru_cache(1024)
def literals(values: tuple[str, ...]) -> Node:
    """Any of the values."""
    return alt(literal(value) for value in values)


def holds_nothing(facet: StringFacet, limits: Limits) -> bool:
    """Whether provably no string satisfies a facet; what takes long to tell counts as not proven."""
    few = replace(limits, dfa_states=min(limits.dfa_states, FEW_STATES))
    try:
        node = string_node(facet, "json", limits)
        return compile_text(node.body, node.min_length, node.max_length, few) is None
    except (PatternError, LimitExceededError):
        return False


def language(test: TextTest, limits: Limits) -> tuple[Node, int | None]:
    """The regular language of a test, and the greatest length where the language leaves that out."""
    if test.kind == "pattern":
        try:
            return pattern_node(test.argument, limits), None
        except GrammarSyntaxError as error:
            raise PatternError(error, test.origin) from None
    if test.kind == "format":
        return format_node(test.argument)
    if test.kind == "words":
        return Words(test.argument, places_of(test.argument)), None
    return Substrings(test.argument), None


@lru_cache(2048)
def pattern_node(pattern: str, limits: Limits) -> Node:
    """The texts in which an ECMA 262 pattern is found."""
    return parse_regex(pattern, dialect="ecma", mode="search", limits=limits)
