"""The native engine behind the same interface; absent where no compiler was at hand when structgen was installed.

In: tables and a vocabulary, as flat arrays. Out: ``NativeCompiledGrammar`` and its matchers. This file only carries
arrays over; the engine itself is in ``native/`` and explained in ``matching.engine``.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.automaton.dfa import Dfa
from structgen.automaton.dfa_native import handle
from structgen.automaton.languages import item_languages, key_language, other_kinds, text_language
from structgen.automaton.lower import lower
from structgen.automaton.tables import Encoding, KeySet, NameSet, Span, Tables
from structgen.errors import LimitExceededError, VocabularyError
from structgen.grammar import nodes
from structgen.limits import Limits
from structgen.matching.boxes import Box, Rule
from structgen.matching.compiled import Coverage, nothing_to_generate
from structgen.matching.estimate import Estimate, Place
from structgen.matching.estimate_labels import estimate_of
from structgen.matching.matcher import MatcherBase
from structgen.matching.spans import Reading, Registers
from structgen.vocabulary import Vocabulary
from structgen.vocabulary.cache import DiskCache, cache_key

if TYPE_CHECKING:
    from structgen import _native
else:
    try:
        from structgen import _native
    except ImportError:  # installed without a compiler: matching.engine takes over
        _native = None

AVAILABLE = _native is not None
forbid: Callable[..., None] | None = getattr(_native, "forbid", None)
"""Masks logits in memory, for ``device.apply``; None where there is no native engine."""
_EXPLORED_AT_ONCE = 256
"""Configurations explored between two looks at signals, so that Ctrl-C ends a long precompute."""
_DFAS_KEPT = 4096
_NAMES_IN_A_WORD = 32
"""Sets of more names than these are interned by the native engine."""
_ARCHIVE_VERSION = 1
"""Raise it when native/vocabulary.cpp builds its tries otherwise."""

NODES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (nodes.Grammar, ("start", "rules", "origins", "common", "pruned", "unenforced", "why_empty")),
    (nodes.Ref, ("rule",)),
    (nodes.Text, ("body", "encoding", "min_length", "max_length")),
    (nodes.Seq, ("parts",)),
    (nodes.Alt, ("options",)),
    (nodes.Members, ("open", "close", "colon", "comma", "names", "values", "required", "other", "other_name", "ordered",
                     "min_count", "max_count", "key_encoding", "classes")),
    (nodes.Items, ("open", "close", "comma", "prefix", "rest", "min_count", "max_count", "unique")),
    (nodes.Str, ("text",)),
    (nodes.Repeat, ("body", "min", "max")),
    (nodes.Chars, ("ranges",)),
    (nodes.And, ()),
    (nodes.Not, ()),
    (nodes.Substrings, ()),
)
"""What native/lowering.cpp knows of nodes, in its order. A field that is not named here must have its default value,
else the grammar is lowered in Python; ``And``, ``Not`` and ``Substrings`` are only handed on."""

_ENCODINGS = {encoding.name.lower(): int(encoding) for encoding in Encoding}

if AVAILABLE:
    _native.set_errors(LimitExceededError, VocabularyError)


class NativeVocabulary:
    """The vocabulary's tries, and the automata that grammars share. With a cache the tries are built once per machine."""

    def __init__(self, vocabulary: Vocabulary, cache: DiskCache | None = None) -> None:
        self.vocabulary = vocabulary
        self.native = _native_vocabulary(vocabulary, cache)
        self._dfas: OrderedDict[int, tuple[Dfa, _native.Dfa]] = OrderedDict()
        self._lowering = _native.Lowering([_class_of(*known) for known in NODES], _ENCODINGS, text_language,
                                          _keys, item_languages)

    def lower(self, grammar: nodes.Grammar, limits: Limits) -> Lowered | None:
        """The tables of a grammar, made natively; None where only ``automaton.lower`` can make them."""
        made = self._lowering.lower(self.native, grammar, limits, self.dfa, limits.grammar_states, limits.threads,
                                    limits.cache_bytes, limits.mask_steps)
        return None if made is None else Lowered(*made, grammar.unenforced)

    def lowered(self, grammar: nodes.Grammar, limits: Limits) -> NativeCompiledGrammar:
        """The compiled grammar; raises what ``automaton.lower`` raises."""
        return NativeCompiledGrammar(self.lower(grammar, limits) or lower(grammar, limits), self, limits)

    def dfa(self, dfa: Dfa | NameSet) -> _native.Dfa:
        """The native form of an automaton; those of texts are made once for as long as they are in use."""
        if isinstance(dfa, NameSet):
            return _native.names(list(map(str.encode, dfa.names)), dfa.other)
        kept = self._dfas.get(id(dfa))
        if kept is None:
            kept = self._dfas[id(dfa)] = (dfa, _native.Dfa(handle(dfa)))
            if len(self._dfas) > _DFAS_KEPT:
                self._dfas.popitem(last=False)
        return kept[1]


