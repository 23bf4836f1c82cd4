"""Which JSON texts a schema allows: one row per meaning of a keyword."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from structgen.errors import UnsupportedSchemaError

Accepts = Callable[..., list[bool]]
CLOSED = {"additionalProperties": False}

ROWS: list[tuple[str, Any, list[str], list[str]]] = [
    ("true", True, ["1", '"a"', "null", "[]", '{"a":[{}]}'], ["", "01", "[1,]", "nul"]),
    ("type list", {"type": ["null", "boolean"]}, ["null", "true", "false"], ["0", '""']),
    ("integer", {"type": "integer"}, ["0", "-7", "12.0", "1e3"], ["1.5", "01", "+1", "1e-3", '"1"']),
    ("number", {"type": "number"}, ["0", "-0.5", "1e-3", "1E+10"], [".5", "1.", "1e999", "Infinity"]),
    ("minimum", {"type": "integer", "minimum": -3, "maximum": 12}, ["-3", "0", "-0", "12", "9.0"], ["-4", "13", "12.5"]),
    ("exclusive bounds", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
     ["0.5", "0.001", "0.999", "5e-1"], ["0", "0.0", "1", "1.0", "-0", "1e0"]),
    ("draft 4 exclusive", {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 3,
                           "exclusiveMinimum": True}, ["3.1", "4"], ["3", "3.0"]),
    ("huge bounds", {"type": "integer", "minimum": 2**200, "maximum": 2**200 + 1}, [str(2**200), str(2**200 + 1)],
     [str(2**200 - 1), str(2**200 + 2)]),
    ("bounds of a double", {"type": "number", "minimum": -1e308, "maximum": 1.7976931348623157e308},
     ["0", "1e308", "-1E+308", "1.7976931348623157e308", "9e307"], ["-1.1e308", "2e308", "1.7976931348623158e308"]),
    ("bounds beyond a double", {"type": "integer", "minimum": 10**400, "maximum": 10**400 + 10},
     ["1" + "0" * 400, "1" + "0" * 398 + "10"], ["1" + "0" * 399, "1" + "0" * 398 + "11", "1e308"]),
    ("bounds close to zero", {"type": "number", "exclusiveMinimum": 1e-300, "maximum": 1},
     ["1e-299", "1.1e-300", "0.5", "0." + "0" * 299 + "11"], ["1e-300", "9e-301", "0", "0." + "0" * 299 + "1"]),
    ("greatest exponents", {"type": "number"}, ["1e308", "1.7E+0308", "12e307", "1e-307"], ["2e308", "1e309", "1e-308"]),
    ("multipleOf 0.5 of integers", {"type": "integer", "multipleOf": 0.5}, ["1e308", "3", "-1.0"], ["1.5"]),
    ("multipleOf 5", {"type": "integer", "multipleOf": 5}, ["0", "-15", "10"], ["1", "12"]),
    ("multipleOf 9", {"type": "number", "multipleOf": 9}, ["0", "-18", "99.0", "9999999999"], ["3", "21", "9.9", "-12"]),
    ("multipleOf 7", {"type": "number", "multipleOf": 7, "minimum": 10}, ["14", "700.0", "7000007"], ["7", "15", "14.7"]),
    ("multipleOf 1.1", {"type": "number", "multipleOf": 1.1}, ["1.1", "-2.20", "11", "0"], ["1", "1.11", "1.12", "10"]),
    ("no multiple", {"type": "number", "not": {"anyOf": [{"multipleOf": 2}, {"multipleOf": 7}]}},
     ["3", "2.5", "-9", "7.1", "2.01"], ["2", "7", "0", "-14", "21.0", "0.0"]),
    ("a multiple and none", {"type": "number", "multipleOf": 0.5, "not": {"multipleOf": 2.5}}, ["0.5", "3", "-1.50"],
     ["2.5", "0", "0.25", "10"]),
    ("multipleOf 0.01", {"type": "number", "multipleOf": 0.01}, ["0.25", "3", "1.10"], ["0.001", "1.234"]),
    ("multipleOf 1.5", {"type": "number", "multipleOf": 1.5}, ["0", "-1.5", "4.50", "3", "10.5", "300.0"],
     ["1", "0.5", "2.5", "35", "4.51"]),
    ("multipleOf 8", {"type": "integer", "multipleOf": 8}, ["0", "8", "-16", "1000", "104"], ["4", "12", "1004", "108"]),
    ("multipleOf 9.6", {"multipleOf": 9.6}, ["9.6", "19.2", "96", "-480.0"], ["9.5", "9.60001", "95", "32"]),
    ("multipleOf 7 bounded", {"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 30}, ["0", "7", "28"],
     ["1", "35", "-7"]),
    ("length counts code points", {"type": "string", "minLength": 2, "maxLength": 2}, ['"ab"', '"é😀"', '"\\u0041\\n"'],
     ['"a"', '"abc"']),
    ("pattern is searched", {"type": "string", "pattern": "b+"}, ['"abc"', '"b"'], ['"ac"', '""']),
    ("pattern and length", {"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 5}, ['"abab"'],
     ['"ab"', '"aba"', '"ababab"']),
    ("enum of any values", {"enum": [1, "a", None, True, {"k": [1]}]}, ["1", "1.0", '"a"', "null", "true", '{"k":[1]}'],
     ["2", "false", '{"k":[1,1]}', "{}"]),
    ("const object", {"const": {"a": 1, "b": []}}, ['{"a":1,"b":[]}'], ['{"a":1}', '{"a":1,"b":[],"c":1}']),
    ("one is one point zero", {"const": 1.0}, ["1", "1.0", "1.00"], ["true", "1.01"]),
    ("keywords keep to their type", {"minLength": 3, "minimum": 2, "minItems": 1, "required": ["a"]},
     ['"abc"', "2", "[0]", '{"a":0}', "null"], ['"ab"', "1", "[]", "{}"]),
    ("required", {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"], **CLOSED},
     ['{"a":1}', '{"a":1,"b":[]}'], ["{}", '{"b":1}', '{"a":1,"c":1}', '{"a":1,"a":1}', '{"b":1,"a":1}']),
    ("others behind", {"properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "null"},
                       "type": "object"}, ['{"a":1,"z":null}', "{}"], ['{"a":1,"z":1}', '{"z":null,"z":null}']),
    ("forbidden name", {"type": "object", "properties": {"a": False}}, ['{"b":1}', "{}"], ['{"a":1}']),
    ("property counts", {"type": "object", "minProperties": 1, "maxProperties": 2}, ['{"a":1}', '{"a":1,"b":2}'],
     ["{}", '{"a":1,"b":2,"c":3}']),
    ("propertyNames", {"type": "object", "propertyNames": {"pattern": "^x", "maxLength": 3}}, ['{"x":1}', '{"xyz":1}'],
     ['{"a":1}', '{"xyzw":1}']),
    ("patternProperties closed", {"type": "object", "patternProperties": {"^n_": {"type": "number"}}, **CLOSED},
     ['{"n_a":1}', "{}"], ['{"n_a":"1"}', '{"a":1}']),
    ("patternProperties on listed names", {"type": "object", "properties": {"n_a": {"minimum": 5}},
                                           "patternProperties": {"^n_": {"type": "number"}}, **CLOSED},
     ['{"n_a":5}', '{"n_b":1}'], ['{"n_a":4}', '{"n_a":"x"}']),
    ("patternProperties everywhere", {"type": "object", "patternProperties": {".*": {"type": "null"}}},
     ['{"a":null}', '{"":null}'], ['{"a":1}']),
    ("patternProperties of two kinds", {"type": "object", "properties": {"ab": {"minimum": 3}},
                                        "patternProperties": {"^a": {"type": "integer"}, "b$": {"maximum": 9}}},
     ['{"a":1}', '{"b":9,"a":100}', '{"axb":9,"c":"d"}', '{"ab":3}', '{"\\u0061":1}'],
     ['{"a":1.5}', '{"b":10}', '{"axb":10}', '{"axb":9.5}', '{"ab":2}', '{"ab":10}', '{"\\u0061":"x"}', '{"b":1,"b":2}']),
    ("patternProperties beside others", {"type": "object", "patternProperties": {"^[0-9]$": {"type": "null"}},
                                         "additionalProperties": {"type": "string"}, "propertyNames": {"maxLength": 2}},
     ['{"1":null,"12":"a"}', '{"":"","9":null}'], ['{"1":"a"}', '{"12":null}', '{"123":"a"}', '{"1":null,"1":null}']),
    ("dependentRequired", {"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}, **CLOSED},
     ["{}", '{"b":1}', '{"a":1,"b":1}'], ['{"a":1}']),
    ("items", {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2}, ["[1]", "[1,2]"],
     ["[]", "[1,2,3]", '["1"]']),
    ("neither too long nor wrong", {"type": "array", "not": {"not": {"prefixItems": [{"const": 1}], "items": {"const": 2}}}},
     ["[]", "[1]", "[1,2,2]"], ["[2]", "[1,1]"]),
    ("different items of few values", {"type": "array", "prefixItems": [{"type": "boolean"}, {"enum": [True, 1, "a"]},
                                       {"type": "boolean"}], "items": False, "uniqueItems": True},
     ["[]", "[true]", "[true,1]", '[false,"\\u0061"]', "[true,1.0,false]"],
     ["[true,true]", "[true,1,true]", "[false,1,true,2]"]),
    ("prefixItems", {"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False},
     ["[]", "[1]", "[1,2]"], ["[2]", "[1,2,3]"]),
    ("array form of items", {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}],
                             "additionalItems": {"type": "string"}}, ["[null]", '[null,"a"]'], ["[1]", "[null,1]"]),
    ("uniqueItems", {"type": "array", "items": {"type": ["integer", "string"], "maxLength": 2}, "uniqueItems": True},
     ['[1,"1",2]', "[]"], ["[1,1]", '["a","a"]', '["a","\\u0061"]', "[1,1.0]"]),
    ("unevaluatedProperties by branch", {
        "type": "object", "properties": {"k": {"type": "integer"}}, "unevaluatedProperties": False,
        "anyOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}, {"patternProperties": {"^b": True}}],
        "if": {"properties": {"k": {"const": 1}}, "required": ["k"]}, "then": {"properties": {"t": True}},
        "else": {"properties": {"e": True}}},
     ['{"a":null}', '{"k":2,"b":1}', '{"k":1,"t":0}', '{"k":3,"a":null,"e":1}'],
     ['{"a":1}', '{"k":2,"t":0}', '{"k":1,"e":0}', '{"c":0}']),
    ("unevaluatedItems by branch", {
        "type": "array", "prefixItems": [{"type": "integer"}], "unevaluatedItems": {"type": "null"},
        "contains": {"const": "x"}, "oneOf": [{"minItems": 3}, {"prefixItems": [True, {"type": "string"}]}]},
     ['[1,"x"]', '[1,null,"x"]'], ['[1,"x",1]', "[1]", '[1,"x",null]', '[1,null,"x","s"]']),
    ("contains", {"type": "array", "contains": {"type": "integer"}}, ["[1]", '["a",1,"b",2]'], ["[]", '["a"]', "[1.5]"]),
    ("contains within bounds", {"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}, "minContains": 2,
                                "maxContains": 2, "maxItems": 4, "minItems": 3},
     ["[5,6,0]", "[0,5,1,6]"], ["[5,6]", "[5,0,0]", "[5,6,7]", "[0,0,0,5]", "[5,6,0,0,0]"]),
    ("contains of several kinds", {"type": "array", "maxItems": 2, "allOf": [
        {"contains": {"type": "integer"}}, {"contains": {"type": "string"}}, {"contains": {"const": 0}, "minContains": 0}]},
     ['[1,"a"]', '["a",0]'], ["[1]", '["a"]', "[1,2]", '[1,"a",2]', "[]"]),
    ("maxContains alone", {"type": "array", "contains": {"type": "null"}, "minContains": 0, "maxContains": 1},
     ["[]", "[1,null]", "[1,2]"], ["[null,null]", "[null,1,null]"]),
    ("not every item", {"type": "array", "prefixItems": [{"const": 0}], "not": {"items": {"type": "integer"}}},
     ['[0,"a"]', '[0,1,null]'], ["[]", "[0]", "[0,1]", '["a"]']),
    ("not every member", {"type": "object", "properties": {"a": {"type": "integer"}},
                          "not": {"additionalProperties": {"type": "string"}, "properties": {"b": True}}},
     ['{"c":1}', '{"b":1,"d":"x","c":null}', '{"a":1}'], ["{}", '{"b":1}', '{"c":"x"}', '{"a":"x","c":1}']),
    ("not every matching member", {"type": "object", "maxProperties": 2,
                                   "not": {"patternProperties": {"^x": {"type": "integer"}}}},
     ['{"x":"a"}', '{"x":1,"x2":null}', '{"a":1,"xx":"b"}'], ["{}", '{"x":1}', '{"a":1,"b":2,"x":null}', '{"a":1,"b":2}']),
    ("some name", {"type": "object", "not": {"propertyNames": {"pattern": "^[ab]"}}, "properties": {"c": {"const": 1}}},
     ['{"c":1}', '{"a":1,"x":1}', '{"":0}'], ["{}", '{"a":1}', '{"c":2}', '{"b":1,"c":2}']),
    ("oneOf of lists", {"oneOf": [{"type": "array", "items": {"type": "integer"}},
                                  {"type": "array", "items": {"type": "string"}}]},
     ["[1]", '["a","b"]'], ["[]", '[1,"a"]', "[null]"]),
    ("oneOf of patterns", {"type": "object", "oneOf": [{"patternProperties": {"^a": {"type": "integer"}}},
                                                       {"patternProperties": {"b$": {"type": "string"}}}]},
     ['{"a":"x"}', '{"b":1}', '{"ab":1}', '{"ab":"x"}'], ["{}", '{"a":1,"b":"x"}', '{"c":null}', '{"ab":null}']),
    ("anyOf", {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 3}]}, ['"a"', "3"], ["2", "null"]),
    ("oneOf by type", {"oneOf": [{"type": "number"}, {"type": "integer"}]}, ["1.5"], ["1", "2.0"]),
    ("oneOf of names", {"type": "object", "properties": {"a": {}, "b": {}},
                        "oneOf": [{"required": ["a"]}, {"required": ["b"]}], **CLOSED},
     ['{"a":1}', '{"b":1}'], ["{}", '{"a":1,"b":1}']),
    ("oneOf by a discriminator", {"oneOf": [
        {"type": "object", "properties": {"k": {"const": "a"}, "v": {"type": "null"}}, "required": ["k"]},
        {"type": "object", "properties": {"k": {"const": "b"}, "v": {"type": "integer"}}, "required": ["k"]}]},
     ['{"k":"a","v":null}', '{"k":"b","v":1}'], ['{"k":"a","v":1}', '{"k":"c"}', '{"v":1}']),
    ("allOf", {"allOf": [{"type": "string"}, {"minLength": 2}, {"maxLength": 2}]}, ['"ab"'], ['"a"', "1"]),
    ("allOf of objects", {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                                    {"properties": {"a": {"minimum": 5}}}], "type": "object"}, ['{"a":5}'],
     ['{"a":4}', '{"a":"x"}', "{}"]),
    ("not", {"type": "string", "not": {"enum": ["a", "b"]}}, ['"c"', '""'], ['"a"', '"\\u0062"']),
    ("not required", {"type": "object", "not": {"required": ["a"]}}, ['{"b":1}', "{}"], ['{"a":1}']),
    ("if then else", {"type": "object", "properties": {"k": {"enum": ["x", "y"]}, "n": {"type": "integer"}},
                      "required": ["k"], "if": {"properties": {"k": {"const": "x"}}}, "then": {"required": ["n"]},
                      "else": {"properties": {"n": False}}, **CLOSED},
     ['{"k":"x","n":1}', '{"k":"y"}'], ['{"k":"x"}', '{"k":"y","n":1}']),
    ("recursion", {"$defs": {"t": {"type": "object", "properties": {"c": {"type": "array", "items": {"$ref": "#/$defs/t"}}},
                                   **CLOSED}}, "$ref": "#/$defs/t"}, ['{"c":[{},{"c":[]}]}'], ['{"c":[1]}', '{"d":1}']),
    ("$ref with siblings", {"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s", "maxLength": 1}, ['"a"'], ['"ab"']),
    ("$ref alone in draft 7", {"$schema": "http://json-schema.org/draft-07/schema#",
                               "definitions": {"s": {"type": "string"}},
                               "properties": {"a": {"$ref": "#/definitions/s", "maxLength": 1}}}, ['{"a":"ab"}'],
     ['{"a":1}']),
    ("$ref by escapes", {"$ref": "#/$defs/a~1b%25c", "$defs": {"a/b%c": {"type": "null"}}}, ["null"], ["1"]),
    ("$anchor", {"$ref": "#x", "$defs": {"a": {"$anchor": "x", "type": "null"}}}, ["null"], ["1"]),
    ("embedded $id", {"$id": "http://e.org/r", "$ref": "inner",
                      "$defs": {"a": {"$id": "inner", "$ref": "#/$defs/b", "$defs": {"b": {"type": "null"}}},
                                "b": {"type": "string"}}}, ["null"], ['"a"']),
    ("a text of null or anything", {"x-structgen-from-text": "to be"}, ['"to"', "null"], ['"x"', "1", "{}", "true"]),
    ("draft 4: values that are no integers", {"$schema": "http://json-schema.org/draft-04/schema#", "enum": [1, 2.5],
                                              "not": {"type": "integer"}}, ["1.0", "2.50"], ["1", "1.5"]),
    ("draft 4: values that are integers", {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number",
                                           "maximum": 2, "not": {"enum": [1], "type": "integer"}}, ["1.0", "2"], ["1", "3"]),
    ("draft 4: no integer", {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "multipleOf": 2,
                             "not": {"type": "integer"}}, ["4.0", "-12.00"], ["4", "5.0", "2.5"]),
    ("draft 4: one of two", {"$schema": "http://json-schema.org/draft-04/schema#",
                             "oneOf": [{"type": "integer"}, {"type": "number"}]}, ["100.0", "1.5"], ["100", "null"]),
    ("names that break several things", {"type": "object", "patternProperties": {"^[0-9]$": {"type": "boolean"}},
                                         "additionalProperties": False, "maxProperties": 2, "not": {"anyOf": [
        {"propertyNames": {"not": {"enum": one}}} for one in (["1", "3"], ["2", "7"], ["2", "3"], ["2", "4"])]}},
     ['{"1":true,"2":false}', '{"3":true,"2":true}'],
     ['{"1":true}', '{"2":true}', '{"2":true,"7":true}', '{"1":true,"3":true}']),
    ("from text", {"type": "string", "x-structgen-from-text": "to be or", "minLength": 2}, ['"be"', '"to be or"'],
     ['"b"', '"bo"']),
    ("words from text", {"type": "string", "x-structgen-words-from-text": "to be or, not", "minLength": 2},
     ['"be"', '"to be or"', '"or,"', '", not"'], ['"b"', '"to b"', '"e or"', '"be "', '"or, "', '"to, be"']),
    ("no words from text", {"not": {"x-structgen-words-from-text": "to be"}, "type": "string"}, ['"t"', '"to "', '"x"'],
     ['"to"', '"to be"', '""']),
]


@pytest.mark.parametrize(("schema", "good", "bad"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_schema_accepts_exactly(accepts: Accepts, schema: Any, good: list[str], bad: list[str]) -> None:
    assert dict(zip(good, accepts(schema, *good), strict=True)) == dict.fromkeys(good, True)
    assert dict(zip(bad, accepts(schema, *bad), strict=True)) == dict.fromkeys(bad, False)


def test_property_order_any_takes_every_order(accepts: Accepts) -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"], **CLOSED}
    texts = ('{"a":1,"b":2}', '{"b":2,"a":1}')
    assert accepts(schema, *texts) == [True, False]
    assert accepts(schema, *texts, property_order="any") == [True, True]


@pytest.mark.parametrize(("whitespace", "expected"), [
    ("compact", [True, False, False, False, False]),
    ("bounded", [True, True, True, False, False]),
    ("flexible", [True, True, True, True, True]),
])
def test_whitespace_option_bounds_what_stands_between(accepts: Accepts, whitespace: str, expected: list[bool]) -> None:
    texts = ('{"a":[1,2]}', '{"a": [1, 2]}', '{\n  "a": [\n\t1,2\n  ]\n}', '{"a":  1}', ' {"a":1}\n')
    assert accepts({"type": "object"}, *texts, whitespace=whitespace) == expected


def test_max_depth_bounds_containers(accepts: Accepts) -> None:
    assert accepts(True, "1", "[]", "[[1]]", "[[[]]]", '{"a":{"b":{}}}', max_depth=2) == [True, True, True, False, False]
    tree = {"$defs": {"t": {"type": "object", "properties": {"c": {"$ref": "#/$defs/t"}}, **CLOSED}}, "$ref": "#/$defs/t"}
    assert accepts(tree, "{}", '{"c":{}}', '{"c":{"c":{}}}', max_depth=2) == [True, True, False]


def test_exponents_off_leaves_plain_numbers(accepts: Accepts) -> None:
    assert accepts({"type": "number"}, "1", "1.5", "1e3", exponents=False) == [True, True, False]
    assert accepts({"type": "integer"}, "1", "1.0", "1e3", exponents=False) == [True, False, False]


def test_formats_as_annotations_do_not_constrain(accepts: Accepts) -> None:
    schema = {"type": "string", "format": "date"}
    assert accepts(schema, '"2024-02-29"', '"soon"') == [True, False]
    assert accepts(schema, '"soon"', formats="annotation") == [True]
    assert accepts({"type": "string", "format": "no-such-format"}, '"soon"') == [True]


def test_content_constrains_only_where_asked(accepts: Accepts) -> None:
    schema = {"type": "string", "contentEncoding": "base64"}
    assert accepts(schema, '"YQ=="', '"a"') == [True, True]
    assert accepts(schema, '"YQ=="', '"YWI="', '"YWJj"', '""', '"a"', '"%"', content="assert") == [True] * 4 + [False] * 2
    assert accepts({"type": "string", "contentEncoding": "base16"}, '"0AF0"', '"0A0"', content="assert") == [True, False]


@pytest.mark.parametrize("keyword", ["contentMediaType", "contentEncoding"])
def test_content_that_cannot_be_held_to_is_refused(accepts: Accepts, keyword: str) -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        accepts({keyword: "application/json"}, content="assert")
    assert caught.value.keyword == keyword
    assert accepts({keyword: "application/json"}, '"{"') == [True]


def test_registry_serves_references(accepts: Accepts) -> None:
    registry = {"http://e.org/s.json": {"definitions": {"n": {"type": "null"}}}}
    assert accepts({"$ref": "http://e.org/s.json#/definitions/n"}, "null", "1", registry=registry) == [True, False]
