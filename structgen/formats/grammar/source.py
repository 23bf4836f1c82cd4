"""``Lark`` and ``Gbnf``: grammar texts as sources of grammars.

In: a grammar in Lark's notation or in llama.cpp's GBNF. Out, from ``to_grammar``: the grammar of exactly its texts. GBNF
has no lexer; for Lark the lexer and the parser are those that lark would run.
"""

from __future__ import annotations

from dataclasses import dataclass

from structgen.errors import GrammarSyntaxError, LimitExceededError, SchemaError
from structgen.formats.json.source import JsonSchema
from structgen.grammar.gbnf import read_gbnf
from structgen.grammar.lark import read_lark
from structgen.grammar.lark_lexed import LexerName, ParserName, read_lark_lexed
from structgen.grammar.nodes import Grammar
from structgen.limits import Limits


@dataclass(frozen=True, slots=True)
class Lark:
    """A grammar in Lark's notation, from the rule ``start`` on: the texts that ``lark.Lark`` parses with the same
    ``parser`` and ``lexer``.

    ``parser="earley"`` has the lexers ``"dynamic"`` (its default), ``"dynamic_complete"`` and ``"basic"``, ``"lalr"`` has
    ``"contextual"`` (its default) and ``"basic"``. ``lexer=None`` is none of lark's: terminals mean the texts they spell,
    put together as they stand; there ``%json {…}`` is a JSON Schema where a rule could stand. ``strict``: colliding
    terminals and conflicts are errors, as in lark. ``import_paths``: the only folders from which ``%import`` may read
    beside lark's own grammars. ``name`` stands in error positions.
    """

    text: str | bytes
    start: str = "start"
    name: str = "grammar"
    parser: ParserName = "earley"
    lexer: LexerName | None = "auto"
    strict: bool = False
    import_paths: tuple[str, ...] = ()

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar; raises ``GrammarSyntaxError`` with name:line:column."""
        text = _decoded(self.text, self.name)
        if self.lexer is None:
            return read_lark(text, start=self.start, name=self.name, limits=limits,
                             embed=lambda schema: JsonSchema(schema).to_grammar(limits))
        try:
            return read_lark_lexed(text, start=self.start, parser=self.parser, lexer=self.lexer, strict=self.strict,
                                   name=self.name, import_paths=tuple(self.import_paths), limits=limits)
        except RecursionError as error:  # lark walks the tree of a grammar by recursion
            raise LimitExceededError("the grammar is nested too deeply", limit="regex_depth", position=self.name) from error


@dataclass(frozen=True, slots=True)
class Gbnf:
    """A grammar in GBNF, the notation of llama.cpp, from the rule ``root`` on; ``name`` stands in error positions."""

    text: str | bytes
    root: str = "root"
    name: str = "grammar"

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar; raises ``GrammarSyntaxError`` with name:line:column."""
        return read_gbnf(_decoded(self.text, self.name), root=self.root, name=self.name, limits=limits)


def _decoded(text: object, name: str) -> str:
    if isinstance(text, str):
        return text
    if not isinstance(text, bytes | bytearray | memoryview):
        raise SchemaError(f"a grammar must be a text, not {type(text).__name__}")
    try:
        return bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise GrammarSyntaxError("the grammar is not UTF-8", position=name,
                                 because=f"{error.reason} at byte {error.start}") from error