def _native_vocabulary(vocabulary: Vocabulary, cache: DiskCache | None) -> _native.Vocabulary:
    parts = (vocabulary.data, vocabulary.offsets, list(vocabulary.eos_token_ids))
    if cache is None:
        return _native.Vocabulary(*parts)
    key = cache_key(vocabulary.hash, f"native-tries-{_ARCHIVE_VERSION}")
    kept = cache.get(key)
    if kept is not None:
        with suppress(ValueError):  # an archive that does not fit is built anew
            return _native.Vocabulary(*parts, kept)
    made = _native.Vocabulary(*parts)
    cache.put(key, made.archive())
    return made


def _keys(node: nodes.Members, limits: Limits) -> tuple[Dfa | NameSet | None, int, int]:
    return key_language(node, other_kinds(node), limits)


def _class_of(node: type, known: tuple[str, ...]) -> tuple[type, tuple[str, ...], tuple[tuple[str, Any], ...]] | None:
    """What ``Lowering`` is told of a class; None, which it refuses, if a field that it does not know has no default."""
    if node in (nodes.And, nodes.Not, nodes.Substrings):
        return node, known, ()
    others = []
    for field in fields(node):
        if field.name not in known:
            default = field.default if field.default_factory is MISSING else field.default_factory()
            if default is MISSING:
                return None
            others.append((field.name, default))
    return node, known, tuple(others)


class Lowered(NamedTuple):
    """What native lowering gives: the grammar, and what of its tables is Python's."""

    native: _native.Grammar
    dfas: list[Dfa | NameSet | tuple[tuple[str, ...], bool]]
    origins: dict[int, str]
    unenforced: tuple[str, ...]

    def tables(self) -> Tables:
        """The tables as the Python engine reads them."""
        start, states, edges, targets, returns, spans, key_sets = self.native.tables()
        return Tables(start, array("I", states), array("I", edges), array("I", targets), array("I", returns),
                      [Span(*span) for span in spans],
                      [KeySet(list(map(bool, required)), list(map(bool, forbidden)), ordered, least, most, others)
                       for required, forbidden, ordered, least, most, others in key_sets],
                      [NameSet(*dfa) if isinstance(dfa, tuple) else dfa for dfa in self.dfas], self.origins,
                      self.unenforced)


