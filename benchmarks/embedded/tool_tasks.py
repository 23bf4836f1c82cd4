"""Tool calls, as ``Tools`` asks for them: one or several declared tools, a request in words, and the call that it asks for.

In: a random generator and the side of the split. Out: an ``Example`` whose ``schema`` holds the tools and the options of
``Tools``. The one idea: the request names the tool by its verb and its noun, and binds every argument by the words of its
key, so that nothing but reading is needed. Held-out requests have tool names, keys, values and wordings that training never
has. Caveat: real requests hardly ever say what they want so plainly.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

import values
import words
from data import Example, task
from shapes import choose, sentence
from values import BOOLEAN, INTEGER, NUMBER, STRING, Maker
from words import invented, listed, unseen

from structgen.formats.tools.source import Tools

__all__ = ["REQUESTS", "REQUESTS_HELD", "same_calls", "tools", "tools_of"]

VERBS = listed(
    """get find send book cancel create delete update list play order check set start stop open close add remove search
move copy translate convert count print show save load rent buy sell plan call invite pay lock clean paint measure
schedule report reserve rename repair share sort upload download water weigh wrap"""
)
THINGS = [*words.NOUNS, *listed("weather mail room flight ticket alarm reminder message meeting price table taxi playlist")]


def tenths(rng: random.Random, held: bool) -> tuple[str, float]:
    value = words.number(rng, 1, 99, held) + rng.randint(1, 9) / 10
    return str(value), value


KEYS: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...], tuple[Maker, ...]]] = {
    "text": (STRING, tuple(listed("""name title city country place owner person author colour brand topic label street
    target origin destination room kind address subject language sender customer artist project team shop""")),
             (values.person, values.city, values.phrase, values.company, values.country, values.goods, values.code)),
    "mail": (STRING, ("email", "mail", "recipient", "receiver", "contact"), (values.email,)),
    "whole": (INTEGER, tuple(listed("""count number size level amount limit age year floor pages seats minutes hours days
    width height weight volume guests rank quantity speed distance temperature""")), (values.integers(1, 999),)),
    "real": (NUMBER, tuple(listed("price rate factor share ratio cost mass fee dose scale length")), (tenths,)),
}  # fmt: skip
FLAGS = listed("urgent silent public shared visible fast loud fresh hidden locked dry cold private express sorted")

REQUESTS = (
    "{Verb} [the|a|my|this|] {thing}{args}.", "Please {verb} [the|a|my|] {thing}{args}.",
    "[Can|Could|Would] you {verb} [the|a|my] {thing}{args}?", "Let us {verb} [the|a] {thing}{args}.",
    "I [want|need|would like] [you |]to {verb} [the|a|] {thing}{args}.",
    "{Verb} {thing}{args}", "[Hello|Hi], {verb} [the|a|my] {thing}{args}[, please|].",
)  # fmt: skip
REQUESTS_HELD = ("It would help if somebody could {verb} one {thing}{args}.", "Next on my list: {verb} that {thing}{args}!")
BINDINGS = (
    "with [the |]{key} {value}", "for [the |]{key} {value}", "{key} {value}", "{key}: {value}", "the {key} is {value}",
    "the {key} should be {value}", "where [the |]{key} is {value}", "using {value} as [the |]{key}", "{value} as the {key}",
)  # fmt: skip
BINDINGS_HELD = ("taking {value} for its {key}", "let its {key} be {value}")
FLAGGED = {True: ("and make it {key}", "it must be {key}", "{key}"), False: ("and it must not be {key}", "not {key}")}
FLAGGED_HELD = {True: ("see that it is {key}",), False: ("see that it is never {key}",)}


def word(rng: random.Random, pool: tuple[str, ...] | list[str], held: bool, taken: set[str]) -> str:
    """A name on the wanted side of the split that is not taken."""
    while True:
        way = rng.random()
        name = invented(rng, held) if way < 0.2 else rng.choice(pool)
        if 0.2 <= way < 0.35:
            name = f"{rng.choice(words.ADJECTIVES)}_{name}"
        if unseen(name) == held and name not in taken and name.isascii():
            taken.add(name)
            return name


def spoken(name: str) -> str:
    return name.replace("_", " ")


class Made:
    """A tool: its definition, its words, and for every key the maker of its values."""

    def __init__(self, rng: random.Random, held: bool, taken: set[str]) -> None:
        while True:
            verb, thing = rng.choice(VERBS), invented(rng, held) if rng.random() < 0.25 else rng.choice(THINGS)
            if unseen(f"{verb}_{thing}") == held and thing not in taken and thing.isascii():
                break
        taken.add(thing)
        self.verb, self.thing = verb, thing
        self.name = f"{verb}_{thing}" if rng.random() < 0.85 else f"{verb}{thing.capitalize()}"
        self.keys: dict[str, Maker | None] = {}
        self.properties: dict[str, dict[str, Any]] = {}
        own: set[str] = set()
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            if rng.random() < 0.12:
                key = word(rng, FLAGS, held, own)
                self.keys[key], self.properties[key] = None, dict(BOOLEAN)
                continue
            schema, names, makers = KEYS[rng.choice(("text", "text", "text", "mail", "whole", "whole", "real"))]
            key = word(rng, names, held, own)
            self.keys[key], self.properties[key] = rng.choice(makers), dict(schema)
        self.required = [key for key in self.keys if rng.random() < 0.8]
        self.described = rng.random() < 0.5

    def definition(self) -> dict[str, Any]:
        parameters: dict[str, Any] = {"type": "object", "properties": self.properties}
        if self.required:
            parameters["required"] = self.required
        described = {"description": f"{self.verb.capitalize()} a {self.thing}."} if self.described else {}
        return {"name": self.name, **described, "parameters": parameters}

    def call(self, rng: random.Random, held: bool) -> tuple[str, dict[str, Any]]:
        """A request in words, and the call."""
        arguments: dict[str, Any] = {}
        parts: dict[str, str] = {}
        for key, maker in self.keys.items():
            if key not in self.required and rng.random() < 0.5:
                continue
            if maker is None:
                arguments[key] = rng.random() < 0.6
                pattern = rng.choice((FLAGGED_HELD if held else FLAGGED)[arguments[key]])
                parts[key] = pattern.replace("{key}", spoken(key))
                continue
            shown, arguments[key] = maker(rng, held)
            pattern = choose(rng, rng.choice(BINDINGS_HELD if held else BINDINGS))
            parts[key] = pattern.replace("{key}", spoken(key)).replace("{value}", str(shown))
        order = rng.sample(list(parts), len(parts))
        args = ", ".join(parts[key] for key in order)
        if len(order) > 1 and rng.random() < 0.5:
            args = f"{', '.join(parts[key] for key in order[:-1])} and {parts[order[-1]]}"
        text = choose(rng, rng.choice(REQUESTS_HELD if held else REQUESTS))
        for slot, put in {"verb": self.verb, "Verb": self.verb.capitalize(), "thing": self.thing}.items():
            text = text.replace("{" + slot + "}", put)
        if args:
            args = rng.choice((" ", ", ", ": ")) + args
        return sentence(re.sub("  +", " ", text.replace("{args}", args))), {"name": self.name, "arguments": arguments}


def tools_of(example: Example) -> Tools:
    """The tools of an example, as a caller declares them."""
    return Tools(example.schema["tools"], **example.schema["options"])


@task("tools", 3.0)
def tools(rng: random.Random, held: bool) -> Example:
    """One to three tools, and a request for one call; where calls may be parallel now and then for two."""
    taken: set[str] = set()
    made = [Made(rng, held, taken) for _ in range(rng.choice((1, 2, 2, 3)))]
    options = {"parallel": rng.random() < 0.5, "tool_choice": rng.choice(("required", "required", "auto"))}
    wanted = rng.sample(made, 2 if options["parallel"] and len(made) > 1 and rng.random() < 0.25 else 1)
    asked = [one.call(rng, held) for one in wanted]
    calls = [call for _, call in asked]
    text = " ".join(words_of for words_of, _ in asked)
    schema = {"tools": [one.definition() for one in made], "options": options}
    told = Tools(schema["tools"], **options).instructions()  # type: ignore[arg-type]
    return Example("tools", "Tools", schema, text, text, calls if options["parallel"] else calls[0], told=told)


def same_calls(example: Example, written: str) -> bool:
    """Whether a text holds exactly the calls that were asked for, with exactly these arguments."""
    try:
        found = json.loads(written)
    except ValueError:
        return False
    return json.dumps(found, sort_keys=True) == json.dumps(example.answer, sort_keys=True)
