"""JSON as models write it, and as they damage it.

A document is a list of tokens: brackets, commas, colons, names, strings, words and white space, so that a damage is made on
the token its class names and never by chance inside a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from . import Model
from .around import DAMAGES as AROUND
from .random_types import NAMES, WORDS, types

_ESCAPE = re.compile(r'\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}')


class Token(NamedTuple):
    """``kind``: one of { } [ ] , : or name, string, word, space; ``value``: of a name, string or word."""

    kind: str
    text: str
    value: Any = None


Document = list[Token]


def write(value: Any, schema: Any, rng: Random) -> Document:
    indent = rng.choice([None, 2, 2, 4])
    tokens: Document = []
    _write(value, tokens, indent, 0)
    return tokens


def render(document: Document) -> str:
    return "".join(token.text for token in document)


def _write(value: Any, tokens: Document, indent: int | None, depth: int) -> None:
    if not isinstance(value, dict | list):
        kind = "string" if isinstance(value, str) else "word"
        tokens.append(Token(kind, json.dumps(value, ensure_ascii=False), value))
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    tokens.append(Token(opening, opening))
    for index, item in enumerate(value):
        if index:
            tokens.append(Token(",", ","))
        if indent is not None:
            tokens.append(Token("space", "\n" + " " * indent * (depth + 1)))
        elif index:
            tokens.append(Token("space", " "))
        if isinstance(value, dict):
            tokens += [Token("name", json.dumps(item, ensure_ascii=False), item), Token(":", ":"), Token("space", " ")]
        _write(value[item] if isinstance(value, dict) else item, tokens, indent, depth + 1)
    if indent is not None and value:
        tokens.append(Token("space", "\n" + " " * indent * depth))
    tokens.append(Token(closing, closing))


def one_of(
    choose: Callable[[Token], bool], change: Callable[[Token, Random], str | None], *, share: float = 0.0
) -> Callable[[Document, Random], Document | None]:
    """A damage of one token that ``choose`` picks, or of all of them with the probability ``share``."""

    def damage(document: Document, rng: Random) -> Document | None:
        places = [at for at, token in enumerate(document) if choose(token)]
        if not places:
            return None
        document = list(document)
        for at in places if rng.random() < share else [rng.choice(places)]:
            text = change(document[at], rng)
            if text is None:
                return None
            document[at] = document[at]._replace(text=text)
        return document

    return damage


def is_kind(*kinds: str) -> Callable[[Token], bool]:
    return lambda token: token.kind in kinds


def trailing_comma(document: Document, rng: Random) -> Document | None:
    places = [at for at, token in enumerate(document) if token.kind in "}]" and document[at - 1].kind not in ("{", "[")]
    if not places:
        return None
    at = rng.choice(places)
    at -= document[at - 1].kind == "space"
    return [*document[:at], Token(",", ","), *document[at:]]


def comments(document: Document, rng: Random) -> Document | None:
    places = [at for at, token in enumerate(document) if token.kind == "space" and "\n" in token.text]
    if not places:
        return None
    at = rng.choice(places)
    return [*document[:at], Token("space", rng.choice(["  // as given", " /* as given */", "  # as given"])), *document[at:]]


def cut_brackets(document: Document, rng: Random) -> Document | None:
    """Without some of the last brackets; the text ends behind the last value."""
    end = len(document)
    for _ in range(rng.randint(1, 3)):
        at = end - 1
        while document[at].kind == "space":
            at -= 1
        if document[at].kind not in ("}", "]"):
            break
        end = at
    return document[:end]


def missing_bracket(document: Document, rng: Random) -> Document | None:
    """Without a bracket that closes a list before the next name."""
    places = [
        at
        for at, token in enumerate(document[:-3])
        if token.kind == "]" and document[at + 1].kind == "," and document[at + 3].kind == "name"
    ]
    if not places:
        return None
    at = rng.choice(places)
    return [*document[:at], *document[at + 1 :]]


def extra_bracket(document: Document, rng: Random) -> Document:
    return [*document, Token("}", document[-1].text)]


def single(token: Token, rng: Random) -> str:
    inner = json.dumps(token.value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def smart(token: Token, rng: Random) -> str:
    return f"\u201c{json.dumps(token.value, ensure_ascii=False)[1:-1]}\u201d"


def raw_quotes(token: Token, rng: Random) -> str:
    return f'"{token.value}"'


def is_quoted(token: Token) -> bool:
    """Whether the quotes of a string are still there: a second damage takes no letter for one."""
    return len(token.text) > 1 and token.text[0] in "\"'\u201c" and token.text[-1] in "\"'\u201d"


def is_word(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z]\w*(?: [A-Za-z]\w*)*", text)) and text.lower() not in (
        "true",
        "false",
        "null",
        "none",
        "nan",
        "nil",
        "undefined",
        "inf",
        "infinity",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    )


def literal(token: Token, rng: Random) -> str | None:
    if token.value is None:
        return rng.choice(["None", "undefined"])
    if isinstance(token.value, bool):
        return rng.choice([str(token.value), str(token.value).upper()])
    return None


def number(token: Token, rng: Random) -> str | None:
    value = token.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    ways = [f'"{value}"', f'"{value:,}"', f'"${value:,}"']
    if value > 0:
        ways.append(f"+{value}")
    if isinstance(value, float) and 0 < value < 1:
        ways.append(str(value)[1:])
    if isinstance(value, int) and value >= 0:
        ways += [hex(value), f"{value:_}"]
    return rng.choice(ways)


def boolean_text(token: Token, rng: Random) -> str | None:
    return (
        None
        if not isinstance(token.value, bool)
        else rng.choice(['"yes"', '"true"', "yes"] if token.value else ['"no"', '"false"', "no"])
    )


def duplicated(document: Document, rng: Random) -> Document | None:
    places = [
        at for at, token in enumerate(document[:-4]) if token.kind == "name" and document[at + 3].kind in ("string", "word")
    ]
    if not places:
        return None
    at = rng.choice(places)
    return [*document[: at + 4], Token(",", ","), Token("space", " "), *document[at : at + 4], *document[at + 4 :]]


def in_text(document: Document, rng: Random) -> Document | None:
    """The whole answer as a string that holds it."""
    return [Token("raw", json.dumps(render(document), ensure_ascii=False))]


def ellipsis(document: Document, rng: Random) -> Document | None:
    places = [at for at, token in enumerate(document) if token.kind == "]" and document[at - 1].kind != "["]
    if not places:
        return None
    at = rng.choice(places)
    at -= document[at - 1].kind == "space"
    return [*document[:at], Token("space", rng.choice([", ...", ",\n..."])), *document[at:]]


def wrapper(document: Document, rng: Random) -> Document:
    name = rng.choice(["output", "response", "data"])
    return [
        Token("{", "{"),
        Token("name", f'"{name}"', name),
        Token(":", ":"),
        Token("space", " "),
        *document,
        Token("}", "}"),
    ]


def lines_of_json(document: Document, rng: Random) -> Document | None:
    """A list of objects as one object after another."""
    try:
        value = json.loads(render(document))
    except ValueError:  # damaged before
        return None
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) and one for one in value):
        return None
    return [Token("raw", "\n".join(json.dumps(one, ensure_ascii=False) for one in value))]


def field_name(token: Token, rng: Random) -> str:
    return json.dumps(
        rng.choice([token.value.replace("_", " ").title(), token.value.upper(), token.value.replace("_", "-")])
    )


DAMAGES = {
    "trailing-comma": trailing_comma,
    "missing-comma": one_of(is_kind(","), lambda token, rng: ""),
    "missing-colon": one_of(is_kind(":"), lambda token, rng: ""),
    "equals": one_of(is_kind(":"), lambda token, rng: rng.choice([" =", " =>"]), share=0.5),
    "comments": comments,
    "cut-brackets": cut_brackets,
    "missing-bracket": missing_bracket,
    "extra-bracket": extra_bracket,
    "single-quotes": one_of(is_kind("name", "string"), single, share=0.6),
    "smart-quotes": one_of(is_kind("name", "string"), smart, share=0.6),
    "unquoted-name": one_of(
        lambda token: token.kind == "name" and is_word(token.value), lambda token, rng: token.value, share=0.6
    ),
    "unquoted-string": one_of(lambda token: token.kind == "string" and is_word(token.value), lambda token, rng: token.value),
    "unescaped-quote": one_of(
        lambda token: token.kind == "string" and '"' in token.value and "\\" not in token.value, raw_quotes
    ),
    "raw-newline": one_of(
        lambda token: token.kind == "string" and "\n" in token.value and '"' not in token.value and "\\" not in token.value,
        raw_quotes,
    ),
    "wrong-escape": one_of(
        lambda token: (
            token.kind == "string"
            and "\\" in token.value
            and '"' not in token.value
            and not _ESCAPE.search(token.value)
            and not token.value.endswith("\\")
        ),
        raw_quotes,
    ),
    "unclosed-quote": one_of(
        lambda token: token.kind == "string" and is_word(token.value) and is_quoted(token),
        lambda token, rng: token.text[:-1],
    ),
    "unopened-quote": one_of(
        lambda token: token.kind in ("string", "name") and is_word(token.value) and is_quoted(token),
        lambda token, rng: token.text[1:],
    ),
    "python-literal": one_of(
        lambda token: token.kind == "word" and (token.value is None or isinstance(token.value, bool)), literal, share=0.6
    ),
    "number-spelling": one_of(
        lambda token: token.kind == "word" and token.value is not None and not isinstance(token.value, bool), number
    ),
    "boolean-text": one_of(lambda token: isinstance(token.value, bool), boolean_text),
    "duplicate-key": duplicated,
    "escaped-whole": in_text,
    "ellipsis": ellipsis,
    "wrapper": wrapper,
    "json-lines": lines_of_json,
    "field-name": one_of(
        lambda token: token.kind == "name" and token.value in NAMES and token.value not in WORDS, field_name
    ),
}
MODEL = Model("json", types, write, render, DAMAGES, AROUND)
