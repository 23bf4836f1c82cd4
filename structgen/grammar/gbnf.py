"""Grammars written in GBNF, the notation of llama.cpp.

In: a grammar text. Out: a ``Grammar`` of exactly the texts it describes, from the rule ``root`` on. The notation: rules
``name ::= …`` (letters, digits, ``-`` and ``_``), one a line; ``|``, groups, ``"literals"``, ``[classes]`` with ranges and
``^``, ``.`` for any character, ``* + ? {m} {m,} {m,n}``, ``#`` comments. A rule goes on behind ``::=``, behind ``|`` and
inside parentheses, wherever a line may end there.

An error says line, column and what was expected. Refused by name: tokens (``<think>``), since a grammar knows characters
and nothing of a tokenizer; a rule that is defined twice, of which llama.cpp takes the last. Rules may be left-recursive.
"""

from __future__ import annotations

import re
from typing import NoReturn

from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.grammar.build import ANY_CHAR, EMPTY, choices, literal, repeat, seq
from structgen.grammar.empty_text import references
from structgen.grammar.left_recursion import without_left_recursion
from structgen.grammar.nodes import MAX_CODE_POINT, Chars, Grammar, Node, Ref
from structgen.grammar.unicode import complement, union
from structgen.limits import Limits

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_NUMBER = re.compile(r"[0-9]+")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n", "\\": "\\", '"': '"', "[": "[", "]": "]"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile(r"[0-9a-fA-F]*")
_MOST_DIGITS = 10
_ITEM = "a literal, a class, a rule name, a group or '.'"


def read_gbnf(text: str, *, root: str = "root", name: str = "grammar", limits: Limits | None = None) -> Grammar:
    """The grammar of a text in GBNF, from the rule ``root`` on; ``name`` stands in error positions.

    Raises ``GrammarSyntaxError`` with name:line:column.
    """
    known = limits if limits is not None else Limits()
    if len(text) > known.regex_bytes:
        raise LimitExceededError(f"the grammar has {len(text)} characters", limit="regex_bytes")
    return _Reader(text, name, known).read(root)


