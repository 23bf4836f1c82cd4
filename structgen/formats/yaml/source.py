"""``Yaml``: a type or a JSON Schema as a source of grammars of YAML, and its texts as values again.

In: a Python type, or a ``JsonSchema`` or schema dict. Out, from ``to_grammar``: the grammar of exactly the values that are
valid, in one profile of YAML that readers of YAML 1.1 and 1.2 take for the same:

* block mappings and block sequences, indented by two spaces a level (a sequence below its key, too), one member or item a
  line, the last line ended as well; an empty container is ``[]`` or ``{}``;
* scalars on one line: ``null``, ``true``, ``false``, decimal numbers without exponents; strings plain where nothing takes
  them for something else (``plain``), between double quotes with JSON's escapes, or, where no pattern and no length is
  asked for, as a literal block (``|`` or ``|-``);
* names of members plain where possible, else between double quotes: one spelling each;
* no anchors, tags, comments, directives, document markers, flow style, merge keys or keys without quotes that are no text.

Types that refer to themselves, such as any value, are nested at most ``max_depth`` deep: each level of indentation is a copy
of their rules.

Caveat. YAML wants the colon of a member within 1,024 characters of its line. Names that the schema lists are held to that;
others are not counted, and a text with such a name is none to any reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from structgen.errors import SchemaError
from structgen.formats.base import ReadAs
from structgen.formats.json.source import JsonSchema
from structgen.formats.yaml.layout import Layout
from structgen.formats.yaml.write import as_json, write
from structgen.grammar.nodes import Grammar
from structgen.limits import Limits
from structgen.schema.python_types import TypeSchema, load_json, parse, schema_of

_MEANING = ("formats", "content", "registry", "draft")
"""The options of a JSON Schema that say what it means, not how JSON is written."""
_EXAMPLE = "\nExample: "


@dataclass(frozen=True, slots=True)
class Yaml:
    """YAML of a type: ``value`` is a Python type, a JSON Schema (a dict or a bool), or a ``JsonSchema`` with options."""

    value: Any
    _: Any = None
    property_order: Literal["schema", "any"] = "schema"
    """Listed members in the order of the type (others behind them), or in any order. Never twice, either way."""
    max_depth: int = 12
    """How deep containers that hold something are nested in a type that refers to itself."""
    on_unsupported: Literal["error", "validate"] = "error"
    """``validate``: what cannot be enforced is left out and listed in ``Grammar.unenforced``, to be checked afterwards."""

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the texts; ``SchemaError`` for what cannot be expressed."""
        self._check_options()
        schema, found = self._schema()
        grammar = Layout(schema.to_grammar(limits, compares=False), self.max_depth).grammar()
        if found is not None and found.unenforced:
            grammar = replace(grammar, unenforced=(*grammar.unenforced, *found.unenforced))
        return grammar

    def read_as(self) -> ReadAs:
        """How a damaged text is read, by ``structgen.read``."""
        return ReadAs("yaml", self._schema()[0] if isinstance(self.value, Mapping | bool) else self.value)

    def in_json(self, text: str) -> tuple[JsonSchema, str]:
        """The JSON that a text stands for, and what it has to be valid against."""
        return self._schema()[0], as_json(text)

    def read(self, text: str) -> Any:
        """The value of a text that was written so: of the Python type, or plain data where a schema was given. Data are not
        held to the schema again: see ``in_json``."""
        _, found = self._schema()
        return load_json(as_json(text)) if found is None else parse(as_json(text), found)

    def write(self, value: Any) -> str:
        """The text of a value of the type, or of plain data where a schema was given; the grammar accepts it if the value
        is valid."""
        _, found = self._schema()
        return write(value if found is None else found.adapter.dump_python(value, mode="json", by_alias=True))

    def instructions(self, render: Callable[[Mapping[str, Any], str], str]) -> str:
        """What a model is told: what ``render`` says of JSON of the type, with the example as YAML."""
        schema, found = self._schema()
        asked = schema.schema
        if isinstance(asked, str | bytes):
            asked = load_json(asked if isinstance(asked, str) else asked.decode())
        told = found.described if found is not None else asked if isinstance(asked, Mapping) else {}
        words = render(told, found.name if found is not None else str(told.get("title", "value")))
        words = words.replace("Answer with JSON", "Answer with YAML", 1)
        head, mark, example = words.rpartition(_EXAMPLE)
        return f"{head}{mark[:-1]}\n{write(load_json(example))}".removesuffix("\n") if mark else words

    def _schema(self) -> tuple[JsonSchema, TypeSchema | None]:
        found: TypeSchema | None = None
        given, asked = self.value, dict[str, Any]()
        if isinstance(given, JsonSchema):
            asked = {name: getattr(given, name) for name in _MEANING}
            self._check_schema_options(given)
            given = given.schema
        elif not isinstance(given, Mapping | bool):
            found = schema_of(given)
            given = found.schema
        return JsonSchema(given, whitespace="compact", property_order=self.property_order, escapes="necessary",
                          exponents=False, on_unsupported=self.on_unsupported, **asked), found

    def _check_schema_options(self, given: JsonSchema) -> None:
        usual = JsonSchema(True)
        for field in fields(given):
            value = getattr(given, field.name)
            if field.name not in ("schema", *_MEANING) and value != getattr(usual, field.name):
                own = hasattr(self, field.name)
                raise SchemaError(f"Yaml(JsonSchema(..., {field.name}={value!r})) has no meaning",
                                  because="it says how JSON is written", instead=f"pass {field.name} to Yaml" if own else
                                  "leave it away")

    def _check_options(self) -> None:
        for name, allowed in (("_", (None,)), ("property_order", ("schema", "any")),
                              ("on_unsupported", ("error", "validate"))):
            if getattr(self, name) not in allowed:
                raise SchemaError(f"Yaml({name}={getattr(self, name)!r}) is not an option",
                                  instead=f"use one of {', '.join(map(repr, allowed))}")
        if type(self.max_depth) is not int or self.max_depth < 1:
            raise SchemaError(f"Yaml(max_depth={self.max_depth!r}) is not an option", instead="use a number of levels")
