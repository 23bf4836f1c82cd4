"""A law: whatever a mask lets through is a value of the type, if nothing of the type is listed as unenforced."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import random
import typing as t
import uuid
from decimal import Decimal

import pydantic
import pytest
from pydantic import Field

from structgen.compiler import CompiledGrammar, Compiler
from structgen.generation.target import as_target
from structgen.matching.native_engine import AVAILABLE
from structgen.schema.python_types import FromText, parse, schema_of, type_name
from structgen.vocabulary import Vocabulary

END = 256
COMPILERS = {name: Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), None], END), engine=name)
             for name in t.cast(list[t.Literal["python", "native"]], ["python", *(["native"] if AVAILABLE else [])])}


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(pydantic.BaseModel):
    kind: t.Literal["cat"] = "cat"
    lives: t.Annotated[int, Field(ge=0, le=9)] = 9


class Dog(pydantic.BaseModel):
    kind: t.Literal["dog"]
    name: t.Annotated[str, Field(max_length=5)]


class Owner(pydantic.BaseModel):
    pet: t.Annotated[Cat | Dog, Field(discriminator="kind")]
    tags: set[Color] = set()


class Tree(pydantic.BaseModel):
    value: bool
    children: t.Annotated[list[Tree], Field(max_length=1)] = []


class Pair(t.NamedTuple):
    left: int
    right: int = 1


class Partial(t.TypedDict, total=False):
    a: t.Required[bool]
    b: None


TYPES = [
    int, float, bool, None, str, bytes, Color, Owner, Tree, Pair, Partial, int | str | None, Decimal,
    t.Literal["a", None, 3], t.Annotated[int, Field(gt=-3, lt=12, multiple_of=3)], t.Annotated[int, Field(strict=True)],
    t.Annotated[float, Field(ge=0, lt=3, multiple_of=0.5)], t.Annotated[str, Field(min_length=2, max_length=4)],
    t.Annotated[str, Field(pattern="^[a-z]+[0-9]$", max_length=4)], t.Annotated[Decimal, Field(max_digits=3)],
    t.Annotated[Decimal, Field(max_digits=4, decimal_places=2)],
    t.Annotated[Decimal, Field(gt=0, max_digits=4, decimal_places=2)],
    tuple[bool, None], t.Annotated[list[bool], Field(min_length=2, max_length=3)],
    t.Annotated[set[bool], Field(min_length=1)], frozenset[int], set[tuple[bool]], dict[int, bool],
    dict[pydantic.PositiveInt, bool], dict[float, bool], dict[bool, bool], dict[Color, bool],
    t.Annotated[dict[str, bool], Field(min_length=1, max_length=2)], dt.date, dt.datetime, dt.time, dt.timedelta,
    pydantic.NaiveDatetime, pydantic.AwareDatetime, uuid.UUID, pydantic.UUID4, ipaddress.IPv4Address,
    ipaddress.IPv6Address, pydantic.Base64Bytes, complex, t.Annotated[str, FromText('Ada "Countess" Lovelace')],
]


def walk(compiled: CompiledGrammar, chance: random.Random) -> str | None:
    """A random text under the masks, with a bent towards its end; None if it still goes on after 400 bytes."""
    matcher, out = compiled.matcher(), bytearray()
    while len(out) < 400:
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, f"a dead end after {out!r}"
        if allowed == [END] or (END in allowed and (len(out) > 60 or chance.random() < 0.4)):
            return out.decode()
        allowed = [byte for byte in allowed if byte != END]
        closing = [byte for byte in allowed if byte in b'"]}']
        likely = closing if closing and len(out) > 60 else [byte for byte in allowed if byte in b'"}],:0123456789-']
        byte = chance.choice(likely if likely and chance.random() < 0.6 else allowed)
        assert matcher.advance(byte), f"{bytes([byte])!r} was allowed after {out!r} and then refused"
        out.append(byte)
    return None


@pytest.mark.parametrize("engine", COMPILERS)
@pytest.mark.parametrize("tp", TYPES, ids=type_name)
def test_every_text_under_the_mask_is_a_value(tp: t.Any, engine: str) -> None:
    compiled = COMPILERS[engine].compile(as_target(tp).source)
    made = schema_of(tp)
    assert made.unenforced == compiled.unenforced == ()
    chance, finished = random.Random(type_name(tp)), 0
    for _ in range(15):
        text = walk(compiled, chance)
        if text is not None:
            parse(text, made)
            finished += 1
    assert finished > 5