class NativeCompiledGrammar:
    """The native engine's compiled grammar: see ``compiled.PythonCompiledGrammar`` for what the methods mean."""

    engine_name = "native"

    def __init__(self, tables: Tables | Lowered, shared: NativeVocabulary, limits: Limits) -> None:
        self.vocabulary, self.limits, self.unenforced = shared.vocabulary, limits, tables.unenforced
        self._estimate: Estimate | None = None
        self._tables = tables
        if isinstance(tables, Lowered):
            self._native = tables.native
            return
        spans = array("I")
        for s in tables.spans:
            spans.extend((s.dfa, s.encoding, s.role, s.min_length, s.max_length, s.key_set))
        keys = [(bytes(k.required), bytes(k.forbidden), k.ordered, k.min_count, k.max_count, k.others)
                for k in tables.key_sets]
        self._native = _native.make_grammar(
            shared.native, tables.start, tables.states, tables.edges, tables.targets, tables.returns, spans,
            [shared.dfa(dfa) for dfa in tables.dfas], keys, _names_of(tables),
            limits.threads, limits.cache_bytes, limits.mask_steps)
        if self._native.is_empty:
            raise nothing_to_generate()

    @property
    def tables(self) -> Tables:
        """The tables, made of the native ones when they are first asked for."""
        tables = self._tables
        if isinstance(tables, Lowered):
            tables = self._tables = tables.tables()
        return tables

    def is_small(self, states: int) -> bool:
        """Whether this is a finite automaton of at most so many states: plain texts, without calls and counters."""
        return self._native.is_small(states)

    def matcher(self) -> NativeMatcher:
        """A matcher at the beginning of an output."""
        return NativeMatcher(self._native, self.vocabulary, self.estimate)

    def estimate(self) -> Estimate:
        """What is left to write from a place; made on first use."""
        if self._estimate is None:
            self._estimate = estimate_of(self.tables)
        return self._estimate

    def precompute(self, limits: Limits | None = None) -> Coverage:
        """Explores every reachable configuration, breadth first, and computes its mask.

        Finite automata are explored wholly, if ``precompute_states`` and ``precompute_bytes`` allow it; after a complete
        run no generation computes a mask. Recursive grammars stop at the limits with ``complete=False``.
        """
        limits = limits or self.limits
        most = self._native.memory_bytes() + limits.precompute_bytes
        complete = False
        while not complete and self._native.explored < limits.precompute_states and self._native.memory_bytes() <= most:
            complete = self._native.explore(_EXPLORED_AT_ONCE, limits.precompute_states, most)
        return Coverage(self._native.explored, self._native.masks_computed, self._native.memory_bytes(), complete)

    @property
    def is_finite(self) -> bool:
        """Whether ``precompute`` reaches an end within the limits; explores the grammar if that is not known yet."""
        return self.precompute().complete

    def memory_bytes(self) -> int:
        """Bytes held by this grammar: tables, configurations and masks; what the vocabulary shares is not counted."""
        return self._native.memory_bytes()

    def stats(self) -> dict[str, int]:
        """Counts of what has been computed so far."""
        return {"states": self._native.n_states, "configurations": self._native.n_configurations,
                "masks_computed": self._native.masks_computed, "cold_steps": self._native.cold_steps,
                "nodes_visited": self._native.nodes_visited, "memory_bytes": self.memory_bytes()}


_Base: Any = _native.Matcher if AVAILABLE else object


class NativeMatcher(MatcherBase, _Base):  # type: ignore[misc]
    """A matcher of the native engine. Not thread-safe; make one per output (they are cheap) or ``fork``."""

    def __init__(self, grammar: Any, vocabulary: Vocabulary, estimate: Callable[[], Estimate]) -> None:
        super().__init__(grammar)
        self.vocabulary, self._estimate = vocabulary, estimate

    def fork(self) -> NativeMatcher:
        """An independent matcher at the same place; costs a copy of the history."""
        return NativeMatcher(self, self.vocabulary, self._estimate)

    def standing(self) -> frozenset[Place]:
        """The threads with their stacks, as ``estimate`` reads them."""
        estimate = self._estimate()
        found = []
        for state, own, reading, waiting in self.threads():
            stack = [(slot, self._registers(registers, estimate, estimate.tables.returns[slot] if number or reading is None
                                            else state)) for number, (slot, registers) in enumerate(waiting)]
            found.append(Place(state, self._registers(own, estimate, state),
                               None if reading is None else Reading(*reading), tuple(stack)))
        return frozenset(found)

    def _registers(self, registers: tuple[int, int, list[bytes], int], estimate: Estimate, state: int) -> Registers:
        """Registers as the Python engine has them; ``state`` belongs to their activation."""
        count, seen, texts, scope = registers
        key_set = estimate.key_set_of(state) if seen else None
        if key_set is not None:
            keys = estimate.tables.key_sets[key_set]
            if not keys.ordered and len(keys.required) > _NAMES_IN_A_WORD:
                seen = sum(1 << name for name in self.names(seen))
        rules = self.number_rules(scope) if scope else []
        if rules:
            box = Box(rules=tuple([Rule.of(*rules[i:i + 4]) for i in range(0, len(rules), 4)]))
            return Registers(count, seen, frozenset(texts), box)
        return Registers(count, seen, frozenset(texts), scope or None)  # type: ignore[arg-type]  # a number names it


def _names_of(tables: Tables) -> tuple[Any, ...] | None:
    names = tables.names
    if names is None:
        return None
    steps = [number for step in tables.steps for number in step]
    return [list(one) for one in names.relations], list(names.own), sorted(names.declared), names.most, steps


def fill_native(matchers: Sequence[Any], out: Any) -> list[int]:
    """Fills the rows of native matchers in one call; returns the rows that are left to other engines."""
    rows = [row for row, matcher in enumerate(matchers) if isinstance(matcher, NativeMatcher)]
    if rows:
        _native.fill_batch([matchers[row] for row in rows], rows, out)
    return [row for row, matcher in enumerate(matchers) if matcher is not None and not isinstance(matcher, NativeMatcher)]
