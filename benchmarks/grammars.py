"""Judges grammars in Lark's notation by lark itself, both ways, and times masks beside llguidance.

    python benchmarks/grammars.py
    python benchmarks/grammars.py --count 1000 --only json,sql --no-times

In: the grammars of ``benchmarks/corpus/grammars``, each with the parsers and lexers that it says. Out: a Markdown table.
*Samples* are outputs under random masks, which lark must parse. *Texts* are derived at random from lark's own rules and
terminals by the writer below, which knows nothing of structgen; those that lark parses must be taken, cut into tokens at
random, and each of them with one character changed must be taken exactly if lark parses it. Any wrong answer ends the
script with 1. Steps (a mask and an advance) are timed over the accepted texts, cut by Tekken's own tokenizer, in one
process with llguidance where it reads the grammar; its language is not compared. The time is that of the
thread on its processor, so that a busy machine changes it little; read the ratio.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import lark
import numpy as np

import structgen as sg

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where this file is imported, as in the tests

FOLDER = Path(__file__).resolve().parent / "corpus" / "grammars"
_PRINTABLE = [*map(chr, range(32, 127)), "\n", "é"]
BYTES = sg.Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256)


def modes(text: str) -> list[tuple[str, str]]:
    """The parsers and lexers that a grammar file names after ``lark:``."""
    found = re.search(r"^//.*lark: (.*)$", text, re.M)
    assert found, "the first lines say: // ... lark: parser lexer, ..."
    return [(parser, lexer) for parser, lexer in (one.split() for one in found[1].split(", "))]


def parses(parser: lark.Lark, text: str) -> bool:
    """Whether lark parses a text."""
    try:
        parser.parse(text)
    except lark.exceptions.LarkError:
        return False
    except RuntimeError as error:  # of lark's bookkeeping of trees, where a text is right in several ways
        assert "multiple start symbol" in str(error)
    return True


class Writer:
    """Random texts of lark's rules."""

    def __init__(self, parser: lark.Lark, chance: random.Random) -> None:
        self._chance = chance
        self._rules: dict[str, list[Any]] = {}
        for rule in parser.rules:
            self._rules.setdefault(rule.origin.name, []).append(rule.expansion)
        self._patterns = {one.name: _parser.parse(one.pattern.to_regexp()) for one in parser.terminals}
        self._between = list(parser.ignore_tokens)
        self._height: dict[str, int] = {}
        for _ in self._rules:
            for name, options in self._rules.items():
                heights = [self._of(option) for option in options]
                self._height[name] = min(self._height.get(name, 999), *heights)

    def _of(self, option: Any) -> int:
        return 1 + max((0 if one.is_term else self._height.get(one.name, 999) for one in option), default=0)

    def text(self, start: str = "start") -> str:
        """A text that may be right: a lexer can cut it otherwise."""
        parts: list[str] = []
        self._spaces = self._chance.choice((0.1, 0.4, 0.95))
        self._rule(start, self._chance.randint(2, 14), parts)
        return "".join(parts)

    def _rule(self, name: str, depth: int, parts: list[str]) -> None:
        options = self._rules[name]
        if len(parts) > 60 or depth <= 0:
            least = min(map(self._of, options))
            options = [option for option in options if self._of(option) == least]
        for symbol in self._chance.choice(options):
            if symbol.is_term:
                if self._between and self._chance.random() < self._spaces:
                    parts.append(self._match(self._patterns[self._chance.choice(self._between)]))
                parts.append(self._match(self._patterns[symbol.name]))
            else:
                self._rule(symbol.name, depth - 1, parts)

    def _match(self, pattern: Any) -> str:
        """A text that a pattern may match; assertions are passed over."""
        return "".join(self._one(kind, value) for kind, value in pattern)

    def _one(self, kind: Any, value: Any) -> str:
        chance = self._chance
        if kind is op.LITERAL:
            return chr(value)
        if kind in (op.IN, op.NOT_LITERAL, op.ANY):
            return self._character(kind, value)
        if kind is op.BRANCH:
            return self._match(chance.choice(value[1]))
        if kind is op.SUBPATTERN:
            found = self._match(value[3])
            return chance.choice([found, found.lower(), found.upper()]) if value[1] & re.I else found
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, body = value
            return "".join(self._match(body) for _ in range(chance.randint(least, min(int(most), least + 3))))
        return ""

    def _character(self, kind: Any, value: Any) -> str:
        one = re.compile({op.ANY: "."}.get(kind, ""))
        if kind is op.ANY:
            return self._chance.choice([text for text in _PRINTABLE if one.match(text)])
        if kind is op.NOT_LITERAL:
            return self._chance.choice([text for text in _PRINTABLE if ord(text) != value])
        wanted = [text for text in [*_PRINTABLE, "\t", "\r"] if _belongs(text, value)]
        return self._chance.choice(wanted) if wanted else ""


def _belongs(text: str, items: Any) -> bool:
    negated, found = items[0][0] is op.NEGATE, False
    for kind, value in items[negated:]:
        if kind is op.CATEGORY:
            name = str(value).removeprefix("CATEGORY_").lower()
            letter = {"digit": "d", "space": "s", "word": "w"}[name.removeprefix("not_")]
            found |= bool(re.match("\\" + (letter.upper() if name.startswith("not_") else letter), text))
        else:
            low, high = value if kind is op.RANGE else (value, value)
            found |= low <= ord(text) <= high
    return found != negated


def cut(text: bytes, ids: dict[bytes, int], chance: random.Random) -> list[int]:
    """A text as tokens, cut at random."""
    tokens = []
    while text:
        sizes = [size for size in range(1, min(12, len(text)) + 1) if text[:size] in ids]
        size = chance.choice(sizes)
        tokens.append(ids[text[:size]])
        text = text[size:]
    return tokens


