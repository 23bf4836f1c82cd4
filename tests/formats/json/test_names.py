"""What is said of names without an automaton agrees with the automaton."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations, permutations, product
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from structgen.automaton.dfa import compile_language
from structgen.formats.json.names import all_of, apart, literal_texts, texts_of
from structgen.grammar.nodes import And
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

PATTERNS = ("^x-", "^x-a", "^y", "x", "^(a|b)", "^a?b", "^c", "^$", "^(?=x)y", "^ab*$", "^(abc)+$", "^(ab){0,2}c", "b$")


def test_names_that_begin_otherwise_share_none() -> None:
    nodes = [parse_regex(pattern, dialect="ecma", mode="search", limits=Limits()) for pattern in PATTERNS]
    found = 0
    for one, other in combinations(nodes, 2):
        if apart(one, other):
            found += 1
            assert compile_language(And((one, other)), Limits()) is None
    assert found >= 10
    assert not apart(nodes[0], nodes[1])


def test_tests_in_any_order_are_one_node() -> None:
    one, other = (parse_regex(pattern, limits=Limits()) for pattern in ("a+", "b+"))
    assert all_of((one, other)) is all_of((other, one, one))
    assert all_of((one, one)) is one


LISTS = ("^$", "^a$", "^(a|b|ca)$", "^(a|a)$", "^[a-d]$", "^(x|y)[0-3](b|)$", "^(?:[a-c]|é)-$")


@pytest.mark.parametrize("pattern", LISTS)
def test_the_names_of_a_list_are_those_of_its_automaton(pattern: str) -> None:
    node = parse_regex(pattern, dialect="ecma", mode="search", limits=Limits())
    texts, dfa = literal_texts(node), compile_language(node, Limits())
    assert texts is not None
    assert dfa is not None
    assert set(texts) == set(texts_of(dfa))


@pytest.mark.parametrize("pattern", ["^a", "^a*$", "^[a-z][a-z]$", "^\\n$", "^.$", "(?!)", "^[^a]$"])
def test_what_is_no_short_list_is_left_to_automata(pattern: str) -> None:
    texts = literal_texts(parse_regex(pattern, dialect="ecma", mode="search", limits=Limits()))
    assert texts is None


OTHERS_NULL = {"patternProperties": {"^(b|c)$": {"type": "null"}}}
LISTING: tuple[dict[str, Any], ...] = (
    {"patternProperties": {"^(a|b)$": {"type": "null"}}, "additionalProperties": False},
    {"properties": {"a": {"type": "integer"}}, "patternProperties": {"^(a|b)$": {"minimum": 2}, "^b": {"type": "null"}}},
    {"patternProperties": {"^(a|b)$": False, "^[a-d]$": {"type": "integer"}}, "required": ["c"]},
    {"patternProperties": {"^(a|b)$": {"type": "integer"}}, "additionalProperties": {"type": "null"}, "minProperties": 1},
    {"propertyNames": {"maxLength": 1}, "patternProperties": {"^(a|bb)$": {"type": "null"}}, "maxProperties": 2},
    {"not": {"patternProperties": {"^(a|b)$": {"type": "null"}}}},
    {"oneOf": [{"required": ["a"], **OTHERS_NULL}, {"required": ["b"], "patternProperties": {"^[ac]$": {"type": "null"}}}]},
    {"allOf": [{"patternProperties": {"^(a|b)$": {"minimum": 2}}}, {"patternProperties": {"b": {"maximum": 3}}}]},
)


@pytest.mark.parametrize("order", ["any", "schema"])
@pytest.mark.parametrize("number", range(len(LISTING)))
def test_patterns_that_list_names_mean_what_the_standard_says(accepts: Callable[..., list[bool]], number: int,
                                                             order: str) -> None:
    schema = {"type": "object", **LISTING[number]}
    objects = [dict(zip(names, values, strict=True)) for size in range(3)
               for names in permutations(("a", "b", "c", "bb"), size) for values in product((None, 1, 3), repeat=size)]
    found = accepts(schema, *map(json.dumps, objects), property_order=order)
    judge = Draft202012Validator(schema)
    right = [judge.is_valid(value) for value in objects]
    assert True in right and False in right
    if order == "any":
        assert found == right
    else:  # some order of the members is allowed
        sets = [frozenset(value.items()) for value in objects]
        assert {s for s, ok in zip(sets, found, strict=True) if ok} == {s for s, ok in zip(sets, right, strict=True) if ok}
