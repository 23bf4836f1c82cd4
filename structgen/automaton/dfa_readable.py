"""The automata of texts in Python: the form to read, and the one that runs where no compiler was at hand.

In and out: as ``automaton.dfa``, the front door, says. The work is done over classes of code points (``dfa_subset``) and
spelled in bytes at the end (``dfa_bytes``); plain lists of strings take a trie instead (``dfa_tries``); lengths are decided
in ``dfa_length``. ``native/automata*.cpp`` is its twin, 10 to 40 times as fast.

Costs: 0.1 to 3 ms for a usual pattern, up to 500 ms for one with long repetitions or lookarounds.
"""

from __future__ import annotations

from collections.abc import Sequence

from structgen.automaton.dfa_bytes import spell
from structgen.automaton.dfa_classes import Alphabet
from structgen.automaton.dfa_form import Dfa
from structgen.automaton.dfa_length import bound_length, without_count
from structgen.automaton.dfa_subset import Budget, labelled_rows, rows_of, sets_of
from structgen.automaton.dfa_tries import compile_names, compile_strings
from structgen.automaton.substrings import compile_substrings
from structgen.grammar.nodes import Alt, Node, Str, Substrings, Words
from structgen.limits import Limits

__all__ = ["bound_length", "compile_labelled", "compile_language", "compile_names", "compile_strings",
           "compile_substrings", "compile_text"]


def compile_language(node: Node, limits: Limits) -> Dfa | None:
    """The automaton of a regular node; None where no text belongs to it.

    Raises ``LimitExceededError`` where the automaton would exceed ``limits.dfa_states`` or ``limits.dfa_steps``.
    """
    if isinstance(node, Str):
        return compile_strings((node.text,))
    if isinstance(node, Alt) and node.options and all(type(option) is Str for option in node.options):
        return compile_strings([option.text for option in node.options if isinstance(option, Str)])
    if isinstance(node, Substrings):
        return compile_substrings(node.source)
    if isinstance(node, Words):
        return compile_substrings(node.source, node.places)
    budget = Budget(limits)
    alphabet = Alphabet(sets_of((node,)))
    return spell(rows_of(node, alphabet, budget), alphabet, budget)


def compile_text(node: Node, minimum: int, maximum: int | None,
                 limits: Limits) -> tuple[Dfa, int, int | None] | None:
    """The automaton of the texts of a node with ``minimum`` to ``maximum`` code points, and the bounds left to count.

    One character set repeated is a loop with bounds, never unrolled: ``[a-z]{1,99}`` is one state, 1 and 99.
    The bounds that come back are 0 and None where nothing is left to count; counting is exact beside the automaton.
    """
    node, minimum, maximum = without_count(node, minimum, maximum)
    if maximum is not None and maximum < minimum:
        return None
    dfa = compile_language(node, limits)
    if dfa is None:
        return None
    bounded = bound_length(dfa, minimum, maximum, limits)
    if bounded is None:
        return None
    if bounded is not dfa:
        return bounded, 0, None
    return (dfa, 0 if minimum <= dfa.min_length[dfa.start] else minimum,
            None if maximum is None or maximum >= dfa.max_length[dfa.start] else maximum)


def compile_labelled(languages: Sequence[tuple[int, Node]], limits: Limits) -> Dfa | None:
    """The union of labelled languages; a text of several has the lowest of their labels."""
    budget = Budget(limits)
    alphabet = Alphabet(sets_of([node for _, node in languages]))
    return spell(labelled_rows(languages, alphabet, budget), alphabet, budget, labelled=True)
