"""What an attacker, or an accident, may hand over: refused by a typed error or handled; no crash, no hang, no leak."""

from __future__ import annotations

import random
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws.walks import ENGINES, tokenized
from oracle import VOCABULARY

from structgen import (
    Choice,
    Compiler,
    Grammar,
    GrammarSyntaxError,
    JsonSchema,
    LimitExceededError,
    Limits,
    Regex,
    SchemaError,
    StructgenError,
    UnsatisfiableError,
    fill_masks,
)
from structgen.grammar.build import EMPTY, alt, seq
from structgen.grammar.nodes import Ref, Repeat, Str

both_engines = pytest.mark.parametrize("engine", ENGINES)


@cache
def compiler(engine: Any, limits: Limits | None = None) -> Compiler:
    return Compiler(VOCABULARY, engine=engine, limits=limits)


def accepts(grammar: Any, text: str) -> bool:
    matcher = grammar.matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


# --- size and depth ---------------------------------------------------------------------------------------------------


@both_engines
@pytest.mark.parametrize(
    "pattern", ["(a|b)*a(a|b){20}", "(.*x){30}", "(a{0,50}){50}b", "((a*)*)*b", "(?=a)(.*b){25}[^b]{30}"]
)
def test_exponential_patterns_end_in_a_limit_or_compile(pattern: str, engine: str) -> None:
    try:
        compiler(engine).compile(Regex(pattern)).matcher().mask()
    except LimitExceededError as error:
        assert error.limit in str(error) and hasattr(Limits(), error.limit)


@both_engines
def test_huge_repetitions_are_counted_or_refused(engine: str) -> None:
    try:
        grammar = compiler(engine).compile(Regex("a{1,1000000}"))
    except LimitExceededError as error:
        assert hasattr(Limits(), error.limit)
    else:
        assert accepts(grammar, "a" * 5000)
    length = compiler(engine).compile(JsonSchema({"type": "string", "minLength": 1, "maxLength": 1_000_000}))
    assert accepts(length, '"' + "a" * 100 + '"') and not accepts(length, '""')
    items = compiler(engine).compile(
        JsonSchema({"type": "array", "items": {"const": 1}, "minItems": 3, "maxItems": 10**6})
    )
    assert accepts(items, "[1,1,1]") and not accepts(items, "[1]")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        '{"items":' * 10_000,
        '{"items":' * 10_000 + "{}" + "}" * 10_000,
        '{"const":' + "[" * 10_000 + "]" * 10_000 + "}",
    ],
)
def test_schemas_nested_ten_thousand_deep_are_refused(text: str) -> None:
    with pytest.raises(StructgenError):
        JsonSchema(text).to_grammar(Limits())


def test_schema_objects_nested_ten_thousand_deep_are_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(10_000):
        schema = {"items": schema}
    with pytest.raises(LimitExceededError, match="schema_depth"):
        JsonSchema(schema).to_grammar(Limits())
    while schema:
        schema = schema.pop("items")


@both_engines
def test_outputs_nested_ten_thousand_deep_are_followed(engine: str) -> None:
    matcher = (
        compiler(engine)
        .compile(
            JsonSchema(
                {"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}},
                whitespace="compact",
            )
        )
        .matcher()
    )
    assert matcher.advance_bytes(b"[" * 10_000) and not matcher.is_accepting
    assert matcher.allowed_tokens().size > 0
    assert matcher.advance_bytes(b"]" * 9_999) and not matcher.is_accepting
    assert matcher.advance_bytes(b"]") and matcher.is_accepting


@both_engines
def test_groups_nested_too_deep_are_refused(engine: str) -> None:
    with pytest.raises(LimitExceededError, match="regex_depth"):
        compiler(engine).compile(Regex("(" * 10_000 + "a" + ")" * 10_000))


@both_engines
def test_ten_thousand_rules_in_a_row_compile(engine: str) -> None:
    rules: dict[str, Any] = {f"r{i}": seq(Str("a"), Ref(f"r{i + 1}")) for i in range(10_000)}
    rules["r10000"] = Str("b")
    assert accepts(compiler(engine).compile(Grammar(Ref("r0"), rules)), "a" * 10_000 + "b")


@both_engines
def test_a_chain_of_ten_thousand_references_is_refused(engine: str) -> None:
    definitions: dict[str, Any] = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(10_000)}
    definitions["d10000"] = {"type": "null"}
    with pytest.raises(LimitExceededError, match="ref_chain"):
        compiler(engine).compile(JsonSchema({"$ref": "#/$defs/d0", "$defs": definitions}))


