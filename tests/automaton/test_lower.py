"""Lowering: grammars to tables, impossible parts pruned, shared parts once."""

from __future__ import annotations

from typing import Any

import pytest

from structgen.automaton.lower import lower
from structgen.automaton.tables import Kind, Tables
from structgen.errors import LimitExceededError, UnsatisfiableError
from structgen.grammar.build import EMPTY, NEVER, alt, literal, optional, repeat, seq
from structgen.grammar.nodes import And, Chars, Grammar, Items, Members, Not, Ref, Repeat, Seq, Str, Text
from structgen.limits import Limits

A = Chars(((0x61, 0x7A),))
IMPOSSIBLE = Text(And((Str("a"), Str("b"))))
LIST: dict[str, Any] = {"open": Str("["), "close": Str("]"), "comma": Str(",")}
MAP: dict[str, Any] = {"open": Str("{"), "close": Str("}"), "colon": Str(":"), "comma": Str(",")}


def kinds(tables: Tables) -> list[int]:
    return list(tables.states[0::3])


@pytest.mark.parametrize(
    "start",
    [
        NEVER,
        IMPOSSIBLE,
        Seq((Str("a"), IMPOSSIBLE)),
        Text(Str("ab"), "json", 3, None),
        Text(Repeat(Str("ab"), 0, None), "raw", 3, 3),
        Items(**LIST, rest=IMPOSSIBLE, min_count=1),
        Items(**LIST, prefix=(Str("1"),), min_count=2),
        Items(**LIST, rest=Str("1"), min_count=3, max_count=2),
        Items(**LIST, rest=Text(alt([Str("1"), Str("2")])), min_count=3, unique=True),
        Members(**MAP, names=("a",), values=(IMPOSSIBLE,), required=(True,)),
        Members(**MAP, names=("a", "b"), values=(Str("1"), Str("1")), required=(False, False), min_count=3),
        Members(**MAP, names=("a", "b"), values=(Str("1"), Str("1")), required=(True, True), max_count=1),
        Members(
            **MAP,
            names=("a", "b"),
            values=(Str("1"), IMPOSSIBLE),
            required=(False, False),
            other=Str("1"),
            other_name=Str("a"),
            min_count=2,
        ),
        Members(**MAP, other=Str("1"), other_name=alt([Str("a"), Str("b")]), min_count=3),
    ],
    ids=[
        "never",
        "text",
        "sequence",
        "long",
        "odd",
        "item",
        "few-items",
        "counts",
        "unique",
        "member",
        "few-members",
        "many-members",
        "listed",
        "names",
    ],
)
def test_grammars_without_text_are_unsatisfiable(start: Any) -> None:
    with pytest.raises(UnsatisfiableError):
        lower(Grammar(start), Limits())


@pytest.mark.parametrize(
    "rules",
    [
        {"r": seq(Str("a"), Ref("r"))},
        {"r": Ref("r")},
        {"r": seq(Ref("s"), Str("a")), "s": seq(Str("b"), Ref("r"))},
        {"r": Items(**LIST, rest=Ref("r"), min_count=1)},
    ],
    ids=["right", "self", "mutual", "list"],
)
def test_rules_that_never_end_are_unsatisfiable(rules: Any) -> None:
    with pytest.raises(UnsatisfiableError):
        lower(Grammar(Ref("r"), rules), Limits())


def test_impossible_branches_leave_no_state() -> None:
    plain = lower(Grammar(alt([Str("ab"), Str("cd")])), Limits())
    pruned = lower(
        Grammar(alt([Str("ab"), Seq((Str("x"), IMPOSSIBLE)), Str("cd"), Ref("r")]), {"r": seq(Str("y"), Ref("r"))}),
        Limits(),
    )
    reached = [edge for edge in zip(pruned.edges[0::3], pruned.edges[1::3], strict=True) if edge[0] in b"xy"]
    assert not reached and pruned.n_states <= plain.n_states + 1


def test_a_shared_node_is_lowered_once() -> None:
    shared = Text(Repeat(A, 1, None), "json", 0, 9)
    one = lower(Grammar(Items(**LIST, rest=shared)), Limits())
    many = lower(Grammar(Items(**LIST, prefix=(shared,) * 3, rest=shared)), Limits())
    assert len(one.dfas) == len(many.dfas) == 1


def test_options_that_read_different_bytes_become_one_state() -> None:
    tables = lower(Grammar(alt([Str("a"), Str("b"), Str("c")])), Limits())
    assert kinds(tables).count(Kind.BYTES) <= 4


@pytest.mark.parametrize(("least", "most"), [(0, 1000), (500, 1000), (500, None)])
def test_long_repetitions_are_counted_not_copied(least: int, most: int | None) -> None:
    tables = lower(Grammar(Repeat(Str("ab"), least, most)), Limits())
    assert tables.n_states < 20 and Kind.COUNT in kinds(tables)
    items = lower(Grammar(Items(**LIST, rest=Str("1"), min_count=least, max_count=most)), Limits())
    assert items.n_states < 30 and Kind.COUNT in kinds(items)


def test_lengths_are_bounds_of_a_span_not_states() -> None:
    tables = lower(Grammar(Text(Repeat(A, 0, None), "json", 5, 5000)), Limits())
    assert (tables.spans[0].min_length, tables.spans[0].max_length) == (5, 5000)
    assert tables.n_states < 10


def test_members_know_how_many_other_names_there_are() -> None:
    tables = lower(
        Grammar(
            Members(
                **MAP,
                names=("a",),
                values=(Str("1"),),
                required=(True,),
                other=Str("0"),
                other_name=Repeat(Chars(((0x61, 0x62),)), 1, 2),
            )
        ),
        Limits(),
    )
    assert tables.key_sets[0].others == 5 and tables.key_sets[0].required == [True]
    closed = lower(
        Grammar(Members(**MAP, names=("a", "b"), values=(Str("1"), IMPOSSIBLE), required=(False, False))), Limits()
    )
    assert closed.key_sets[0].others == 0 and sum(not f for f in closed.key_sets[0].forbidden) == 1


def test_characters_are_edges_over_utf8() -> None:
    tables = lower(Grammar(Chars(((0x41, 0x41), (0xE9, 0xE9), (0x1F600, 0x1F600)))), Limits())
    lows = sorted(tables.edges[0::3])
    assert lows == sorted([0x41, 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80])


def test_too_many_states_name_their_limit() -> None:
    with pytest.raises(LimitExceededError) as caught:
        lower(Grammar(literal("a" * 100)), Limits(grammar_states=50))
    assert caught.value.limit == "grammar_states"


def test_rules_tell_where_they_come_from() -> None:
    tables = lower(
        Grammar(Ref("r"), {"r": alt([Str("a"), seq(Str("("), Ref("r"), Str(")"))])}, origins={"r": "#/$defs/r"}),
        Limits(),
    )
    assert "#/$defs/r" in tables.origins.values()


def test_the_empty_text_and_optional_parts_are_lowered() -> None:
    for start in (EMPTY, optional(Str("a")), repeat(Str("a")), Text(Not(Str("a")))):
        assert lower(Grammar(start), Limits()).n_states >= 1


def test_what_the_source_leaves_out_is_carried_over() -> None:
    assert lower(Grammar(Str("a"), unenforced=("#: uniqueItems",)), Limits()).unenforced == ("#: uniqueItems",)
