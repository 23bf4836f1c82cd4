"""Every budget with its default and the reason for it.

Limits are counted in things that grow with the input (states, bytes, steps), never in seconds, so that the same
input gives the same answer on every machine. Exceeding one raises ``LimitExceededError``, which names the field.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets for reading, compiling and matching. All are per grammar unless said otherwise."""

    schema_bytes: int = 16 << 20
    """JSON text of one schema; the largest of 11,305 public schemas is under 1 MB."""
    schema_depth: int = 200
    """Nesting of the schema text itself; Python's recursion limit is met near 300 nested schema nodes."""
    schema_nodes: int = 500_000
    """JSON nodes visited while a schema is compiled, references followed included."""
    ref_chain: int = 500
    """``$ref`` to ``$ref`` links followed before anything is consumed."""
    regex_bytes: int = 1 << 20
    """Text of one pattern; long alternations of literals take a trie and stay cheap."""
    regex_depth: int = 100
    """Nesting of groups in one pattern."""
    dfa_states: int = 20_000
    """States of one determinised regular language; an exponential pattern meets this one first."""
    dfa_steps: int = 2_000_000
    """Transitions computed while determinising one language."""
    grammar_states: int = 2_000_000
    """Automaton states of a lowered grammar."""
    threads: int = 2_000
    """Alternatives (threads) alive at once in one configuration; ambiguity beyond this is a grammar mistake."""
    cache_bytes: int = 256 << 20
    """Configurations and masks kept per compiled grammar; beyond it what no live matcher uses is dropped and rebuilt."""
    mask_steps: int = 20_000_000
    """Byte steps for one mask; a full walk of a 131k vocabulary takes about 300,000."""
    precompute_states: int = 20_000
    """Configurations explored by ``precompute`` before it reports ``complete=False``."""
    precompute_bytes: int = 64 << 20
    """Bytes of masks and configurations that ``precompute`` may add."""