@both_engines
def test_a_chain_of_ten_thousand_nested_references_compiles_or_is_refused(engine: str) -> None:
    definitions: dict[str, Any] = {
        f"d{i}": {"type": "array", "items": {"$ref": f"#/$defs/d{i + 1}"}} for i in range(10_000)
    }
    definitions["d10000"] = {"type": "null"}
    try:
        grammar = compiler(engine).compile(
            JsonSchema({"$ref": "#/$defs/d0", "$defs": definitions}, whitespace="compact")
        )
    except LimitExceededError:
        return
    assert accepts(grammar, "[[[]]]")


@both_engines
def test_circular_references_are_refused(engine: str) -> None:
    for schema in (
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"$ref": "#"}]},
    ):
        with pytest.raises(SchemaError):
            compiler(engine).compile(JsonSchema(schema))


# --- empty languages --------------------------------------------------------------------------------------------------


@both_engines
@pytest.mark.parametrize(
    "source",
    [
        JsonSchema(False),
        JsonSchema({"type": "string", "minLength": 2, "maxLength": 1}),
        JsonSchema({"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 3}),
        JsonSchema({"type": "integer", "minimum": 1, "maximum": 0}),
        JsonSchema({"enum": [1, 2], "type": "string"}),
        JsonSchema({"type": "array", "items": {"$ref": "#"}, "minItems": 1}),
        JsonSchema({"type": "object", "required": ["a"], "properties": {"a": False}}),
        JsonSchema({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3}),
        JsonSchema({"type": "object", "propertyNames": {"enum": ["a"]}, "minProperties": 2}),
        Regex("a(?!a)a"),
        Grammar(Ref("r"), {"r": seq(Str("a"), Ref("r"))}),
    ],
    ids=[
        "false",
        "lengths",
        "pattern-length",
        "range",
        "enum-type",
        "endless",
        "required-false",
        "unique",
        "names",
        "regex",
        "rule",
    ],
)
def test_empty_languages_are_told_when_compiled(source: Any, engine: str) -> None:
    with pytest.raises((UnsatisfiableError, GrammarSyntaxError)):
        compiler(engine).compile(source)


# --- texts and numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        '{"const": "\\ud800"}',
        '{"properties": {"\\udfff": {}}}',
        {"enum": ["\ud800"]},
        {"required": ["a\udc00"]},
        {"pattern": "\ud800"},
    ],
)
def test_lone_surrogates_are_refused(schema: Any) -> None:
    with pytest.raises(StructgenError):
        JsonSchema(schema).to_grammar(Limits())


@both_engines
def test_lone_surrogates_are_never_written(engine: str) -> None:
    grammar = compiler(engine).compile(JsonSchema({"type": "string"}))
    for text in ('"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud800x"', '"\\uDFFF\\uD800"'):
        assert not accepts(grammar, text)
    assert accepts(grammar, '"\\ud800\\udc00"')
    assert not grammar.matcher().advance_bytes(b'"\xed\xa0\x80') and not grammar.matcher().advance_bytes(b'"\xc0\x80')


@both_engines
def test_nul_bytes_are_characters_like_others(engine: str) -> None:
    grammar = compiler(engine).compile(
        JsonSchema({"type": "object", "properties": {"a\0b": {"const": "\0"}}, "required": ["a\0b"]})
    )
    assert accepts(grammar, '{"a\\u0000b":"\\u0000"}') and not accepts(grammar, '{"a":"\\u0000"}')
    assert accepts(compiler(engine).compile(Choice(["a\0b"])), "a\0b")
    assert accepts(compiler(engine).compile(Regex("a\\x00+")), "a\0\0")


