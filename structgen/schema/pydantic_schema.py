"""The JSON Schema of a pydantic core schema, with what pydantic's own JSON Schema leaves out.

In: a core schema (what pydantic compiles every annotation to). Out: a JSON Schema whose values pydantic accepts, and a
list of what no JSON Schema can say and pydantic alone checks.

The one idea: pydantic's generator already walks every kind of type, so only the kinds where it loses something are
overridden: key types of dicts, digits of decimals, lengths of tuples, tags of unions, time zones, versions. A method
cannot know where in the document its node will stand, so what is not enforceable is noted *in* the node under a key of
ours, and collected with its position when the document is complete.

Caveats: members that a class ignores (``extra="ignore"``) are not offered: they would be dropped. A ``Decimal`` with
bounds is a number, one without is a string, because numbers pass through floats and texts keep every digit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit
from pydantic_core import core_schema as cs

from structgen.errors import SchemaError
from structgen.schema.from_text import FromText
from structgen.schema.words import KEYWORD, WORDS_KEYWORD

__all__ = ["PydanticSchema", "collect", "narrowed", "subschemas"]

NOTES = "x-structgen-notes"
"""In a node while the document is built: [serial number, text] pairs of what is not enforced there."""
INVALID = "x-structgen-invalid"
"""In a node while the document is built: why its type cannot be JSON."""

# A JSON number's own spelling, without exponents: other spellings of a key would be different keys for one value.
_INTEGER = r"(?:0|-?[1-9][0-9]*)"
_NATURAL = r"(?:0|[1-9][0-9]*)"
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_BASE64URL = r"^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$"
_HEX = "[0-9a-fA-F]"
_LOCAL_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_YEAR = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"  # datetime.MINYEAR is 1
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = ("(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        "|02-(?:0[1-9]|1[0-9]|2[0-8]))")
_LOCAL_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"

# Formats that only pydantic knows: what they mean as a pattern, or None where every string is read.
_OWN_FORMATS: dict[str, str | None] = {
    "binary": None, "password": None, "path": None,
    "base64": _BASE64, "base64url": _BASE64URL,
    **{f"uuid{n}": f"^{_HEX}{{8}}-{_HEX}{{4}}-{n}{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}$" for n in range(1, 9)},
}
# What Python's types cannot hold although the format allows it: year 0, leap seconds, durations of a million years.
_PYTHON_RANGES = {
    "date": f"^{_YEAR}-",
    "time": "^[0-9]{2}:[0-9]{2}:[0-5]",
    "date-time": f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}[^0-9][0-9]{{2}}:[0-9]{{2}}:[0-5]",
    "duration": "^[^0-9]*(?:[0-9]{1,4}[^0-9]+)*$",
}
_HOST_SCHEMES = {"http", "https", "ws", "wss", "ftp"}
"""Schemes whose URLs must have a host (WHATWG URL, special schemes)."""
_UNCHECKED_FORMATS = {
    "file-path": "that the file exists", "directory-path": "that the directory exists",
    "multi-host-uri": "pydantic's rules for URLs with several hosts",
    "name-email": "pydantic's rules for named addresses",
    "ipv4network": "the network's notation", "ipv6network": "the network's notation",
    "ipv4interface": "the interface's notation", "ipv6interface": "the interface's notation",
    "ipvanyaddress": "the address's notation", "ipvanyinterface": "the interface's notation",
    "ipvanynetwork": "the network's notation", "color": "the colour's notation", "fraction": "the fraction's notation",
    "json-string": "that the text is JSON", "regex": "that the text is a regular expression Python can compile",
    "uri": "pydantic's rules for hosts and schemes",
}


_TYPES_OF = {"minLength": ("string",), "maxLength": ("string",), "pattern": ("string",)} | dict.fromkeys(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), ("number", "integer"))
"""The types that keywords are about which pydantic writes whatever the type."""
_ARGUMENTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "max_digits", "decimal_places")
"""Its own names of constraints, which it writes where it does not know the type: of a union."""


class PydanticSchema(GenerateJsonSchema):
    """One use per document, as its base class asks; ``require_all`` makes fields with defaults required too."""

    def __init__(self, *args: Any, require_all: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}
        self._require_all = require_all
        self.notes: list[str] = []

    def note(self, node: JsonSchemaValue, text: str) -> JsonSchemaValue:
        """A copy of ``node`` that carries the note."""
        self.notes.append(text)
        return {**node, NOTES: [*node.get(NOTES, []), [len(self.notes) - 1, text]]}

    # Texts and numbers

    def str_schema(self, schema: cs.StringSchema) -> JsonSchemaValue:
        node = super().str_schema(schema)
        changes = [name for name in ("strip_whitespace", "to_lower", "to_upper") if schema.get(name)]
        changes += [name for name in ("str_strip_whitespace", "str_to_lower", "str_to_upper")
                    if getattr(self._config, name, False)]
        if changes and len(node) > 1:
            node = self.note(node, f"length and pattern are checked after {', '.join(changes)}")
        pattern = schema.get("pattern")
        if isinstance(pattern, re.Pattern) and pattern.flags & ~re.UNICODE:
            node = self.note(node, "the flags of the compiled pattern")
        return node

    def bytes_schema(self, schema: cs.BytesSchema) -> JsonSchemaValue:
        coding = getattr(self._config, "val_json_bytes", "utf8")
        node: JsonSchemaValue = {"type": "string"}
        if coding == "base64":
            node["pattern"] = _BASE64URL
        elif coding == "hex":
            node["pattern"] = "^(?:[0-9a-fA-F]{2})*$"
        low, high = schema.get("min_length"), schema.get("max_length")
        if low is None and high is None:
            return node
        if coding == "utf8":  # a character has one to four bytes
            node |= {"minLength": -(-low // 4)} if low else {}
            node |= {"maxLength": high} if high is not None else {}
        return self.note(node, "the length counts bytes, not characters")

    def decimal_schema(self, schema: cs.DecimalSchema) -> JsonSchemaValue:
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        bounds = {name: schema.get(key) for key, name in self.ValidationsMapping.numeric.items()
                  if schema.get(key) is not None}
        if not bounds:
            return {"type": "string", "pattern": f"^{_decimal_pattern(digits, places)}$"}
        node: dict[str, Any] = {"type": "number", **{name: _number(value) for name, value in bounds.items()}}
        if places is not None:
            step = Decimal(1).scaleb(-places)
            if "multipleOf" not in bounds:
                node["multipleOf"] = _number(step)
            elif cast(Decimal, bounds["multipleOf"]) % step:
                node = self.note(node, f"decimal_places={places}")
        if digits is not None:
            if places is None:
                return self.note(node, f"max_digits={digits}")
            limit = _number(Decimal(1).scaleb(digits - places))
            if min(node.get("maximum", limit), node.get("exclusiveMaximum", limit)) >= limit:
                node["exclusiveMaximum"] = limit
            if max(node.get("minimum", -limit), node.get("exclusiveMinimum", -limit)) <= -limit:
                node["exclusiveMinimum"] = -limit
        return node

    def complex_schema(self, schema: cs.ComplexSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_NUMBER}[+-](?:0|[1-9][0-9]*)(?:\\.[0-9]+)?j$"}

    def fraction_schema(self, schema: cs.CoreSchema) -> JsonSchemaValue:
        node: JsonSchemaValue = {"type": "string", "pattern": f"^{_INTEGER}/[1-9][0-9]*$"}
        bounds = [key for key in self.ValidationsMapping.numeric if schema.get(key) is not None]
        return self.note(node, f"the bounds {', '.join(bounds)} of a fraction") if bounds else node

    # Times

    def date_schema(self, schema: cs.DateSchema) -> JsonSchemaValue:
        return self._bounded_time(super().date_schema(schema), schema)

    def time_schema(self, schema: cs.TimeSchema) -> JsonSchemaValue:
        node = super().time_schema(schema)
        if schema.get("tz_constraint") == "naive":
            node = {"type": "string", "pattern": f"^{_LOCAL_TIME}$"}
        return self._bounded_time(node, schema)

    def datetime_schema(self, schema: cs.DatetimeSchema) -> JsonSchemaValue:
        node = super().datetime_schema(schema)
        if schema.get("tz_constraint") == "naive":
            node = {"type": "string", "pattern": f"^{_LOCAL_DATE}T{_LOCAL_TIME}$"}
        elif isinstance(schema.get("tz_constraint"), int):
            node = self.note(node, f"a time zone of {schema['tz_constraint']} seconds")
        return self._bounded_time(node, schema)

    def timedelta_schema(self, schema: cs.TimedeltaSchema) -> JsonSchemaValue:
        return self._bounded_time(super().timedelta_schema(schema), schema)

    def _bounded_time(self, node: JsonSchemaValue, schema: Mapping[str, Any]) -> JsonSchemaValue:
        for key in ("lt", "le", "gt", "ge", "now_op"):
            if schema.get(key) is not None:
                node = self.note(node, f"{key}={schema[key]}")
        return node

    def uuid_schema(self, schema: cs.UuidSchema) -> JsonSchemaValue:
        version = schema.get("version")
        return {"type": "string", "format": f"uuid{version}" if version else "uuid"}

    def url_schema(self, schema: cs.UrlSchema) -> JsonSchemaValue:
        node = super().url_schema(schema)
        schemes = schema.get("allowed_schemes")
        if schemes and all(re.fullmatch("[a-z][a-z0-9+.-]*", scheme) for scheme in schemes):
            host = "[^/?#]" if set(schemes) <= _HOST_SCHEMES else ""
            node["pattern"] = f"^(?:{'|'.join(scheme.replace('.', '[.]') for scheme in schemes)})://{host}"
        return node

    # Containers

    def tuple_schema(self, schema: cs.TupleSchema) -> JsonSchemaValue:
        node = super().tuple_schema(schema)
        index = schema.get("variadic_item_index")
        if index is None:
            node["items"] = False
        elif index + 1 < len(schema["items_schema"]):
            node["minItems"] = len(schema["items_schema"]) - 1
            node = self.note(node, "items after the variadic one")
        return node

    def named_tuple_schema(self, schema: Any) -> JsonSchemaValue:
        return self._fixed_list(super().named_tuple_schema(schema))

    def p_arguments_schema(self, arguments: Any, var_args_schema: Any) -> JsonSchemaValue:
        # What a NamedTuple was before pydantic knew it by that name.
        node = super().p_arguments_schema(arguments, var_args_schema)
        return node if var_args_schema else self._fixed_list(node)

    def _fixed_list(self, node: JsonSchemaValue) -> JsonSchemaValue:
        node["items"] = False
        if self._require_all:
            node["minItems"] = node["maxItems"]
        return node

    def set_schema(self, schema: cs.SetSchema) -> JsonSchemaValue:
        return self._unique_list(super().set_schema(schema))

    def frozenset_schema(self, schema: cs.FrozenSetSchema) -> JsonSchemaValue:
        return self._unique_list(super().frozenset_schema(schema))

    def _unique_list(self, node: JsonSchemaValue) -> JsonSchemaValue:
        """Equal items of other kinds have several spellings; they merge when the set is built."""
        if _has_one_spelling(self._resolved(node["items"])):
            return node
        del node["uniqueItems"]
        return self.note(node, "minItems counts equal items once") if node.get("minItems", 0) > 1 else node

    def dict_schema(self, schema: cs.DictSchema) -> JsonSchemaValue:
        return self._map(schema)

    def ordered_dict_schema(self, schema: Any) -> JsonSchemaValue:
        return self._map(schema)

    def frozendict_schema(self, schema: Any) -> JsonSchemaValue:
        return self._map(schema)

    def counter_schema(self, schema: Any) -> JsonSchemaValue:
        return self._map(schema)

    def _map(self, schema: Any) -> JsonSchemaValue:
        node: JsonSchemaValue = {"type": "object"}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        node["additionalProperties"] = values or True
        self.update_with_validations(node, schema, self.ValidationsMapping.object)
        if "keys_schema" in schema:
            names = self._names(self.generate_inner(schema["keys_schema"]))
            for key in (NOTES, INVALID):
                if key in names:
                    node[key] = names.pop(key)
            if names and names != {"type": "string"}:
                node["propertyNames"] = names
        return node

    def _names(self, key: JsonSchemaValue) -> JsonSchemaValue:
        """The schema of the member names that pydantic reads as a key of this schema."""
        node = {name: value for name, value in self._resolved(key).items() if name not in ("title", "description")}
        if "anyOf" in node:
            options = [self._names(option) for option in node["anyOf"]]
            return {"anyOf": options} if all(options) and not any(INVALID in one for one in options) else \
                {} if not any(INVALID in one for one in options) else {INVALID: "keys of a JSON object are texts"}
        values = node.get("enum", [node["const"]] if "const" in node else None)
        if values is not None:
            if all(isinstance(value, str) for value in values):
                return {"enum": values}
            return {INVALID: f"keys of a JSON object are texts, these are {values!r}"}
        kind = node.get("type")
        if kind == "boolean":
            return {"enum": ["true", "false"]}
        if kind in ("integer", "number"):
            return self._number_names(node)
        if kind in (None, "string"):
            return node
        return {INVALID: f"keys of a JSON object are texts, and no text is read as {kind}"}

    def _number_names(self, node: JsonSchemaValue) -> JsonSchemaValue:
        low = node.get("minimum", node.get("exclusiveMinimum"))
        bounds = {key for key in node if key not in ("type", NOTES)}
        text = _NUMBER if node["type"] == "number" else _INTEGER
        if node["type"] == "integer" and low == 0 and len(bounds) == 1:
            text, bounds = (_NATURAL if "minimum" in node else "[1-9][0-9]*"), set()
        names: JsonSchemaValue = {"pattern": f"^{text}$", **({NOTES: node[NOTES]} if NOTES in node else {})}
        return self.note(names, f"{', '.join(sorted(bounds))} of the keys") if bounds else names

    # Classes

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self._require_all or super().field_is_required(field, total)

    def field_is_present(self, field: Any) -> bool:
        return field.get("init") is not False and super().field_is_present(field)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # a title that repeats the field's name tells nobody anything

    def model_field_schema(self, schema: cs.ModelField) -> JsonSchemaValue:
        try:
            return super().model_field_schema(schema)
        except PydanticOmit:
            if schema["schema"]["type"] == "default":
                raise  # its default takes its place
            return {INVALID: "a required field is left out of every JSON Schema (SkipJsonSchema)"}

    def model_schema(self, schema: cs.ModelSchema) -> JsonSchemaValue:
        return _closed(super().model_schema(schema))

    def dataclass_schema(self, schema: cs.DataclassSchema) -> JsonSchemaValue:
        node = _closed(super().dataclass_schema(schema))
        cls = schema["cls"]
        if cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}("):  # the docstring that dataclasses make
            node.setdefault("description", inspect.cleandoc(cls.__doc__))
        return node

    def typed_dict_schema(self, schema: cs.TypedDictSchema) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(schema))

    def tagged_union_schema(self, schema: cs.TaggedUnionSchema) -> JsonSchemaValue:
        node = super().tagged_union_schema(schema)
        tag = node.get("discriminator", {}).get("propertyName")
        options = [self._tagged(option, tag) for option in node["oneOf"]]
        union: JsonSchemaValue = {"anyOf": options} if len(options) != 1 else options[0]
        return union if tag else self.note(union, "the function that chooses the tag")

    def _tagged(self, option: JsonSchemaValue, tag: str | None) -> JsonSchemaValue:
        """The tag must be written even where the field has a default: pydantic reads it first."""
        node = self._resolved(option)
        if tag is None or tag not in node.get("properties", {}):
            return option
        if tag in node.get("required", []):
            return option
        return {**option, "required": [*option.get("required", []), tag]}

    # Functions: what only Python can check

    def function_before_schema(self, schema: cs.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        return self._noted(super().function_before_schema(schema), schema)

    def function_after_schema(self, schema: cs.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        return self._noted(super().function_after_schema(schema), schema)

    def function_wrap_schema(self, schema: cs.WrapValidatorFunctionSchema) -> JsonSchemaValue:
        return self._noted(super().function_wrap_schema(schema), schema)

    def function_plain_schema(self, schema: cs.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        given = schema.get("json_schema_input_schema")
        return self._noted(self.generate_inner(given) if given else {}, schema)

    def _noted(self, node: JsonSchemaValue, schema: Any) -> JsonSchemaValue:
        function = schema["function"]["function"]
        function = getattr(function, "func", function)
        module = str(getattr(function, "__module__", ""))
        if isinstance(getattr(function, "__self__", None), FromText):
            return node
        if module.startswith("pydantic") and not module.endswith("_known_annotated_metadata"):
            updates = schema.get("metadata", {}).get("pydantic_js_updates", {})
            return self._applied(node, updates)  # part of a type that pydantic itself provides
        name = getattr(function, "__qualname__", type(function).__qualname__)
        if module.startswith("pydantic"):
            return self.note(node, "the predicate of the annotation")
        return self.note(node, f"the validator {name.replace('<locals>.', '')}")

    def _applied(self, node: JsonSchemaValue, updates: Mapping[str, Any]) -> JsonSchemaValue:
        """The node, if what pydantic is going to write into it constrains it."""
        kind = node.get("type")
        for keyword in updates:
            if kind is not None and kind not in _TYPES_OF.get(keyword, (kind,)):
                return {INVALID: f'"{keyword}" is asked of type {kind}, which has none'}
        idle = [f"{name}={updates[name]}" for name in _ARGUMENTS
                if name in updates and not (name in _LATE and kind in ("integer", "number"))]  # those become bounds
        if kind is None and any(option.get("type") != "string" for option in node.get("anyOf", ())):
            idle += [f"{keyword} of what is no string" for keyword in ("minLength", "maxLength") if keyword in updates]
        return self.note(node, ", ".join(idle)) if idle else node

    def chain_schema(self, schema: cs.ChainSchema) -> JsonSchemaValue:
        node = super().chain_schema(schema)
        return self.note(node, "later steps of a chain of validators") if len(schema["steps"]) > 1 else node

    def json_schema(self, schema: cs.JsonSchema) -> JsonSchemaValue:
        return self.note({"type": "string"}, "that the text is JSON of the inner type")

    # Types that cannot be JSON

    def literal_schema(self, schema: cs.LiteralSchema) -> JsonSchemaValue:
        if any(isinstance(value, bytes) for value in schema["expected"]):
            return {INVALID: "a literal of bytes is equal to no JSON text"}
        return super().literal_schema(schema)

    def is_subclass_schema(self, schema: cs.IsSubclassSchema) -> JsonSchemaValue:
        return self.handle_invalid_for_json_schema(schema, f"type[{schema['cls'].__name__}]")

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        cls = schema.get("cls")
        name = getattr(cls, "__qualname__", None) if cls else error_info.removeprefix("core_schema.").split(" (")[0]
        return {INVALID: f"{ {'CallableSchema': 'a Callable'}.get(str(name), name)} cannot be written as JSON"}

    def _resolved(self, node: JsonSchemaValue) -> JsonSchemaValue:
        try:
            return {**self.resolve_ref_schema(node), **{k: v for k, v in node.items() if k != "$ref"}}
        except (RuntimeError, KeyError, PydanticInvalidForJsonSchema):
            return node  # a reference to a type that is still being built


def collect(schema: JsonSchemaValue, generator: PydanticSchema, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The finished document without our keys, and what is not enforced with its position; raises for invalid types."""
    found: dict[int, str] = {}

    def clean(node: Any, pointer: str) -> Any:
        if not isinstance(node, dict):
            return node
        if INVALID in node:
            raise SchemaError(node[INVALID], position=pointer,
                              because=f"the type {name} asks for it there",
                              instead="use a type with a JSON form, or leave the field out of the model")
        node = _late_bounds(_own_format(node, generator), generator)
        for serial, text in node.pop(NOTES, []):
            found[serial] = f"{pointer}: {text}"
        return dict(subschemas(node, pointer, clean))

    document = clean(schema, "#")
    # A class may have replaced the JSON Schema that carried a note: name it all the same.
    lost = [f"#: {text}" for serial, text in enumerate(generator.notes) if serial not in found]
    return document, tuple(dict.fromkeys([*found.values(), *lost]))


