"""The native engine's module, as Python sees it: arrays in, masks out. ``matching.native_engine`` wraps it."""

from collections.abc import Sequence
from typing import Any, Literal

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

class Automaton:
    """A deterministic automaton in flat arrays, shown as the tuples of ``automaton.dfa_form.Dfa``."""

    def __init__(self, start: int, edges: Sequence[Sequence[tuple[int, int, int]]], accept: Sequence[int],
                 min_length: Sequence[int], max_length: Sequence[int], count: Sequence[int],
                 labels: Sequence[Sequence[int]]) -> None: ...
    @property
    def start(self) -> int: ...
    @property
    def edges(self) -> tuple[tuple[tuple[int, int, int], ...], ...]: ...
    @property
    def accept(self) -> tuple[int, ...]: ...
    @property
    def min_length(self) -> tuple[int, ...]: ...
    @property
    def max_length(self) -> tuple[int, ...]: ...
    @property
    def count(self) -> tuple[int, ...]: ...
    @property
    def labels(self) -> tuple[tuple[int, ...], ...]: ...
    @property
    def ascii_only(self) -> bool: ...
    @property
    def is_any(self) -> bool: ...
    @property
    def n_states(self) -> int: ...
    @property
    def texts(self) -> int:
        """The count of the start."""
    def label(self, text: bytes) -> int:
        """The label of a text, -1 where it does not belong to the language."""

def set_nodes(classes: tuple[type, ...]) -> None:
    """The classes of regular nodes: ``Chars Str Seq Alt Repeat And Not Substrings``."""

# The builders of automata answer with a number where a budget ran out (1 ``dfa_states``, 2 ``dfa_steps``, 3
# ``regex_depth``), and with False what they do not take: the Python form says what is wrong with it.

def compile_language(node: Any, states: int, steps: int, depth: int) -> Automaton | int | None: ...
def compile_text(node: Any, minimum: int, maximum: int | None, states: int, steps: int,
                 depth: int) -> tuple[Automaton, int, int | None] | int | None: ...
def compile_labelled(languages: list[tuple[int, Any]], states: int, steps: int, depth: int) -> Automaton | int | None: ...
def bound_length(dfa: Automaton, minimum: int, maximum: int | None, states: int, steps: int) -> Automaton | int | None:
    """True where a counter beside the automaton is exact."""

def compile_strings(strings: Sequence[str]) -> Automaton | Literal[False] | None: ...
def compile_names(names: Sequence[str], other: Automaton | None, most: int) -> Automaton | Literal[False]: ...
def compile_substrings(source: str) -> Automaton | Literal[False]: ...

class Dfa:
    """An automaton as the engine runs it, for one vocabulary."""

    def __init__(self, automaton: Automaton) -> None: ...

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
                 names: tuple[list[list[int]], list[int], list[int], int, list[int]] | None, threads: int,
                 cache_bytes: int, mask_steps: int) -> Grammar:
    """Tables as in ``automaton.tables``; six numbers a span; raises ValueError for an index out of range."""

class SchemaReader:
    """Reads plain JSON Schemas into nodes in one pass: see ``formats.json.quick``.

    ``keywords``: numbers of Keyword in schemas.cpp; ``types``: bits; nodes to copy: the ``Members`` and ``Items`` that hold
    anything, an ``Alt``, a reference to the rule of any value; what makes scalars and enumerations.
    """

    def __init__(self, keywords: dict[str, int], types: dict[str, int], members: Any, items: Any, either: Any, any: Any,
                 lone_references: bool, scalar: Any, values: Any) -> None: ...
    def read(self, schema: Any, most_steps: int) -> tuple[Any, dict[str, Any], dict[str, str]] | None:
        """The start, the rules and where they come from, without those of any value; None where it is not plain."""

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
    def threads(self) -> list[tuple[int, tuple[int, int, list[bytes], int], tuple[int, int, int, bytes] | None,
                                    list[tuple[int, tuple[int, int, list[bytes], int]]]]]:
        """Where the output stands: (state, registers, reading in a text, stack from the inside), as in ``completion``."""
    def names(self, seen: int) -> list[int]:
        """The listed names that ``seen`` stands for, in objects in any order with more than 32 names."""
    def number_rules(self, scope: int) -> list[int]:
        """Of a number within a scope: step, whether it is a multiple, remainder and places taken, over and over."""
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

def forbid(logits: int, item_bytes: int, columns: int, stride: int, mask: int, words: int, mask_stride: int,
           places: Sequence[int], infinity: int) -> None:
    """Writes ``infinity``, a number of ``item_bytes``, into row ``places[i]`` of the logits at this address wherever row
    ``i`` of the mask at that address has a 0; strides in items. The caller has checked that all of it is there."""