@both_engines
def test_huge_integers_are_exact(engine: str) -> None:
    for bound in (2**63, 2**64 + 1, 2**128, 10**300 + 7):
        grammar = compiler(engine).compile(
            JsonSchema({"type": "integer", "minimum": bound - 1, "maximum": bound}, exponents=False)
        )
        assert accepts(grammar, str(bound)) and accepts(grammar, str(bound - 1))
        assert not accepts(grammar, str(bound + 1)) and not accepts(grammar, str(bound - 2))


@pytest.mark.parametrize(
    "schema",
    [
        '{"minimum": NaN}',
        '{"maximum": Infinity}',
        '{"const": -Infinity}',
        {"minimum": float("nan")},
        {"maximum": float("inf")},
        {"const": float("nan")},
        {"enum": [float("inf")]},
        {"multipleOf": 0},
        {"minLength": True},
        {"maxItems": "3"},
        {"minimum": "3"},
        {"maxLength": -1},
        {"minItems": 1.5},
    ],
)
def test_numbers_that_are_none_are_refused(schema: Any) -> None:
    with pytest.raises(SchemaError):
        JsonSchema(schema).to_grammar(Limits())


def test_duplicate_keys_of_a_schema_text_are_refused() -> None:
    with pytest.raises(SchemaError, match="type"):
        JsonSchema('{"type": "string", "type": "integer"}').to_grammar(Limits())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "nul", '"a"', "{} {}", b"\xff\xfe", b'{"const": "\x80"}', "{'a': 1}", '{"a": 1,}']
)
def test_texts_that_are_no_schema_are_refused(text: Any) -> None:
    with pytest.raises(SchemaError):
        JsonSchema(text).to_grammar(Limits())


# --- ambiguity --------------------------------------------------------------------------------------------------------


@both_engines
def test_ambiguous_grammars_stay_small(engine: str) -> None:
    matcher = (
        compiler(engine)
        .compile(Grammar(Ref("r"), {"r": alt([Str("a"), seq(Str("a"), Ref("r")), seq(Str("aa"), Ref("r"))])}))
        .matcher()
    )
    for _ in range(300):
        assert matcher.advance_bytes(b"a") and matcher.is_accepting
    assert accepts(compiler(engine).compile(Regex("(a|a|aa)*(a?){30}")), "a" * 200)
    assert accepts(compiler(engine).compile(Grammar(Repeat(Repeat(alt([Str("a"), EMPTY]), 0, None), 0, None))), "aaa")


@both_engines
@pytest.mark.parametrize(
    "rules",
    [
        {"r": alt([seq(Ref("r"), Str("a")), Str("a")])},
        {"r": alt([seq(Ref("r"), Ref("r")), Str("a"), EMPTY])},
        {"r": seq(Ref("s"), Str("a")), "s": alt([Ref("r"), EMPTY])},
    ],
    ids=["direct", "cyclic", "hidden"],
)
def test_left_recursion_works_or_meets_a_limit(rules: Any, engine: str) -> None:
    try:
        assert accepts(compiler(engine).compile(Grammar(Ref("r"), rules)), "aa")
    except LimitExceededError as error:
        assert error.limit == "threads"


# --- limits -----------------------------------------------------------------------------------------------------------

TINY: list[tuple[str, int, Any]] = [
    ("schema_bytes", 20, JsonSchema('{"type": "object", "properties": {}}')),
    ("schema_depth", 3, JsonSchema({"items": {"items": {"items": {"items": {"items": {"minLength": 1}}}}}})),
    ("schema_nodes", 3, JsonSchema({"properties": {name: {"minLength": 1, "type": "string"} for name in "abcdefgh"}})),
    (
        "ref_chain",
        2,
        JsonSchema(
            {
                "$ref": "#/$defs/a",
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/c"}, "c": {"$ref": "#/$defs/d"}, "d": {}},
            }
        ),
    ),
    ("regex_bytes", 5, Regex("abcdefgh")),
    ("regex_depth", 2, Regex("((((a))))")),
    ("dfa_states", 3, Regex("a[bc]d[ef]g[hi]j|x[yz]")),
    ("dfa_steps", 3, Regex("a[bc]d[ef]g[hi]j|x[yz]*")),
    ("grammar_states", 5, JsonSchema({"type": "array", "items": {"type": "null"}})),
]


