"""Every error structgen raises, in one tree.

    StructgenError
    ├── SchemaError                  a schema, type or source that is not well formed; `position` is a JSON Pointer
    │   ├── UnsupportedSchemaError   well formed, but not enforceable while generating: refused by name
    │   └── UnsatisfiableError       well formed, but no value can satisfy it
    ├── GrammarSyntaxError           a regex or grammar text that does not parse; `position` is an offset or file:line:column
    ├── VocabularyError              a tokenizer whose tokens cannot be told exactly as bytes, or a malformed vocabulary
    ├── LimitExceededError           a budget of `Limits` ran out; names the field
    ├── BudgetError                  the token budget is too small for any complete output
    ├── ReadError                    text that cannot be read as a value; `position` is file:line:column or an offset
    │   └── QueryError               SQL that must not run, or that its database refuses; `kind` says which
    ├── ToolError                    a tool that was called failed, or cannot be run; `tool` is its name
    └── GenerationError              generation stopped without a complete value; says where

An error says *where* (``position``), *what* (the first line), *why* (``because``) and *what to do* (``instead``).
"""

from __future__ import annotations

from typing import Any


class StructgenError(Exception):
    """The root of every error structgen raises; nothing else leaks.

    ``position`` says where: a JSON Pointer into a schema, a JSONPath into a value, or an offset or line:column in a text.
    """

    def __init__(self, what: str, *, position: str | None = None, because: str | None = None,
                 instead: str | None = None) -> None:
        self.what, self.position, self.because, self.instead = what, position, because, instead
        text = what if position is None else f"{position}: {what}"
        if because:
            text += f"\n  because: {because}"
        if instead:
            text += f"\n  instead: {instead}"
        super().__init__(text)


class SchemaError(StructgenError):
    """A schema, type or source is malformed: wrong keyword value, unresolved ``$ref``, invalid JSON text."""


class UnsupportedSchemaError(SchemaError):
    """A constraint is understood but cannot be enforced while generating; ``keyword`` names it."""

    def __init__(self, what: str, *, keyword: str | None = None, position: str | None = None,
                 because: str | None = None, instead: str | None = None) -> None:
        super().__init__(what, position=position, because=because, instead=instead)
        self.keyword = keyword


class UnsatisfiableError(SchemaError):
    """No value can satisfy the schema, so every generation would end in a dead end."""


class GrammarSyntaxError(StructgenError):
    """A regex or a grammar text does not parse, or uses a construct that is not supported; the position says where."""


class VocabularyError(StructgenError):
    """A tokenizer's tokens cannot be told exactly as bytes, or token ids are out of range."""


class LimitExceededError(StructgenError):
    """A budget ran out; ``limit`` is the name of the ``Limits`` field."""

    def __init__(self, what: str, *, limit: str, position: str | None = None, because: str | None = None,
                 instead: str | None = None) -> None:
        super().__init__(what, position=position, because=because,
                         instead=instead or f"raise Limits({limit}=…) if the input is trusted, or simplify it")
        self.limit = limit


class BudgetError(StructgenError):
    """The token budget is smaller than what any complete output needs."""


class ReadError(StructgenError):
    """A text cannot be read as a value of the wanted type.

    ``nearest``: the ``Reading`` that came nearest, where a tolerant reader had one; its value does not fit.
    """

    def __init__(self, what: str, *, position: str | None = None, because: str | None = None,
                 instead: str | None = None, nearest: Any = None) -> None:
        super().__init__(what, position=position, because=because, instead=instead)
        self.nearest = nearest


class QueryError(ReadError):
    """SQL that must not run, cannot run, or ran into a limit.

    ``kind``: "syntax", "not-read-only", "unknown-function" or "too-costly" (the guard), "unknown-table", "unknown-column",
    "unknown-alias", "ambiguous-column" or "ambiguous-table" (the scope check), "database" (its own words), "time-limit" or
    "size-limit" (the run).
    """

    def __init__(self, what: str, *, kind: str, position: str | None = None, because: str | None = None,
                 instead: str | None = None, nearest: Any = None) -> None:
        super().__init__(what, position=position, because=because, instead=instead, nearest=nearest)
        self.kind = kind


class GenerationError(StructgenError):
    """Generation ended without a complete value; the message says where in the value and after how many tokens.

    ``text``: what the model had written, where it had; ``attempts``: the errors of earlier attempts, where there were any;
    ``usage``: what it cost, where the model was asked.
    """

    def __init__(self, what: str, *, position: str | None = None, because: str | None = None,
                 instead: str | None = None, text: str | None = None,
                 attempts: tuple[GenerationError, ...] = ()) -> None:
        super().__init__(what, position=position, because=because, instead=instead)
        self.text, self.attempts = text, attempts
        self.usage: Any = None


class ToolError(StructgenError):
    """A tool's function raised an exception (``__cause__``), or a call cannot be run; ``tool`` is the tool's name."""

    def __init__(self, what: str, *, tool: str | None = None, position: str | None = None, because: str | None = None,
                 instead: str | None = None) -> None:
        super().__init__(what, position=position or (f"tool {tool}" if tool else None), because=because, instead=instead)
        self.tool = tool
