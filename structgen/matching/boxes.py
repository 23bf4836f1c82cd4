"""Values while they are written, inside lists whose items must differ; and numbers whose steps are too many to follow by
states. The twin of ``native/boxes.cpp``.

In: what is written, byte by byte and text by text. Out: a ``Box``, the innermost container that is open, with those around
it. It is the scope of a thread (``grammar.names``): it goes through calls and returns, and it is there only inside a list
whose items must differ. The one idea: a box holds what is written as a value, not as a text (members as a set, strings
decoded, no white space), so that equal values are equal however they are spelled, and equal situations are one situation.

Values are bytes: a letter, a length and the content, so that no two values are the same bytes. Caveats: numbers are
compared as they are written, so a grammar must offer one spelling of each; what nests deeper than ``DEEPEST`` is refused.

A box with ``rules`` stands alone and holds one number: they are tested where it ends, so a grammar has to see to it that
whatever is begun can become right.
"""

from __future__ import annotations

from typing import NamedTuple

from structgen.grammar.names import Do

DEEPEST = 500
"""Containers in one another within an item."""
SPOILT = 0xFF
TRIED = 100
"""Multiples that are tried as ends of a number, for each number of digits."""
_NO_MEMBERS: frozenset[bytes] = frozenset()


class Rule(NamedTuple):
    """Of a number: whether it is a multiple of ``digits``, the last ``places`` of them behind the point."""

    digits: int
    places: int
    holds: bool
    remainder: int = 0
    taken: int = 0
    """Digits behind the point that have come, and one for the point; ``SPOILT``: among them one that no multiple has."""

    @classmethod
    def of(cls, what: int, holds: int, remainder: int = 0, taken: int = 0) -> Rule:
        """The rule of a step as ``Do.MULTIPLE`` writes it."""
        return cls(what >> 4, what & 15, bool(holds), remainder, taken)

    def after(self, byte: int) -> Rule:
        """The rule behind one more character."""
        if byte == 0x2E:
            return self._replace(taken=1)
        if byte == 0x2D:
            return self
        if self.taken <= self.places:
            return self._replace(remainder=(10 * self.remainder + byte - 0x30) % self.digits,
                                 taken=self.taken + (self.taken > 0))
        return self if byte == 0x30 else self._replace(remainder=0, taken=SPOILT)

    @property
    def is_kept(self) -> bool:
        """Whether the number may end here."""
        left = self.places - max(0, self.taken - 1)
        return (self.taken != SPOILT and self.remainder * 10 ** max(0, left) % self.digits == 0) == self.holds


class Box(NamedTuple):
    """An open container; ``used`` is set where the items must differ: those that came so far."""

    parent: Box | None = None
    members: frozenset[bytes] | None = None
    """Of an object: those that came so far."""
    items: tuple[bytes, ...] = ()
    """Of a list: likewise; where they must differ, ``used`` says enough for the outermost."""
    key: bytes = b""
    token: bytes = b""
    """What stands without quotes, as far as it is written: a number, ``true`` ..."""
    used: frozenset[bytes] | None = None
    depth: int = 1
    rules: tuple[Rule, ...] = ()
    """Of a number."""


def after_byte(box: Box, byte: int) -> Box | None:
    """The box behind one byte that stands in no text; None if nothing may nest so deep."""
    if box.rules:
        return _read_on(box, bytes((byte,)))
    if byte in b'":':
        return box
    if byte in b"{[":
        if box.depth >= DEEPEST:
            return None
        return Box(box, _NO_MEMBERS if byte == 0x7B else None, depth=box.depth + 1)
    if byte in b", \t\r\n":
        return _ended(box)
    if byte not in b"}]":
        return box._replace(token=box.token + bytes((byte,)))
    box = _ended(box)
    assert box.parent is not None  # the outermost is left by a step
    if box.members is None:
        return _with(box.parent, _value(b"a", b"".join(box.items)))
    return _with(box.parent, _value(b"o", b"".join(sorted(box.members))))


def after_text(box: Box, text: bytes, *, is_key: bool, is_quoted: bool) -> Box:
    """The box behind a text that was read as one: a name, a string, or one without quotes."""
    if box.rules:
        return _read_on(box, text)
    if is_key:
        return box._replace(key=_value(b"k", text))
    return _with(box, _value(b"s", text)) if is_quoted else box._replace(token=box.token + text)


def after_step(do: int, what: int, box: Box | None) -> Box | None:
    """The box behind a step; an item that has come before is refused, and a number that breaks a rule: ``NoSuchItem``."""
    if do == Do.MULTIPLE or do == Do.NO_MULTIPLE:
        rule = Rule.of(what, do == Do.MULTIPLE)
        return Box(rules=(*(box.rules if box is not None else ()), rule))
    if do == Do.DISTINCT:
        return Box(used=frozenset()) if box is None else box._replace(used=frozenset())
    assert box is not None
    if do == Do.NUMBER_END:
        if all(rule.is_kept for rule in box.rules):
            return None
        raise NoSuchItem
    if do == Do.DISTINCT_END:
        return None if box.parent is None else box
    box = _ended(box)
    assert box.used is not None
    item = box.items[-1]
    if item in box.used:
        raise NoSuchItem
    return box._replace(used=box.used | {item}, items=() if box.parent is None else box.items)


class NoSuchItem(Exception):
    """The item is equal to one that has come; or the number is none that was asked for."""


def is_constrained(box: Box) -> bool:
    """Whether an item has come anywhere that the next may not be equal to."""
    here: Box | None = box
    while here is not None:
        if here.used:
            return True
        here = here.parent
    return False


def outermost(box: Box | None) -> Box | None:
    """The list of items that must differ within which everything else is."""
    while box is not None and box.parent is not None:
        box = box.parent
    return box


def digits_to_end(box: Box, text: bytes) -> bytes:
    """The next digit on a short way from a text to a whole number that is what its rules ask for; any that a number begins
    with where nothing is written yet, none where no way is found at once."""
    if box.rules and not text.lstrip(b"-"):
        return b"123456789"
    rules = _read_on(box, text).rules
    asked = next((rule for rule in rules if rule.holds), None)
    if asked is None or any(rule.places or rule.taken for rule in rules):
        return b""
    for count in range(1, 2 * len(str(asked.digits)) + 2):
        first = -asked.remainder * 10**count % asked.digits
        for more in range(first, min(10**count, first + TRIED * asked.digits), asked.digits):
            if all(((rule.remainder * 10**count + more) % rule.digits == 0) == rule.holds for rule in rules):
                return (b"%0*d" % (count, more))[:1]
    return b""


def _read_on(box: Box, text: bytes) -> Box:
    """The box of a number behind more of its characters."""
    rules = box.rules
    for byte in text:
        rules = tuple([rule.after(byte) for rule in rules])
    return box._replace(rules=rules)


def _ended(box: Box) -> Box:
    """The box once what stands without quotes has ended."""
    return _with(box._replace(token=b""), _value(b"t", box.token)) if box.token else box


def _with(box: Box, value: bytes) -> Box:
    """The box with one more value."""
    if box.members is None:
        return box._replace(items=(*box.items, value))
    return box._replace(members=box.members | {box.key + value}, key=b"")


def _value(letter: bytes, content: bytes) -> bytes:
    return b"%b%d:%b" % (letter, len(content), content)
