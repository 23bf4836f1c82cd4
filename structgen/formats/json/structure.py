"""Reads damaged JSON: one pass from left to right with a stack of what is open.

In: a text and where a value begins in it. Out: a ``Candidate``: the value, the repairs, and where every member stands.

The one idea: at every place there is something the reader expects (a name, a colon, a value, a comma, a bracket), and
for everything else that may stand there one repair that lets it go on. It never goes back, and each step takes something
off the text or closes a container, so it is total and linear; the looking ahead is in ``scan``, ``ends`` and ``bare``.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.errors import ReadError
from structgen.formats.base import Candidate, Found, Place, keys_of
from structgen.formats.json.bare import bare_end
from structgen.formats.json.brackets import CLOSERS, Brackets, Frame
from structgen.formats.json.content import decoded, unescaped_once
from structgen.formats.json.ends import Ends, Span
from structgen.formats.json.hints import NO_HINTS, Hints
from structgen.formats.json.scan import QUOTES, VISIBLE, Scanner
from structgen.formats.json.words import is_scalar, word_value, written

__all__ = ["MAX_DEPTH", "MAX_REPAIRS", "Structure"]

MAX_DEPTH = 200
"""Containers in one another; answers have fewer than ten, and what walks over values is recursive."""
MAX_REPAIRS = 10_000
"""Repairs of one value, of those that are a matter of style four times as many; what has more is no damaged JSON."""
_CALL = re.compile(r"(?:new )?[A-Za-z_$][\w$.]{0,60}\(")
_PREFIXED = re.compile(r"[uUbBrRfF]{1,2}(?=[\"'])")
_ELLIPSIS = re.compile(r"\.{3,}|…")
_COMMAS = re.compile(r"[,\s]*")
_JUNK = re.compile(r"[^\s\"'{}\[\](),:]+|.")
_SIMPLE = r"(-?(?:0|[1-9][0-9]{0,17})|true|false|null)"
_USUAL = {"{": re.compile(rf'{_SIMPLE}\s*(?:[\]}}]|,\s*"[^"\\\n]{{0,100}}"[ \t]*:)')}
_USUAL["["] = _USUAL["("] = re.compile(rf"{_SIMPLE}\s*[,\]]")
"""Values as JSON writes them, with what may follow them: no need to weigh anything."""
_LITERALS = {"true": True, "false": False, "null": None}
_FENCE = "```"
_LAST = ("", "`", ";")
"""What may stand where the text of a value ends."""
_STYLE = frozenset({"quote-style", "comment", "literal", "unquoted-key", "string-prefix", "control-character"})
_OF_CONTAINER = frozenset({"unclosed-bracket", "mismatched-bracket", "stray-bracket", "trailing-comma", "extra-comma",
                           "ellipsis"})
_ABSENT = object()


class Structure:
    """Reads one value at a time from a text; ``at`` is where reading goes on."""

    def __init__(self, text: str, start: int = 0, end: int | None = None, hints: Hints = NO_HINTS) -> None:
        self.scan = Scanner(text, start, end, hints)
        self.text = text
        self.ends = Ends(self.scan)
        self.at = 0
        self.found: list[Found] = []
        self.places: dict[int, dict[Any, int]] = {}
        self.is_cut = False
        """Whether the text ended inside a value."""
        self.brackets = Brackets(self.scan, hints)
        self._stack = self.brackets.stack
        self._result: Any = _ABSENT
        self._weighty = 0
        self._containers: list[Any] = []

    def read(self, start: int) -> Candidate:
        """The value at ``start``: a container, a string or a word."""
        self.at, self.found, self.places, self._containers = start, [], {}, []
        self._result, self._weighty = _ABSENT, 0
        self._stack.clear()
        self.ends.open_brackets.clear()
        self._value(None)
        while self._stack:
            frame = self._stack[-1]
            if frame.kind == "{":
                self._member(frame)
            else:
                self._item(frame)
        value = None if self._result is _ABSENT else self._result
        return Candidate(value, self.found, (start, self.at), self.places)

    def note(self, kind: str, offset: int, before: str, after: str) -> None:
        """Records a repair at the place where reading is."""
        self._weighty += 1 if kind in _STYLE else 4
        if self._weighty > 4 * MAX_REPAIRS:
            raise ReadError("the text is too damaged to be read", position=f"offset {offset}",
                            because=f"it takes more than {MAX_REPAIRS} repairs")
        frame = self._stack[-1] if self._stack else None
        place: Place = None
        if frame is not None:
            key = frame.key if frame.kind == "{" else None if kind in _OF_CONTAINER else frame.count
            place = frame.place if key is None else (frame.place, key)
        self.found.append(Found(kind, offset, before, after, place))

    # Between values

    def gap(self) -> None:
        """Passes white space and comments."""
        scan, start = self.scan, self.at
        if start >= scan.end or self.text[start] in VISIBLE:
            return
        plain = start + 1 if self.text[start] == " " else start
        if plain < scan.end and self.text[plain] in VISIBLE:
            self.at = plain
            return
        plain = scan.plain_spaces(plain)
        if plain < scan.end and self.text[plain] in VISIBLE:
            self.at = plain
            return
        self.at = scan.gap(plain)
        if self.at > plain:
            passed = self.text[plain:self.at]
            is_space = not passed.strip()
            self.note("white-space" if is_space else "comment", plain, passed, " " if is_space else "")
        while self.text.startswith(("\\n", "\\r", "\\t"), self.at) and self.at + 1 < scan.end:
            self.note("escaped-newline", self.at, self.text[self.at:self.at + 2], "\n")
            self.at = scan.gap(self.at + 2)

    def _commas(self, frame: Frame) -> None:
        """Passes what separates members, and notes what is missing or too much."""
        self.gap()
        while self.text.startswith(",", self.at, self.scan.end):
            if frame.fresh:
                found = _COMMAS.match(self.text, self.at, self.scan.end)
                assert found is not None
                self.note("extra-comma", self.at, found.group().rstrip(), "")
                self.at = found.end()
            else:
                frame.fresh = True
                frame.commas += 1
                self.at += 1
            self.gap()

    def _ends(self, frame: Frame) -> bool:
        """Closes the container if the text ends here, or what belongs to the value does."""
        one = self.scan.at(self.at)
        if one and not (one == "`" and self.text.startswith(_FENCE, self.at)) and not (
                one == ";" and self.scan.at(self.scan.gap(self.at + 1)) == ""):
            return False
        self.is_cut = self.is_cut or not one
        self.note("unclosed-bracket", self.at, "", CLOSERS[frame.kind])
        self._close(frame)
        return True

    def _close(self, frame: Frame) -> None:
        """Takes the innermost container off the stack and stores it."""
        if frame.fresh and frame.commas and frame.kind != "(":
            comma = self.scan.before(self.at, frame.offset)
            if self.text[comma] == ",":
                self.note("trailing-comma", comma, ",", "")
        self._stack.pop()
        self.ends.open_brackets.pop()
        value = frame.value
        if frame.kind == "{" and frame.count and len(frame.alone) == frame.count and not self.is_cut:
            value, frame.places = self._as_set(frame), dict(enumerate(frame.places.values()))
        elif frame.kind == "(":
            if frame.count == 1 and not frame.commas:
                self._lift(frame)
                self._store(value[0])
                return
            self.found.append(Found("tuple", frame.offset, "(", "[", frame.place))
        self.found += frame.alone if isinstance(value, dict) else []
        self.places[id(value)] = frame.places
        self._containers.append(value)  # alive, so that its id stays its own
        self._store(value)

    def _lift(self, frame: Frame) -> None:
        """Places the repairs in brackets that are none of the value's where the value is."""
        depth = len(keys_of(frame.place))
        for at in range(frame.first, len(self.found)):
            keys = keys_of(self.found[at].place)
            if len(keys) > depth:
                place = frame.place
                for key in keys[depth + 1:]:
                    place = (place, key)
                self.found[at] = self.found[at]._replace(place=place)

    def _as_set(self, frame: Frame) -> list[Any]:
        """The items of a set, whose bare numbers and literals were read as names."""
        starts = {offset: name for name, offset in frame.places.items() if self.text[offset] not in QUOTES}
        self.found[frame.first:] = [one for one in self.found[frame.first:]
                                    if one.kind != "unquoted-key" or one.offset not in starts]
        self.found.append(Found("set", frame.offset, "{", "[", frame.place))
        bare = set(starts.values())
        return [word_value(name)[0] if name in bare else name for name in frame.value]

    def _store(self, value: Any) -> None:
        if not self._stack:
            self._result = value
            return
        frame = self._stack[-1]
        if frame.kind == "{":
            if frame.key in frame.value:
                before = repr(frame.value[frame.key]) if not isinstance(frame.value[frame.key], list | dict) else "…"
                self.note("duplicate-key", frame.places[frame.key], f"{frame.key!r}: {before}", "")
            frame.value[frame.key] = value
        else:
            frame.value.append(value)
        frame.key = None
        frame.count += 1
        frame.fresh = False

    def _push(self, kind: str) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ReadError(f"nested deeper than {MAX_DEPTH} levels", position=f"offset {self.at}")
        frame = self._stack[-1] if self._stack else None
        place: Place = None
        if frame is not None:
            place = (frame.place, frame.key if frame.kind == "{" else frame.count)
        self._stack.append(Frame(kind, self.at, place, len(self.found)))
        self.ends.open_brackets.append(kind)
        self.at += 1

    def _next(self, frame: Frame) -> str | None:
        """The character that a member or an item begins with, behind commas; None where the step was an end, a closing
        bracket or an ellipsis, which are done with then."""
        self._commas(frame)
        at = self.at
        one = self.text[at] if at < self.scan.end else ""
        if one in _LAST and self._ends(frame):
            return None
        if one in "}])":
            self._closer(frame, one)
            return None
        ellipsis = _ELLIPSIS.match(self.text, self.at, self.scan.end) if one in ".\u2026" else None
        if ellipsis:
            self._drop("ellipsis", ellipsis.end())
            frame.fresh = frame.fresh or frame.count == 0
            return None
        return one

    # Objects

    def _member(self, frame: Frame) -> None:
        """One step in an object: its end, or a name and what its value begins with."""
        one = self._next(frame)
        if one is None:
            return
        if one in "{[":
            self._bracket_for_name(frame, one)
            return
        if not frame.fresh:
            self.note("missing-comma", self.at, "", ",")
        start = self.at
        if not self._name(frame):
            return
        frame.places[frame.key] = start
        self._colon(frame, start)

    def _name(self, frame: Frame) -> bool:
        """Reads a member's name; False if what stood there was no name and was dropped."""
        start, one = self.at, self.scan.at(self.at)
        escaped = one == "\\" and self.scan.at(start + 1) in ('"', "'")
        if one in QUOTES or escaped:
            frame.key = self._string("key")
            return True
        prefix = self._prefix(start)
        if prefix:
            self._drop("string-prefix", prefix)
            frame.key = self._string("key")
            return True
        end = bare_end(self.scan, start, "key", self.ends.open_brackets)
        name = self.text[start:end].rstrip()
        after = self.scan.gap(end)
        mark = self.scan.at(after)
        if not name or (mark in QUOTES and mark and self.scan.is_quoted_name(after) and name[-1:] not in QUOTES):
            junk = _JUNK.match(self.text, start, self.scan.end)
            assert junk is not None
            self._drop("stray-text", max(end, junk.end()))
            return False
        if name[-1] in QUOTES:
            self.note("missing-quote", start, "", name[-1])
            name = name[:-1]
        else:
            self.note("unquoted-key", start, name, f'"{name}"')
        frame.key = name
        self.at = end
        return True

    def _colon(self, frame: Frame, start: int) -> None:
        """Passes the colon behind a name, then begins the value."""
        self.gap()
        at = self.at
        one = self.text[at] if at < self.scan.end else ""
        if one == ":":
            self.at = at + 1
            if self.text.startswith(":", at + 1):
                self._drop("other-colon", self.at + 1)
        elif one == "=":
            self._drop("other-colon", self.at + (2 if self.text.startswith("=>", self.at) else 1), ":")
        elif one in ",}])" or not one or self.text.startswith(_FENCE, self.at):
            missing = Found("missing-value", self.at, "", "null", (frame.place, frame.key))
            if self.text[start] in QUOTES or is_scalar(frame.key):
                frame.alone.append(missing)
            else:
                self.found.append(missing)
            self._store(None)
            return
        else:
            self.note("missing-colon", self.at, "", ":")
        self._value(frame)

    def _bracket_for_name(self, frame: Frame, one: str) -> None:
        """A bracket stands where a name should."""
        if one == "{" and not frame.count and self.at == frame.offset + 1:  # {{"a": 1}}
            self._drop("doubled-bracket", self.at + 1)
            return
        parents = [other.kind for other in self._stack[:-1]]
        if one == "{" and parents and parents[-1] == "[" and frame.count:
            self.note("unclosed-bracket", self.at, "", "}")
            self._close(frame)
            return
        if one == "{" and not parents and frame.count:  # the text goes on with another object
            self.note("unclosed-bracket", self.at, "", "}")
            self._close(frame)
            return
        self._drop("stray-bracket", self.at + 1)

    def _closer(self, frame: Frame, one: str) -> None:
        """A closing bracket: of this container, of one around it, or of none."""
        if CLOSERS[frame.kind] == one:
            if self.brackets.is_early(self.at):
                self._drop("stray-bracket", self.at + 1)
                return
            self.at += 1
            self._end_at(frame)
            return
        what = self.brackets.what(self.at, one)
        if what == "stray-bracket":
            self._drop(what, self.at + 1)
        elif what == "mismatched-bracket":
            self.note(what, self.at, one, CLOSERS[frame.kind])
            self.at += 1
            self._close(frame)
        else:
            self.note(what, self.at, "", CLOSERS[frame.kind])
            self._close(frame)

    def _end_at(self, frame: Frame) -> None:
        """Closes a container whose bracket was just passed."""
        self.at -= 1
        self._close(frame)
        self.at += 1

    # Arrays

    def _item(self, frame: Frame) -> None:
        """One step in an array: its end, or an item."""
        one = self._next(frame)
        if one is None:
            return
        if one == ":":
            self._colon_in_array(frame)
            return
        if not frame.fresh:
            self.note("missing-comma", self.at, "", ",")
        frame.places[frame.count] = self.at
        self._value(frame)

    def _colon_in_array(self, frame: Frame) -> None:
        """["key": "value"] for [{"key": "value"}]."""
        if frame.fresh or not isinstance(frame.value[-1], str) or frame.kind == "(":
            self._drop("stray-text", self.at + 1)
            return
        key, offset = frame.value.pop(), frame.places.pop(frame.count - 1)
        frame.count -= 1
        if self.brackets.is_list_over(len(self._stack) - 1, offset):
            self.at = offset  # {"a": [1, "b": 2}: the name is one of the object around
            self._close_before(frame, offset)
            return
        self.note("missing-bracket", offset, "", "{")
        self.at -= 1
        self._push("{")
        inner = self._stack[-1]
        inner.key, inner.offset = key, offset
        inner.places[key] = offset
        self._colon(inner, offset)

    def _close_before(self, frame: Frame, offset: int) -> None:
        """Closes a list whose bracket is missing before the name at ``offset``, of a member of the object around it."""
        self.at = offset
        has_comma = True
        while self.found and self.found[-1].offset >= offset:  # the name is read again
            has_comma = self.found.pop().kind != "missing-comma" and has_comma
        frame.fresh = False  # the comma is one of the object
        self.note("unclosed-bracket", offset, "", "]")
        self._close(frame)
        self._stack[-1].fresh = has_comma

    # Values

    def _value(self, frame: Frame | None) -> None:
        """Begins the value that stands here: stores it, or opens its container."""
        self.gap()
        at = self.at
        one = self.text[at] if at < self.scan.end else ""
        if one in "{[(" and one:
            self._push(one)
        elif one in QUOTES:
            self._store(self._strings(self._context(frame)))
        elif one == "\\" and self.scan.at(self.at + 1) in ('"', "'"):
            self._store(self._string(self._context(frame)))
        elif frame is not None and (usual := _USUAL[frame.kind].match(self.text, self.at, self.scan.end)) is not None:
            self.at = usual.end(1)
            self._store(_LITERALS[usual[1]] if usual[1] in _LITERALS else int(usual[1]))
        elif one == "]" and frame is not None and "[" not in self.ends.open_brackets:
            self.note("missing-bracket", self.at, "", "[")
            self.at += 1
            self._store([])
        elif frame is not None and (not one or one in ",}])" or self.text.startswith(_FENCE, self.at)):
            self.is_cut = self.is_cut or not one
            self.note("missing-value", self.at, "", "null")
            self._store(None)
        else:
            self._word(frame)

    @staticmethod
    def _context(frame: Frame | None) -> str:
        return "top" if frame is None else "object" if frame.kind == "{" else "array"

    def _word(self, frame: Frame | None) -> None:
        start, one = self.at, self.text[self.at]
        if one.isalpha() or one in "_$":
            prefix = self._prefix(start)
            if prefix:
                self._drop("string-prefix", prefix)
                self._store(self._strings(self._context(frame)))
                return
            call = _CALL.match(self.text, start, self.scan.end)
            if call and self.is_call(call.end()):
                self.note("wrapper", start, call.group(), "")
                self.at = call.end() - 1
                self._push("(")
                return
        end = bare_end(self.scan, start, self._context(frame), self.ends.open_brackets)
        word = self.text[start:end].rstrip()
        if not word:
            junk = _JUNK.match(self.text, start, self.scan.end)
            self._drop("stray-text", junk.end() if junk else self.scan.end)
            if frame is not None and frame.kind == "{":
                self.note("missing-value", self.at, "", "null")
                self._store(None)
            return
        self.at = end
        is_cut = self.scan.gap(end) >= self.scan.end
        quote = word[-1]
        if quote in QUOTES and not word[:-1].endswith(("\\", quote)) and len(word) > 1 and word.count(quote) % 2:
            self.note("missing-quote", start, "", quote)
            self._store(word[:-1].rstrip(","))
            return
        value, kind = word_value(word, is_cut=is_cut)
        if kind is not None:
            self.note(kind, start, word, written(value))
        self._store(value)

    def _prefix(self, start: int) -> int:
        """The end of a prefix as in u"text"; 0 if there is none, or the quote behind it ends a string."""
        found = _PREFIXED.match(self.text, start, self.scan.end)
        if found is None:
            return 0
        after = self.scan.at(self.scan.gap(found.end() + 1))
        return 0 if after in (",", "}", "]", ":", "") else found.end()

    def is_call(self, start: int) -> bool:
        """Whether the call whose argument begins at ``start`` is a wrapper around one value: ObjectId("…")."""
        one = self.scan.at(self.scan.gap(start))
        if one in "{[" and one:
            return True
        if one in QUOTES:
            self.ends.open_brackets.append("(")
            end = self.ends.span(self.scan.gap(start), "array").after
            self.ends.open_brackets.pop()
        else:
            end = min(self.scan.find(")", start), start + 100)
        self.scan.fuel -= end - start
        close = self.scan.gap(end)
        after = self.scan.at(self.scan.gap(close + 1))
        return self.scan.at(close) == ")" and (not after or after in ",;}])" or "\n" in self.text[close:close + 2])

    def _strings(self, context: str) -> str:
        """The string here, and those that are added to it with a plus sign."""
        value = self._string(context)
        while True:
            plus = self.scan.gap(self.at)
            if not self.text.startswith("+", plus, self.scan.end):
                return value
            following = self.scan.gap(plus + 1)
            if self.scan.at(following) not in QUOTES or following >= self.scan.end:
                if following >= self.scan.end:
                    self._drop("concatenated-strings", following)
                return value
            self.note("concatenated-strings", self.at, self.text[self.at:following], "")
            self.at = following
            value += self._string(context)

    def _string(self, context: str) -> str:
        """The string whose quote is here."""
        start = self.at
        if self.text[start] == "\\":
            return self._escaped_string()
        span = self.ends.span(start, context)
        self.at = span.after
        if span.opening != '"' or not span.closing:
            self._note_quotes(start, span)
        if span.raw:
            return self.text[span.start:span.end]
        is_cut = not span.closing and span.after >= self.scan.end
        self.is_cut = self.is_cut or is_cut
        return decoded(self.text, span.start, span.end, self.text[start], self.note, cut=is_cut)

    def _note_quotes(self, start: int, span: Span) -> None:
        if not span.closing:
            self.note("missing-quote", span.end, "", '"')
        if span.opening != '"':
            kind = "quote-style" if len(span.opening) == 1 or span.raw else "doubled-quote"
            self.note(kind, start, span.opening, '"')

    def _escaped_string(self) -> str:
        r"""A string whose quotes are escaped: \"text\". A quote in it is escaped more than once."""
        start, quote = self.at, self.text[self.at + 1]
        at = start + 2
        while True:
            at = self.scan.find(quote, at)
            slashes = 0
            while at - slashes > start + 2 and self.text[at - slashes - 1] == "\\" and slashes < 20:
                slashes += 1
            if at >= self.scan.end or slashes < 2:
                break
            at += 1
        end = at if at >= self.scan.end else at - slashes
        self.at = min(at + 1, self.scan.end)
        self.note("escaped-quote", start, "\\" + quote, quote)
        inner = unescaped_once(self.text[start + 2:end])
        return decoded(inner, 0, len(inner), "", lambda *_: None, cut=at >= self.scan.end)

    def _drop(self, kind: str, end: int, after: str = "") -> None:
        """Passes text that is not used."""
        end = min(end, self.scan.end)
        self.note(kind, self.at, self.text[self.at:end], after)
        self.at = end
