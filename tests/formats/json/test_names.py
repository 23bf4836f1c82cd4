"""What is said of names without an automaton agrees with the automaton."""

from __future__ import annotations

from itertools import combinations

from structgen.automaton.dfa import compile_language
from structgen.formats.json.names import all_of, apart
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
