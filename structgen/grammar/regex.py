"""Regular expressions to regular nodes: one parser for Python's dialect and ECMA-262's (JSON Schema).

In: a pattern. Out: a node whose texts are exactly those the pattern matches, wholly (``fullmatch``) or anywhere
(``search``, the meaning in JSON Schema). The parser keeps its own stack, so nesting is bounded by
``Limits.regex_depth`` and not by Python's. Lazy quantifiers have the language of greedy ones. Anchors, word boundaries and
lookaround are resolved in ``regex_context``. Where that ends, and for atomic groups, possessive quantifiers and conditional
groups, Python's patterns become ``grammar.ordered`` nodes: slower to compile, exact as well. Back-references to groups of
many texts are refused by offset.

Case is ignored by the rules of Python's ``re``, tested against it. Members of Python's Unicode classes are those of
the running Python.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.grammar.build import ANY_CHAR, EMPTY, NEVER, alt, literal, repeat
from structgen.grammar.nodes import Chars, Node, Repeat
from structgen.grammar.ordered import ordered
from structgen.grammar.regex_context import (
    END,
    END_OR_NEWLINE,
    LINE_END,
    LINE_START,
    START,
    Asserting,
    LookAhead,
    LookBehind,
    Part,
    Repetition,
    in_sequence,
    side_by_side,
    whole_text,
    word_boundary,
)
from structgen.grammar.regex_escapes import Dialect, Reading, fail, is_shorthand, read_class, read_escape, shorthand
from structgen.grammar.regex_groups import Groups
from structgen.grammar.unicode import complement, equal_ignoring_case, ignoring_case
from structgen.limits import Limits

Mode = Literal["fullmatch", "search"]
_ANY_BUT_NEWLINE = Chars(complement(((10, 10),)))
_ANY_BUT_LINE_ENDS = Chars(complement(((10, 10), (13, 13), (0x2028, 0x2029))))
_PLAIN = re.compile(r"[^\\^$.|?*+(){}\[\]]+")
_PLAIN_VERBOSE = re.compile(r"[^\\^$.|?*+(){}\[\]# \t\n\r\v\f]+")
_SPACE = re.compile(r"[ \t\n\r\v\f]+|#[^\n]*")
_BRACES = re.compile(r"\{([0-9]*)(?:(,)([0-9]*))?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
_LOOK = re.compile(r"\(\?<?[=!]")
_REFERENCE = re.compile(r"\\(?:([1-9][0-9]*)|k<([^>]*)>)")
_NAMED_REFERENCE = re.compile(r"\(\?P=([^)]*)\)")
_GROUP_NAME = re.compile(r"\(\?P?<([^>)]*)>")
_PLAIN_CLASS = re.compile(r"\[\^?(?:[0-9A-Za-z_](?:-[0-9A-Za-z_])?)+\]")
_I, _S, _X, _A, _M = map(int, (re.I, re.S, re.X, re.A, re.M))
"""As numbers: asking a flag of ``re`` takes a microsecond."""
_FLAG_OF = {"i": re.I, "s": re.S, "x": re.X, "m": re.M, "a": re.A, "u": re.U}
_MEMO_CHARS = 4096
"""Longer patterns are not memoised: the memo holds at most 2,048 patterns, so at most some tens of MB of nodes."""
_MOST_COPIES = 2**31 - 2


def parse_regex(pattern: str, *, flags: int = 0, dialect: Dialect = "python", mode: Mode = "fullmatch",
                limits: Limits | None = None) -> Node:
    """The texts that a pattern matches.

    ``flags`` are those of Python's ``re`` (I S X A M U). ``dialect="ecma"``
    reads ECMA-262 with the flag u, and forgives what annex B forgives without it. Raises ``GrammarSyntaxError`` with
    the offset, or ``LimitExceededError`` (``regex_bytes``, ``regex_depth``).
    """
    known = limits if limits is not None else Limits()
    if len(pattern) <= _MEMO_CHARS:
        return _parse_known(pattern, int(flags), dialect, mode, known)
    return _parse(pattern, int(flags), dialect, mode, known)


def _parse(pattern: str, flags: int, dialect: Dialect, mode: Mode, limits: Limits) -> Node:
    try:
        size = len(pattern.encode())
    except UnicodeEncodeError as error:
        fail("the pattern has a lone surrogate", error.start, because="no text in UTF-8 has one")
    if size > limits.regex_bytes:
        raise LimitExceededError(f"the pattern is {size} bytes long", limit="regex_bytes",
                                 because=f"the limit is {limits.regex_bytes}")
    unknown = flags & ~int(re.I | re.S | re.X | re.A | re.M | re.U)
    if unknown or (dialect == "ecma" and flags & ~int(re.U)):
        raise GrammarSyntaxError(f"the flags {re.RegexFlag(flags)!r} are not supported in this dialect",
                                 instead="use I, S, X, A, M or U of Python's re" if dialect == "python"
                                 else "spell both cases in the pattern")
    try:
        return _parsed(pattern, flags, dialect, mode, limits)
    except GrammarSyntaxError as refusal:
        if dialect == "ecma" or "surrogate" in refusal.what:
            raise
        try:  # what depends on the order in which a match is sought, or looks around inside repetitions
            return ordered(pattern, flags, mode == "search", limits)
        except (GrammarSyntaxError, re.error):
            raise refusal from None


def _parsed(pattern: str, flags: int, dialect: Dialect, mode: Mode, limits: Limits) -> Node:
    parser = _Parser(pattern, flags, dialect, limits, {})
    part = parser.parse()
    if not parser.groups.referenced:
        return whole_text(part, mode == "search")
    return alt([whole_text(_Parser(pattern, flags, dialect, limits, choice).parse(), mode == "search")
                for choice in parser.groups.choices()])


_parse_known = lru_cache(maxsize=2048)(_parse)


@lru_cache(maxsize=1024)
def _plain_class(text: str) -> Chars:
    """A class of letters, digits and ranges of them, which mean the same wherever they stand."""
    return Chars(read_class(Reading(text, "ecma", False, False), 0)[0])


class _Frame:
    """An open group: the options read so far and the parts of the one being read."""

    __slots__ = ("first_group", "flags", "group", "look", "options", "parts", "position", "references", "taken")

    def __init__(self, flags: int, position: int, look: str = "", group: int = 0, first_group: int = 0,
                 references: int = 0) -> None:
        self.flags, self.position = flags, position
        self.look = look
        """How a lookaround opens, from (?= to (?<!; empty in other groups."""
        self.options: list[Part] = []
        self.parts: list[Part] = []
        self.group, self.first_group, self.references = group, first_group, references
        """The number of a capturing group, else 0; how many groups and references came before it."""
        self.taken: set[int] = set()
        """Groups that have matched once wherever the option being read has got to here."""


class _Parser:
    def __init__(self, pattern: str, flags: int, dialect: Dialect, limits: Limits, fixed: dict[int, str]) -> None:
        self._pattern, self._dialect, self._limits = pattern, dialect, limits
        self._stack: list[_Frame] = []
        self._frame = _Frame(flags, 0)
        self._run = ""
        self._last = "nothing"
        """What a quantifier would repeat: nothing, an anchor, a repetition, a character of the run, or a part."""
        self.groups = Groups(fixed)
        self._references = 0
        self._last_first_group = 0
        """How many groups came before the last part."""

    def parse(self) -> Part:
        """Read the whole pattern."""
        pattern, at = self._pattern, 0
        while at < len(pattern):
            verbose = self._frame.flags & _X
            plain = (_PLAIN_VERBOSE if verbose else _PLAIN).match(pattern, at)
            if plain:
                self._add_text(plain[0])
                at = plain.end()
                continue
            character = pattern[at]
            if verbose and (space := _SPACE.match(pattern, at)):
                at = space.end()
            elif character == "(":
                at = self._open(at)
            elif character == ")":
                at = self._close(at)
            elif character == "|":
                self._end_option(at)
                at += 1
            elif character in "*+?{":
                at = self._quantify(at)
            elif character in "^$":
                self._anchor(at)
                at += 1
            else:
                at = self._member(at, character)
        if self._stack:
            fail("the group is not closed", self._frame.position, instead="add ) or write \\( for the character")
        return self._finish_frame(at)

    def _flush(self) -> None:
        if self._run:
            self._frame.parts.append(literal(self._run))
            self._run = ""

    def _add_text(self, text: str) -> None:
        self._last_first_group = self.groups.count
        if not self._frame.flags & _I:
            self._run += text
            self._last = "character"
            return
        for character in text:
            ranges = equal_ignoring_case(character, bool(self._frame.flags & _A))
            if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
                self._run += character
                self._last = "character"
            else:
                self._add_part(Chars(ranges))

    def _add_part(self, part: Part, last: str = "part") -> None:
        self._flush()
        self._last_first_group = self.groups.count
        self._frame.parts.append(part)
        self._last = last

    def _member(self, at: int, character: str) -> int:
        """A dot, a class, an escape, or a character that has no meaning of its own here."""
        flags = self._frame.flags
        if character == ".":
            other = _ANY_BUT_LINE_ENDS if self._dialect == "ecma" else _ANY_BUT_NEWLINE
            self._add_part(ANY_CHAR if flags & _S else other)
            return at + 1
        if character not in "[\\":
            self._add_text(character)
            return at + 1
        if character == "[" and not flags & _I and (plain := _PLAIN_CLASS.match(self._pattern, at)):
            self._add_part(_plain_class(plain[0]))
            return plain.end()
        reading = Reading(self._pattern, self._dialect, bool(flags & _I), bool(flags & _A))
        if character == "[":
            ranges, end = read_class(reading, at)
            self._add_part(Chars(ranges) if ranges else NEVER)
            return end
        if character == "\\" and (reference := _REFERENCE.match(self._pattern, at)) and not self._is_octal(reference):
            named = reference[1] is None
            return self._refer(self.groups.names.get(reference[2]) if named else int(reference[1]), at, reference.end())
        letter = self._pattern[at + 1:at + 2]
        if self._dialect == "python" and letter and letter in "AZz":
            self._add_part(START if letter == "A" else END, "anchor")
            return at + 2
        if letter and letter in "bB":
            word = shorthand("w", self._dialect, reading.ascii_only)
            self._add_part(word_boundary(word, negated=letter == "B", empty_text=self._dialect == "ecma"), "anchor")
            return at + 2
        item, end = read_escape(reading, at, in_class=False)
        if isinstance(item, int):
            self._add_text(chr(item))
        else:
            fold = reading.ignore_case and not is_shorthand(self._pattern, at)
            ranges = ignoring_case(item, reading.ascii_only) if fold else item
            self._add_part(Chars(ranges) if ranges else NEVER)
        return end

    def _is_octal(self, reference: re.Match[str]) -> bool:
        """In Python three octal digits are a character."""
        return self._dialect == "python" and reference[1] is not None and bool(
            re.fullmatch("[0-3][0-7]{2}|[4-7][0-7]{2}", self._pattern[reference.start() + 1:reference.start() + 4]))

    def _refer(self, group: int | None, at: int, end: int) -> int:
        """A back-reference."""
        visible = set().union(self._frame.taken, *(frame.taken for frame in self._stack))
        text = self.groups.text(group, visible, at, bool(self._frame.flags & _I))
        self._references += 1
        self._add_part(literal(text))
        return end

    def _anchor(self, at: int) -> None:
        lines = self._frame.flags & _M
        if self._pattern[at] == "^":
            self._add_part(LINE_START if lines else START, "anchor")
        elif lines:
            self._add_part(LINE_END, "anchor")
        else:
            self._add_part(END if self._dialect == "ecma" else END_OR_NEWLINE, "anchor")

    def _end_option(self, at: int) -> None:
        self._flush()
        self._frame.options.append(in_sequence(self._frame.parts))
        self._frame.parts = []
        self._frame.taken = set() if self._pattern.startswith("|", at) else self._frame.taken
        self._last = "nothing"

    def _finish_frame(self, at: int) -> Part:
        self._end_option(at)
        options = self._frame.options
        return options[0] if len(options) == 1 else side_by_side(options)

    def _open(self, at: int) -> int:
        pattern, flags = self._pattern, self._frame.flags
        if not pattern.startswith("(?", at):
            return self._push(flags, at, at + 1, captures=True)
        if pattern.startswith("(?:", at):
            return self._push(flags, at, at + 3)
        if look := _LOOK.match(pattern, at):
            return self._push(flags, at, look.end(), look[0])
        self._refuse_group(at)
        if pattern.startswith("(?#", at) and self._dialect == "python":
            end = pattern.find(")", at)
            if end < 0:
                fail("the comment is not closed", at)
            return end + 1
        if name := _GROUP_NAME.match(pattern, at):
            names = self.groups.names
            if not name[1].isidentifier() or name[1] in names:
                fail(f"the group name {name[1]!r} is " + ("used twice" if name[1] in names else "no name"), at)
            names[name[1]] = self.groups.count + 1
            return self._push(flags, at, name.end(), captures=True)
        if self._dialect == "python" and (reference := _NAMED_REFERENCE.match(pattern, at)):
            return self._refer(self.groups.names.get(reference[1]), at, reference.end())
        return self._open_flags(at)

    def _open_flags(self, at: int) -> int:
        """``(?i)`` for the whole pattern, ``(?i:…)`` and ``(?-i:…)`` for a group."""
        match = _FLAGS.match(self._pattern, at)
        if match is None or self._dialect == "ecma":
            fail(f"the group {self._pattern[at:at + 3]!r} is not supported", at,
                 instead="use (…), (?:…) or (?<name>…)")
        added, removed = match[1], match[2] or ""
        flags = self._frame.flags
        for letter in added + removed:
            if letter not in _FLAG_OF or (letter in removed and letter in "au"):
                fail(f"the inline flag {letter!r} is not supported", at, instead="use i, s, x, m, a or u")
        for letter in added:
            flags = (flags & ~int(re.A) if letter == "u" else flags) | int(_FLAG_OF[letter])
        for letter in removed:
            flags &= ~int(_FLAG_OF[letter])
        if match[3] == ":":
            return self._push(flags, at, match.end())
        if self._stack or self._frame.options or self._frame.parts or self._run or not added or match[2] is not None:
            fail("flags for the whole pattern must stand at its beginning", at, instead="write (?i:…) around the part")
        self._frame.flags = flags
        return match.end()

    def _refuse_group(self, at: int) -> None:
        pattern = self._pattern
        if pattern.startswith("(?>", at):
            fail("an atomic group beside a back-reference is not supported", at,
                 because="it depends on the order in which a match is sought", instead="use (?:…)")
        if pattern.startswith("(?(", at):
            fail("this conditional group is not supported", at,
                 because="there is no such group, or a back-reference stands beside it",
                 instead="write both cases as alternatives")

    def _push(self, flags: int, at: int, end: int, look: str = "", captures: bool = False) -> int:
        self._flush()
        self._stack.append(self._frame)
        if len(self._stack) > self._limits.regex_depth:
            raise LimitExceededError("the groups of the pattern are nested too deeply", limit="regex_depth",
                                     position=f"offset {at}", because=f"the limit is {self._limits.regex_depth}")
        before = self.groups.count
        self.groups.count += captures
        self._frame = _Frame(flags, at, look, self.groups.count if captures else 0, before, self._references)
        self._last = "nothing"
        return end

    def _close(self, at: int) -> int:
        if not self._stack:
            fail("a ) without its (", at, instead="write \\) for the character")
        part, closed = self._finish_frame(at), self._frame
        self._frame = self._stack.pop()
        if closed.group:
            plain = isinstance(part, Node) and closed.references == self._references
            self.groups.languages[closed.group] = part if plain and isinstance(part, Node) else None
            if closed.group in self.groups.fixed:
                part = literal(self.groups.fixed[closed.group])
        if not closed.look:
            self._add_part(part)
            self._last_first_group = closed.first_group
            self._frame.taken |= (closed.taken if len(closed.options) == 1 else set()) | ({closed.group} - {0})
        elif "<" in closed.look:
            self._add_part(LookBehind(part, "!" in closed.look, closed.position), "anchor")
        else:
            self._add_part(LookAhead(part, "!" in closed.look, closed.position), "anchor")
        return at + 1

    def _quantify(self, at: int) -> int:
        bounds = self._bounds(at)
        if bounds is None:
            self._add_text("{")
            return at + 1
        least, most, end = bounds
        if self._last in ("nothing", "anchor"):
            character = self._pattern[at]
            fail(f"nothing to repeat before {character}", at, instead=f"write \\{character} for the character")
        if self._last == "repetition":
            fail("a repetition of a repetition", at, instead="put the first one into (?:…)")
        if self._pattern.startswith("+", end) and self._dialect == "python":
            fail("a possessive quantifier beside a back-reference is not supported", end,
                 because="it depends on the order in which a match is sought", instead="leave the second + out")
        if self._pattern.startswith("?", end):
            end += 1
        inside = range(self._last_first_group + 1, self.groups.count + 1)
        for group, reference in self.groups.referenced.items():
            if group in inside and most != 1:
                fail("back-references inside a repetition are not supported", reference,
                     because="each round has a text of its own", instead="repeat the group's pattern")
        self._frame.taken -= set(inside)
        if self._last == "character":
            character, self._run = self._run[-1], self._run[:-1]
            self._flush()
            part: Part = literal(character)
        else:
            part = self._frame.parts.pop()
        self._frame.parts.append(self._repeated(part, least, most, at))
        self._last = "repetition"
        return end

    def _bounds(self, at: int) -> tuple[int, int | None, int] | None:
        """The bounds of the quantifier at ``at`` and the offset after it; None where a brace is only a brace."""
        character = self._pattern[at]
        if character != "{":
            return (1 if character == "+" else 0), (1 if character == "?" else None), at + 1
        match = _BRACES.match(self._pattern, at)
        if match is None or match[0] == "{}" or (self._dialect == "ecma" and not match[1]):
            return None
        least, most = match[1] or "0", match[3] if match[2] else match[1]
        if len(least) > 10 or len(most) > 10 or int(least) > _MOST_COPIES or (most and int(most) > _MOST_COPIES):
            raise LimitExceededError(f"the repetition {match[0][:40]} is too large", limit="dfa_states",
                                     position=f"offset {at}")
        if most and int(most) < int(least):
            fail(f"the bounds of {match[0]} run backwards", at)
        return int(least), int(most) if most else None, match.end()

    @staticmethod
    def _repeated(part: Part, least: int, most: int | None, at: int) -> Part:
        if isinstance(part, Asserting):
            return EMPTY if most == 0 else Repetition(part, least, most, at)
        if isinstance(part, Repeat) and part.min <= 1 and part.max != 0:
            # x{0..1, b} repeated leaves no gap between its lengths
            both = None if most is None or part.max is None else part.max * most
            return EMPTY if most == 0 else repeat(part.body, part.min * least, both)
        return repeat(part, least, most)
