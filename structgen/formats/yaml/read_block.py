"""Block YAML read tolerantly: every line is given to the open container that takes it at the least cost.

In: the lines of a text and, where a type is wanted, its guide. Out: a ``Candidate``. The one idea: indentation is what
models get wrong, so it is one witness among others: a line with a name costs a container what its column, the names that
the type knows, and a name that is there already speak against it; so do items and plain text. One pass, never back.

``values`` reads what stands behind a colon or a dash; here is where it goes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from structgen.errors import ReadError
from structgen.formats.base import Candidate, Found
from structgen.formats.yaml.read_lines import (
    Key,
    Row,
    dash_at,
    is_comment,
    key_at,
    number_at,
    rows_of,
    weak_dash_at,
    weak_key_at,
)
from structgen.formats.yaml.read_open import Frame, OpenText
from structgen.formats.yaml.read_scalars import word
from structgen.formats.yaml.read_strict import MAX_DEPTH, MAX_REPAIRS
from structgen.schema.guide import ANY, Guide, Wrapper

__all__ = ["Placer"]

NEAREST = 30
"""Open containers that are weighed for a line; the ones farther out only by their column."""
NEVER = 99.0
MANY = 200
"""Members of a mapping among which a name that is spelled otherwise is looked for."""
AFTERWORD = 6
"""Lines of a text behind the last member."""
WORDS = 3
"""Spaces of a sentence, and more than a value has before one."""
BULLETS = "*\u2022\u2013\u2014\u25e6\u00b7+"


class Placer(ABC):
    """The stack of open containers, and where each line goes."""

    def __init__(self, text: str, start: int, end: int, guide: Guide, typed: bool) -> None:
        self.text, self.start, self.end, self.guide, self.typed = text, start, end, guide, typed
        self.rows: list[Row] = rows_of(text, start, end)
        self.index = 0
        self.blanks = 0
        self.stack: list[Frame] = []
        self.found: list[Found] = []
        self.places: dict[int, dict[Any, int]] = {}
        self.open: OpenText | None = None
        self.root: Any = None
        self.has_root = False
        self.root_at = self.start
        """Where a root begins that is no container."""
        self.stray_at = -1
        """Where the text begins that belongs to nothing, if it was the last thing seen."""
        self.keep: list[Any] = []
        """Containers that were replaced: alive, so that ``places`` stays true."""

    @abstractmethod
    def value(self, frame: Frame | None, row: Row, at: int, guide: Guide) -> None:
        """Reads the value that begins at an offset, as the last member of a container; see ``read_values``."""

    # Repairs and the stack

    def note(self, kind: str, offset: int, before: str, after: str, frame: Frame | None = None) -> None:
        frame = frame or (self.stack[-1] if self.stack else None)
        place = None if frame is None else frame.place if frame.key is None else (frame.place, frame.key)
        self.found.append(Found(kind, offset, before, after, place))
        self.charge(offset)

    def charge(self, offset: int) -> None:
        """Refuses a text that takes too many repairs."""
        if len(self.found) > MAX_REPAIRS:
            raise ReadError(
                "the text is too damaged to be read",
                position=f"offset {offset}",
                because=f"it takes more than {MAX_REPAIRS} repairs",
            )

    def finish_text(self) -> None:
        """Gives the text that was open to its member."""
        opened, self.open = self.open, None
        if opened is None:
            return
        whole = "".join(opened.parts)
        value = whole if len(opened.parts) > 1 else word(whole, self.typed)
        if opened.frame is None:
            self.root = value
        else:
            opened.frame.value[opened.key] = value

    def pop_to(self, frame: Frame | None) -> None:
        while self.stack and self.stack[-1] is not frame:
            self.stack.pop()

    def push(self, value: Any, col: int, parent: int, guide: Guide, offset: int) -> Frame:
        """Opens a container as the value of the last member."""
        if len(self.stack) >= MAX_DEPTH:
            raise ReadError(f"nested deeper than {MAX_DEPTH} levels", position=f"offset {offset}")
        if not self.stack:
            if self.has_root:
                self.keep.append(self.root)
                self.note("surrounding-text", self.root_at, self.text[self.root_at : offset].rstrip(), "")
            self.root, self.has_root, place = value, True, None
        else:
            outer = self.stack[-1]
            outer.value[outer.key] = value
            outer.pending = False
            place = (outer.place, outer.key)
        frame = Frame(value, col, parent, guide, place)
        self.places[id(value)] = frame.places
        self.stack.append(frame)
        return frame

    def begin(self, frame: Frame, key: Any, offset: int, line: int) -> None:
        """Begins a member."""
        frame.key, frame.line, frame.pending = key, line, False
        frame.places[key] = offset
        if not frame.is_map:
            frame.value.append(None)
        elif len(frame.names) < MANY:
            frame.names.append(frame.guide.canonical(key))

    # Lines

    def run(self) -> None:
        while self.index < len(self.rows):
            row = self.rows[self.index]
            if row.is_blank:
                self.blanks += 1
                self.index += 1
            elif is_comment(self.text, row.at):
                self.index += 1
            else:
                self.line(row, row.at, row.col)
                self.blanks = 0
                self.charge(row.at)
        self.finish_text()

    def line(self, row: Row, at: int, col: int) -> None:
        after = dash_at(self.text, at, row.end)
        if after > at:
            if not self.item(row, at, after, col):
                self.text_line(row, at, col)
            return
        if self.text[at] in BULLETS and weak_dash_at(self.text, at, row.end) > at and self.weak_item(row, at, col):
            return
        if self.text[at].isdigit() and self.numbered_item(row, at, col):
            return
        key = self.key(row, at)
        if key is not None and self.member(row, key, col):
            return
        self.text_line(row, at, col)

    def key(self, row: Row, at: int) -> Key | None:
        """The name that begins here; None where it holds another sign for a colon, so that the colon is in the value."""
        key = key_at(self.text, at, row.end)
        if key is None or not any(sign in key.name for sign in (" = ", " -> ", " => ")):
            return key
        return None if weak_key_at(self.text, at, row.end) is not None else key

    # Members

    def member(self, row: Row, key: Key, col: int, limit: float = NEVER) -> bool:
        """Gives a line with a name to where it fits best; False where it is rather the text above going on."""
        cost, frame, how = self.best_member(key.name, col, self.text[key.start : row.end])
        if cost >= min(limit, self.text_cost(key.name, col)):
            return False
        self.finish_text()
        self.odd_lead(row)
        parent = -1
        if how == "child":
            is_wrapper = not self.stack and self.wraps(key, row, col)
            parent, frame = self.top_line(), self.push_child({}, col, row.at)
            frame.guide = Wrapper(frame.guide) if is_wrapper else frame.guide
        elif how == "item":  # a mapping in a list whose dashes are missing
            assert frame is not None
            self.pop_to(frame)
            self.begin(frame, len(frame.value), key.start, frame.col)
            frame = self.push({}, col, frame.col, frame.guide.item, key.start)
            self.note("missing-dash", key.start, "", "- ")
        elif how == "list":
            outer = self.push_child([], col, row.at)
            self.begin(outer, 0, key.start, col)
            frame = self.push({}, col, outer.parent, outer.guide.item, key.start)
            self.note("missing-dash", key.start, "", "- ")
        else:
            assert frame is not None
            self.pop_to(frame)
            if col != frame.col:
                self.misplaced(frame, row, key.name, frame.col)
        if how == "child" and col <= parent:
            self.misplaced(frame, row, key.name, parent + 2)
        self.put_member(frame, row, key, col)
        return True

    def misplaced(self, frame: Frame, row: Row, name: str, col: int) -> None:
        """Notes that a member stands in another column than its mapping's."""
        lead = self.text[row.start : row.at]
        self.found.append(Found("indentation", row.start, lead, " " * col, (frame.place, name)))

    def wraps(self, key: Key, row: Row, col: int) -> bool:
        """Whether the first name is none of the type's, and what it stands for is."""
        if self.guide.knows(key.name) or not self.guide.kinds or key.value < row.end:
            return False
        below = next((one for one in self.rows[self.index + 1 : self.index + 20] if not one.is_blank), None)
        if below is None or below.col < col:
            return False
        after = dash_at(self.text, below.at, below.end)
        if self.guide.is_list:
            return after > below.at
        inner = key_at(self.text, after, below.end) or weak_key_at(self.text, after, below.end)
        return inner is not None and self.guide.knows(inner.name)

    def put_member(self, frame: Frame, row: Row, key: Key, col: int) -> None:
        """Begins the member and reads its value."""
        if key.name in frame.value:
            before = frame.places.get(key.name, key.start)
            self.found.append(
                Found("duplicate-key", key.start, self.text[key.start : key.value].rstrip(), "", (frame.place, key.name))
            )
            self.keep.append(frame.value.pop(key.name))
            frame.places[key.name] = before
        self.begin(frame, key.name, key.start, col)
        for kind, offset, old, new in key.found:
            self.note(kind, offset, old, new)
        frame.value[key.name] = None
        self.value(frame, row, key.value, frame.guide.child(key.name))

    def push_child(self, value: Any, col: int, offset: int) -> Frame:
        """A container as the value that is pending, or as the root."""
        if not self.stack:
            return self.push(value, col, -1, self.guide, offset)
        top = self.stack[-1]
        return self.push(value, col, top.line, top.inner(), offset)

    def top_line(self) -> int:
        return self.stack[-1].line if self.stack else -1

    def best_member(self, name: str, col: int, line: str) -> tuple[float, Frame | None, str]:
        """The least cost for a member, the container, and how: as a member, or of a new container."""
        if not self.stack:
            guide = self.guide
            listed = guide.is_list and guide.item.name_cost(name) < 1
            return (0.5, None, "list") if listed and not self.has_root else (0.5, None, "child")
        best: tuple[float, Frame | None, str] = (NEVER, None, "")
        top = self.stack[-1]
        if top.pending:
            best = self.child_cost(top, name, col)
        lists = [frame for frame in self.stack if not frame.is_map]
        is_exact = False
        for depth, frame in enumerate(reversed(self.stack)):
            if depth > NEAREST and frame.col != col:
                continue
            if not frame.is_map:
                continue
            index = len(self.stack) - 1 - depth
            outer = self.stack[index - 1] if index else None
            indented = self.column_cost(frame, col, outer)
            if is_exact and indented:
                indented += 0.6  # it stands where an inner one has its members
            is_exact = is_exact or not indented
            cost = indented + frame.guide.name_cost(name)
            known = frame.guide.canonical(name)
            if name == frame.key and self.text.startswith(line, frame.places.get(name, 0)) and line[-1] not in ":|>-":
                cost += 0.45  # the same line again
            elif known in frame.names:
                if outer is not None and not outer.is_map and lists and outer.guide.item.allows("object"):
                    again = cost + 1 + (0 if known == frame.names[0] else 0.4)
                    again += 1.5 if frame.guide.required.difference(frame.names) else 0
                    best = min(best, (again, outer, "item"), key=lambda way: way[0])
                cost += 2
            if cost < best[0]:
                best = (cost, frame, "member")
            if best[0] < 0.5 and frame.col <= col:
                break
        return best

    @staticmethod
    def column_cost(frame: Frame, col: int, outer: Frame | None) -> float:
        """How far a line's column speaks against a mapping."""
        if col == frame.col:
            return 0.0
        if col > frame.parent:
            return 1.0 if col > frame.col or frame.parent < 0 else 0.9
        if outer is not None and not outer.is_map and col == outer.col and outer.parent < col:
            return 0.8  # in the column of the dash
        return 2.2

    @staticmethod
    def child_cost(top: Frame, name: str, col: int) -> tuple[float, Frame | None, str]:
        """The cost of a new mapping, or a list of mappings, as the value that is pending."""
        guide = top.inner()
        flush = 0.9 if guide.kinds and not guide.kinds & {"null", "string"} else 1.5
        indented = 0.0 if col > top.line else flush if col == top.line else 3.0
        if guide.is_scalar:
            return indented + 4, None, "child"
        as_map = guide.name_cost(name) if guide.allows("object") else NEVER
        as_list = guide.item.name_cost(name) + 1 if guide.allows("array") and guide.kinds else NEVER
        return (indented + as_map, None, "child") if as_map <= as_list else (indented + as_list, None, "list")

    def text_cost(self, name: str, col: int) -> float:
        """The cost of taking a line with a name for the text above going on."""
        top = self.stack[-1] if self.stack else None
        if self.in_text_list(col):
            return 1.0
        if top is not None and top.pending:
            return 1.2 if top.inner().wants_text and col > top.line else 3.5 if top.inner().is_scalar else NEVER
        opened = self.open
        if opened is None or (opened.guide.kinds and not opened.guide.allows("string")):
            return NEVER
        many = name.count(" ") > 1
        if opened.frame is not None and col > opened.frame.line:
            return 1.6 if opened.guide.kinds or many else 2.5
        return 2.4 if many else 3.3

    def in_text_list(self, col: int) -> bool:
        """Whether a list of texts may have an item here whose dash is missing."""
        if not self.stack:
            return False
        top = self.stack[-1]
        if top.pending:
            return top.inner().is_list and top.inner().item.wants_text and col > top.line
        return not top.is_map and col == top.col and top.guide.item.wants_text and top.parent < col

    def odd_lead(self, row: Row) -> None:
        """Notes white space in front of a line that is no indentation."""
        lead = self.text[row.start : row.at]
        if lead.strip(" \ufeff"):
            self.note("tab" if "\t" in lead else "white-space", row.start, lead, " " * row.col)

    # Items

    def item(self, row: Row, at: int, after: int, col: int, dash: str = "") -> bool:
        """Gives an item to the list where it fits best; False where it is rather text."""
        cost, frame = self.best_item(col)
        is_dashed = bool(self.stack) and self.stack[-1].is_dashed
        if cost >= 2 and self.text_goes_on(col) and not is_dashed:
            return False
        self.finish_text()
        self.odd_lead(row)
        if frame is None:
            guide = self.stack[-1].inner() if self.stack else self.guide
            key = key_at(self.text, after, row.end)
            if guide.kinds and not guide.allows("array") and key is not None and guide.knows(key.name):
                return self.dashed_member(row, at, after, key, col)
            if self.stack and not self.stack[-1].pending:
                if is_dashed and key is not None:
                    return self.dashed_member(row, at, after, key, col)
                self.stray(row, at)
                return True
            frame = self.push_child([], col, at)
        elif col != frame.col:
            self.pop_to(frame)
            self.note("indentation", row.start, self.text[row.start : row.at], " " * frame.col, frame)
        self.pop_to(frame)
        self.begin(frame, len(frame.value), at, col)
        if dash and not (dash[0].isdigit() and len(frame.value) > 1):  # of a list with numbers, the whole is one repair
            self.note("missing-space" if dash == "-" else "bullet", at, dash, "- " if dash == "-" else "-")
        self.content(frame, row, after, col + max(1, after - at))
        return True

    def numbered_item(self, row: Row, at: int, col: int) -> bool:
        """An item with its number for a dash, where the type wants a list and the item has this number."""
        number, after = number_at(self.text, at, row.end)
        if after == at:
            return False
        cost, frame = self.best_item(col)
        if frame is None:
            guide = self.stack[-1].inner() if self.stack else self.guide
            if not guide.is_list or number > 1 or self.has_root > bool(self.stack):
                return False
        elif not frame.guide.is_list or number - len(frame.value) not in (0, 1):
            return False
        return cost < 1.2 and self.item(row, at, after, col, self.text[at:after].rstrip())

    def dashed_member(self, row: Row, at: int, after: int, key: Key, col: int) -> bool:
        """A mapping that is written as a list of its members."""
        if not self.stack or not (self.stack[-1].is_dashed and self.stack[-1].is_map):
            self.push_child({}, col, at).is_dashed = True
        frame = self.stack[-1]
        self.put_member(frame, row, key, col)
        self.note("bullet", at, self.text[at:after], "", frame)
        return True

    def best_item(self, col: int) -> tuple[float, Frame | None]:
        """The least cost for an item, and the list; None: a new one."""
        if not self.stack:
            return 0.0, None
        best: tuple[float, Frame | None] = (NEVER, None)
        top = self.stack[-1]
        if top.pending:
            guide = top.inner()
            wrong = 0.0 if guide.allows("array") else 2.5 if guide.is_scalar else 1.2
            flush = 0.2 if top.is_map else 2.0
            best = (wrong + (0.0 if col > top.line else flush if col == top.line else 2.0), None)
        for depth, frame in enumerate(reversed(self.stack)):
            if frame.is_map or (depth > NEAREST and frame.col != col):
                continue
            cost = 0.0 if col == frame.col else 1.0 if col > frame.parent else 2.2
            if cost < best[0]:
                best = (cost, frame)
            if cost == 0.0:
                break
        return best

    def content(self, frame: Frame, row: Row, at: int, col: int) -> None:
        """What stands behind a dash."""
        guide = frame.guide.item
        after = dash_at(self.text, at, row.end)
        if after > at and guide.allows("array"):
            inner = self.push([], col, frame.line, guide, at)
            self.begin(inner, 0, at, col)
            self.content(inner, row, after, col + after - at)
            return
        if at < row.end and not guide.is_scalar and not (guide.is_list and guide.kinds):
            key = self.key(row, at) or self.known_weak_key(guide, row, at)
            if key is not None:
                inner = self.push({}, col, frame.line, guide, at)
                self.put_member(inner, row, key, col)
                return
        self.value(frame, row, at, guide)

    def known_weak_key(self, guide: Guide, row: Row, at: int) -> Key | None:
        key = weak_key_at(self.text, at, row.end, words=True)
        if key is None or not guide.kinds or (" " in key.name and not guide.knows(key.name)):
            return None
        return key if guide.name_cost(key.name) < 0.5 else None

    # Text

    def text_goes_on(self, col: int) -> bool:
        """Whether a text is open that may go on."""
        return self.open is not None and (not self.open.guide.kinds or self.open.guide.allows("string"))

    def text_line(self, row: Row, at: int, col: int) -> None:
        """A line with neither a dash nor a name: some damaged form of those, or text."""
        if self.weak_member(row, at, col) or self.weak_item(row, at, col):
            return
        top = self.stack[-1] if self.stack else None
        if top is None and not self.has_root:
            if self.has_bare_items(row, col):
                self.missing_dash(self.push_child([], col, at), row, at, col)
                return
            self.has_root, self.root_at = True, at
            self.value(None, row, at, self.guide)
            return
        if top is not None and top.pending:
            guide = top.inner()
            self.odd_lead(row)
            if guide.is_list and guide.item.kinds and not guide.item.allows("object") and self.text[at] not in "[{":
                frame = self.push_child([], col, at)
                self.missing_dash(frame, row, at, col)
                return
            if col <= top.line:
                self.note("indentation", row.start, self.text[row.start : at], " " * (top.line + 2))
            top.pending = False
            self.value(top, row, at, guide)
            return
        if self.is_afterword(row, at, col):
            self.note("surrounding-text", at, self.text[at : row.end], "")
            self.index += 1
            return
        lists = [frame for frame in self.stack[-NEAREST:] if not frame.is_map and col == frame.col]
        if lists and (lists[-1].parent < col or (lists[-1].guide.item.kinds and lists[-1].guide.item.is_scalar)):
            self.finish_text()
            self.pop_to(lists[-1])
            self.missing_dash(lists[-1], row, at, col)
        elif self.text_goes_on(col) and not self.is_closing(row, at):
            self.go_on(row, at, col)
        else:
            self.stray(row, at)

    def has_bare_items(self, row: Row, col: int) -> bool:
        """Whether a list of scalars is wanted and all lines are alike, without a dash."""
        item = self.guide.item
        if not (self.guide.is_list and item.is_scalar and self.text[row.at] not in "[{\"'|>"):
            return False
        rest = [one for one in self.rows[self.index + 1 :] if not one.is_blank]
        return bool(rest) and all(one.col == col and self.text[one.at] not in "-[{" for one in rest)

    def missing_dash(self, frame: Frame, row: Row, at: int, col: int) -> None:
        """An item without its dash; of a list without any, the whole is one repair."""
        self.begin(frame, len(frame.value), at, col)
        if len(frame.value) == 1 or self.found[-1:] == [] or self.found[-1].kind != "missing-dash":
            self.note("missing-dash", at, "", "- ")
        self.value(frame, row, at, frame.guide.item)

    def is_closing(self, row: Row, at: int) -> bool:
        return not self.text[at : row.end].strip("]},; \t`")

    def is_afterword(self, row: Row, at: int, col: int) -> bool:
        """Whether a line that is not indented is a sentence behind all members, where a few words stand above it."""
        opened, line = self.open, self.text[at : row.end]
        if opened is None or opened.frame is None or col > opened.frame.line or len(self.rows) - self.index > AFTERWORD:
            return False
        above = " ".join(opened.parts)
        return (
            line[0].isupper()
            and line[-1] in ".!?"
            and line.count(" ") >= WORDS > above.count(" ")
            and above[-1:] not in ".,;:!?"
            and all(one.is_blank or key_at(self.text, one.at, one.end) is None for one in self.rows[self.index :])
        )

    def go_on(self, row: Row, at: int, col: int) -> None:
        """Adds a line to the text that is open."""
        opened = self.open
        assert opened is not None
        frame = opened.frame
        if opened.comma is not None:
            opened.parts.append(",")
            self.found.remove(opened.comma)
            opened.comma = None
        if frame is not None and col <= frame.line:
            self.note("line-break", row.start, self.text[row.start : at], " " * (frame.line + 2), frame)
        opened.parts += ["\n" * self.blanks or " ", self.text[at : row.end]]
        self.index += 1

    def stray(self, row: Row, at: int) -> None:
        """A line that belongs to nothing."""
        closing = self.is_closing(row, at)
        if closing and "`" in self.text[at : row.end]:
            self.note("code-fence", at, self.text[at : row.end], "")
        else:
            self.note("stray-bracket" if closing else "stray-text", at, self.text[at : row.end], "")
        self.index += 1

    def weak_member(self, row: Row, at: int, col: int) -> bool:
        """A member whose colon has no space, or is another sign, where a member may stand."""
        key = weak_key_at(self.text, at, row.end)
        is_words = key is None  # several words: a sentence, unless the type has a member of the name
        key = key or weak_key_at(self.text, at, row.end, words=True)
        if key is None:
            return False
        if not self.stack:
            if (
                self.has_root
                or (is_words and not self.guide.knows(key.name))
                or not (self.guide.knows(key.name) or self.guide is ANY)
                or (self.guide is ANY and not self.looks_weak(row))
            ):
                return False
            return self.member(row, key, col)
        cost, frame, _ = self.best_member(key.name, col, self.text[at : row.end])
        guide = frame.guide if frame is not None else self.stack[-1].inner()
        if is_words and not guide.knows(key.name):
            return False
        known = (
            cost < 2.5
            and bool(guide.kinds)
            and min(
                guide.name_cost(key.name), guide.item.name_cost(key.name) if (guide.is_list and guide.item.kinds) else NEVER
            )
            < 0.5
        )
        plain = cost < 0.5 and frame is not None and frame.col == col
        return self.member(row, key, col) if known or plain else False

    def looks_weak(self, row: Row) -> bool:
        """Without a type: whether a text that begins with a damaged member goes on with others."""
        rest = [one for one in self.rows[self.index + 1 : self.index + 4] if not one.is_blank]
        return bool(rest) and all(
            weak_key_at(self.text, one.at, one.end) or key_at(self.text, one.at, one.end) for one in rest
        )

    def weak_item(self, row: Row, at: int, col: int) -> bool:
        """An item with another bullet, or whose dash has no space, where an item may stand."""
        after = weak_dash_at(self.text, at, row.end)
        if after == at:
            return False
        sign = self.text[at]
        if not self.stack:
            if self.has_root or not (self.guide.is_list or self.looks_listed(sign)):
                return False
        elif sign == "-" and self.text[after : after + 1].isdigit() and not self.stack[-1].inner().wants_text:
            return False
        cost, frame = self.best_item(col)
        if cost >= 1.2 or (frame is None and self.stack and not self.stack[-1].pending):
            return False
        if frame is None and self.stack and self.stack[-1].inner().is_scalar:
            return False
        return self.item(row, at, after, col, sign)

    def looks_listed(self, sign: str) -> bool:
        rest = [one for one in self.rows[self.index + 1 : self.index + 4] if not one.is_blank]
        return bool(rest) and all(self.text.startswith(sign, one.at) for one in rest if one.col == self.rows[self.index].col)

    def candidate(self) -> Candidate:
        return Candidate(self.root, self.found, (self.start, self.end), self.places)
