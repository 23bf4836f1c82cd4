"""Length bounds: either counting beside the automaton is exact, or the automaton holds the bounds itself."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from structgen.automaton.dfa import Dfa, as_counted, bound_length, compile_language, compile_text
from structgen.errors import LimitExceededError
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

LIMITS = Limits()
TEXTS = ["".join(text) for length in range(6) for text in itertools.product("abéü\n", repeat=length)]
PIECES = ["a", "b", "é", "[aé]", "[^a]", ".", "ab", "bab", "[é-ü]", "(?s:.)"]


def random_pattern(source: random.Random, depth: int = 0) -> str:
    kind = source.random()
    if depth > 2 or kind < 0.4:
        return source.choice(PIECES)
    parts = [random_pattern(source, depth + 1) for _ in range(source.randint(1, 3))]
    if kind < 0.6:
        return "".join(parts)
    if kind < 0.75:
        return f"(?:{'|'.join(parts)})"
    return f"(?:{parts[0]})" + source.choice(["*", "+", "?", "{2}", "{3}", "{0,2}", "{1,3}"])


def moves(dfa: Dfa, state: int) -> tuple[int, list[int]]:
    """What a move from a state counts (0 inside a character), and where moves lead."""
    edges = dfa.edges[state]
    inside = bool(edges) and edges[0][0] >= 0x80 and edges[-1][1] <= 0xBF and any(t != state for _, _, t in edges)
    if inside:
        return 0, [target for _, _, target in edges]
    return 1, [target for low, high, target in edges if low < 0x80 or high > 0xBF]


def assert_counter_is_exact(dfa: Dfa, minimum: int, maximum: int) -> None:
    """In every state met with a count the interval test says exactly whether an end within the bounds is reachable."""
    known: dict[tuple[int, int], bool] = {}

    def reachable(state: int, used: int) -> bool:
        if (state, used) not in known:
            step, targets = moves(dfa, state)
            known[state, used] = used <= maximum and (
                (dfa.accept[state] >= 0 and used >= minimum) or any(reachable(t, used + step) for t in targets))
        return known[state, used]

    stack, seen = [(dfa.start, 0)], set()
    while stack:
        state, used = stack.pop()
        if (state, used) in seen:
            continue
        seen.add((state, used))
        possible = max(dfa.min_length[state], minimum - used) <= min(dfa.max_length[state], maximum - used)
        assert possible == reachable(state, used)
        if possible:
            step, targets = moves(dfa, state)
            stack.extend((target, used + step) for target in targets)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_by_counter_or_by_states(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(120):
        pattern = random_pattern(source)
        minimum = source.randint(0, 5)
        maximum = source.choice([None, minimum, minimum + 1, minimum + 2])
        node = parse_regex(pattern, limits=LIMITS)
        dfa = compile_language(node, LIMITS)
        assert dfa is not None
        bounded = bound_length(dfa, minimum, maximum, LIMITS)
        text = compile_text(node, minimum, maximum, LIMITS)
        if bounded is dfa and maximum is not None:
            assert_counter_is_exact(dfa, minimum, maximum)
        for sample in source.sample(TEXTS, 40):
            most = 99 if maximum is None else maximum
            wanted = re.fullmatch(pattern, sample) is not None and minimum <= len(sample) <= most
            if bounded is not dfa:
                assert (bounded is not None and bounded.accepts(sample)) == wanted, (pattern, sample)
            found = text is not None and text[0].accepts(sample) and text[1] <= len(sample) <= (
                99 if text[2] is None else text[2])
            assert found == wanted, (pattern, sample)


@pytest.mark.parametrize(("pattern", "minimum", "maximum"), [
    ("(ab)*", 3, 3), ("a|bcd", 2, 2), ("[a-z]{3}", 0, 2), ("(..){2,}", 0, 3), ("a", 2, None),
], ids=["odd", "between", "too long", "at least four", "too short"])
def test_bounds_that_exclude_everything_give_none(pattern: str, minimum: int, maximum: int | None) -> None:
    node = parse_regex(pattern, limits=LIMITS)
    dfa = compile_language(node, LIMITS)
    assert dfa is not None
    assert bound_length(dfa, minimum, maximum, LIMITS) is None
    assert compile_text(node, minimum, maximum, LIMITS) is None


@pytest.mark.parametrize(("pattern", "counted"), [
    ("[ab]{2,900000}", (2, 900000)), ("[ab]*", (0, None)), ("[ab]", (1, 1)), ("([ab][ab]*){3}", (3, None)),
    ("(?:[ab]{2}){3}", (6, 6)), ("(?:[ab]{2,3}){0,1}", None),
    ("(?:[ab]{2}){1,3}", None), ("[ab][ac]", None), ("[ab]|c", None), ("(?:[ab]?){7}", (0, 7)),
], ids=str)
def test_one_repeated_set_is_counted(pattern: str, counted: tuple[int, int | None] | None) -> None:
    found = as_counted(parse_regex(pattern, limits=LIMITS))
    assert (found and found[1:]) == counted


def test_counted_text_is_never_unrolled() -> None:
    found = compile_text(parse_regex("[a-z]{5,1000000}", limits=LIMITS), 0, 2000, LIMITS)
    assert found is not None
    assert (len(found[0].edges), found[1], found[2]) == (1, 5, 2000)


def test_product_with_a_large_bound_meets_its_limit() -> None:
    dfa = compile_language(parse_regex("(..)*", limits=LIMITS), LIMITS)
    assert dfa is not None
    with pytest.raises(LimitExceededError):
        bound_length(dfa, 10**6, 10**6, LIMITS)
