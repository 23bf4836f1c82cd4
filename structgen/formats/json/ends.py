"""Where a damaged string ends.

In: the offset of an opening quote and what surrounds it: is it a member's name, a member's value, an item, or the whole
text? Out: a ``Span``: where the content ends and where reading goes on.

The one idea: a quote ends the string if what follows could follow a string there. A comma does so before a value only
where the name of the next member comes behind it, a bracket only where that bracket is open and what follows it fits one
level up. A quote that does not end the string is either content that nobody escaped, or the opening quote of the next
string, because the quote before is missing: then the string ended before the comma, line or bracket in between. Every
such look ahead is paid from the scanner's fuel; without fuel the first quote ends the string.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from structgen.formats.json.scan import QUOTES, Scanner
from structgen.formats.json.words import is_scalar
from structgen.schema.scalars import boolean_of

__all__ = ["Ends", "Span"]

_STOPS = {closers: re.compile(rf'[{re.escape(closers)}\\]') for closers in set(QUOTES.values())}
_USUAL = {"key": re.compile(r'"([^"\\\x00-\x1f]+)"[ \t]*:'),
          "object": re.compile(r'"([^"\\\x00-\x1f]*)"(?:\s*,\s*"[^"\\\n]{0,100}"[ \t]*:'
                               r'|(?<![\s,{}\[\]]")[ \t\r\n]*\}[ \t\r\n]*\Z)'),
          "array": re.compile(r'"([^"\\\x00-\x1f]*)"\s*,\s*(?:"[^"\\\n]{0,200}"\s*[,\]]|[0-9{\[-])')}
"""Strings that end as JSON's do, with the name, the member or the last bracket behind them: no need to weigh anything."""
_ANY_QUOTE = "\"'`\u00b4\u00ab\u00bb\u2018-\u201f"


def _usual_with(opening: str, closing: str) -> dict[str, re.Pattern[str]]:
    """The same for strings in other quotes, with none of any kind in them and no sign at their end."""
    inner = rf"{opening}([^{_ANY_QUOTE}\\\x00-\x1f]*[^{_ANY_QUOTE}\\\x00-\x1f\s,{{}}\[\]]){closing}"
    other = rf"{opening}[^{_ANY_QUOTE}\\\n]{{0,100}}{closing}"
    return {"key": re.compile(rf"{inner}[ \t]*:"), "object": re.compile(rf"{inner}\s*,\s*{other}[ \t]*:"),
            "array": re.compile(rf"{inner}\s*,\s*(?:{other}\s*[,\]]|[0-9{{\[-])")}


_USUALS = {'"': _USUAL, "'": _usual_with("'", "'"), "\u201c": _usual_with("\u201c", "\u201d")}
_WORD = re.compile(r"[\w$.+-]+")
_NAME = re.compile(r"[\w$][\w$ .-]{0,60}:(?!//)")
_OPEN_NAME = re.compile(r'"[\w$][\w$ .-]{0,60}:\s*["\[{]')
"""A name without its second quote, before a value that is clearly one."""
_HALF = re.compile(r"[^\"\[\]{}\n]{1,200}[^\"\[\]{}\n\s]\"\s*(?:[,\]]|$)")
_BARE = re.compile(r"[^\"\[\]{},:\n]{1,200}(?:\n|\]|,\s*[\"\[{\]])")
_BRACKETS = re.compile(r'["{}\[\]\\]')
_MORE = re.compile(r"[{\[]|(?:-?[0-9][0-9.]*|true|false|null)\s*[,}\]]")
_MORE_LINES = re.compile(r"\s*(?:[}\]]|(?:-?[0-9][0-9.]*|true|false|null)\s*[,}\]])")
"""What the text goes on with where it is no prose."""
_DELIMITER = re.compile(r"[,:{}\[\]\n]")
_OPENERS = {"}": "{", "]": "[", ")": "("}
_TAIL = frozenset(" \t\r\n\u00a0,;")
_SIGNS = frozenset(" \t\r\n,{}[]")
_SPACE_OR_SIGN = frozenset(" \t\r\n,{}[]:") | {""}
MAX_SIGNS = 400
"""Characters of brackets and white space between two strings."""
MAX_INNER = 4000
"""Characters looked through for the end of JSON that stands unescaped in a string."""


