"""Compiles anything that says which texts are allowed: the one place where sources, types and engines meet.

In: a grammar, a source (an object with ``to_grammar(limits)``), or a Python type. Out: a compiled grammar for one
vocabulary. Sits above formats and matching, so that neither needs to know the other.
"""

from __future__ import annotations

import gc
import threading
import warnings
from contextlib import suppress
from typing import Any, Literal, Protocol, cast

from structgen.automaton.lower import lower
from structgen.errors import LimitExceededError, SchemaError
from structgen.formats.json.source import JsonSchema
from structgen.formats.text.source import text_source
from structgen.grammar.nodes import Grammar
from structgen.limits import Limits
from structgen.matching.compiled import PythonCompiledGrammar
from structgen.matching.native_engine import AVAILABLE, NativeCompiledGrammar, NativeVocabulary
from structgen.matching.trie import VocabularyTables
from structgen.vocabulary import Vocabulary
from structgen.vocabulary.cache import DiskCache

CompiledGrammar = PythonCompiledGrammar | NativeCompiledGrammar
EngineName = Literal["auto", "python", "native"]
_warned = False
_SMALL = 64
"""States of a finite automaton that is explored when it is compiled; a mask of a wide one takes about 0.1 ms."""


class _CollectorPaused:
    """Keeps Python's collector of cycles from running meanwhile, in any thread.

    What a compiler makes lives until it is done, so that collecting it midway finds nothing; yet a few thousand nodes are
    enough to make the collector look at everything that the process holds, which takes longer than most compilations (0.1 s
    for 150,000 objects). It would do so as soon as the pause ends, still before the first mask: so the young objects, which
    are those of the compilation, are looked at here, and all others when the process makes objects of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_on:
                if gc.get_count()[0] > gc.get_threshold()[0] > 0:
                    gc.collect(1)
                gc.enable()


_COLLECTOR_PAUSED = _CollectorPaused()


class Source(Protocol):
    """Anything that can say which texts it allows."""

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the allowed texts; raises a ``StructgenError`` for what it cannot express."""


class Compiler:
    """Compiles sources for one vocabulary. Thread-safe; keep one per model, its vocabulary tables are made once.

    ``cache``: a folder for the vocabulary's tables, so that the next process starts without building them.
    ``engine``: ``"native"``, ``"python"``, or ``"auto"``: native where it was built, else Python with one warning.
    """

    def __init__(self, vocabulary: Vocabulary, *, limits: Limits | None = None, cache: str | None = None,
                 engine: EngineName = "auto") -> None:
        self.vocabulary = vocabulary
        self.limits = limits or Limits()
        if engine == "native" and not AVAILABLE:
            raise ImportError("structgen's native engine was not built: install a C++20 compiler and reinstall, "
                              'or use engine="python"')
        self.engine = "native" if AVAILABLE and engine != "python" else "python"
        if self.engine == "python" and engine == "auto":
            _warn_once()
        disk = None if cache is None else DiskCache(cache)
        self._native = NativeVocabulary(vocabulary, disk) if self.engine == "native" else None
        self._python = VocabularyTables(vocabulary) if self.engine == "python" else None

    def compile(self, source: object) -> CompiledGrammar:
        """Compiles a source for this vocabulary.

        Raises ``SchemaError`` (malformed, unsupported or unsatisfiable), ``GrammarSyntaxError`` or
        ``LimitExceededError``. Finite grammars that are small are explored at once, others on first visit.
        """
        with _COLLECTOR_PAUSED:
            return self._compiled(source)

    def _compiled(self, source: object) -> CompiledGrammar:
        grammar = as_grammar(source, self.limits)
        if self._native is not None:
            compiled = self._native.lowered(grammar, self.limits)
            if compiled.is_small(_SMALL):
                with suppress(LimitExceededError):  # then the masks that do fit are computed when asked for
                    compiled.precompute(self.limits)
            return compiled
        assert self._python is not None
        return PythonCompiledGrammar(lower(grammar, self.limits), self.vocabulary, self._python, self.limits)


def as_grammar(source: object, limits: Limits) -> Grammar:
    """The grammar of a source; a Python type is taken as JSON of that type."""
    if isinstance(source, Grammar):
        return source
    if isinstance(source, str | bytes):  # pydantic would take a string for a name and evaluate it
        raise SchemaError(f"a text is no source: {source[:60]!r}", because="it could be a schema, a regex or a choice",
                          instead="say which: JsonSchema(text), Regex(text), Choice([text])")
    if not isinstance(source, type) and callable(getattr(source, "to_grammar", None)):  # isinstance of a protocol: 5 us
        return cast(Source, source).to_grammar(limits)
    return (text_source(source) or json_source(source)).to_grammar(limits)


def json_source(output_type: Any, **options: Any) -> Source:
    """The JSON source of a Python type, with what its annotations say and its JSON Schema cannot in ``unenforced``."""
    from structgen.schema.python_types import schema_of

    found = schema_of(output_type)
    options.setdefault("exponents", False)
    options.setdefault("escapes", "necessary")  # a model that drifts into escapes rarely finds back to text
    return _TypedSource(JsonSchema(found.schema, **options), found.unenforced)


class _TypedSource:
    """A JSON Schema and what the type demands beyond it."""

    def __init__(self, schema: Source, unenforced: tuple[str, ...]) -> None:
        self._schema, self._unenforced = schema, unenforced

    def to_grammar(self, limits: Limits) -> Grammar:
        from dataclasses import replace

        grammar = self._schema.to_grammar(limits)
        return replace(grammar, unenforced=(*grammar.unenforced, *self._unenforced)) if self._unenforced else grammar


def _warn_once() -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn("structgen runs its Python engine: the native one was not built. Masks are the same, and slower. "
                      "Install a C++20 compiler and reinstall structgen for the native engine.", RuntimeWarning,
                      stacklevel=3)
