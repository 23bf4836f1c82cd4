"""The native automata are the Python ones: equal objects, field by field, and the same limits."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.automaton import dfa_native as native
from structgen.automaton import dfa_readable as readable
from structgen.automaton.dfa import ANY, Dfa
from structgen.automaton.dfa_length import without_count
from structgen.automaton.dfa_subset import Budget
from structgen.errors import LimitExceededError, StructgenError
from structgen.formats.json.formats import FORMAT_NAMES, format_node
from structgen.grammar.build import ANY_CHAR, ANY_TEXT, EMPTY, NEVER, alt, literal, repeat, seq
from structgen.grammar.nodes import And, Chars, Node, Not, Ref, Repeat, Seq, Str, Substrings
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

pytestmark = pytest.mark.skipif(not native.AVAILABLE, reason="the native part was not built")

LIMITS = Limits()
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "regex_real.jsonl"
ALPHABET = "ab-é€😀"
PIECES = ["a", "b", "é", "[aé]", "[^a]", ".", "ab", "bab", "[é-ü]", "(?s:.)", r"\w", r"\d", r"\s", r"\b", "(?=a)", "(?!.b)",
          "(?<=a)", "(?<!é)", "^", "$", "[€😀]"]


def outcome(build: Callable[[], object]) -> object:
    """What comes of a construction: an automaton, or the name of its error."""
    try:
        return build()
    except LimitExceededError as error:
        return error.limit
    except StructgenError as error:
        return str(error)


def check_same(left: object, right: object) -> None:
    """Equal, and for an automaton equal in what ``==`` would not say alone."""
    assert left == right
    if isinstance(left, Dfa) and isinstance(right, Dfa):
        assert [getattr(left, name) for name in FIELDS] == [getattr(right, name) for name in FIELDS]
        assert (left is ANY) == (right is ANY)
        assert left.texts == right.texts


FIELDS = ("start", "edges", "accept", "min_length", "max_length", "count", "labels", "ascii_only")


def nodes(most: int = 8) -> st.SearchStrategy[Node]:
    """Small regular nodes of every kind."""
    leaves = st.one_of(
        st.sampled_from([ANY_CHAR, ANY_TEXT, EMPTY, NEVER, Chars(()), Chars(((97, 98),)), Chars(((0, 0x60),)),
                         Chars(((0xE9, 0x1F600),)), Chars(((0x80, 0xD7FF), (0xE000, 0x10FFFF))), Str("\ud800")]),
        st.text(ALPHABET, max_size=3).map(literal),
        st.text(ALPHABET, max_size=4).map(Substrings),
        st.lists(st.integers(0, 0x10FFFF), min_size=2, max_size=6, unique=True).map(
            lambda ends: Chars(tuple(zip(sorted(ends)[0::2], sorted(ends)[1::2], strict=False)))),
    )
    return st.recursive(leaves, lambda below: st.one_of(
        st.lists(below, max_size=3).map(lambda parts: seq(*parts)),
        st.lists(below, max_size=3).map(alt),
        st.tuples(below, st.integers(0, 3), st.one_of(st.none(), st.integers(0, 3))).map(
            lambda t: repeat(t[0], t[1], None if t[2] is None else t[1] + t[2])),
        st.tuples(below, st.integers(0, 2), st.integers(0, 2)).map(lambda t: Repeat(t[0], t[1], t[1] + t[2])),
        st.lists(below, max_size=2).map(lambda parts: And(tuple(parts))),
        below.map(Not),
        below.map(lambda node: seq(node, node)),
    ), max_leaves=most)


def patterns(depth: int = 0) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(PIECES)
    return st.recursive(leaves, lambda below: st.one_of(
        st.lists(below, max_size=4).map("".join),
        st.lists(below, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(below, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,9}", "{3,}"])).map(
            lambda t: f"(?:{t[0]}){t[1]}"),
    ), max_leaves=8)


def check_language(node: Node, limits: Limits) -> None:
    check_same(outcome(lambda: native.compile_language(node, limits)),
               outcome(lambda: readable.compile_language(node, limits)))


@settings(max_examples=600)
@given(nodes())
def test_native_language_is_the_readable_one(node: Node) -> None:
    check_language(node, LIMITS)


@settings(max_examples=500)
@given(nodes(), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 9), st.just(2**31 - 1), st.just(10**30)))
def test_native_text_with_bounds_is_the_readable_one(node: Node, minimum: int, maximum: int | None) -> None:
    check_text(node, minimum, maximum)


def check_text(node: Node, minimum: int, maximum: int | None, limits: Limits = LIMITS) -> None:
    here = outcome(lambda: native.compile_text(node, minimum, maximum, limits))
    there = outcome(lambda: readable.compile_text(node, minimum, maximum, limits))
    if isinstance(here, tuple) and isinstance(there, tuple):
        check_same(here[0], there[0])
    assert here == there


@settings(max_examples=500)
@given(patterns(), st.integers(0, 12), st.one_of(st.none(), st.integers(0, 40)), st.sampled_from(["fullmatch", "search"]))
def test_native_pattern_is_the_readable_one(pattern: str, minimum: int, maximum: int | None, mode: str) -> None:
    try:
        node = parse_regex(pattern, limits=LIMITS, mode=mode)  # type: ignore[arg-type]
    except StructgenError:
        return
    check_text(node, minimum, maximum)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 70), nodes(4)), max_size=4))
def test_native_labels_are_the_readable_ones(languages: list[tuple[int, Node]]) -> None:
    check_same(outcome(lambda: native.compile_labelled(languages, LIMITS)),
               outcome(lambda: readable.compile_labelled(languages, LIMITS)))


@settings(max_examples=300)
@given(nodes(4), st.integers(0, 5), st.integers(0, 5))
def test_native_bounds_of_a_labelled_automaton_are_the_readable_ones(node: Node, minimum: int, more: int) -> None:
    dfa = readable.compile_labelled([(3, node), (1, ANY_CHAR), (70, Repeat(seq(ANY_CHAR, ANY_CHAR), 0, None))], LIMITS)
    assert dfa is not None
    here = native.bound_length(dfa, minimum, minimum + more, LIMITS)
    there = readable.bound_length(dfa, minimum, minimum + more, LIMITS)
    check_same(here, there)
    assert (here is dfa) == (there is dfa)


WORDS = st.text(ALPHABET, max_size=5)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=12))
def test_native_strings_are_the_readable_ones(strings: list[str]) -> None:
    check_same(native.compile_strings(strings), readable.compile_strings(strings))


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=10), st.booleans(), st.one_of(st.none(), nodes(4)))
def test_native_names_are_the_readable_ones(names: list[str], other: bool, restriction: Node | None) -> None:
    beside = None if restriction is None else readable.compile_language(restriction, LIMITS)
    check_same(native.compile_names(names, other, beside), readable.compile_names(names, other, beside))


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=10), st.lists(nodes(4), min_size=1, max_size=3))
def test_native_names_beside_labelled_others_are_the_readable_ones(names: list[str], others: list[Node]) -> None:
    beside = readable.compile_labelled(list(enumerate(others)), LIMITS)
    check_same(native.compile_names(names, True, beside), readable.compile_names(names, True, beside))


@settings(max_examples=300)
@given(st.one_of(st.text(ALPHABET, max_size=20), st.text(max_size=9)))
def test_native_substrings_are_the_readable_ones(source: str) -> None:
    check_same(native.compile_substrings(source), readable.compile_substrings(source))


@pytest.mark.parametrize("name", sorted(FORMAT_NAMES))
def test_native_format_is_the_readable_one(name: str) -> None:
    node = format_node(name)[0]
    check_same(native.compile_language(node, LIMITS), readable.compile_language(node, LIMITS))
    check_text(node, 3, 17)


def corpus() -> Iterator[str]:
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["pattern"]


@pytest.mark.skipif(not CORPUS.exists(), reason="needs the corpus of public patterns beside the repository")
def test_native_patterns_of_the_public_corpus() -> None:
    limits = Limits(dfa_states=2000, dfa_steps=100_000)
    compared = 0
    source = random.Random(3)
    for pattern in corpus():
        try:
            node = parse_regex(pattern, limits=limits)
        except StructgenError:
            continue
        here = outcome(lambda node=node: native.compile_language(node, limits))
        there = outcome(lambda node=node: readable.compile_language(node, limits))
        if {here, there} <= {"dfa_states", "dfa_steps"} or isinstance(here, str) != isinstance(there, str):
            continue  # steps are counted alike, not equally; the next test holds how far apart they may be
        check_same(here, there)
        compared += 1
        least = source.randint(0, 9)
        check_text(node, least, least + source.randint(0, 30), limits)
    assert compared > 100


HARD = {
    "exponential": seq(Repeat(Chars(((97, 98),)), 0, None), literal("a"), Repeat(Chars(((97, 98),)), 9, 9)),
    "unrolled": Repeat(literal("ab"), 1, 900),
    "optional": Repeat(Repeat(Chars(((97, 98),)), 0, 1), 60, 60),
    "product": And((parse_regex(".*(a|b.){9}.*", limits=LIMITS), parse_regex(".*(ab|b){8}.*", limits=LIMITS))),
    "lookaround": parse_regex(r"(?=.{5,40}$)(?!.*--)[a-z](?:[a-z-]{0,9}[a-z])?(?:\.[a-z]{2,5}){1,4}", limits=LIMITS),
    "substrings": And((Substrings("abcab" * 40), Not(Substrings("cabc")))),
}


def steps_of(node: Node) -> int:
    """The steps that the Python form takes."""
    taken = []
    original = Budget.take_steps

    def take(self: Budget, number: int) -> None:
        original(self, number)
        taken.append(self.steps)

    Budget.take_steps = take  # type: ignore[method-assign]
    try:
        readable.compile_language(node, LIMITS)
    finally:
        Budget.take_steps = original  # type: ignore[method-assign]
    return max(taken)


@pytest.mark.parametrize("name", sorted(HARD))
def test_native_steps_are_those_of_the_readable_form_within_a_fifth(name: str) -> None:
    steps = steps_of(HARD[name])
    assert isinstance(native.compile_language(HARD[name], Limits(dfa_steps=steps * 6 // 5 + 20)), Dfa)
    with pytest.raises(LimitExceededError) as caught:
        native.compile_language(HARD[name], Limits(dfa_steps=steps * 4 // 5 - 20))
    assert caught.value.limit == "dfa_steps"


@pytest.mark.parametrize("name", sorted(HARD))
@pytest.mark.parametrize("states", [3, 20, 100, 400])
def test_native_form_meets_the_same_limit_of_states(name: str, states: int) -> None:
    check_language(HARD[name], Limits(dfa_states=states))


@pytest.mark.parametrize("depth", [1, 3, 10])
def test_native_form_meets_the_same_limit_of_depth(depth: int) -> None:
    node: Node = literal("a")
    limits = Limits(regex_depth=depth)
    for _ in range(40):
        check_language(node, limits)
        node = Not(Seq((node,)))


def test_native_form_survives_nesting_without_a_limit() -> None:
    node: Node = literal("a")
    for _ in range(100_000):
        node = Not(node)
    with pytest.raises(LimitExceededError) as caught:
        native.compile_language(node, Limits(regex_depth=10**30))
    assert caught.value.limit == "regex_depth"


@pytest.mark.parametrize("node", [seq(literal("a"), Ref("rule")), Ref("rule"), alt([literal("a"), Ref("rule")])],
                         ids=["inner", "root", "choice"])
def test_native_form_says_the_same_of_what_is_not_regular(node: Node) -> None:
    check_language(node, LIMITS)
    assert "Ref is no regular node" in str(outcome(lambda: native.compile_language(node, LIMITS)))


def test_automaton_of_the_native_form_is_read_as_tuples() -> None:
    dfa = native.compile_language(literal("é!"), LIMITS)
    assert dfa is not None
    assert dfa.accepts("é!")
    assert not dfa.accepts("é")
    assert hash(dfa) == hash(readable.compile_language(literal("é!"), LIMITS))
    with pytest.raises(AttributeError, match="nothing"):
        dfa.nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError):
        dfa.start = 3  # type: ignore[misc]


def test_malformed_automaton_is_refused() -> None:
    broken = Dfa(0, (((0, 1, 7),),), (0,), (0,), (0,), (1,))
    with pytest.raises(ValueError, match="malformed"):
        native.handle(broken)


def test_counted_node_keeps_its_bounds() -> None:
    node, least, most = without_count(Repeat(Chars(((97, 98),)), 2, 10**30), 1, None)
    assert isinstance(node, Repeat)
    assert (least, most) == (2, 10**30)
    check_text(Repeat(Chars(((97, 98),)), 2, 10**30), 1, None)