class Span(NamedTuple):
    """The content of a string from ``start`` to ``end``; reading goes on at ``after``. ``closing``: the quote that ended it
    (empty: it is missing); ``opening``: the quote or quotes that began it; ``raw``: nothing in it is an escape."""

    start: int
    end: int
    after: int
    opening: str
    closing: str
    raw: bool = False


class Ends:
    """Finds the ends of strings. ``open_brackets``: those around the string, outermost first; the reader keeps it."""

    def __init__(self, scanner: Scanner) -> None:
        self.scan = scanner
        self.open_brackets: list[str] = []
        self._start = 0

    def span(self, i: int, context: str) -> Span:
        """The span of the string whose quote is at ``i``; ``context``: "key", "object", "array" or "top"."""
        scan, text = self.scan, self.scan.text
        quote = text[i]
        usuals = _USUALS.get(quote)
        pattern = usuals.get(context) if usuals is not None else None
        if pattern is not None and (usual := pattern.match(text, i, scan.end)) is not None:
            end = usual.end(1)
            return Span(i + 1, end, end + 1, quote, text[end], True)
        closers = QUOTES[quote]
        tripled = quote * 3
        if quote in "\"'`" and text.startswith(tripled, i):
            end = scan.find(tripled, i + 3)
            if end < scan.end and end > i + 3:
                while scan.at(end + 3) == quote:  # a quote as the last character of the content
                    end += 1
                return Span(i + 3, end, end + 3, tripled, tripled, True)
        if scan.is_tired:
            return self._plain_end(i, closers)
        doubled = text.startswith(quote * 2, i) and scan.at(i + 2).isalnum()
        start = i + 1 + doubled
        if doubled:
            twin = scan.find(quote * 2, start)
            doubled = twin < scan.find("\n", start) and scan.at(scan.gap(twin + 2)) in (",", ":", "}", "]")
            start = i + 1 + doubled
        found = self._end(start, context, closers, quote if doubled else "")
        return Span(found.start, found.end, found.after, text[i:start], found.closing)

    def _plain_end(self, i: int, closers: str) -> Span:
        """The span up to the first quote that no backslash escapes; the look-ups are kept, so the text is searched once."""
        scan, at = self.scan, i
        while True:
            at = min(scan.find(closer, at + 1) for closer in closers)
            slashes = 0
            while slashes < 20 and scan.text[at - 1 - slashes] == "\\":
                slashes += 1
            if slashes % 2 == 0 or at >= scan.end:
                return Span(i + 1, at, min(at + 1, scan.end), scan.text[i], scan.at(at))

    def _end(self, start: int, context: str, closers: str, twin: str) -> Span:
        scan, text, self._start = self.scan, self.scan.text, start
        stops = _STOPS[closers]
        at, inner, fallback = start, 0, -1
        while True:
            found = stops.search(text, at, scan.end)
            if found is None:
                return self._unclosed(start, context, fallback)
            at = found.start()
            if text[at] == "\\":
                if scan.at(at + 1) in closers and fallback < 0 and self._ends_before_closer(at + 2):
                    fallback = at + 1  # a backslash before what may have been the closing quote, as in "C:\dir\"
                at += 2
                continue
            if twin and text.startswith(twin, at + 1):
                return Span(start, at, at + 2, "", text[at:at + 2])
            end = self._opens(at, start, context) if text[at - 1] in _SIGNS and not inner else -1
            if end < 0:
                if scan.fuel <= 0 or self._may_end(at, context, inner):
                    return Span(start, at, at + 1, "", text[at])
                end = self._ended_before(at, start, context)
            if end >= 0:
                return Span(start, end, end, "", "")
            if fallback < 0 and inner % 2 == 0 and scan.at(scan.gap(at + 1)) in (",", "}", "]"):
                fallback = at
            at, count = self._past_inner_json(at, start)
            inner += count

    # What follows the quote

    def _may_end(self, at: int, context: str, inner: int) -> bool:
        """Whether the quote at ``at`` may end the string; ``inner``: quotes before it that were taken as content."""
        scan = self.scan
        scan.fuel -= 4
        after = scan.gap(at + 1)
        one = scan.at(after)
        if not one or scan.text.startswith("```", after):
            return True
        if one == "+":
            return scan.at(scan.gap(after + 1)) in QUOTES
        if one == "\\":  # a line break that was escaped once too often
            return scan.at(after + 1) in ("n", "r", "t") and self.open_brackets != []
        if context == "key":
            return self._may_end_name(at, after, one) or scan.is_value_of(self._start, at, after)
        if one == ",":
            return self._comma_fits(after, context, inner)
        if one in "}])":
            return self._closer_fits(after, context) or (inner == 0 and self._is_stray(at, after))
        if one in QUOTES:
            return self._quote_fits(at, after, context, inner)
        if context == "array":
            return self._item_fits(at, after, one, inner)
        if context == "top":
            return one == ";" and scan.at(scan.gap(after + 1)) == ""
        return ("\n" in scan.text[at:after] and scan.is_bare_name(after)) or (after > at + 1 and scan.is_later_name(after))

    def _may_end_name(self, at: int, after: int, one: str) -> bool:
        scan = self.scan
        if one in ":=":
            return True
        if scan.before(at, 0) >= 0 and scan.text[scan.before(at, 0)] == ":":  # {"a: "b"}: the quote opens the value
            return False
        if one in ",}{[":
            return True
        if one in QUOTES:
            return after > at + 1 or scan.at(scan.gap(after + 1)) != ":"
        word = _WORD.match(scan.text, after, scan.end)
        if word is None or after == at + 1 or not is_scalar(word.group()):
            return False
        then = scan.gap(word.end())
        return self._is_delimited(word.end()) or (scan.at(then) in QUOTES and then < scan.end and scan.is_quoted_name(then))

    def _is_delimited(self, i: int) -> bool:
        after = self.scan.gap(i)
        return self.scan.at(after) in (",", "}", "]", "") or "\n" in self.scan.text[i:after]

    def _comma_fits(self, comma: int, context: str, inner: int) -> bool:
        """Whether what follows a comma may follow a string and a comma."""
        scan = self.scan
        after = scan.gap(comma + 1)
        one = scan.at(after)
        if not one or one in "}]," or scan.text.startswith("...", after) or one == "…":
            return True
        if context == "object":
            if one in "{[":
                return inner % 2 == 0
            if scan.is_name(after) or scan.is_later_name(after) or _OPEN_NAME.match(scan.text, after, scan.end):
                return True
            if one in QUOTES:  # no colon behind it: a set, or prose in quotes
                return inner == 0 and not self._is_prose_after_quote(after)
            return False
        if one in QUOTES or one in "{[(":
            return inner % 2 == 0 or self._string_then_delimiter(after)
        word = _WORD.match(scan.text, after, scan.end)
        if word is not None and self._is_delimited(word.end()):
            return is_scalar(word.group()) or inner % 2 == 0
        # ["a", b c"]: a first quote is missing; ["a", b c]: both are
        half = (_HALF.match(scan.text, after, scan.end) or _BARE.match(scan.text, after, scan.end)) if not inner else None
        scan.fuel -= half.end() - after if half else 20
        return half is not None

    def _is_prose_after_quote(self, i: int) -> bool:
        """Whether the string at ``i`` is followed by a word, so that its quotes are quotation marks in a sentence; a value
        follows a name without its colon."""
        end = self._next_quote(i)
        after = self.scan.gap(end + 1)
        if end < 0 or not self.scan.at(after).isalpha():
            return False
        word = _WORD.match(self.scan.text, after, self.scan.end)
        is_value = word is not None and (is_scalar(word.group()) or boolean_of(word.group()) is not None)
        return not (word is not None and is_value and self._is_delimited(word.end()))

    def _string_then_delimiter(self, i: int) -> bool:
        end = self._next_quote(i)
        return end >= 0 and self.scan.at(self.scan.gap(end + 1)) in (",", "]", "}", "")

    def _next_quote(self, i: int) -> int:
        """The quote that would close the one at ``i``, near by and in its line; -1 if there is none."""
        scan = self.scan
        if scan.at(i) not in QUOTES:
            return -1
        stops, at, limit = _STOPS[QUOTES[scan.at(i)]], i + 1, min(scan.end, i + MAX_INNER)
        while (found := stops.search(scan.text, at, limit)) is not None and found.group() == "\\":
            at = found.end() + 1
        scan.fuel -= (found.end() if found else limit) - i
        return -1 if found is None or "\n" in scan.text[i:found.start()] else found.start()

    def _closer_fits(self, closer: int, context: str) -> bool:
        """Whether the bracket at ``closer`` closes something that is open, and what follows fits there."""
        scan, brackets = self.scan, self.open_brackets
        depth = len(brackets)
        at = closer
        while scan.at(at) in _OPENERS and depth:
            wanted = _OPENERS[scan.at(at)]
            level = depth - 1
            while level >= 0 and brackets[level] != wanted and depth - level <= 3:
                level -= 1
            if level < 0 or brackets[level] != wanted:
                return at > closer
            depth = level
            at = scan.gap(at + 1)
            scan.fuel -= 4
        if at == closer:
            return False
        one = scan.at(at)
        if not one or one in ",;`":
            return True
        if not depth:  # prose may follow, unless another quote and the brackets come in the same line
            line = scan.find("\n", closer)
            quote = scan.find(scan.text[closer - 1], at) if scan.text[closer - 1] in QUOTES else line
            return line <= at or quote >= line or not self._closes_all(quote)
        if "\n" in scan.text[closer:at] or one in "{[":
            return True
        return (brackets[depth - 1] == "{" and scan.is_name(at)) or (brackets[depth - 1] == "[" and one in QUOTES)

    def _is_stray(self, at: int, closer: int) -> bool:
        """Whether the bracket behind the quote closes nothing, here or in the string, and what is open goes on behind it."""
        scan = self.scan
        opener = _OPENERS[scan.at(closer)]
        if not self.open_brackets or opener in self.open_brackets:
            return False
        quote = scan.text.rfind(scan.text[at], max(0, at - MAX_INNER), at)
        scan.fuel -= at - max(quote, 0)
        if opener in scan.text[max(quote, 0):at]:
            return False
        after = scan.gap(closer + 1)
        one = scan.at(after)
        if one == ",":
            return self.open_brackets[-1] == "{" and scan.is_name(scan.gap(after + 1))
        return one in _OPENERS and one != "" and _OPENERS[one] == self.open_brackets[-1]

    def _closes_all(self, quote: int) -> bool:
        """Whether behind this quote only brackets come, up to the end."""
        at = self.scan.gap(quote + 1)
        return self.scan.at(at) in ("}", "]") and self.scan.at(self.scan.gap(at + 1)) in ("", "}", "]")

    def _quote_fits(self, at: int, after: int, context: str, inner: int) -> bool:
        """Whether a string may follow without a comma."""
        scan = self.scan
        if after == at + 1:  # "72"" ends with the second quote, ["a""b"] has two strings
            then = scan.at(scan.gap(after + 1))
            if not then or then in ",}])":
                return False
        if context == "object":
            return scan.is_quoted_name(after)
        return "\n" in scan.text[at:after] or (context == "array" and inner % 2 == 0)

    def _item_fits(self, at: int, after: int, one: str, inner: int) -> bool:
        """Whether the next item may follow without a comma."""
        scan = self.scan
        if one in "{[":
            return inner % 2 == 0
        if one == ":":  # ["key": "value"}]: the bracket of an object is missing
            return inner == 0
        word = _WORD.match(scan.text, after, scan.end)
        if word is None or inner % 2 or after == at + 1:
            return False
        if is_scalar(word.group()):
            return self._is_delimited(word.end())
        # ["a" b", "c"]: the next string has lost its first quote; but "a 24" screen" is one string
        return scan.at(word.end()) in QUOTES and self._is_delimited(word.end() + 1) and not self._is_inch_mark(at)

    def _is_inch_mark(self, at: int) -> bool:
        start = at
        while start > 0 and self.scan.text[start - 1].isdecimal():
            start -= 1
        return start < at and not self.scan.text[start - 1].isalpha()

    # What precedes the quote

    def _ended_before(self, at: int, start: int, context: str) -> int:
        """Where the string ended if the quote at ``at`` opens the next one; -1 if it does not."""
        scan, text = self.scan, self.scan.text
        last = scan.before(at, start)
        if last < start:
            return -1
        if context == "key":
            name = _NAME.match(text, start, at)
            return scan.before(name.end() - 1, start) + 1 if name else -1
        if text[last] in ",{}[]" or "\n" in text[last:at]:
            end = self._before_signs(at, start, context)
            if end >= 0:
                return end
        if context == "object" and scan.at(scan.gap(at + 1)) == ":":  # "b, c": 1 for "b", "c": 1
            split = max(text.rfind(",", start, at), text.rfind("\n", start, at))
            scan.fuel -= at - split if split >= 0 else at - start
            if split > start and scan.is_half_name(scan.spaces(split + 1)):
                return scan.before(split, start) + 1
        return -1

    def _before_signs(self, at: int, start: int, context: str) -> int:
        """Where the string ended if what stands before the quote at ``at`` are commas and brackets that lead from the end of
        a string here to the beginning of another: {"a": {"b": "c}, "d": 1}; -1 if they do not."""
        scan, text = self.scan, self.scan.text
        first, floor = at, max(start, at - MAX_SIGNS)
        while first > floor and text[first - 1] in _SIGNS:
            first -= 1
        scan.fuel -= at - first
        signs = [(i, text[i]) for i in range(first, at) if text[i] in ",{}[]"]
        inside = self._unclosed_in(start, first)
        while signs and signs[0][1] in inside:  # it closes a bracket of the string
            inside.remove(signs.pop(0)[1])
        end = scan.before(signs[0][0] if signs else at, start) + 1
        kind = self._after_signs("".join(one for _, one in signs), context)
        separates = "\n" in text[end:at] or any(one in ",{[" for _, one in signs)
        if not kind or not separates or (end <= start and not signs):
            return -1
        opens = scan.is_quoted_name(at) if kind == "{" else self._string_then_delimiter(at)
        return end if opens else -1

    def _after_signs(self, signs: str, context: str) -> str:
        """In what kind of bracket the text goes on behind these signs, which follow a string; nothing if they do not fit."""
        left = list(self.open_brackets)
        if context == "top" or not left:
            return ""
        before = "value"
        for one in signs:
            if one == ",":
                fits = before == "value"
            elif one in "{[":
                fits = left[-1:] == ["["]
                left.append(one)
            else:
                fits = before == "value" and left[-1:] == [_OPENERS[one]] and len(left) > 1
                left.pop()
            if not fits:
                return ""
            before = "value" if one in "}]" else one
        return left[-1]

    def _unclosed_in(self, start: int, end: int) -> list[str]:
        """The closing brackets that the text lacks for its opening ones."""
        if end - start > MAX_INNER:
            return []
        missing: list[str] = []
        self.scan.fuel -= end - start
        for found in _BRACKETS.finditer(self.scan.text, start, end):
            one = found.group()
            if one in "{[":
                missing.insert(0, "}" if one == "{" else "]")
            elif missing and one == missing[0]:
                missing.pop(0)
        return missing

    def _opens(self, at: int, start: int, context: str) -> int:
        """Where the string ended if the quote at ``at`` looks like one that opens: a sign before it, a text right behind."""
        scan = self.scan
        if context == "key" or at == start or scan.is_tired:
            return -1
        behind = scan.at(at + 1)
        if behind in _SPACE_OR_SIGN and not (behind in ("{", "[") and "\n" in scan.text[scan.before(at, start):at]):
            return -1
        return self._before_signs(at, start, context)

    # Unescaped JSON in the string, and no end at all

    def _past_inner_json(self, at: int, start: int) -> tuple[int, int]:
        """Where to look on behind a quote that is content, and how many quotes were passed."""
        scan, text = self.scan, self.scan.text
        last = scan.before(at, start)
        if last >= start and text[last] in "{[":
            depth, quotes, limit = 0, 0, min(scan.end, last + MAX_INNER)
            for found in _BRACKETS.finditer(text, last, limit):
                one = found.group()
                scan.fuel -= 1
                if one == '"':
                    quotes += 1
                elif one in "{[":
                    depth += 1
                elif one in "}]":
                    depth -= 1
                    if depth == 0 and quotes % 2 == 0:
                        scan.fuel -= found.end() - last
                        return (found.end(), quotes) if found.end() > at else (at + 1, 1)
            scan.fuel -= limit - last
        return at + 1, 1

    def _ends_before_closer(self, i: int) -> bool:
        after = self.scan.gap(i)
        return bool(self.open_brackets) and (self.scan.at(after) in ("}", "]") or (
            self.scan.at(after) == "," and self.scan.is_name(self.scan.gap(after + 1))))

    def _unclosed(self, start: int, context: str, fallback: int) -> Span:
        """The span of a string without a closing quote."""
        scan, text = self.scan, self.scan.text
        scan.fuel -= scan.end - start
        if fallback >= 0:
            return Span(start, fallback, fallback + 1, "", text[fallback])
        if context == "key":
            found = _DELIMITER.search(text, start, scan.end)
            if found is not None and found.group() == ":":
                end = scan.before(found.start(), start) + 1
                return Span(start, end, end, "", "")
        member = self._before_member(start) if context == "object" else -1
        end = member if member >= 0 else min(self._before_tail(start), self._before_structure(start))
        return Span(start, end, end, "", "")

    def _before_member(self, start: int) -> int:
        """Where a string that no quote ends stops before a line that begins with the name of the next member; -1 if none
        does."""
        scan, line = self.scan, start
        while not scan.is_tired and (line := scan.text.find("\n", line, scan.end)) >= 0:
            name = scan.spaces(line)
            if scan.at(name) in QUOTES and name < scan.end and scan.is_quoted_name(name):
                last = scan.before(line, start)
                return scan.before(last, start) + 1 if scan.text[last] == "," and last >= start else last + 1
            line = max(name, line + 1)
        return -1

    def _before_structure(self, start: int) -> int:
        """Where, in a string that no quote ends, a bracket closes what is open and more of it follows."""
        scan, text = self.scan, self.scan.text
        depth: list[str] = []
        for found in _BRACKETS.finditer(text, start, scan.end):
            one = found.group()
            if one in "{[":
                depth.append(one)
            elif one in _OPENERS and depth:
                depth.pop()
            elif one in _OPENERS and _OPENERS[one] in self.open_brackets:
                after = scan.gap(found.end())
                if scan.at(after) == "," and _MORE.match(text, scan.gap(after + 1), scan.end):
                    return scan.before(found.start(), start) + 1
        line = text.find("\n", start, scan.end)
        if line >= 0 and self.open_brackets and _MORE_LINES.match(text, line, scan.end):
            last = scan.before(line, start)
            return scan.before(last, start) + 1 if text[last] == "," and last >= start else last + 1
        return scan.end

    def _before_tail(self, start: int) -> int:
        """Where the text ends without the brackets, commas and fences at its end that belong to what is open."""
        scan, text = self.scan, self.scan.text
        brackets = list(self.open_brackets)
        if not brackets:
            return scan.end
        fence = text.find("\n```", start, scan.end)
        at = end = scan.end if fence < 0 else fence
        inside = self._unmatched(start, end)
        while at > start:
            one = text[at - 1]
            if one in _OPENERS and inside.get(one, 0) > 0 and _OPENERS[one] in brackets:
                while brackets and brackets.pop(0) != _OPENERS[one]:
                    pass
                inside[one] -= 1
                at -= 1
                end = at
            elif one in _TAIL:
                at -= 1
            elif text.startswith("```", at - 3):
                at -= 3
                end = at
            else:
                break
        if end < scan.end:
            while end > start and text[end - 1] in " \t\r\n,":
                end -= 1
        return end

    def _unmatched(self, start: int, end: int) -> dict[str, int]:
        """How many closing brackets of each kind in the text have no opening one before them."""
        depth = {"{": 0, "[": 0}
        count = {"}": 0, "]": 0}
        self.scan.fuel -= end - start
        for found in _BRACKETS.finditer(self.scan.text, start, end):
            one = found.group()
            if one in depth:
                depth[one] += 1
            elif one in count:
                if depth[_OPENERS[one]]:
                    depth[_OPENERS[one]] -= 1
                else:
                    count[one] += 1
        return count