class _Reader:
    """One text, read from left to right."""

    def __init__(self, text: str, name: str, limits: Limits) -> None:
        self._text, self._name, self._limits = text, name, limits
        self._at = 0
        self._depth = 0
        self._rules: dict[str, Node] = {}
        self._defined: dict[str, int] = {}
        self._used: dict[str, int] = {}

    def read(self, root: str) -> Grammar:
        """Every rule, then what they refer to."""
        self._skip(lines=True)
        while self._at < len(self._text):
            self._rule()
        if root not in self._rules:
            raise GrammarSyntaxError(f"the rule {root!r} is not defined", position=self._name,
                                     because="every text begins with it", instead=f"write {root} ::= …")
        for rule in self._rules.values():
            for used in references(rule):
                if used not in self._rules:
                    self._fail(f"the rule {used} is not defined", self._used[used])
        origins = {rule: f"{self._name}:{self._line(at)}" for rule, at in self._defined.items()}
        return without_left_recursion(Grammar(Ref(root), self._rules, origins=origins), self._limits)

    # -- places ---------------------------------------------------------------------------------------------------

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _fail(self, what: str, at: int | None = None, because: str | None = None, instead: str | None = None) -> NoReturn:
        place = self._at if at is None else at
        column = place - self._text.rfind("\n", 0, place)
        raise GrammarSyntaxError(what, position=f"{self._name}:{self._line(place)}:{column}", because=because,
                                 instead=instead)

    def _expected(self, what: str, instead: str | None = None) -> NoReturn:
        found = repr(self._text[self._at]) if self._at < len(self._text) else "the end"
        self._fail(f"expected {what}, not {found}", instead=instead)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    # -- rules ----------------------------------------------------------------------------------------------------

    def _rule(self) -> None:
        start = self._at
        name = self._rule_name("the name of a rule")
        if name in self._defined:
            self._fail(f"the rule {name} is defined twice", start,
                       f"it is first defined in line {self._line(self._defined[name])}", "join them with |")
        self._defined[name] = start
        self._skip(lines=False)
        if not self._take("::="):
            self._expected("::=")
        self._skip(lines=True)
        self._rules[name] = self._alternatives(nested=False)
        if self._at < len(self._text) and self._next() not in "\r\n":
            self._expected(_ITEM + ", | or the end of the line")
        self._skip(lines=True)
        if self._next() == "|":
            self._expected("the name of a rule", "put the | at the end of the line before, or the alternatives in ( )")

    def _rule_name(self, what: str) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            self._expected(what)
        self._at = found.end()
        return found[0]

    def _alternatives(self, nested: bool) -> Node:
        self._depth += 1
        if self._depth > self._limits.regex_depth:
            raise LimitExceededError("the groups of the grammar are nested too deeply", limit="regex_depth",
                                     position=f"{self._name}:{self._line(self._at)}")
        options = [self._sequence(nested)]
        while self._take("|"):
            self._skip(lines=True)
            options.append(self._sequence(nested))
        self._depth -= 1
        return choices(options)

    def _sequence(self, nested: bool) -> Node:
        parts: list[Node] = []
        while True:
            part = self._item()
            if part is None:
                break
            self._skip(nested)
            while self._next() and self._next() in "*+?{":
                part = self._repeated(part, nested)
                self._skip(nested)
            parts.append(part)
        if self._next() and self._next() in "*+?{":
            self._expected(_ITEM, "write what is repeated in front of it")
        return seq(*parts)

    def _item(self) -> Node | None:
        start = self._at
        if self._take('"'):
            return self._literal(start)
        if self._take("["):
            return self._class(start)
        if self._take("."):
            return ANY_CHAR
        if self._take("("):
            self._skip(lines=True)
            group = self._alternatives(nested=True)
            if not self._take(")"):
                self._expected(f"{_ITEM}, | or )", f"close the group that begins in line {self._line(start)}")
            return group
        if self._next() in ("<", "!"):
            self._fail("tokens are not supported", None, "a grammar knows characters and nothing of a tokenizer",
                       "write the text of the token as a literal")
        if _NAME.match(self._text, self._at):
            name = self._rule_name("a rule")
            self._used.setdefault(name, start)
            return Ref(name)
        return None

    # -- repetitions ----------------------------------------------------------------------------------------------

    def _repeated(self, body: Node, nested: bool) -> Node:
        start = self._at
        operator = self._next()
        self._at += 1
        if operator != "{":
            return repeat(body, 1 if operator == "+" else 0, 1 if operator == "?" else None)
        self._skip(nested)
        least = self._number()
        most: int | None = least
        self._skip(nested)
        if self._take(","):
            self._skip(nested)
            most = self._number() if _NUMBER.match(self._text, self._at) else None
            self._skip(nested)
        elif self._next() != "}":
            self._expected(", or }")
        if not self._take("}"):
            self._expected("}")
        if most is not None and most < least:
            self._fail(f"the bounds {{{least},{most}}} run backwards", start)
        return repeat(body, least, most)

    def _number(self) -> int:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            self._expected("a number")
        if len(found[0]) > _MOST_DIGITS:
            raise LimitExceededError("a repetition of more than ten digits", limit="grammar_states",
                                     position=f"{self._name}:{self._line(self._at)}")
        self._at = found.end()
        return int(found[0])

    # -- characters -----------------------------------------------------------------------------------------------

    def _literal(self, start: int) -> Node:
        characters: list[str] = []
        while not self._take('"'):
            if self._at >= len(self._text):
                self._fail("the literal is not closed", start)
            characters.append(self._character())
        return literal("".join(characters)) if characters else EMPTY

    def _class(self, start: int) -> Node:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            if self._at >= len(self._text):
                self._fail("the class is not closed", start)
            place = self._at
            low = high = ord(self._character())
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                if self._at >= len(self._text):
                    self._fail("the class is not closed", start)
                high = ord(self._character())
                if high < low:
                    self._fail("a range goes from one character to a later one", place)
            ranges.append((low, high))
        if not ranges:
            self._fail("the class is empty", start, "it holds no character", "write . for any character")
        found = complement(union(ranges)) if negated else union(ranges)
        if not found:
            self._fail("the class is empty", start, "every character is excluded")
        return Chars(found)

    def _character(self) -> str:
        start = self._at
        character = self._text[start]
        self._at += 1
        if character != "\\":
            if 0xD800 <= ord(character) <= 0xDFFF:
                self._fail("a lone surrogate has no spelling in UTF-8", start)
            return character
        letter = self._next()
        self._at += 1
        if letter in _HEX_DIGITS:
            size = _HEX_DIGITS[letter]
            found = _HEX.match(self._text, self._at, self._at + size)
            digits = found[0] if found else ""
            if len(digits) < size:
                self._at += len(digits)
                self._expected(f"{size} hexadecimal digits behind \\{letter}")
            self._at += size
            code = int(digits, 16)
            if code > MAX_CODE_POINT or 0xD800 <= code <= 0xDFFF:
                self._fail(f"\\{letter}{digits} is no character", start)
            return chr(code)
        if not letter or letter not in _ESCAPED:
            self._fail(f"the escape \\{letter} is not known", start, instead='write \\\\ for a backslash; known are '
                       '\\n \\r \\t \\" \\[ \\] \\\\ \\xHH \\uHHHH \\UHHHHHHHH')
        return _ESCAPED[letter]
