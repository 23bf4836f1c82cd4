"""What stands behind a colon or a dash: quoted, plain and block scalars, flow collections, anchors and tags.

The place of each line is ``read_block``'s business; here one value is read, over as many lines as it takes. Looking ahead
(where does a quote close, a bracket) is paid from a budget that grows with the text, so all of it is linear.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from typing import Any

from structgen.formats.base import Found
from structgen.formats.yaml.read_block import BULLETS, Placer
from structgen.formats.yaml.read_flow import read_flow
from structgen.formats.yaml.read_lines import Row, dash_at, is_comment, key_at, weak_dash_at, weak_key_at
from structgen.formats.yaml.read_open import Frame, OpenText
from structgen.formats.yaml.read_scalars import decoded
from structgen.formats.yaml.read_strict import MAX_DEPTH, MAX_PARTS, Refused
from structgen.schema.guide import Guide

__all__ = ["BlockReader"]

_HEADER = re.compile(r"([|>])([-+]?[1-9]?[-+]?)[ \t]*(?:#.*)?$")
_INDICATOR_LINE = re.compile(r"([|>][-+]?)[ \t]+(?=\S)")
_COMMENT = re.compile(r"[ \t]+#(?=[ \t#]|$)")
_HASH = re.compile(r"[ \t]#")
_ANCHOR = re.compile(r"&([\w-]+)(?=[ \t]|$)[ \t]*")
_ALIAS = re.compile(r"\*([\w-]+)(?=[ \t]*(?:#.*)?$)")
_TAG = re.compile(r"!(?:!?[A-Z]\w*|!(?:str|int|float|bool|null|map|seq)|[A-Z][\w]*)(?=[ \t]|$)[ \t]*")
_FOREIGN_TAG = re.compile(
    r"!!(?!(?:str|int|float|bool|null|map|seq|binary|timestamp|set|omap|pairs)\b)[\w./:-]+"
    r"|!<[^>\s]*>|!\w+[/:][\w./:-]+"
)
_CLOSING = {
    '"': '"\u201d\u201c',
    "'": "'\u2019",
    "\u201c": '\u201d\u201c"',
    "\u201d": '\u201d\u201c"',
    "\u201e": "\u201c\u201d",
    "\u2018": "\u2019\u2018'",
    "\u2019": "\u2019'",
}
_TAIL = re.compile(r"[ \t]*,?(?:[ \t]*|[ \t]+#.*)$")
_STRAY_CLOSERS = re.compile(r"[ \t]*([\]}]+)[ \t]*,?[ \t]*(?:#.*)?$")
_RESERVED = frozenset("@`%&*!|>?\"'[]{},#")
_MEMBER_LIKE = re.compile(r"[\w\"'*][\w\"' .*-]{0,40}:(?:[ \t]|$)")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*:(?:[ \t]|$)")


class BlockReader(Placer):
    """Reads a part of a text as block YAML."""

    def __init__(self, text: str, start: int, end: int, guide: Guide, typed: bool) -> None:
        super().__init__(text, start, end, guide, typed)
        self.fuel = 50_000 + 4 * (end - start)
        self.anchors: dict[str, tuple[Frame | None, Any]] = {}
        self.copies = 0
        self.starts = [row.start for row in self.rows]

    def value(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> None:
        """Reads the value that begins at ``at``, and goes to the line behind it."""
        text, end = self.text, row.end
        at = self.properties(frame, at, end)
        one = text[at] if at < end else ""
        if not one or (one == "#" and (is_comment(text, at) or not self.is_hash_text(row, guide))):
            self.wait(frame)
        elif (
            (one in "|>" and self.block(frame, row, at, guide))
            or (one in _CLOSING and self.quoted(frame, row, at, guide))
            or (one in "[{" and self.flow(frame, row, at, guide))
        ):
            return
        elif one == "*" and (alias := _ALIAS.match(text, at, end)) is not None and alias[1] in self.anchors:
            self.put(frame, self.copied(alias[1], at))
            self.index += 1
        elif one == "-" and frame is not None and frame.is_map and self.inline_item(frame, row, at, guide):
            return
        else:
            self.plain(frame, row, at, guide)

    @cached_property
    def has_commas(self) -> bool:
        """Whether most lines that hold a scalar end with a comma, as in JSON."""
        with_comma = scalars = 0
        inside = -1
        """The column of the name of a block scalar whose lines are passed."""
        for row in self.rows:
            if row.is_blank or row.col > inside >= 0:
                continue
            at = dash_at(self.text, row.at, row.end)
            key = key_at(self.text, at, row.end)
            at = at if key is None else key.value
            inside = row.col if at < row.end and self.text[at] in "|>" else -1
            if at < row.end and self.text[at] not in "[{|>]}":
                scalars += 1
                with_comma += self.text[row.end - 1] == ","
        return with_comma > 1 and with_comma >= 0.6 * scalars

    def put(self, frame: Frame | None, value: Any) -> None:
        if frame is None:
            self.root = value
        else:
            frame.value[frame.key] = value

    def wait(self, frame: Frame | None) -> None:
        """No value here: it may come on the lines below, and is null if not."""
        self.put(frame, None)
        if frame is None:
            self.has_root = False
        else:
            frame.pending = True
        self.index += 1

    def is_hash_text(self, row: Row, guide: Guide) -> bool:
        """Whether ``#x`` where a value should be is a text: nothing else comes for it below."""
        if guide.kinds:
            return guide.allows("string")
        following = next((one for one in self.rows[self.index + 1 : self.index + 20] if not one.is_blank), None)
        return following is None or following.col <= row.col

    def inline_item(self, frame: Frame, row: Row, at: int, guide: Guide) -> bool:
        """``name: - item``: a list that begins on the line of its name."""
        after = dash_at(self.text, at, row.end)
        if after == at or not guide.allows("array"):
            return False
        following = next((one for one in self.rows[self.index + 1 : self.index + 20] if not one.is_blank), None)
        below = (
            following is not None
            and following.col > row.col
            and dash_at(self.text, following.at, following.end) > following.at
        )
        if not (guide.is_list or below):
            return False
        self.note("line-break", at, "", "\n", frame)
        assert following is not None or guide.is_list
        col = following.col if following is not None and below else frame.line + 2
        inner = self.push([], col, frame.line, guide, at)
        self.begin(inner, 0, at, col)
        self.content(inner, row, after, col + 2)
        return True

    # Anchors and tags

    def properties(self, frame: Frame | None, at: int, end: int) -> int:
        """Passes anchors and tags; ``Refused`` for tags that would make objects."""
        for _ in range(3):
            one = self.text[at] if at < end else ""
            if one == "&" and (anchor := _ANCHOR.match(self.text, at, end)) is not None:
                self.anchors[anchor[1]] = (frame, None if frame is None else frame.key)
                at = anchor.end()
            elif one == "!" and _FOREIGN_TAG.match(self.text, at, end):
                raise Refused(
                    f"the tag {self.text[at:end].split()[0][:60]!r} is refused",
                    position=f"offset {at}",
                    because="no tag may say how a value is made",
                )
            elif one == "!" and (tag := _TAG.match(self.text, at, end)) is not None and tag.end() < end:
                self.note("tag", at, tag.group().rstrip(), "", frame)
                at = tag.end()
            else:
                break
        return at

    def copied(self, name: str, at: int) -> Any:
        """The value of an anchor, again."""
        self.finish_text()
        frame, key = self.anchors[name]
        if frame is None or any(one is frame and one.key == key for one in self.stack[:-1]):
            raise Refused("an alias of a value that is not complete", position=f"offset {at}")

        def copy(value: Any, depth: int) -> Any:
            self.copies += 1
            if self.copies > MAX_PARTS:
                raise Refused(
                    "the aliases make the value too large",
                    position=f"offset {at}",
                    because=f"with them it has more than {MAX_PARTS} parts",
                )
            if isinstance(value, dict | list) and depth >= MAX_DEPTH:
                raise Refused(f"aliases nested deeper than {MAX_DEPTH} levels", position=f"offset {at}")
            if isinstance(value, dict):
                return {name: copy(item, depth + 1) for name, item in value.items()}
            return [copy(item, depth + 1) for item in value] if isinstance(value, list) else value

        try:
            return copy(frame.value[key], len(self.stack))
        except LookupError as error:
            raise Refused("an alias that cannot be followed", position=f"offset {at}") from error

    # Plain scalars

    def plain(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> None:
        """A plain scalar: it stays open, for it may go on below."""
        text, end = self.text, row.end
        takes_text = not guide.kinds or guide.allows("string")
        comma: Found | None = None
        for found in _HASH.finditer(text, at, end):
            sign = found.end() - 1
            if is_comment(text, sign) or not takes_text:
                end = at + len(text[at : found.start()].rstrip(" \t"))
                break
            self.note("unquoted-hash", sign, "#", "#", frame)
        if text[end - 1] == "," and end - at > 1 and (self.has_commas or (guide.kinds and not takes_text)):
            end -= 1
            self.note("trailing-comma", end, ",", "", frame)
            comma = self.found[-1]
        raw = text[at:end].rstrip(" \t")
        if not raw:
            self.wait(frame)
            return
        if "\x00" <= min(raw, default=" ") < " " and "\t" not in raw:
            bad = next(one for one in raw if one < " ")
            self.note("control-character", at + raw.index(bad), bad, repr(bad)[1:-1], frame)
        if raw[0] in _RESERVED:
            self.note("unquoted-hash" if raw[0] == "#" else "reserved-sign", at, raw, f'"{raw}"', frame)
        elif ": " in raw or raw.endswith(":"):
            self.note("unquoted-colon", at + raw.rfind(":", 0, len(raw)), ":", ":", frame)
        self.open = OpenText(frame, at, raw, guide)
        self.open.comma = comma
        self.put(frame, None)
        self.index += 1

    # Quoted scalars

    def quoted(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> bool:
        """A scalar in quotes; False where the quotes are rather part of a plain text."""
        text, quote = self.text, self.text[at]
        if text.startswith(quote * 3, at) and quote in "\"'":
            return self.triple(frame, row, at, quote)
        close = self.first_close(at, row.end, quote)
        if close is None:
            if self.has_inner(at, row.end, quote):
                inner = self.outer_close(at, row.end, quote)
                if inner is not None:
                    self.string(frame, at, inner, quote)
                    return True
                if quote == "'" and self.has_opening(at, row.end):
                    return False
            if quote not in "\"'" or (self.has_inner(at, row.end, quote) and not self.is_open_end(at, row.end, quote)):
                return False
            return self.over_lines(frame, row, at, quote)
        self.string(frame, at, close, quote)
        self.index += 1
        return True

    def first_close(self, at: int, end: int, quote: str) -> int | None:
        """Where a well-formed string closes on its line: at the first quote, if only a comment may follow it."""
        text, i = self.text, at + 1
        while i < end:
            one = text[i]
            if one == "\\" and quote == '"':
                i += 2
                continue
            if one == quote == "'" and text.startswith("''", i):
                i += 2
                continue
            if one in _CLOSING[quote]:
                return i if _TAIL.match(text, i + 1, end) else None
            i += 1
        return None

    def has_inner(self, at: int, end: int, quote: str) -> bool:
        return any(self.text.find(one, at + 1, end) >= 0 for one in _CLOSING[quote])

    def has_opening(self, at: int, end: int) -> bool:
        """Whether a first word alone stands in single quotes: 'a' is b."""
        close = self.text.find("'", at + 1, end)
        return close > 0 and self.text[close + 1 : close + 2] == " " and self.text.find("'", close + 1, end) < 0

    def is_open_end(self, at: int, end: int, quote: str) -> bool:
        """Whether a string may have lost its last quote, though quotes are in it: those come in pairs, or are escaped."""
        inner = self.text[at + 1 : end].replace("\\" + quote, "").replace(quote * 2, "" if quote == "'" else quote * 2)
        count = inner.count(quote)
        if count == 0:
            return True
        first = inner.find(quote)
        return (quote == '"' and count % 2 == 0 and inner[first - 1 : first] in ("", " ", "(")) or (
            quote == "'" and inner[first - 1 : first].isalnum() and inner[first + 1 : first + 2].isalnum()
        )

    def outer_close(self, at: int, end: int, quote: str) -> int | None:
        """Where a string closes that has quotes in it: at the last quote of its line, if that looks like its own."""
        text = self.text
        stop = end
        comment = _COMMENT.search(text, at, end)
        for limit in ([comment.start()] if comment else []) + [stop]:
            last = limit - 1
            while last > at and text[last] in " \t,":
                last -= 1
            if last <= at or text[last] not in _CLOSING[quote] or (quote == '"' and self.is_escaped(last)):
                continue
            inner = text[at + 1 : last]
            marks = [i for i, one in enumerate(inner) if one == quote and not (i and inner[i - 1] == "\\")]
            if quote == '"' and len(marks) > 1 and len(marks) % 2 == 0:
                first, final = marks[0], marks[-1]
                closes = first > 0 and inner[first - 1] not in " (" and inner[first + 1 : first + 2] in (" ", ",", ".")
                if closes and inner[final - 1 : final] == " ":
                    continue  # "a" or "b"
            self.index += 1
            return last
        return None

    def is_escaped(self, at: int) -> bool:
        back = at
        while back > 0 and self.text[back - 1] == "\\" and at - back < 50:
            back -= 1
        return (at - back) % 2 == 1

    def string(self, frame: Frame | None, at: int, close: int, quote: str, is_closed: bool = True) -> None:
        """Puts the string between two quotes."""
        inner = self.text[at + 1 : close]
        if quote not in "\"'" or (is_closed and self.text[close] != quote):
            self.note("quote-style", at, self.text[at : close + 1], f'"{inner}"', frame)
        if not is_closed:
            self.note("missing-quote", close, "", quote, frame)
        style = quote if quote in "\"'" else "\u201c"
        value, wrong = decoded(inner, style)
        for kind, offset, before, after in wrong:
            self.note(kind, at + 1 + offset, before, after, frame)
        tail = self.text[close + 1 : close + 3].lstrip() if is_closed else ""
        if tail.startswith(","):
            self.note("trailing-comma", self.text.index(",", close), ",", "", frame)
        self.put(frame, value)

    def over_lines(self, frame: Frame | None, row: Row, at: int, quote: str) -> bool:
        """A string that goes on below, or whose last quote is missing."""
        text = self.text
        floor = -1 if frame is None else frame.line
        last = self.index
        while self.fuel > 0 and last + 1 < len(self.rows):
            last += 1
            below = self.rows[last]
            self.fuel -= below.following - below.start
            if below.is_blank:
                continue
            if below.col <= floor and self.begins(below):
                break
            close = self.close_on(below, quote)
            if close is not None:
                if not _TAIL.match(text, close + 1, below.end) or (below.col > floor and self.has_own_quotes(below, quote)):
                    break
                self.string(frame, at, close, quote)
                self.index = last + 1
                return True
        end = row.end - (text[row.end - 1] == "," and row.end - at > 2)
        self.string(frame, at, end, quote, False)
        if end < row.end:
            self.note("trailing-comma", end, ",", "", frame)
        self.index += 1
        return True

    def close_on(self, row: Row, quote: str) -> int | None:
        """The quote on a line that closes a string begun above."""
        i = row.at
        while i < row.end:
            one = self.text[i]
            if one == "\\" and quote == '"':
                i += 2
                continue
            if one == quote:
                if quote == "'" and self.text.startswith("''", i):
                    i += 2
                    continue
                return i
            i += 1
        return None

    def has_own_quotes(self, row: Row, quote: str) -> bool:
        """Whether a line is a member or an item with a string of its own."""
        after = dash_at(self.text, row.at, row.end)
        key = key_at(self.text, after, row.end)
        begin = key.value if key is not None else after
        return begin > row.at and self.text.startswith(quote, begin) and row.end - begin > 1

    def begins(self, row: Row) -> bool:
        """Whether a line begins a member or an item of what is open."""
        text = self.text
        is_bullet = text[row.at] in BULLETS and weak_dash_at(text, row.at, row.end) > row.at + 1
        if is_bullet or dash_at(text, row.at, row.end) > row.at:
            return any(not frame.is_map and frame.col == row.col for frame in self.stack) or not self.stack
        key = self.key(row, row.at)
        maps = [frame for frame in self.stack if frame.is_map]
        if key is None:
            key = weak_key_at(text, row.at, row.end)
            return key is not None and any(
                frame.guide.knows(key.name)
                or (frame.col == row.col and frame.guide.kinds and frame.guide.name_cost(key.name) < 0.5)
                for frame in maps
            )
        if any(frame.guide.knows(key.name) for frame in maps):
            return True
        fits = any(
            frame.col == row.col and not (frame.guide.names and frame.guide.name_cost(key.name) > 1) for frame in maps
        )
        return fits and _MEMBER_LIKE.match(text, row.at, row.end) is not None

    def triple(self, frame: Frame | None, row: Row, at: int, quote: str) -> bool:
        """Python's triple quotes."""
        close = self.text.find(quote * 3, at + 3, self.end)
        if close < 0 or self.fuel <= 0:
            return False
        self.fuel -= close - at
        lines = self.text[at + 3 : close].split("\n")
        inner = [line.strip() for line in lines] if len(lines) > 1 else lines
        self.note("quote-style", at, quote * 3, quote, frame)
        self.put(frame, "\n".join(inner).strip("\n"))
        while self.index < len(self.rows) and self.rows[self.index].start <= close:
            self.index += 1
        return True

    # Flow collections

    def flow(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> bool:
        """A collection in brackets; False where the brackets are rather part of a text."""
        if guide.is_scalar and guide.allows("string"):
            return False
        floor = -1 if frame is None else frame.line
        if self.fuel <= 0:
            return False

        def stops(offset: int) -> bool:
            if floor < 0:
                return False
            below = self.rows[min(bisect_left(self.starts, offset), len(self.rows) - 1)]
            return below.start == offset and not below.is_blank and below.col <= floor and self.begins(below)

        place = None if frame is None else (frame.place, frame.key)
        made = read_flow(self.text, at, self.end, guide, place, stops, self.typed)
        last = max(self.index, bisect_left(self.starts, made.end) - 1)
        line_end = self.rows[last].end
        if made.end < line_end and not _TAIL.match(self.text, made.end, line_end):
            stray = _STRAY_CLOSERS.match(self.text, made.end, line_end)
            if stray is None:
                if guide.kinds and not guide.allows("string"):
                    made.found.append(Found("stray-text", made.end, self.text[made.end : line_end], "", place))
                else:
                    self.fuel -= made.end - at
                    return False
            else:
                made.found.append(Found("stray-bracket", stray.start(1), stray[1], "", place))
        if self.text[made.end : line_end].lstrip().startswith(","):
            made.found.append(Found("trailing-comma", self.text.index(",", made.end), ",", "", place))
        self.found += made.found
        self.places.update(made.places)
        self.put(frame, made.value)
        self.keep.append(made.value)
        self.index = last + 1
        return True

    # Block scalars

    def block(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> bool:
        """A literal or folded scalar; False where the sign rather begins a plain text."""
        text = self.text
        header = _HEADER.match(text, at, row.end)
        floor = -1 if frame is None else frame.line
        below = next((one for one in self.rows[self.index + 1 : self.index + 50] if not one.is_blank), None)
        first = ""
        if header is None:
            line = _INDICATOR_LINE.match(text, at, row.end)
            if line is None or below is None or below.col <= floor or self.begins(below):
                return False
            first = text[line.end() : row.end]
            self.note("line-break", line.end(), first, "\n" + first, frame)
            sign, signs = line[1][0], line[1][1:]
        else:
            sign, signs = header[1], header[2]
        rows = self.block_rows(frame, floor)
        digit = next((int(one) for one in signs if one.isdigit()), 0)
        filled = [one for one in rows if not one.is_blank]
        base = (
            floor + digit
            if digit and filled and min(one.col for one in filled) >= floor + digit
            else min((one.col for one in filled), default=0)
        )
        if filled and filled[0].col > base and not digit and floor < base:
            self.note("block-indentation", filled[0].start, text[filled[0].start : filled[0].at], " " * base, frame)
        lines = [self.unindented(one, base) for one in rows]
        self.put(frame, _joined([first, *lines] if header is None else lines, sign, signs, self.ends_line(rows)))
        self.index += 1 + len(rows)
        return True

    def ends_line(self, rows: list[Row]) -> bool:
        """Whether the last line of a block ends with a newline; the text may end before."""
        return bool(rows) and rows[-1].following > rows[-1].full

    def unindented(self, row: Row, base: int) -> str:
        lead = row.at - row.start
        kept = self.text[row.start : row.full]
        return kept[min(base, lead) :] if row.col == lead else " " * max(0, row.col - base) + self.text[row.at : row.full]

    def block_rows(self, frame: Frame | None, floor: int) -> list[Row]:
        """The lines of a block scalar: those that are indented, and others that can be nothing else."""
        rows: list[Row] = []
        last = 0
        is_lost = False
        for index in range(self.index + 1, len(self.rows)):
            row = self.rows[index]
            if not row.is_blank:
                if rows and self.is_apart(row, rows[0]):
                    break
                if row.col <= floor:
                    if self.ends_block(row, last > 0, last < len(rows), is_lost):
                        break
                    if not is_lost:
                        is_lost = True
                        self.note("block-indentation", row.start, self.text[row.start : row.at], " " * (floor + 2), frame)
                last = len(rows) + 1
            rows.append(row)
        return rows

    def is_apart(self, row: Row, first: Row) -> bool:
        """Whether a line has tabs where a block has spaces, or less indentation and a name of the type."""
        if self.text[row.start] == "\t" != self.text[first.start]:
            return self.begins(row)
        if row.col >= first.col:
            return False
        key = self.key(row, row.at)
        return key is not None and any(
            frame.guide.knows(key.name)
            or (
                frame.is_map and frame.guide.kinds and abs(frame.col - row.col) < 2 and frame.guide.name_cost(key.name) < 0.5
            )
            for frame in self.stack
        )

    def ends_block(self, row: Row, has_rows: bool, is_apart: bool, is_lost: bool) -> bool:
        """Whether a line that is not indented comes after the block, or belongs to it though its indentation was lost.

        ``is_apart``: a blank line is above it. ``is_lost``: other lines of the block are not indented either.
        """
        if self.begins(row):
            key = self.key(row, row.at) or weak_key_at(self.text, row.at, row.end)
            return (
                key is None
                or any(one.guide.knows(key.name) for one in self.stack)
                or _IDENTIFIER.match(self.text, row.at, row.end) is not None
                or not has_rows
                or not is_lost
            )
        if has_rows and not is_lost and _IDENTIFIER.match(self.text, row.at, row.end) is not None:
            return True
        if self.text.startswith(("```", "~~~", "}", "]"), row.at) and row.end - row.at <= 4:
            return has_rows and not (is_lost and self.text[row.at] in "}]")
        return has_rows and is_apart and not is_lost


def _joined(lines: list[str], sign: str, signs: str, ends_line: bool) -> str:
    """The text of a block scalar."""
    while lines and not lines[-1].strip(" \t"):
        lines = lines[:-1] if "+" not in signs or not lines[:-1] else lines
        if "+" in signs:
            break
    text = "\n".join(lines) if sign == "|" else _folded(lines)
    if "-" in signs or not lines:
        return text
    return text + "\n" if ends_line or "+" in signs else text


def _folded(lines: list[str]) -> str:
    """Lines joined as ``>`` joins them: by a space, except around blank and more indented ones."""
    parts: list[str] = []
    blanks = 0
    was_deep = True
    for line in lines:
        if not line:
            blanks += 1
            continue
        deep = line[0] in " \t"
        if parts:
            parts.append("\n" * (blanks + (deep or was_deep)) if blanks or deep or was_deep else " ")
        else:
            parts.append("\n" * blanks)
        parts.append(line)
        blanks, was_deep = 0, deep
    return "".join(parts)