def sample(matcher: Any, chance: random.Random) -> str | None:
    """An output under random masks; None where what its ends take is no text."""
    matcher.reset()
    free, made = chance.randint(1, 30), b""
    for _ in range(free):
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, f"nothing is allowed behind {made!r}"
        usual = [token for token in allowed if 32 <= token < 127 or token == 10]
        token = chance.choice(usual if usual and chance.random() < 0.9 else allowed)
        assert matcher.advance(token)
        if matcher.is_finished:
            return made.decode()
        made += bytes([token])
    rest = matcher.shortest_completion()
    assert matcher.advance_bytes(rest), (made, rest)
    assert matcher.is_accepting, (made, rest)
    return (made + rest).decode()


def judge(text: str, parser: str, lexer: str, count: int, ids: dict[bytes, int], compiler: sg.Compiler,
          chance: random.Random) -> tuple[list[str], dict[str, int]]:
    """Texts that lark parses, and how many of each kind were tried; raises AssertionError where one is judged wrongly."""
    known = lark.Lark(text, parser=parser, lexer=lexer)  # type: ignore[arg-type]
    source = sg.Lark(text, parser=parser, lexer=lexer)  # type: ignore[arg-type]
    large = compiler.compile(source).matcher()
    small = large if compiler.vocabulary is BYTES else sg.Compiler(BYTES).compile(source).matcher()
    found = {"samples": 0, "texts": 0, "changed": 0, "changed, right": 0}
    for _ in range(count):
        made = sample(small, chance)
        assert made is not None
        assert parses(known, made), f"a sample that lark does not parse: {made!r}"
        found["samples"] += 1
    writer, texts = Writer(known, chance), []

    def taken(one: str) -> bool:
        large.reset()
        return all(map(large.advance, cut(one.encode(), ids, chance))) and large.is_accepting

    for _ in range(40 * count):
        one = writer.text()
        if len(one) < 2000 and parses(known, one):
            assert taken(one), f"a text that lark parses and that is refused: {one!r}"
            texts.append(one)
            found["texts"] += 1
            at = chance.randrange(len(one) + 1)
            other = one[:at] + chance.choice(_PRINTABLE) * chance.randint(0, 1) + one[at + chance.randint(0, 2):]
            right = parses(known, other)
            assert taken(other) == right, f"lark {'parses' if right else 'does not parse'} {other!r}"
            found["changed"] += 1
            found["changed, right"] += right
        if found["texts"] == count:
            break
    return texts, found


def times(text: str, texts: list[str], tokens: Any, compiled: Callable[[], Any]) -> tuple[float, float | None]:
    """Microseconds per step, structgen's and llguidance's; None where that does not read the grammar or a text."""
    from mask_engines import Llguidance

    rows = [tokens.encode(one) for one in texts]
    out = np.zeros((1, tokens.words), dtype=np.int32)
    matcher = compiled()
    began, steps = time.thread_time_ns(), 0
    for row in rows:
        matcher.reset()
        for token in row:
            matcher.fill_mask(out)
            assert matcher.advance(token)
            steps += 1
    ours = (time.thread_time_ns() - began) / 1000 / steps
    peer = _peer(Llguidance, tokens)
    first = peer.matchers(peer.tokenizer, peer.matchers.grammar_from_lark(text.replace("?start", "start", 1)))
    if first.is_error():
        return ours, None
    began, steps = time.thread_time_ns(), 0
    for row in rows:
        peer.matcher = first.deep_copy()
        for token in row:
            peer.fill()
            steps += 1
            if not peer.take(token):
                break
    return ours, (time.thread_time_ns() - began) / 1000 / steps


_PEERS: dict[int, Any] = {}


def _peer(engine: Any, tokens: Any) -> Any:
    if id(tokens) not in _PEERS:
        _PEERS[id(tokens)] = engine(tokens)
    return _PEERS[id(tokens)]


def main() -> int:
    """The table."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--count", type=int, default=200, help="samples and texts of each grammar")
    arguments.add_argument("--only", default="", help="names of grammars, with commas")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--no-times", action="store_true")
    chosen = arguments.parse_args()
    tokens = None
    if chosen.no_times:
        compiler = sg.Compiler(BYTES)
    else:
        from mask_engines import tekken

        tokens = tekken()
        compiler = sg.Compiler(sg.Vocabulary(list(tokens.texts), [tokens.end]))
    ids = {one: number for number, one in enumerate(compiler.vocabulary.tokens) if one}
    print("| grammar | parser, lexer | samples | texts | changed (right) | wrong | µs a step | llguidance |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    wrong = 0
    for file in sorted(FOLDER.glob("*.lark")):
        if chosen.only and file.stem not in chosen.only.split(","):
            continue
        text = file.read_text(encoding="utf-8")
        for parser, lexer in modes(text):
            row = [file.stem, f"{parser}, {lexer}"]
            try:
                texts, found = judge(text, parser, lexer, chosen.count, ids, compiler, random.Random(chosen.seed))
            except AssertionError as error:
                wrong += 1
                print("|", " | ".join([*row, "", "", "", f"{error}", "", ""]), "|", flush=True)
                continue
            row += [f"{found['samples']}", f"{found['texts']}", f"{found['changed']} ({found['changed, right']})", "0"]
            if tokens is not None:
                source = sg.Lark(text, parser=parser, lexer=lexer)  # type: ignore[arg-type]
                ours, theirs = times(text, texts[:100], tokens, lambda source=source: compiler.compile(source).matcher())
                row += [f"{ours:.1f}", "refuses it" if theirs is None else f"{theirs:.1f}"]
            print("|", " | ".join(row), "|", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
