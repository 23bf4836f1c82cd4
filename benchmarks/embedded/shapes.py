"""Composes seen sentences from small parts, so that hardly two examples have the same wording.

In: the text files in `wordings`, one for each kind. Out: `compose`, a template of a kind, written as in `kinds`. The
one idea: a text is a clause, with parts before and after it and further sentences, each of which tells of other slots;
or a whole text of its own; or a form. Caveats: a part is joined wherever its slots are still free, so it must fit all
the clauses; a part that starts with a small letter gets a capital where it starts a sentence.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Shapes", "choose", "compose", "load", "sentence"]

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOTS = re.compile(r"\{(\w+)\}")


@dataclass
class Shapes:
    """The parts of one kind: clauses, what may stand before and behind them, further sentences, and whole texts."""

    core: list[str] = field(default_factory=list)
    front: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    flat: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)


def load(name: str) -> Shapes:
    """The file of a kind: `== part` and the lines of that part."""
    made = Shapes()
    text = (Path(__file__).parent / "wordings" / f"{name.lower()}.txt").read_text(encoding="utf-8")
    into = made.flat
    for line in text.strip().splitlines():
        if line.startswith("== "):
            into = getattr(made, line[3:].strip())
        elif line.strip():
            into.append(line.strip().replace("\\n", "\n"))
    return made


def choose(rng: random.Random, template: str) -> str:
    """The template with each `[a|b]` decided, the inner ones first."""
    while "[" in template:
        template = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
    return template


def sentence(text: str) -> str:
    """The text with a capital at its start, where it starts with a word."""
    return text[0].upper() + text[1:] if text and text[0].isalpha() else text


_WRAPS = (
    "I [heard|read|think|believe|guess] that {}.",
    "Did you [know|hear] that {}?",
    "It [seems|appears|turns out|is known] that {}.",
    "As far as I [know|remember], {}.",
    "[They|People|Some] say that {}.",
    "According to the <noun>, {}.",
    "By the way, {}.",
    "News: {}.",
    "[Note|Remember] that {}.",
    "[Good|Bad|Great] news: {}!",
    "The <noun> says: {}.",
    "Is it true that {}?",
    "[Well|Yes|Right|So|Okay], {}.",
    "[Sadly|Luckily|Finally|Apparently|Meanwhile|Actually|Clearly|Today], {}.",
    "My <noun> tells me that {}.",
    "We [learned|found|noticed] that {}.",
    "[Everyone|Nobody|Somebody] [said|thought|saw] that {}.",
    "[Because|Since|While|Although] the <noun> was <adj>, {}.",
    "After the <noun>, {}.",
    "Before the <adj> <noun>, {}.",
    "[Despite|Without|Thanks to] the <noun>, {}.",
    "There it is: {}.",
    "The <adj> <noun> shows that {}.",
    "[First|Once] the <noun> came, then {}.",
    "{}, or so the <noun> says.",
    "{}, I think.",
    "{}, as you know.",
    "{}, which is <adj>.",
    "{}; the <noun> is <adj>.",
    "{} - that is all.",
)
_ASIDES = (
    "The <noun> was <adj>.",
    "See page <number>.",
    "[Sent|Written] on a <weekday>.",
    "That was all.",
    "The <adj> <noun> stood there.",
    "[Thanks|Cheers|Best wishes]!",
    "[Hello|Hi|Dear all|Good morning],",
    "Somebody <deed>.",
    "What a <adj> <noun>!",
    "[Any questions|More soon|To be continued|End of note].",
    "(Line <number> of the <noun>.)",
    "Nothing else is known.",
)
_TITLES = ("<Noun> <number>", "Record", "Details", "Note", "Form", "Entry <number>", "Summary", "Data", "<Noun>", "Card")


def form(rng: random.Random, shapes: Shapes) -> str:
    """Labels and values in one of the ways in which forms put them."""
    rows = rng.sample(shapes.label, rng.randint(2, len(shapes.label)))
    pairs = []
    for row in rows:
        slot, _, names = row.partition(" ")
        pairs.append((rng.choice(names.split("|")), "{" + slot + "}"))
    case = rng.choice((str.lower, sentence, sentence, str.title, str.upper))
    pairs = [(case(name), value) for name, value in pairs]
    way = rng.random()
    if way < 0.12:
        bar = rng.choice((" | ", ", ", "; ", " / "))
        return bar.join(name for name, _ in pairs) + "\n" + bar.join(value for _, value in pairs)
    mark = rng.choice((": ", ": ", ": ", " = ", " - ", " is ", ":", " -> "))
    if way < 0.2:
        parts = [f"{value} ({name})" for name, value in pairs]
    elif way < 0.26:
        parts = [f"{name} ({value})" for name, value in pairs]
    else:
        parts = [f"{name}{mark}{value}" for name, value in pairs]
    if way > 0.85:
        bullet = rng.choice(("- ", "* ", "• "))
        parts = [bullet + part for part in parts]
    text = rng.choice((". ", "\n", "\n", ", ", "; ", " | ")).join(parts)
    if rng.random() < 0.2:
        text = rng.choice(_TITLES) + rng.choice((": ", "\n", ". ")) + text
    return text + ("." if rng.random() < 0.2 else "")


def taken(text: str) -> set[str]:
    return set(_SLOTS.findall(text))


def one_of(rng: random.Random, lines: list[str], used: set[str]) -> str:
    """A line none of whose slots is used, which it then uses; nothing where a few tries find none."""
    for _ in range(4):
        if not lines:
            break
        line = choose(rng, rng.choice(lines))
        slots = taken(line)
        if slots and not slots & used:
            used |= slots
            return line
    return ""


def clause(rng: random.Random, shapes: Shapes) -> str:
    """A clause with what stands around it, and further sentences."""
    core = choose(rng, rng.choice(shapes.core))
    used = taken(core)
    front = one_of(rng, shapes.front, used) if rng.random() < 0.25 else ""
    tail = one_of(rng, shapes.tail, used) if rng.random() < 0.35 else ""
    after = [one_of(rng, shapes.after, used) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))]
    text = core + (tail if tail[:1] in ",:;" else f" {tail}").rstrip()
    if front:
        text = sentence(f"{front} {text}") + "."
    elif rng.random() < 0.25:
        text = sentence(choose(rng, rng.choice(_WRAPS)).replace("{}", text))
    else:
        text = sentence(text) + rng.choice((".", ".", ".", ".", "!", "", ";", "..."))
    parts = [text, *(sentence(part) for part in after if part)]
    if (
        len(parts) > 1
        and rng.random() < 0.25
        and not parts[1].startswith(("He ", "She ", "They ", "It ", "His ", "Her ", "Its "))
    ):
        parts[0], parts[1] = parts[1], parts[0]
    return rng.choice((" ", " ", " ", " ", "\n")).join(parts)


def compose(rng: random.Random, shapes: Shapes) -> tuple[str, bool]:
    """A template of the kind, now and then beside a sentence that tells of nothing asked for; whether words may change."""
    way = rng.random()
    if way < 0.5:
        text = clause(rng, shapes)
    elif way < 0.88:
        text = choose(rng, rng.choice(shapes.flat))
    else:
        text = form(rng, shapes)
    if rng.random() < 0.14:
        aside = choose(rng, rng.choice(shapes.aside if shapes.aside and rng.random() < 0.6 else _ASIDES))
        text = f"{aside} {text}" if rng.random() < 0.5 else f"{text} {aside}"
    return text, way < 0.88
