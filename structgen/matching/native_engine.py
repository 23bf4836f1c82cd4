"""The native engine behind the same interface; absent where no compiler was at hand when structgen was installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

try:
    from structgen import _native
except ImportError:  # installed without a compiler: matching.engine takes over
    _native = None  # type: ignore[assignment]

AVAILABLE = False


class NativeVocabulary:
    """Placeholder until the port is in."""

    def __init__(self, vocabulary: Any, cache: Any) -> None:
        raise ImportError("no native engine")


class NativeCompiledGrammar:
    """Placeholder until the port is in."""

    def __init__(self, tables: Any, vocabulary: NativeVocabulary, limits: Any) -> None:
        raise ImportError("no native engine")


def fill_native(matchers: Sequence[Any], out: Any) -> list[int]:
    """Fills the rows of native matchers; returns the rows that are left to other engines."""
    return [row for row, matcher in enumerate(matchers) if matcher is not None]