def narrowed(schema: JsonSchemaValue, from_text: str | None = None) -> JsonSchemaValue:
    """``schema`` as a mask needs it: no time that Python cannot hold, and with ``from_text`` every plain string (no
    enum, format or pattern) at least one character long and whole words of that text."""

    def narrow(node: Any, pointer: str) -> Any:
        if not isinstance(node, dict):
            return node
        names = {key: value for key, value in node.items() if key == "propertyNames"}  # keys are not taken from a text
        node = dict(subschemas(node, pointer, narrow)) | names
        pattern = _PYTHON_RANGES.get(str(node.get("format")))
        if pattern is not None:
            node.setdefault("pattern", pattern)
        told = {"enum", "const", "format", "pattern", KEYWORD, WORDS_KEYWORD}
        plain = node.get("type") == "string" and not told & node.keys()
        return {**node, "minLength": node.get("minLength") or 1, WORDS_KEYWORD: from_text} if plain and from_text else node

    return cast(JsonSchemaValue, narrow(schema, "#"))


_MAPS = {"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"}


def subschemas(node: Mapping[str, Any], pointer: str, change: Any) -> Iterator[tuple[str, Any]]:
    """The members of ``node``; every subschema is replaced by ``change(subschema, pointer)``."""
    for key, value in node.items():
        here = f"{pointer}/{_escape(key)}"
        if key in _MAPS and isinstance(value, dict):
            yield key, {name: change(one, f"{here}/{_escape(name)}") for name, one in value.items()}
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, list):
            yield key, [change(one, f"{here}/{index}") for index, one in enumerate(value)]
        elif key in ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else"):
            yield key, change(value, here)
        else:
            yield key, value


