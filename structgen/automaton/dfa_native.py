"""The automata of texts, built by the native part: the same functions as ``dfa_readable``, equal automata.

In and out: as ``automaton.dfa``, the front door, says. The native part reads the nodes, builds, and gives flat arrays, which
a ``Dfa`` shows as tuples only to those that ask. What it does not take (a node that is not regular, a lone surrogate) is
handed to the Python form, which says what is wrong.

Costs: 10 us for a short pattern, 0.1 ms with classes beyond ASCII or lookarounds, up to 20 ms for thousands of states;
0.25 s for 100,000 strings, 0.5 ms for 3,000 names beside a pattern of others, 11 ms for the substrings of 20,000 characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from structgen.automaton import dfa_readable
from structgen.automaton.dfa_form import ANY, Dfa
from structgen.automaton.dfa_length import without_count
from structgen.automaton.dfa_subset import DEPTH_FACTOR, refuse
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings
from structgen.limits import Limits

if TYPE_CHECKING:
    from structgen import _native
else:
    try:
        from structgen import _native
    except ImportError:  # installed without a compiler: dfa_readable takes over
        _native = None

AVAILABLE = _native is not None
_LIMITS = {1: "dfa_states", 2: "dfa_steps", 3: "regex_depth"}
"""Budgets by the numbers that the native part answers with."""
_MOST = 1 << 40
"""Larger budgets are as good as none."""
_DEEPEST = 900
"""Nesting that the native part follows at most, as Python itself would: both work by recursion."""

if AVAILABLE:
    _native.set_nodes((Chars, Str, Seq, Alt, Repeat, And, Not, Substrings))


def handle(dfa: Dfa) -> _native.Automaton:
    """The native form of an automaton; one that was made in Python is carried over once."""
    if dfa.native is None:
        made = _native.Automaton(dfa.start, dfa.edges, dfa.accept, dfa.min_length, dfa.max_length, dfa.count, dfa.labels)
        object.__setattr__(dfa, "native", made)
    assert dfa.native is not None
    return dfa.native


def _shown(found: _native.Automaton | None) -> Dfa | None:
    if found is None:
        return None
    return ANY if found.is_any else Dfa.of_native(found)


def _budgets(limits: Limits) -> tuple[int, int, int]:
    return (min(limits.dfa_states, _MOST), min(limits.dfa_steps, _MOST), min(DEPTH_FACTOR * limits.regex_depth, _DEEPEST))


def compile_language(node: Node, limits: Limits) -> Dfa | None:
    """See ``dfa_readable.compile_language``."""
    found = _native.compile_language(node, *_budgets(limits))
    if isinstance(found, int):
        return refuse(_LIMITS[found], limits) if found else dfa_readable.compile_language(node, limits)
    return _shown(found)


def compile_text(node: Node, minimum: int, maximum: int | None,
                 limits: Limits) -> tuple[Dfa, int, int | None] | None:
    """See ``dfa_readable.compile_text``."""
    body, least, most = without_count(node, minimum, maximum)
    if most is not None and most < least:
        return None
    found = _native.compile_text(body, least, most, *_budgets(limits))
    if isinstance(found, int):
        return refuse(_LIMITS[found], limits) if found else dfa_readable.compile_text(node, minimum, maximum, limits)
    if found is None:
        return None
    made, least, most = found
    return ANY if made.is_any else Dfa.of_native(made), least, most


def compile_labelled(languages: Sequence[tuple[int, Node]], limits: Limits) -> Dfa | None:
    """See ``dfa_readable.compile_labelled``."""
    found = _native.compile_labelled(list(languages), *_budgets(limits))
    if isinstance(found, int):
        return refuse(_LIMITS[found], limits) if found else dfa_readable.compile_labelled(languages, limits)
    return None if found is None else Dfa.of_native(found)


def bound_length(dfa: Dfa, minimum: int, maximum: int | None, limits: Limits) -> Dfa | None:
    """See ``dfa_length.bound_length``."""
    found = _native.bound_length(handle(dfa), minimum, maximum, *_budgets(limits)[:2])
    if found is True:
        return dfa
    if isinstance(found, int):
        return refuse(_LIMITS[found], limits) if found else dfa_readable.bound_length(dfa, minimum, maximum, limits)
    return None if found is None else Dfa.of_native(found)


def compile_strings(strings: Iterable[str]) -> Dfa | None:
    """See ``dfa_tries.compile_strings``."""
    words = list(strings)
    found = _native.compile_strings(words)
    return dfa_readable.compile_strings(words) if found is False else _shown(found)


def compile_names(names: Sequence[str], other: bool, other_name: Dfa | None = None,
                  limits: Limits | None = None) -> Dfa | None:
    """See ``dfa_tries.compile_names``."""
    if not names and not other:
        return None
    beside = None if not other else handle(ANY if other_name is None else other_name)
    found = _native.compile_names(names, beside, _MOST if limits is None else min(limits.grammar_states, _MOST))
    return Dfa.of_native(found) if found else dfa_readable.compile_names(names, other, other_name, limits)


def compile_substrings(source: str) -> Dfa:
    """See ``substrings.compile_substrings``."""
    found = _native.compile_substrings(source)
    return Dfa.of_native(found) if found else dfa_readable.compile_substrings(source)
