"""Regular nodes to a minimal automaton over bytes: the front door of the ``dfa_*`` modules.

In: regular nodes of ``grammar.nodes`` (``Chars Str Seq Alt Repeat And Not Substrings``), lists of names or of strings.
Out: a ``Dfa`` without dead states, minimal, numbered breadth-first; ``None`` for the empty language. Two forms of one
construction stand behind it and give equal automata: ``dfa_readable`` in Python, and ``dfa_native`` where the native part
was built. Nothing here keeps state: callers memoise.
"""

from __future__ import annotations

from structgen.automaton.dfa_form import ANY, INFINITE, Dfa
from structgen.automaton.dfa_length import as_counted
from structgen.automaton.dfa_native import AVAILABLE

if AVAILABLE:
    from structgen.automaton.dfa_native import (
        bound_length,
        compile_labelled,
        compile_language,
        compile_names,
        compile_strings,
        compile_substrings,
        compile_text,
    )
else:
    from structgen.automaton.dfa_readable import (
        bound_length,
        compile_labelled,
        compile_language,
        compile_names,
        compile_strings,
        compile_substrings,
        compile_text,
    )

__all__ = ["ANY", "INFINITE", "Dfa", "as_counted", "bound_length", "compile_labelled", "compile_language",
           "compile_names", "compile_strings", "compile_substrings", "compile_text"]
