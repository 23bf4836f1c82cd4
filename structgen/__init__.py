"""structgen: language models that produce structured output which is right by construction.

The data path, left to right::

    type or schema ─► schema ─► formats ─► grammar ─► automaton ─► matching ─► generation ─► text ─► value
    regex, choice ────────────────────────► grammar       ▲ vocabulary

* a *schema* says which values are allowed, a *grammar* which texts, an *automaton* which bytes;
* a *compiled grammar* belongs to one vocabulary, a *matcher* to one output: it gives the mask of the tokens that may
  come next and takes the token that came;
* *generation* applies masks to a model's logits and turns the finished text into a value of the type.

Names are loaded on first use: ``import structgen`` loads no tensor library and no model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structgen import grammar
    from structgen.compiler import CompiledGrammar, Compiler
    from structgen.errors import (
        BudgetError,
        GenerationError,
        GrammarSyntaxError,
        LimitExceededError,
        QueryError,
        ReadError,
        SchemaError,
        StructgenError,
        ToolError,
        UnsatisfiableError,
        UnsupportedSchemaError,
        VocabularyError,
    )
    from structgen.formats.base import Reading, repair_rule
    from structgen.formats.csv.source import Csv
    from structgen.formats.grammar.source import Gbnf, Lark
    from structgen.formats.json.source import JsonSchema
    from structgen.formats.partial import PartialReader
    from structgen.formats.read import read
    from structgen.formats.sql.source import Sql
    from structgen.formats.tagged.source import FreeText, Tag, Tagged, Tags, Then
    from structgen.formats.text.source import Choice, Regex
    from structgen.formats.tools.source import ToolCall, Tools
    from structgen.formats.tools.style import ToolStyle
    from structgen.formats.yaml.source import Yaml
    from structgen.generation.beam import beam, restricted
    from structgen.generation.fallback import Fallback, Unknown
    from structgen.generation.logits_processor import LogitsProcessor
    from structgen.generation.model import Model
    from structgen.generation.result import Result
    from structgen.generation.result_cache import ResultCache
    from structgen.generation.retry import Retry
    from structgen.generation.sampling import Sampling
    from structgen.generation.search import Judge, best_of, first_valid, select, until, verify, vote
    from structgen.generation.stream import Partial
    from structgen.generation.structured import structured
    from structgen.generation.text_to_sql import TextToSql
    from structgen.grammar.nodes import Grammar
    from structgen.limits import Limits
    from structgen.matching.compiled import Coverage, fill_masks
    from structgen.models import load_model
    from structgen.schema.from_text import FromText
    from structgen.vocabulary import Vocabulary

_WHERE = {
    "BudgetError": "errors", "Choice": "formats.text.source", "CompiledGrammar": "compiler", "Compiler": "compiler",
    "Coverage": "matching.compiled", "Csv": "formats.csv.source", "Fallback": "generation.fallback",
    "FreeText": "formats.tagged.source", "FromText": "schema.from_text", "Gbnf": "formats.grammar.source",
    "GenerationError": "errors", "Grammar": "grammar.nodes", "GrammarSyntaxError": "errors",
    "JsonSchema": "formats.json.source", "Judge": "generation.search", "Lark": "formats.grammar.source",
    "LimitExceededError": "errors", "Limits": "limits", "LogitsProcessor": "generation.logits_processor",
    "Model": "generation.model", "Partial": "generation.stream", "PartialReader": "formats.partial",
    "QueryError": "errors", "ReadError": "errors", "Reading": "formats.base", "Regex": "formats.text.source",
    "Result": "generation.result", "ResultCache": "generation.result_cache", "Retry": "generation.retry",
    "Sampling": "generation.sampling", "SchemaError": "errors", "Sql": "formats.sql.source",
    "StructgenError": "errors", "Tag": "formats.tagged.source", "Tagged": "formats.tagged.source",
    "Tags": "formats.tagged.source", "TextToSql": "generation.text_to_sql", "Then": "formats.tagged.source",
    "ToolCall": "formats.tools.source", "ToolError": "errors", "ToolStyle": "formats.tools.style",
    "Tools": "formats.tools.source", "Unknown": "generation.fallback", "UnsatisfiableError": "errors",
    "UnsupportedSchemaError": "errors", "Vocabulary": "vocabulary", "VocabularyError": "errors",
    "Yaml": "formats.yaml.source", "beam": "generation.beam", "best_of": "generation.search",
    "fill_masks": "matching.compiled", "first_valid": "generation.search", "load_model": "models",
    "read": "formats.read", "repair_rule": "formats.base", "restricted": "generation.beam",
    "select": "generation.search", "structured": "generation.structured", "until": "generation.search",
    "verify": "generation.search", "vote": "generation.search",
}

__all__ = [
    "BudgetError", "Choice", "CompiledGrammar", "Compiler", "Coverage", "Csv", "Fallback", "FreeText", "FromText",
    "Gbnf", "GenerationError", "Grammar", "GrammarSyntaxError", "JsonSchema", "Judge", "Lark", "LimitExceededError",
    "Limits", "LogitsProcessor", "Model", "Partial", "PartialReader", "QueryError", "ReadError", "Reading", "Regex",
    "Result", "ResultCache", "Retry", "Sampling", "SchemaError", "Sql", "StructgenError", "Tag", "Tagged", "Tags",
    "TextToSql", "Then", "ToolCall", "ToolError", "ToolStyle", "Tools", "Unknown", "UnsatisfiableError",
    "UnsupportedSchemaError", "Vocabulary", "VocabularyError", "Yaml", "beam", "best_of", "fill_masks", "first_valid",
    "grammar", "load_model", "read", "repair_rule", "restricted", "select", "structured", "until", "verify", "vote",
]


def __getattr__(name: str) -> Any:
    if name == "grammar":  # the package, which can be called
        return import_module("structgen.grammar")
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'structgen' has no attribute {name!r}")
    value = getattr(import_module(f"structgen.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