@both_engines
@pytest.mark.parametrize(("name", "value", "source"), TINY, ids=[row[0] for row in TINY])
def test_limits_of_compiling_are_named_by_their_error(name: str, value: int, source: Any, engine: str) -> None:
    with pytest.raises(LimitExceededError) as caught:
        compiler(engine, Limits(**{name: value})).compile(source)
    assert caught.value.limit == name and f"Limits({name}=" in str(caught.value)


MANY = Grammar(
    alt([seq(Repeat(Str("a"), i, i), Str(f"b{i}"), Ref("r")) for i in range(5, 45)]),
    {"r": alt([Str("x"), seq(Str("a"), Ref("r"))])},
)


@both_engines
def test_too_many_threads_leave_the_matcher_unmoved(engine: str) -> None:
    with pytest.raises(LimitExceededError) as caught:
        matcher = compiler(engine, Limits(threads=3)).compile(MANY).matcher()
        matcher.advance_bytes(b"a")
    assert caught.value.limit == "threads"
    source = Grammar(
        seq(Str("a"), alt([seq(Str("b"), Str(str(i)), Ref("r")) for i in range(20)])),
        {"r": alt([Str("x"), seq(Str("a"), Ref("r"))])},
    )
    matcher = compiler(engine, Limits(threads=10)).compile(source).matcher()
    before = None
    try:
        assert matcher.advance_bytes(b"a")
        before = matcher.taken
        matcher.advance_bytes(b"b")
    except LimitExceededError as error:
        assert error.limit == "threads"
        if before is not None:
            assert matcher.taken == before and matcher.validate([]) == 0


