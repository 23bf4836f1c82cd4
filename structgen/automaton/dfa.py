"""Regular nodes to a minimal automaton over bytes: the front door of the ``dfa_*`` modules.

In: regular nodes of ``grammar.nodes`` (``Chars Str Seq Alt Repeat And Not Substrings``), lists of names or of strings.
Out: a ``Dfa`` without dead states, minimal, numbered breadth-first; ``None`` for the empty language. The work is done
over classes of code points (``dfa_subset``) and spelled in bytes at the end (``dfa_bytes``); plain lists of strings take
a trie instead (``dfa_tries``); lengths are decided in ``dfa_length``. Nothing here keeps state: callers memoise.
"""

from __future__ import annotations

from collections.abc import Sequence

from structgen.automaton.dfa_bytes import spell
from structgen.automaton.dfa_classes import Alphabet
from structgen.automaton.dfa_form import ANY, INFINITE, Dfa
from structgen.automaton.dfa_length import as_counted, bound_length, fold_length
from structgen.automaton.dfa_subset import Budget, labelled_rows, rows_of, sets_of
from structgen.automaton.dfa_tries import compile_names, compile_strings
from structgen.automaton.substrings import compile_substrings
from structgen.grammar.nodes import Alt, Node, Str, Substrings
from structgen.limits import Limits

__all__ = ["ANY", "INFINITE", "Dfa", "as_counted", "bound_length", "compile_labelled", "compile_language",
           "compile_names", "compile_strings", "compile_substrings", "fold_length"]


def compile_language(node: Node, limits: Limits) -> Dfa | None:
    """The automaton of a regular node; None where no text belongs to it.

    Raises ``LimitExceededError`` where the automaton would exceed ``limits.dfa_states`` or ``limits.dfa_steps``.
    """
    if isinstance(node, Str):
        return compile_strings((node.text,))
    if isinstance(node, Alt) and node.options and all([type(option) is Str for option in node.options]):
        return compile_strings([option.text for option in node.options if isinstance(option, Str)])
    if isinstance(node, Substrings):
        return compile_substrings(node.source)
    budget = Budget(limits)
    alphabet = Alphabet(sets_of((node,)))
    return spell(rows_of(node, alphabet, budget), alphabet, budget)


def compile_labelled(languages: Sequence[tuple[int, Node]], limits: Limits) -> Dfa | None:
    """The union of labelled languages; a text of several has the lowest of their labels."""
    budget = Budget(limits)
    alphabet = Alphabet(sets_of([node for _, node in languages]))
    return spell(labelled_rows(languages, alphabet, budget), alphabet, budget, labelled=True)
