"""What can be compiled, and what a compiled grammar says of itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from laws.walks import ENGINES
from oracle import VOCABULARY

from structgen import (
    Choice,
    Compiler,
    Coverage,
    Grammar,
    JsonSchema,
    Limits,
    Regex,
    SchemaError,
    StructgenError,
    UnsatisfiableError,
    UnsupportedSchemaError,
    Vocabulary,
    VocabularyError,
    fill_masks,
)
from structgen.grammar.build import alt, literal

both_engines = pytest.mark.parametrize("engine", ENGINES)


def accepts(compiled: Any, text: str) -> bool:
    matcher = compiled.matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


@dataclass
class Point:
    x: int
    y: int


class Shouting:
    """A source of one's own: anything with ``to_grammar``."""

    def to_grammar(self, limits: Limits) -> Grammar:
        return Grammar(alt([literal("HEY"), literal("HO")]))


@both_engines
@pytest.mark.parametrize(
    ("source", "good", "bad"),
    [
        (Regex("a+b"), "aab", "b"),
        (Choice(["red", "green"]), "green", "gre"),
        (JsonSchema({"type": "boolean"}), "true", "1"),
        (Grammar(literal("x")), "x", ""),
        (Shouting(), "HO", "H"),
        (int, "-12", "1.5"),
        (bool, "false", "0"),
        (list[int], "[1, 2]", "[1,]"),
        (Point, '{"x": 1, "y": 2}', '{"x": 1}'),
        (Literal["a", 1, None], "null", "2"),
        (str | None, '"é"', "é"),
        (dict[str, bool], '{"a":true}', "{a:true}"),
    ],
    ids=["regex", "choice", "schema", "grammar", "own", "int", "bool", "list", "dataclass", "literal", "union", "dict"],
)
def test_sources_and_types_compile(source: Any, good: str, bad: str, engine: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(source)
    assert accepts(compiled, good) and not accepts(compiled, bad)


@both_engines
def test_unenforced_keywords_are_listed_only_where_that_was_asked_for(engine: Any) -> None:
    schema = {"type": "string", "format": "idn-hostname"}
    compiler = Compiler(VOCABULARY, engine=engine)
    with pytest.raises(UnsupportedSchemaError) as caught:
        compiler.compile(JsonSchema(schema))
    assert caught.value.keyword == "format" and caught.value.position == "#"
    compiled = compiler.compile(JsonSchema(schema, on_unsupported="validate"))
    assert compiled.unenforced == ("#: format",) and accepts(compiled, '"-"')
    assert compiler.compile(JsonSchema({"type": "null"})).unenforced == ()


@both_engines
def test_precompute_says_whether_a_grammar_is_finite(engine: Any) -> None:
    compiler = Compiler(VOCABULARY, engine=engine)
    finite = compiler.compile(Choice(["red", "green"]))
    coverage = finite.precompute()
    assert isinstance(coverage, Coverage) and coverage.complete and finite.is_finite
    assert coverage.states >= 8 and coverage.masks >= 1 and coverage.bytes > 0
    recursive = compiler.compile(
        JsonSchema({"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}})
    )
    assert not recursive.precompute(Limits(precompute_states=50)).complete


@both_engines
def test_statistics_grow_with_use(engine: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(
        JsonSchema({"type": "array", "items": {"type": "string", "pattern": "^a*b$"}})
    )
    before, held = compiled.stats(), compiled.memory_bytes()
    matcher = compiled.matcher()
    for text in (b"[", b'"', b"aa", b'b"', b","):
        matcher.mask()
        assert matcher.advance_bytes(text)
    after = compiled.stats()
    assert after["masks_computed"] > before["masks_computed"] and after["configurations"] > before["configurations"]
    assert compiled.memory_bytes() > held > 0
    matcher.reset()
    matcher.mask()
    assert compiled.stats()["masks_computed"] == after["masks_computed"]


@both_engines
def test_a_grammar_without_text_is_refused(engine: Any) -> None:
    with pytest.raises(UnsatisfiableError):
        Compiler(VOCABULARY, engine=engine).compile(Grammar(alt([])))


@both_engines
def test_what_is_no_source_is_refused(engine: Any) -> None:
    for thing in (object(), 3, "a pattern?", b"a"):
        with pytest.raises(SchemaError):
            Compiler(VOCABULARY, engine=engine).compile(thing)


@both_engines
def test_masks_are_written_into_any_row_and_no_further(engine: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(Choice(["a", "b"]))
    words = (VOCABULARY.size + 31) // 32
    one, two = compiled.matcher(), compiled.matcher()
    assert two.advance_bytes(b"a")
    out = np.full((4, words), -1, dtype=np.int32)
    one.fill_mask(out, row=2)
    assert (out[2] == one.mask()).all() and (out[[0, 1, 3]] == -1).all()
    fill_masks([two, None, one], out)
    assert (
        (out[0] == two.mask()).all() and (out[1] == -1).all() and (out[2] == one.mask()).all() and (out[3] == -1).all()
    )
    for wrong in (np.zeros((1, words), dtype=np.int64), np.zeros((1, words - 1), dtype=np.int32)):
        with pytest.raises((ValueError, TypeError)):
            one.fill_mask(wrong)
    with pytest.raises(IndexError):
        one.fill_mask(out, row=4)


@both_engines
def test_masks_are_written_into_torch_tensors(engine: Any) -> None:
    torch = pytest.importorskip("torch")
    matcher = Compiler(VOCABULARY, engine=engine).compile(Choice(["a", "b"])).matcher()
    out = torch.zeros((2, (VOCABULARY.size + 31) // 32), dtype=torch.int32)
    matcher.fill_mask(out, row=1)
    assert (out[1].numpy() == matcher.mask()).all() and not out[0].any()


@both_engines
def test_token_ids_outside_the_vocabulary_are_errors(engine: Any) -> None:
    matcher = Compiler(VOCABULARY, engine=engine).compile(Choice(["a"])).matcher()
    for token in (-1, VOCABULARY.size, 2**31 - 1):
        with pytest.raises(VocabularyError):
            matcher.advance(token)
    with pytest.raises(ValueError):
        matcher.rollback(1)


@both_engines
def test_explanations_name_the_token_and_what_may_come(engine: Any) -> None:
    matcher = Compiler(VOCABULARY, engine=engine).compile(JsonSchema({"enum": ["red", "green"]})).matcher()
    index = VOCABULARY.tokens.index
    assert matcher.advance(index(b'"'))
    before = matcher.mask()
    text = matcher.explain(index(b"blue"))
    assert "'blue'" in text and "forbidden" in text and "'red\"'" in text and "'green\"'" in text
    assert "is allowed" in matcher.explain(index(b"red"))
    assert "not complete" in matcher.explain(VOCABULARY.eos_token_ids[0]) and "special" in matcher.explain(0)
    assert (matcher.mask() == before).all()


@both_engines
def test_shortest_completions_end_an_output(engine: Any) -> None:
    matcher = (
        Compiler(VOCABULARY, engine=engine)
        .compile(JsonSchema({"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 2}))
        .matcher()
    )
    for text in (b"[", b'"gr', b'een"'):
        assert matcher.advance_bytes(text)
        other = matcher.fork()
        assert other.advance_bytes(other.shortest_completion()) and other.is_accepting
    assert matcher.shortest_completion().replace(b" ", b"") == b',"red"]'


@both_engines
def test_a_compiler_serves_several_threads(engine: Any) -> None:
    compiler, failed = Compiler(VOCABULARY, engine=engine), []

    def run(number: int) -> None:
        try:
            for step in range(8):
                compiled = compiler.compile(
                    JsonSchema(
                        {
                            "type": "object",
                            "properties": {f"a{number}": {"type": "string", "pattern": f"^x{{{step + 1}}}$"}},
                            "required": [f"a{number}"],
                        }
                    )
                )
                if not accepts(compiled, f'{{"a{number}": "{"x" * (step + 1)}"}}'):
                    failed.append((number, step))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@both_engines
def test_vocabularies_of_every_width_have_whole_masks(engine: Any) -> None:
    for size in (3, 31, 32, 33, 64, 65):
        vocabulary = Vocabulary([None, b"a", b"b"], [0], size=size)
        matcher = Compiler(vocabulary, engine=engine).compile(Regex("a*")).matcher()
        assert matcher.allowed_tokens().tolist() == [0, 1] and matcher.mask().shape == ((size + 31) // 32,)


@both_engines
@pytest.mark.parametrize("bound", [2**31 - 1, 2**32, 10**40], ids=str)
def test_bounds_beyond_a_counter_ask_nothing_or_are_refused(engine: Any, bound: int) -> None:
    compiler = Compiler(VOCABULARY, engine=engine)
    wide = compiler.compile(JsonSchema({"type": "array", "items": {"type": "null"}, "maxItems": bound})).matcher()
    assert wide.advance_bytes(b"[null,null]") and wide.is_accepting
    open_object = compiler.compile(JsonSchema({"type": "object", "maxProperties": bound})).matcher()
    assert open_object.advance_bytes(b'{"a": 1}') and open_object.is_accepting
    with pytest.raises(StructgenError):
        compiler.compile(JsonSchema({"type": "array", "items": {"type": "null"}, "minItems": bound}))
