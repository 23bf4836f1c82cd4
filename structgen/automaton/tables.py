"""The flat tables that both engines run: a byte automaton with calls, returns and a few registers.

In: ``automaton.lower`` fills a ``Tables``. Out: ``matching.engine`` (Python) and ``native/`` (C++) read it; neither knows
grammars, schemas or formats.

**States.** A state is a row ``(kind, a, b)`` of 32-bit numbers:

    BYTES     a = first edge, b = number of edges: consumes one byte (edges hold lo, hi, target; ranges are disjoint)
    SPLIT     a = first target, b = number of targets: all of them at once
    CALL      a = start state of a rule, b = its first slot in ``returns``: pushes a frame, starts a fresh activation
    RETURN    a = label: pops the frame and goes on at ``returns[slot + label]``
    SPAN      a = span, b = first slot in ``returns``: pushes a frame and reads a text (below), returns the text's label
    COUNT     a = next, b = cap: count becomes min(count + 1, cap)
    AT_LEAST  a = next, b = n: passes where count >= n
    BELOW     a = next, b = n: passes where count < n
    ROOM      a = next, b = n: passes where fewer than n texts are in the activation's set
    MORE      a = next, b = key set: passes where some key is still allowed
    DONE      a = next, b = key set: passes where nothing required is missing
    SCOPE     a = next, b = step: the scope becomes what is behind the step; passes where that is allowed

**Activations.** A frame is ``(slot, parent, count, seen, texts)``: where to return to, and the registers of the
activation that waits. ``count`` saturates, ``seen`` are the listed names already used (in ordered objects simply how far
along the list we are), ``texts`` is the set of other names, or of unique items, already used. Registers hold *data*, not
positions in the output, so equal situations are equal numbers wherever they occur.

**Spans.** A span runs a deterministic automaton (``Dfa``) over a *decoded* text: in JSON strings an escape sequence is
decoded and stepped as the one character that it stands for, so patterns, lengths, enumerations and key names mean the
same however a string is written. Its registers are (dfa state, decoder state, code points so far, text so far); the last
is kept only where the text must be remembered (keys, unique items). Lengths are tested with a counter against the least
and the greatest remaining length of each dfa state, so they are never unrolled. A key's or item's liveness depends on
what has been used: a dfa state lives while some label that it can still reach is allowed.

**Scopes.** Where a grammar has names (``grammar.names``), a thread carries the scope of what is declared and used, a value
like the registers. Unlike them it belongs to no activation: it goes into a call and comes back from it. A span may read
one of several names, each with a step of the scope as its label; a name is alive while the step is allowed.

A value returns a *label* (``RETURN a``), and the caller has a continuation per label. Today's front ends use labels
for keys only; conditions on values (``if``, ``not``, ``contains``) are tables from labels to continuations.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntEnum

from structgen.automaton.dfa import Dfa, compile_names
from structgen.grammar.names import Names

INFINITE = 2**31 - 1
DEAD = 0xFFFFFFFF
"""A slot of ``returns`` that no value may take."""


class Kind(IntEnum):
    """What a state does; see the module's docstring."""

    BYTES = 0
    SPLIT = 1
    CALL = 2
    RETURN = 3
    SPAN = 4
    COUNT = 5
    AT_LEAST = 6
    BELOW = 7
    ROOM = 8
    MORE = 9
    DONE = 10
    SCOPE = 11


class Role(IntEnum):
    """What a span's text is for: nothing further, a key of an object, an item that must not occur twice, or a name: label
    ``i`` is step ``key_set + i`` of ``Tables.steps``."""

    VALUE = 0
    KEY = 1
    UNIQUE = 2
    NAMED = 3


class Encoding(IntEnum):
    """How a span's text is written; the names are those of ``grammar.nodes.Encoding`` in capitals.

    Bits: 1 in JSON's quotes, 2 no byte beyond ASCII, 4 only the escapes that are necessary.
    """

    RAW = 0
    JSON = 1
    JSON_ASCII = 3
    JSON_NECESSARY = 5
    JSON_NECESSARY_ASCII = 7


@dataclass(slots=True)
class KeySet:
    """Which keys an object may have.

    Label ``i < len(required)`` is listed name ``i``; labels from ``len(required)`` on are other names, one label for each
    class of names with a value of its own. ``forbidden`` names are recognised (so that they are not *other* names) and
    never allowed. ``others`` is the number of other names of all classes where that is finite, else ``INFINITE``; 0 means
    there are none.
    """

    required: list[bool]
    forbidden: list[bool]
    ordered: bool
    min_count: int
    max_count: int
    others: int


@dataclass(slots=True)
class NameSet:
    """The automaton of an object's keys, named by what it accepts: name ``i`` with label ``i`` and, with ``other``, any
    other text with label ``len(names)``. The native engine builds it by itself; ``dfa`` is the same spelled out."""

    names: tuple[str, ...]
    other: bool
    _dfa: Dfa | None = field(default=None, compare=False, repr=False)

    @property
    def dfa(self) -> Dfa:
        if self._dfa is None:
            self._dfa = compile_names(self.names, self.other)
            assert self._dfa is not None
        return self._dfa


@dataclass(slots=True)
class Span:
    """A text to read: ``dfa`` indexes ``Tables.dfas``, ``key_set`` indexes ``Tables.key_sets`` (keys only)."""

    dfa: int
    encoding: int
    role: int
    min_length: int
    max_length: int
    key_set: int


@dataclass(slots=True)
class Tables:
    """A lowered grammar. ``start`` is run in an activation at the bottom of the stack; its RETURN is the output's end."""

    start: int = 0
    states: array[int] = field(default_factory=lambda: array("I"))
    """Three numbers a state: kind, a, b."""
    edges: array[int] = field(default_factory=lambda: array("I"))
    """Three numbers an edge: lo, hi, target."""
    targets: array[int] = field(default_factory=lambda: array("I"))
    returns: array[int] = field(default_factory=lambda: array("I"))
    spans: list[Span] = field(default_factory=list)
    key_sets: list[KeySet] = field(default_factory=list)
    dfas: list[Dfa | NameSet] = field(default_factory=list)
    origins: dict[int, str] = field(default_factory=dict)
    """For some states, the JSON Pointer or line that they come from."""
    unenforced: tuple[str, ...] = ()
    names: Names | None = None
    steps: list[tuple[int, int]] = field(default_factory=list)
    """For steps of the scope: what to do (``grammar.names.Do``), and the number that it is about."""

    @property
    def n_states(self) -> int:
        return len(self.states) // 3
