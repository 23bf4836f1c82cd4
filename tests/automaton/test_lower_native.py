"""Native lowering and ``automaton.lower`` give the same tables, or the native one leaves the grammar to the other."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from laws.strategies import LAW, grammars, schemas
from matching.cases import CASES
from oracle import VOCABULARY

from structgen import JsonSchema, StructgenError
from structgen.automaton.lower import lower
from structgen.automaton.prune import prune
from structgen.automaton.tables import Tables
from structgen.compiler import as_grammar
from structgen.grammar import nodes
from structgen.grammar.build import alt, optional, seq
from structgen.grammar.nodes import Chars, Grammar, Items, Members, Not, Ref, Repeat, Seq, Str, Substrings, Text
from structgen.limits import Limits
from structgen.matching import native_engine
from structgen.matching.native_engine import AVAILABLE, NativeVocabulary

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="the native engine was not built")
LIMITS = Limits()
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "maskbench.jsonl.gz"
ENCODINGS: Any = ("raw", "json", "json_ascii", "json_necessary", "json_necessary_ascii")
CAPITAL = Chars(((0x41, 0x5A),))
LIST: dict[str, Any] = {"open": Str("["), "close": Str("]"), "comma": Str(",")}
MAP: dict[str, Any] = {"open": Str("{"), "close": Str("}"), "colon": seq(Str(":"), Repeat(Str(" "), 0, None)),
                       "comma": Str(",")}  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Any:
    return NativeVocabulary(VOCABULARY)


def native(shared: NativeVocabulary, grammar: Grammar, limits: Limits = LIMITS) -> Tables | None:
    """The natively made tables; None where they are left to Python."""
    made = shared.lower(grammar, limits)
    return None if made is None else made.tables()


def same(shared: NativeVocabulary, grammar: Grammar) -> bool:
    """Compares the two; whether the native one did it."""
    try:
        wanted = lower(grammar, LIMITS)
    except StructgenError as error:
        try:
            assert native(shared, grammar) is None, f"Python refuses: {error}"
        except StructgenError as other:
            assert str(other) == str(error)
        return False
    found = native(shared, grammar)
    if found is None:
        return False
    for field in fields(Tables):
        assert getattr(found, field.name) == getattr(wanted, field.name), field.name
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_tables_of_the_mask_suite_are_the_same(shared: Any, case: Any) -> None:
    same(shared, as_grammar(case.source, LIMITS))


@LAW
@given(grammars())
def test_tables_of_random_grammars_are_the_same(shared: Any, grammar: Grammar) -> None:
    kept = prune(grammar, lambda node: False)
    if kept is not None:
        same(shared, kept)


@LAW
@given(schemas())
def test_tables_of_random_schemas_are_the_same(shared: Any, schema: Any) -> None:
    for options in ({}, {"whitespace": "flexible", "property_order": "any"}, {"exponents": False}):
        try:
            grammar = JsonSchema(schema, **options).to_grammar(LIMITS)
        except StructgenError:
            return
        same(shared, grammar)


@pytest.mark.parametrize("options", [{}, {"whitespace": "flexible", "property_order": "any"}, {"whitespace": "compact"}])
def test_tables_of_public_schemas_are_the_same_and_native(shared: Any, options: Any) -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus of public schemas is not there")
    done = left = 0
    with gzip.open(CORPUS, "rt") as lines:
        for number, line in enumerate(lines):
            if number == 250:
                break
            try:
                grammar = JsonSchema(json.loads(line)["schema"], **options).to_grammar(LIMITS)
            except StructgenError:
                continue
            if same(shared, grammar):
                done += 1
            else:
                left += 1
    assert done > 20 * left


GRAMMARS = {
    "texts": Grammar(seq(*(Text(CAPITAL, encoding) for encoding in ENCODINGS), Text(Str("a"), "json"),
                         Text(Str("a")), Text(Repeat(CAPITAL, 0, None), "json", 3, 9))),
    "regular": Grammar(seq(Substrings("text"), Not(Str("x")))),
    "literals": Grammar(alt([Str("one"), Str("two"), Str("öne"), Str("t")])),
    "repeated": Grammar(seq(*(Repeat(body, least, most) for body in (CAPITAL, seq(Str("ab"), CAPITAL))
                              for least, most in ((0, None), (3, None), (9, None), (0, 3), (2, 4), (0, 60), (5, 5000))))),
    "items": Grammar(seq(*(Items(**LIST, prefix=prefix, rest=rest, min_count=least, max_count=most)
                           for prefix in ((), (Str("1"), Str("2"))) for rest in (None, Str("3"))
                           for least, most in ((0, None), (1, None), (0, 2), (2, 2), (0, 0))
                           if least <= len(prefix) or rest is not None))),
    "unique": Grammar(seq(*(Items(**LIST, rest=rest, min_count=least, max_count=most, unique=True)
                            for rest in (Text(CAPITAL, "json"), alt([Text(CAPITAL), Text(Str("x"), "json", 0, 3)]))
                            for least, most in ((0, None), (1, None), (2, None), (0, 3), (2, 3), (0, 0))))),
    "members": Grammar(seq(*(Members(**MAP, names=("a", "b", "ab"), values=(CAPITAL, Text(CAPITAL), CAPITAL),
                                     required=(True, False, True), other=other, ordered=ordered, min_count=least,
                                     max_count=most)
                             for other in (None, Str("1")) for ordered in (True, False)
                             for least, most in ((0, None), (2, None), (0, 3))))),
    "names": Grammar(seq(Members(**MAP, other=Str("1")), Members(**MAP),
                         Members(**MAP, names=("é",), values=(Str("1"),), required=(False,)),
                         Members(**MAP, names=("A", "é"), values=(Str("1"), alt(())), required=(False, False),
                                 other=Str("1"), other_name=CAPITAL),
                         Members(**MAP, other=alt(()), names=("A",), values=(Str("1"),), required=(False,)),
                         *(Members(**MAP, names=("A", "AB"), values=(Str("1"), Str("2")), required=(False, True),
                                   other=other, other_name=CAPITAL, classes=((seq(CAPITAL, CAPITAL), Str("4")),))
                           for other in (None, Str("3"), alt(()))))),
    "rules": Grammar(Ref("r"), {"r": Items(**LIST, prefix=(Ref("s"),), rest=Ref("r")),
                                "s": Members(**MAP, names=("x", "y"), values=(optional(Ref("r")), Ref("r")),
                                             required=(False, False))}, pruned=True, origins={"s": "#/s"}),
    "common": Grammar(seq(Ref("v"), Ref("w")), {"v": (ANY := alt([Str("1"), Items(**LIST, rest=Ref("v"))])),
                                                "w": Items(**LIST, rest=Ref("v"))}, common="v", pruned=True),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAMMARS)
def test_every_kind_of_node_is_lowered_natively(shared: Any, name: str) -> None:
    for _ in range(2):  # with empty caches and with full ones
        assert same(shared, GRAMMARS[name])


@pytest.mark.parametrize(
    "grammar",
    [
        Grammar(Ref("r"), {"r": Str("a")}),
        Grammar(Seq((Str("a"), Text(Not(Repeat(Chars(((0, 0x10FFFF),)), 0, None)))))),
        Grammar(Items(**LIST, rest=Str("1"), min_count=3, max_count=2)),
        Grammar(Items(**LIST, rest=Str("1"), max_count=2**40)),
        Grammar(Str("a" * 3_000_000)),
        Grammar(Chars(((0x41, 0x41), (0xE9, 0xE9)))),
    ],
    ids=["unpruned", "impossible", "counts", "large", "states", "characters"],
)
def test_what_native_lowering_does_not_do_is_left(shared: Any, grammar: Grammar) -> None:
    assert native(shared, grammar) is None


def test_a_kind_of_node_or_a_field_that_came_later_is_left(shared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @nodes.node(frozen=True, slots=True, eq=False)
    class Later(nodes.Node):
        text: str

    assert native(shared, Grammar(Seq((Str("a"), Later("x"))))) is None

    @nodes.node(frozen=True, slots=True, eq=False)
    class Longer(Ref):
        rule: str
        later: tuple[int, ...] = ()

    classes = [(Longer if node is Ref else node, known) for node, known in native_engine.NODES]
    monkeypatch.setattr(native_engine, "NODES", classes)
    other, rules = NativeVocabulary(VOCABULARY), {"r": Str("a")}
    assert native(other, Grammar(Longer("r"), rules, pruned=True)) is not None
    assert native(other, Grammar(Longer("r", (1,)), rules, pruned=True)) is None
    assert native(other, Grammar(Ref("r"), rules, pruned=True)) is None


def test_a_compiled_grammar_does_not_need_its_nodes(shared: Any) -> None:
    grammar = replace(GRAMMARS["members"], unenforced=("#: one",))
    compiled = shared.lowered(grammar, LIMITS)
    assert compiled.tables == lower(grammar, LIMITS) and compiled.tables is compiled.tables
    assert compiled.unenforced == ("#: one",)


def test_threads_may_lower_at_once(shared: Any) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for round_ in range(20):
                pattern = f"^{'ab' * (number + 1)}{{{round_},{round_ + 9}}}$"
                assert same(shared, JsonSchema({"type": "object", "properties": {"a": {"pattern": pattern}}}
                                               ).to_grammar(LIMITS))  # fmt: skip
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
