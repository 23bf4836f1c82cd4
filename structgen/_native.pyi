"""The native engine's module, as Python sees it: arrays in, masks out. ``matching.native_engine`` wraps it."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import Buffer

def set_errors(limit: type[Exception], vocabulary: type[Exception]) -> None:
    """The classes raised when a budget runs out (with ``limit=``) and for a token id outside the vocabulary."""

class Vocabulary:
    """Tries over the tokens; ``archive`` is what ``archive()`` gave for the same tokens."""

    def __init__(self, data: bytes, offsets: Any, end_tokens: Sequence[int],
                 archive: bytes | None = None) -> None: ...
    def archive(self) -> bytes: ...
    def memory_bytes(self) -> int: ...
    @property
    def trie_nodes(self) -> int: ...

class Dfa:
    """A deterministic automaton: all arrays are 32-bit; edges are (low, high, target) in a row."""

    def __init__(self, start: int, edge_start: Buffer, edges: Buffer, accept: Buffer, min_length: Buffer,
                 max_length: Buffer, count: Buffer, label_start: Buffer, labels: Buffer) -> None: ...

def names(names: Sequence[bytes], other: bool) -> Dfa:
    """The keys of an object: ``names[i]`` with label ``i`` and, with ``other``, any other text."""

class Grammar:
    """Tables and what has been computed from them."""

    @property
    def is_empty(self) -> bool: ...
    @property
    def n_states(self) -> int: ...
    def is_small(self, most: int) -> bool:
        """Whether this is a finite automaton of at most so many states: plain texts, without calls and counters."""
    def tables(self) -> tuple[int, bytes, bytes, bytes, bytes, list[tuple[int, int, int, int, int, int]],
                              list[tuple[bytes, bytes, bool, int, int, int]]]:
        """Start, states, edges, targets, returns, spans and key sets, as ``make_grammar`` takes them."""
    def explore(self, budget: int, max_states: int, max_bytes: int) -> bool:
        """Explores at most ``budget`` further configurations; True when all are known."""
    def memory_bytes(self) -> int: ...
    @property
    def n_configurations(self) -> int: ...
    @property
    def explored(self) -> int: ...
    @property
    def masks_computed(self) -> int: ...
    @property
    def cold_steps(self) -> int: ...
    @property
    def nodes_visited(self) -> int: ...

def make_grammar(vocabulary: Vocabulary, start: int, states: Buffer, edges: Buffer, targets: Buffer, returns: Buffer,
                 spans: Buffer, dfas: Sequence[Dfa], key_sets: list[tuple[bytes, bytes, bool, int, int, int]],
                 threads: int, cache_bytes: int, mask_steps: int) -> Grammar:
    """Tables as in ``automaton.tables``; six numbers a span; raises ValueError for an index out of range."""

class Lowering:
    """Lowers the nodes of a grammar: ``automaton.lower`` without Python lists in between.

    ``classes``: in the order of the nodes in lowering.hpp, a class, its known fields, and the others with the only value
    that they may have. The functions are those of ``automaton.languages``.
    """

    def __init__(self, classes: list[tuple[type, tuple[str, ...], tuple[tuple[str, Any], ...]] | None],
                 encodings: dict[str, int], text_language: Any, key_language: Any, item_languages: Any) -> None: ...
    def lower(self, vocabulary: Vocabulary, grammar: Any, limits: Any, native_dfa: Any, states: int, threads: int,
              cache_bytes: int, mask_steps: int) -> tuple[Grammar, list[Any], dict[int, str]] | None:
        """The grammar, its automata and where states come from; None where ``automaton.lower`` has to do it.

        An automaton of plain names is (names, whether others are allowed).
        """

class Matcher:
    """One output; a second form of the constructor copies a matcher."""

    def __init__(self, grammar: Grammar | Matcher) -> None: ...
    def fill_mask(self, out: Any, row: int = 0) -> None: ...
    def mask_by_steps(self) -> bytes:
        """The mask as bytes, found by stepping every token: slow, shares nothing with ``fill_mask``; for tests."""
    def advance(self, token_id: int) -> bool: ...
    def advance_bytes(self, text: bytes) -> bool: ...
    def rollback(self, count: int) -> None: ...
    def reset(self) -> None: ...
    def threads(self) -> list[tuple[int, tuple[int, int, list[bytes]], tuple[int, int, int, bytes] | None,
                                    list[tuple[int, tuple[int, int, list[bytes]]]]]]:
        """Where the output stands: (state, registers, reading in a text, stack from the inside), as in ``completion``."""
    def names(self, seen: int) -> list[int]:
        """The listed names that ``seen`` stands for, in objects in any order with more than 32 names."""
    @property
    def is_accepting(self) -> bool: ...
    @property
    def is_finished(self) -> bool: ...
    @property
    def taken(self) -> int: ...
    @property
    def configuration(self) -> int: ...

def fill_batch(matchers: Sequence[Matcher], rows: Sequence[int], out: Any) -> None:
    """Fills ``out[rows[i]]`` from ``matchers[i]`` with the interpreter lock released once."""
