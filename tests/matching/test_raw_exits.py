"""Raw texts that something follows (cells, scalars, free text, terminals): masks against a plain walk of every token."""

from __future__ import annotations

import random
from typing import Annotated, Any

import pytest
from oracle import VOCABULARY
from pydantic import BaseModel, ConfigDict, Field

from structgen import Choice, Compiler, Csv, FreeText, Lark, Regex, Tags, Then, Vocabulary, Yaml
from structgen.matching.native_engine import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="the native engine was not built")
WALKS, STEPS = 4, 14


class Row(BaseModel):
    name: str
    size: int | None
    note: Annotated[str, Field(max_length=5)] = ""
    code: Annotated[str, Field(pattern="^[A-C]{2}-.*$", max_length=9)] = "AB-"


class Sheet(BaseModel):
    title: Annotated[str, Field(min_length=3)]
    rows: list[Row]
    words: list[str] = []


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int
    ab: bool = True


SOURCES = {
    "yaml": Yaml(Sheet),
    "yaml map": Yaml(dict[str, int | str]),
    "yaml maps in maps": Yaml(dict[str, dict[str, int]]),
    "yaml map beside names": Yaml(Open),
    "csv": Csv(["a", "b", "c", "d"]),
    "csv typed": Csv(Row),
    "csv tabs": Csv(["a", "b"], delimiter="\t", header=False),
    "lark": Lark('start: (NAME "=" VALUE "\\n")+\nNAME: /[a-z]+/\nVALUE: /[^\\n=]+/'),
    "lark skipped": Lark('start: WORD ("," WORD)* ";"\nWORD: /[a-z]+( [a-z]+)*/\n%ignore /[ \\n]+/'),
    "one of many follows": Lark('start: /[^<]+/ ("<a>" | "<b" /[0-9]{1,3}/ ">") start?'),
    "tokens": Lark(
        """start: (NAME "=" sum ";")+
sum: sum ("+" | "-") atom | atom
atom: NAME | NUMBER | "(" sum ")" | /<[^>]*>/
NAME: /[a-z]+/
NUMBER: /[0-9]+(\\.[0-9]+)?/
%ignore /[ \\n\\t]+/
%ignore /AB[^\\n]*/""",
        parser="lalr",
    ),
    "tokens of one character": Lark('start: (CHAR MARK? | "[" start "]" | /é+/)+\nCHAR: /[^\\[\\]é]/\nMARK: /[-;=]+:?/'),
    "tokens, rules of nothing": Lark(
        '''start: (a? b? "," )* a
a: (";" | c)*
c: "="? NAME? "-"?
b: "1"*
NAME: /[a-z]+/
%ignore " "''',
        lexer="basic",
    ),
    "tokens, complete": Lark("start: (A B)+\nA: /[a-z]*[;,]/\nB: /[^<]+/\n%ignore /[ \\n]+/", lexer="dynamic_complete"),
    "tags": Tags({"<a>": (Regex("[0-9]+"), "</t>"), "<b ": (Choice(["x", "xy"]), ">")}),
    "text up to a word": Then(FreeText(until="</t>", min_chars=2, max_chars=40), Choice(["yes", "no"])),
    "a bounded text": FreeText(max_chars=70),
    "a pattern of bounded length": Regex("[^x]{0,70}"),
    "a bounded text and more": Then(FreeText(until="\n", max_chars=70), Regex("[ab]\n*")),
}


def long_tokens() -> Vocabulary:
    """Tokens that leave and enter texts several times, and longer ones than any JSON string could take at once."""
    chance = random.Random(7)
    pieces = ["\n", ",", "=", "- ", ": ", '"', "<a>", "</t>", "<b", ">", "a", "AB-", "é", "1", "title", "  ", ";", "\t"]
    texts = {"".join(chance.choices(pieces, k=chance.randint(2, 6))).encode() for _ in range(1500)}
    texts |= {b"\t" * 66, b"\t" * 71, b"\n" * 9, b"\n\n\n", "é\n".encode()[1:], "é,".encode()[1:], "漢\n".encode()[2:]}
    return Vocabulary([*(bytes([byte]) for byte in range(256)), *sorted(texts), None], [256 + len(texts)])


@pytest.mark.parametrize("vocabulary", [VOCABULARY, long_tokens()], ids=["small", "long tokens"])
@pytest.mark.parametrize("name", SOURCES)
def test_masks_of_raw_texts_are_those_of_a_plain_walk(name: str, vocabulary: Vocabulary) -> None:
    grammar = Compiler(vocabulary, engine="native").compile(SOURCES[name])
    chance = random.Random(name)
    for _ in range(WALKS):
        matcher: Any = grammar.matcher()
        for _ in range(STEPS):
            assert matcher.mask().tobytes() == matcher.mask_by_steps()
            allowed = matcher.allowed_tokens().tolist()
            assert allowed and matcher.advance(chance.choice(allowed))
            if matcher.is_finished:
                break
