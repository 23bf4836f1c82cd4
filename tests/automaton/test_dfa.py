"""Regular nodes become automata that accept exactly their texts, in the promised form."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.automaton.dfa import ANY, INFINITE, Dfa, compile_labelled, compile_language
from structgen.automaton.memo import without_first
from structgen.errors import LimitExceededError, StructgenError
from structgen.grammar.build import ANY_CHAR, ANY_TEXT, EMPTY, NEVER, alt, literal, repeat, seq
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Ref, Repeat, Substrings
from structgen.limits import Limits

LIMITS = Limits()
AB = Chars(((97, 98),))
ALPHABET = "abé\U0001f600"
TEXTS = ["".join(text) for length in range(5) for text in itertools.product(ALPHABET, repeat=length)]


def language(dfa: Dfa | None) -> set[str]:
    return set() if dfa is None else {text for text in TEXTS if dfa.accepts(text)}


def compiled(node: Node) -> Dfa:
    dfa = compile_language(node, LIMITS)
    assert dfa is not None
    return dfa


def check_form(dfa: Dfa) -> None:
    """Edges sorted and disjoint, states numbered breadth-first, all live."""
    seen = [dfa.start]
    for state in range(len(dfa.edges)):
        last = -1
        for low, high, target in dfa.edges[state]:
            assert last < low <= high <= 255
            last = high
            if target not in seen:
                seen.append(target)
        assert dfa.min_length[state] < INFINITE
        assert dfa.count[state] >= 1
    assert seen == list(range(len(dfa.edges)))


def nodes() -> st.SearchStrategy[Node]:
    """Small regular nodes, with intersections and complements, over ``ALPHABET``."""
    leaves = st.one_of(
        st.sampled_from([ANY_CHAR, ANY_TEXT, EMPTY, NEVER, AB, Chars(((0xE9, 0x1F600),)), Chars(((0, 0x60),))]),
        st.text(ALPHABET, max_size=3).map(literal),
        st.text(ALPHABET, max_size=4).map(Substrings),
    )
    return st.recursive(leaves, lambda below: st.one_of(
        st.lists(below, max_size=3).map(lambda parts: seq(*parts)),
        st.lists(below, max_size=3).map(alt),
        st.tuples(below, st.integers(0, 2), st.one_of(st.none(), st.integers(0, 2))).map(
            lambda t: repeat(t[0], t[1], None if t[2] is None else t[1] + t[2])),
        st.lists(below, min_size=1, max_size=2).map(lambda parts: And(tuple(parts))),
        below.map(Not),
    ), max_leaves=6)


def texts_of(node: Node) -> set[str]:
    """The texts of a node among ``TEXTS``, by its definition alone."""
    match node:
        case And(parts):
            return set.intersection(*[texts_of(part) for part in parts])
        case Not(body):
            return set(TEXTS) - texts_of(body)
        case Substrings(source):
            return {text for text in TEXTS if text in source}
        case Chars(ranges):
            return {c for c in ALPHABET if any(low <= ord(c) <= high for low, high in ranges)}
        case Repeat(body, least, most):
            one = texts_of(body)
            rounds = {""}
            for _ in range(least):
                rounds = joined(rounds, one)
            found = set(rounds)
            for _ in range(4 if most is None else most - least):
                rounds = joined(rounds, one)
                found |= rounds
            return found
    if hasattr(node, "text"):
        return {node.text} & set(TEXTS)
    if hasattr(node, "parts"):
        found = {""}
        for part in node.parts:
            found = joined(found, texts_of(part))
        return found
    return set().union(*[texts_of(option) for option in node.options])  # type: ignore[attr-defined]


def joined(left: set[str], right: set[str]) -> set[str]:
    return {a + b for a in left for b in right if len(a) + len(b) <= 4}


@settings(max_examples=300)
@given(nodes())
def test_language_is_the_one_defined(node: Node) -> None:
    dfa = compile_language(node, LIMITS)
    assert language(dfa) == texts_of(node)
    if dfa is not None:
        check_form(dfa)


@settings(max_examples=200)
@given(nodes())
def test_complement_twice_gives_the_same_automaton(node: Node) -> None:
    plain, twice = compile_language(And((node,)), LIMITS), compile_language(Not(Not(node)), LIMITS)
    if plain is None or not any(isinstance(part, Substrings) for part in [node]):
        assert plain == twice


@settings(max_examples=200)
@given(nodes())
def test_lengths_and_count_are_those_of_the_language(node: Node) -> None:
    dfa = compile_language(And((node, Repeat(Chars(((97, 98), (0xE9, 0xE9), (0x1F600, 0x1F600))), 0, 4))), LIMITS)
    found = texts_of(node)
    if dfa is None:
        assert not found
        return
    assert dfa.count[0] == len(found)
    assert dfa.min_length[0] == min(map(len, found))
    assert dfa.max_length[0] == max(map(len, found))


def test_any_text_is_one_state_with_one_edge() -> None:
    assert compiled(ANY_TEXT) is ANY
    assert compiled(Not(NEVER)) is ANY
    assert ANY.edges == (((0, 255, 0),),)


@pytest.mark.parametrize("node", [NEVER, Not(ANY_TEXT), And((literal("a"), literal("b"))), Chars(())],
                         ids=["never", "not any", "contradiction", "empty set"])
def test_empty_language_is_none(node: Node) -> None:
    assert compile_language(node, LIMITS) is None


def test_character_beyond_ascii_costs_two_edges_where_all_belong() -> None:
    dfa = compiled(Repeat(Chars(((0, 33), (35, 0xD7FF), (0xE000, 0x10FFFF))), 1, None))
    assert dfa.edges == (((0, 33, 1), (35, 127, 1), (194, 244, 1)), ((0, 33, 1), (35, 255, 1)))
    assert not dfa.ascii_only


def test_lengths_count_at_first_bytes() -> None:
    dfa = compiled(literal("é!"))
    assert dfa.min_length == (2, 1, 1, 0)  # the state inside é does not count é any more


def test_minimal_size_of_known_languages() -> None:
    ends_in_a_five_before = seq(Repeat(AB, 0, None), literal("a"), Repeat(AB, 5, 5))
    assert len(compiled(ends_in_a_five_before).edges) == 64
    assert len(compiled(alt([seq(AB, literal("c")), literal("ac"), literal("bc")])).edges) == 3


def test_long_chain_before_a_loop_stays_fast() -> None:
    started = time.process_time()
    dfa = compiled(seq(Repeat(alt([literal("xy"), AB]), 3000, 3000), Repeat(literal("zz"), 0, None)))
    assert len(dfa.edges) == 6002
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("node", "limit"), [
    (seq(Repeat(AB, 0, None), literal("a"), Repeat(AB, 30, 30)), "dfa_states"),
    (Repeat(literal("ab"), 1, 1_000_000), "dfa_states"),
    (Repeat(Repeat(literal("ab"), 1, 1000), 1, 1000), "dfa_states"),
    (Repeat(Repeat(AB, 0, 1), 5000, 5000), "dfa_steps"),
], ids=["exponential", "unrolled", "nested", "quadratic"])
def test_runaway_language_meets_its_limit_soon(node: Node, limit: str) -> None:
    started = time.process_time()
    with pytest.raises(LimitExceededError) as caught:
        compile_language(node, LIMITS)
    assert caught.value.limit == limit
    assert time.process_time() - started < 3


def test_deep_nesting_meets_a_limit_instead_of_the_recursion_limit() -> None:
    node: Node = literal("a")
    for _ in range(5000):
        node = Not(node)
    with pytest.raises(LimitExceededError) as caught:
        compile_language(node, LIMITS)
    assert caught.value.limit == "regex_depth"


def test_reference_is_no_regular_node() -> None:
    with pytest.raises(StructgenError, match="Ref is no regular node"):
        compile_language(seq(literal("a"), Ref("rule")), LIMITS)


def test_lowest_label_wins_where_languages_overlap() -> None:
    dfa = compile_labelled([(7, ANY_TEXT), (2, Repeat(AB, 1, None)), (4, literal("ab")), (5, literal("é"))], LIMITS)
    assert dfa is not None
    assert {text: dfa.label(text) for text in ["", "ab", "b", "é", "abé"]} == {
        "": 7, "ab": 2, "b": 2, "é": 5, "abé": 7}
    assert dfa.labels[dfa.start] == (2, 5, 7)


@settings(max_examples=30)
@given(nodes(), nodes(), nodes())
def test_what_earlier_languages_hold_need_not_be_excluded(one: Node, two: Node, three: Node) -> None:
    bodies = (one, And((two, Not(one))), And((three, Not(one), Not(two))), And((Not(one), Not(three))), Not(Alt((one, two))),
              And((Not(two), three, Not(Alt((two, one))))))
    less = without_first(bodies)
    assert (less[1] is two or isinstance(two, Not)) and Not(one) not in less[2:]
    found, wanted = (compile_labelled(list(enumerate(some)), LIMITS) for some in (less, bodies))
    assert found is not None and wanted is not None
    for name in ("edges", "accept", "labels", "count", "min_length", "max_length"):
        assert getattr(found, name) == getattr(wanted, name), name


def test_label_of_malformed_text_is_none() -> None:
    assert ANY.accepts("\U0001f600")
    assert not ANY.accepts("\ud800")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 0x10FFFF), st.integers(0, 3000)), max_size=4), st.characters(codec="utf-8"))
def test_character_sets_are_exact_in_bytes(pairs: list[tuple[int, int]], character: str) -> None:
    members = [(low, min(low + size, 0x10FFFF)) for low, size in pairs]
    from structgen.grammar.unicode import complement, union

    inside = any(low <= ord(character) <= high for low, high in members)
    ranges = union(members)
    one, rest = compile_language(Chars(ranges), LIMITS), compile_language(Chars(complement(ranges)), LIMITS)
    assert (one is not None and one.accepts(character)) == inside
    assert (rest is not None and rest.accepts(character)) != inside
    assert (one.count[0] if one else 0) + (rest.count[0] if rest else 0) == 0x110000 - 0x800
    assert len(re.findall(".", character, re.DOTALL)) == 1