def _own_format(node: dict[str, Any], generator: PydanticSchema) -> dict[str, Any]:
    """A format that JSON Schema does not know becomes a pattern, or a note."""
    name = node.get("format")
    node = dict(node)
    if name in _OWN_FORMATS:
        node["format"] = "uuid"
        if not str(name).startswith("uuid"):
            del node["format"]
        pattern = _OWN_FORMATS[name]
        if pattern is not None:
            node["pattern"] = pattern
    elif name in _UNCHECKED_FORMATS:
        node = generator.note(node, _UNCHECKED_FORMATS[name])
        if name not in ("uri", "regex"):
            del node["format"]
    return node


_LATE = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum", "multiple_of": "multipleOf"}
"""What pydantic writes of a bound that stands behind a validator, and the keyword it means."""


def _late_bounds(node: dict[str, Any], generator: PydanticSchema) -> dict[str, Any]:
    """Bounds behind a validator: keywords where the validator leaves the value as it is, else notes, since they are of
    what the validator returns."""
    late = [key for key in _LATE if key in node and node.get("type") in ("integer", "number")]
    for key in late:
        value = node.pop(key)
        if NOTES in node:
            node = generator.note(node, f"{key}={value} of what the validator before it returns")
        else:
            node[_LATE[key]] = value
    return node