@both_engines
@pytest.mark.parametrize(
    "source",
    [
        Regex("[a-z]*|[0-9]*[x-z]"),
        Grammar(Repeat(alt([Str(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789"]), 0, None)),
    ],
    ids=["pattern", "structure"],
)
def test_too_many_mask_steps_leave_the_matcher_unmoved(source: Any, engine: str) -> None:
    matcher = compiler(engine, Limits(mask_steps=10)).compile(source).matcher()
    with pytest.raises(LimitExceededError) as caught:
        matcher.mask()
    assert caught.value.limit == "mask_steps"
    assert matcher.advance_bytes(b"ab") and matcher.is_accepting
    matcher.rollback(1)
    assert not matcher.is_finished and matcher.advance_bytes(b"12")


@both_engines
def test_precompute_stops_at_its_limits(engine: str) -> None:
    grammar = compiler(engine).compile(JsonSchema({"type": "array", "items": {"type": "integer"}}))
    coverage = grammar.precompute(Limits(precompute_states=5))
    assert not coverage.complete or coverage.states <= 6
    big = compiler(engine).compile(Regex("[a-z]{2,200}[0-9]{3,300}"))
    assert not big.precompute(Limits(precompute_bytes=1)).complete


# --- memory and threads -----------------------------------------------------------------------------------------------

OBJECTS = JsonSchema(
    {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "null"}}}, whitespace="compact"
)
BYTE = {text[0]: token for token, text in reversed(list(enumerate(VOCABULARY.tokens))) if text and len(text) == 1}


@both_engines
def test_results_stay_right_while_a_small_cache_is_emptied(engine: str) -> None:
    outputs, names = (1000, 200) if engine == "native" else (30, 50)
    grammar = compiler(engine, Limits(cache_bytes=4 << 20)).compile(OBJECTS)
    waiting, matcher, most, number = grammar.matcher(), grammar.matcher(), 0, 0
    assert waiting.advance_bytes(b'[{"k1":null')
    for _ in range(outputs):
        matcher.reset()
        matcher.advance(BYTE[ord("[")])
        for _ in range(names):
            number += 1
            for byte in (b'{"k%d":null},' if number % 2 else b'{"\\u00e9%d":null},') % number:
                assert matcher.advance(BYTE[byte])
        matcher.mask()
        most = max(most, grammar.memory_bytes())
    assert most < 16 << 20
    assert matcher.advance_bytes(b'{"a":null,"b":null')
    assert (
        not matcher.advance_bytes(b',"a"')
        and not matcher.advance_bytes(b',"\\u0062":')
        and matcher.advance_bytes(b',"c":null}]')
    )
    assert (
        matcher.is_accepting
        and not waiting.advance_bytes(b',"k1"')
        and waiting.advance_bytes(b',"k2":null}]')
        and waiting.is_accepting
    )
    waiting.rollback(2)
    assert (waiting.mask() == grammar.matcher().mask()).all()


@both_engines
def test_an_output_beyond_the_cache_meets_the_limit_and_is_not_moved(engine: str) -> None:
    matcher = compiler(engine, Limits(cache_bytes=1 << 20)).compile(OBJECTS).matcher()
    matcher.advance(BYTE[ord("[")])
    taken = 1
    with pytest.raises(LimitExceededError) as caught:
        for number in range(20_000):
            for byte in b'{"k%d":null},' % number:
                taken = matcher.taken
                matcher.advance(BYTE[byte])
    assert caught.value.limit == "cache_bytes" and matcher.taken == taken
    assert matcher.allowed_tokens().size > 0


@both_engines
def test_many_names_in_one_object_are_never_taken_twice(engine: str) -> None:
    count = 5_000 if engine == "native" else 400
    matcher = (
        compiler(engine)
        .compile(JsonSchema({"type": "object", "additionalProperties": {"type": "null"}}, whitespace="compact"))
        .matcher()
    )
    assert matcher.advance_bytes(b"{" + b",".join(b'"k%d":null' % number for number in range(count)))
    for number in range(0, count, count // 50):
        assert not matcher.advance_bytes(b',"k%d"' % number)
    assert matcher.advance_bytes(b',"k":null}') and matcher.is_accepting


@both_engines
def test_threads_share_a_grammar(engine: str) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "pattern": "^[a-z]+$"},
            "b": {"type": "array", "items": {"type": "integer"}, "maxItems": 40},
        },
        "required": ["a"],
        "additionalProperties": {"type": "null"},
    }
    text = b'{"a":"foobar","b":[' + b",".join(b"%d" % i for i in range(30)) + b'],"x":null,"y":null}'
    grammar = compiler(engine).compile(JsonSchema(schema, whitespace="compact"))
    tokens = [tokenized(text, random.Random(seed)) for seed in range(4)]
    reference = compiler(engine).compile(JsonSchema(schema, whitespace="compact"))
    right = []
    for path in tokens:
        matcher = reference.matcher()
        right.append([(matcher.mask(), matcher.advance(token))[0] for token in path])
    wrong: list[Any] = []

    def run(number: int) -> None:
        try:
            for _ in range(3):
                matcher, out = grammar.matcher(), np.zeros((2, (VOCABULARY.size + 31) // 32), dtype=np.int32)
                for token, mask in zip(tokens[number], right[number], strict=True):
                    fill_masks([matcher, matcher], out)
                    if not ((out == mask).all() and matcher.advance(token)):
                        wrong.append((number, token))
                if not matcher.is_accepting:
                    wrong.append(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- code ---


@both_engines
def test_texts_given_as_types_are_refused_and_never_evaluated(engine: str, tmp_path: Path) -> None:
    proof = tmp_path / "evaluated"
    for text in (
        f"__import__('pathlib').Path({str(proof)!r}).touch()",
        f"list[__import__('pathlib').Path({str(proof)!r}).touch()]",
        "int",
        "a+",
    ):
        with pytest.raises(SchemaError):
            compiler(engine).compile(text)
    assert not proof.exists()
