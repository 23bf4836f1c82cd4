"""Where a word without quotes ends.

In: the offset of a word that stands where a name, a value or an item should. Out: where it ends. A name ends at a colon,
an item at a comma; a value in an object may hold commas and run over lines, and ends where the next name or the bracket
stands. Brackets inside a value are part of it if they are balanced.
"""

from __future__ import annotations

import re

from structgen.formats.json.scan import QUOTES, Scanner
from structgen.formats.json.words import is_scalar

__all__ = ["bare_end"]

_NAME_STOP = re.compile(r"[:,{}\[\]\n=\"'\u201c\u201d]")
_STOP = re.compile(r"[,{}\[\]()\n\"'\u201c\u201d`#/]")
_TOKEN = re.compile(r"[\w.+$-]+")
_FIRST = re.compile(r"[\w.+$-]*")
_HALF = re.compile(r",[^\"\[\]{}\n]{0,200}[^\"\[\]{}\n\s,]\"\s*(?:[,\]]|$)")
_CLOSED_BY = {"}": "{", "]": "[", ")": "("}


def bare_end(scan: Scanner, start: int, context: str, brackets: list[str]) -> int:
    """The end of the word at ``start``; ``context``: "key", "object", "array" or "top"; ``brackets``: what is open."""
    if context == "key":
        return _name_end(scan, start)
    first = _FIRST.match(scan.text, start, scan.end)
    assert first is not None
    end = first.end()
    if end > start and _is_whole(scan, start, end, context):
        return end
    return _text_end(scan, start, context, brackets)


def _is_whole(scan: Scanner, start: int, end: int, context: str) -> bool:
    """Whether the first token is the whole word."""
    after = scan.gap(end)
    one = scan.at(after)
    if not one or one in "}])":
        return True
    if one == "," and context != "object":
        return is_scalar(scan.text[start:end]) or not _is_half_string(scan, after)
    if one == "\\" and scan.at(after + 1) in ("n", "r", "t"):  # a line break that was escaped once too often
        return is_scalar(scan.text[start:end])
    if after == end and one != ",":
        return is_scalar(scan.text[start:end]) and (one in "{[" or (context != "object" and one in QUOTES) or (
            one in QUOTES and scan.is_quoted_name(after)))
    if one == ",":
        if _comma_ends(scan, after):
            return True
        following = scan.at(scan.gap(after + 1))  # the colon behind the next name may be missing, too
        return following in QUOTES and following != "" and is_scalar(scan.text[start:end])
    if not is_scalar(scan.text[start:end]):
        return "\n" in scan.text[end:after] and (context != "object" or scan.is_name(after))
    if one in QUOTES or one in "{[":
        return True
    if context == "object":
        return scan.is_name(after)
    token = _TOKEN.match(scan.text, after, scan.end)  # [1 2 3]
    return "\n" in scan.text[end:after] or (token is not None and is_scalar(token.group()))


def _name_end(scan: Scanner, start: int) -> int:
    """The end of a name: at the colon, or at the first blank where a value follows without one."""
    found = _NAME_STOP.search(scan.text, start, scan.end)
    end = found.start() if found else scan.end
    scan.fuel -= end - start
    if found and found.group() in "\"'\u201c\u201d":
        quote = found.start()
        if scan.at(scan.gap(quote + 1)) == ":" and quote > start:  # name": value
            return quote + 1
        token = _FIRST.match(scan.text, start, scan.end)
        assert token is not None
        return max(token.end(), start) if token.end() < quote else quote
    if found and found.group() in ":=":
        return end
    token = _FIRST.match(scan.text, start, scan.end)
    assert token is not None
    return token.end() if token.end() > start else end


def _text_end(scan: Scanner, start: int, context: str, brackets: list[str]) -> int:
    text, at = scan.text, start
    depth: list[str] = []
    while True:
        found = _STOP.search(text, at, scan.end)
        if found is None:
            return scan.end
        at = found.start()
        one = text[at]
        scan.fuel -= 1
        if one in "{[(":
            if len(depth) > 50:
                return at
            depth.append(one)
        elif one in "}])":
            if depth and depth[-1] == _CLOSED_BY[one]:
                depth.pop()
            elif _CLOSED_BY[one] in brackets or one != ")":
                return at
        elif one == ",":
            if not depth and (_comma_ends(scan, at) if context == "object" else not _is_half_string(scan, at)):
                return at
        elif one == "\n":
            if _line_ends(scan, at, context):
                return at
            depth.clear()
        elif one == "`":
            if text.startswith("```", at):
                return at
        elif one in "#/":
            if at > start and text[at - 1] in " \t\n" and scan.comment(at) > at:
                return at
        elif one in QUOTES:
            end = _at_quote(scan, at, start, context)
            if end >= 0:
                return end
        at += 1


def _is_half_string(scan: Scanner, comma: int) -> bool:
    """Whether the word with this comma is a string without its first quote: [one, two", 3]."""
    found = _HALF.match(scan.text, comma, scan.end)
    scan.fuel -= found.end() - comma if found else 20
    return found is not None and not scan.is_tired


def _comma_ends(scan: Scanner, comma: int) -> bool:
    """Whether a comma in an object ends the value before it."""
    if scan.is_tired:
        return True
    after = scan.gap(comma + 1)
    one = scan.at(after)
    if not one or one in "}],{":
        return True
    return scan.is_name(after) or scan.is_later_name(after) or (one in ".…" and scan.text.startswith(("...", "…"), after))


def _line_ends(scan: Scanner, at: int, context: str) -> bool:
    """Whether a line break ends the value before it."""
    if context != "object" or scan.is_tired:
        return True
    after = scan.gap(at)
    one = scan.at(after)
    return not one or one in "}]," or scan.text.startswith("```", after) or scan.is_name(after)


def _at_quote(scan: Scanner, at: int, start: int, context: str) -> int:
    """Where a word ends that has a quote in it: behind the quote (its own first one is missing), before it, or not here."""
    if scan.is_tired:
        return -1
    after = scan.gap(at + 1)
    one = scan.at(after)
    if scan.text[at] == "'" and scan.at(at + 1).isalnum():
        return -1
    if not one or one in "}]" or (one == "," and (context != "object" or _comma_ends(scan, after))):
        return at + 1
    if context == "object" and at > start and scan.text[at - 1] in " \t\n" and scan.is_quoted_name(at):
        return at
    if context == "array" and at > start and scan.text[at - 1] in " \t" and is_scalar(scan.text[start:at].strip()):
        return at
    return -1
