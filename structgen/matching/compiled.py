"""A grammar compiled for one vocabulary: makes matchers, explores ahead of time, says what it holds.

In: tables and a vocabulary. Out: ``CompiledGrammar``. Both engines stand behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from structgen.automaton.tables import NameSet, Tables
from structgen.errors import UnsatisfiableError
from structgen.limits import Limits
from structgen.matching.engine import Engine
from structgen.matching.matcher import PythonMatcher
from structgen.matching.trie import VocabularyTables
from structgen.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Coverage:
    """What ``precompute`` has explored; ``complete``: every reachable configuration has its mask."""

    states: int
    masks: int
    bytes: int
    complete: bool


class PythonCompiledGrammar:
    """The Python engine's compiled grammar."""

    engine_name = "python"

    def __init__(self, tables: Tables, vocabulary: Vocabulary, shared: VocabularyTables, limits: Limits) -> None:
        self.tables, self.vocabulary, self.limits = tables, vocabulary, limits
        self.engine = Engine(tables, shared, limits)
        if not self.engine.threads(self.engine.start) and not self.engine.is_accepting(self.engine.start):
            raise nothing_to_generate()

    @property
    def unenforced(self) -> tuple[str, ...]:
        """What the source asks for and the masks do not express; empty unless the caller allowed it."""
        return self.tables.unenforced

    def matcher(self) -> PythonMatcher:
        """A matcher at the beginning of an output."""
        return PythonMatcher(self.engine, self.vocabulary)

    def precompute(self, limits: Limits | None = None) -> Coverage:
        """Explores every reachable configuration, breadth first, and computes its mask.

        Finite automata are explored wholly, if ``precompute_states`` and ``precompute_bytes`` allow it; after a complete
        run no generation computes a mask. Recursive grammars stop at the limits with ``complete=False``.
        """
        limits = limits or self.limits
        with self.engine.lock:
            return self._explore(limits)

    def _explore(self, limits: Limits) -> Coverage:
        engine = self.engine
        bytes_before = engine.memory_bytes()
        seen, queue = {engine.start}, [engine.start]
        for configuration in queue:
            if len(seen) > limits.precompute_states or \
                    engine.memory_bytes() - bytes_before > limits.precompute_bytes:
                return self._coverage(len(seen), False)
            engine.mask(configuration)
            for byte in range(256):
                following = engine.step(configuration, byte)
                if following and following not in seen:
                    seen.add(following)
                    queue.append(following)
        return self._coverage(len(seen), True)

    def _coverage(self, states: int, complete: bool) -> Coverage:
        return Coverage(states, self.engine.masks_computed, self.engine.memory_bytes(), complete)

    @property
    def is_finite(self) -> bool:
        """Whether ``precompute`` reaches an end within the limits; explores the grammar if that is not known yet."""
        return self.precompute().complete

    def memory_bytes(self) -> int:
        """Bytes held by this grammar: tables, configurations and masks; what the vocabulary shares is not counted."""
        return self.engine.memory_bytes() + table_bytes(self.tables)

    def stats(self) -> dict[str, int]:
        """Counts of what has been computed so far."""
        return {"states": self.tables.n_states, "configurations": self.engine.n_configurations,
                "masks_computed": self.engine.masks_computed, "cold_steps": self.engine.cold_steps,
                "memory_bytes": self.memory_bytes()}


def nothing_to_generate() -> UnsatisfiableError:
    """The error for a grammar without any text."""
    return UnsatisfiableError("nothing can be generated: no text satisfies the grammar",
                              because="its constraints contradict each other, or it recurses without an end",
                              instead="relax the pattern, length, format or enumeration that excludes the others")


def table_bytes(tables: Tables) -> int:
    """The size of the flat tables; automata of texts, which grammars share, are counted in."""
    dfas = [dfa.dfa if isinstance(dfa, NameSet) else dfa for dfa in tables.dfas]
    edges = sum(len(row) for dfa in dfas for row in dfa.edges)
    states = sum(len(dfa.edges) for dfa in dfas)
    return 4 * (len(tables.states) + len(tables.edges) + len(tables.targets) + len(tables.returns)) \
        + 12 * edges + 24 * states + 40 * len(tables.spans)


def fill_masks(matchers: Sequence[Any], out: Any) -> None:
    """Fills row ``i`` of ``out`` (int32 [B, ceil(V / 32)]) with the mask of ``matchers[i]``; None leaves a row alone.

    Matchers of the native engine are filled in one call that releases the interpreter lock once.
    """
    from structgen.matching.native_engine import fill_native

    rest = fill_native(matchers, out)
    for row in rest:
        matchers[row].fill_mask(out, row)