def _closed(node: JsonSchemaValue) -> JsonSchemaValue:
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def _has_one_spelling(node: JsonSchemaValue) -> bool:
    """Whether equal values of this schema are always the same text."""
    if "enum" in node or "const" in node:
        return True
    if "anyOf" in node:
        return all(_has_one_spelling(option) for option in node["anyOf"])
    return node.get("type") in ("integer", "boolean", "null") or (node.get("type") == "string" and "format" not in node)


def _decimal_pattern(digits: int | None, places: int | None) -> str:
    """Plain decimals of at most ``digits`` digits, of which at most ``places`` after the point."""
    if digits is None:
        return _NUMBER if places is None else rf"-?{_NATURAL}(?:\.[0-9]{{1,{places}}})?" if places else f"-?{_NATURAL}"
    if places is not None:
        whole = digits - places
        front = rf"(?:0|[1-9][0-9]{{0,{whole - 1}}})" if whole > 0 else "0"
        return rf"-?{front}(?:\.[0-9]{{1,{places}}})?" if places else f"-?{front}"
    options = [rf"0(?:\.[0-9]{{1,{digits}}})?", f"[1-9][0-9]{{0,{digits - 1}}}"]
    options += [rf"[1-9][0-9]{{0,{front - 1}}}\.[0-9]{{1,{digits - front}}}" for front in range(1, min(digits, 40))]
    return f"-?(?:{'|'.join(options)})"


def _number(value: Any) -> int | float:
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
