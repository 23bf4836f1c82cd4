"""Says in words why a token is forbidden and what may come instead.

In: a matcher and a token. Out: a few lines, made from the matcher's own masks and threads, so they cannot disagree with
them. Where a thread stands inside a text, its automaton says which texts or characters may follow; where it stands in
front of one, what kind of text that is: a key, one of these values, a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from structgen.automaton.dfa import Dfa
from structgen.automaton.tables import Encoding, Kind, NameSet, Role
from structgen.matching import decoder

if TYPE_CHECKING:
    from structgen.matching.estimate import Estimate, Place
    from structgen.matching.matcher import MatcherBase
    from structgen.matching.spelling import Spelling

_SHOWN = 12
"""Texts or characters that are listed one by one."""
_WORDS = {0x7B: "an object", 0x5B: "an array", 0x7D: "the end of the object", 0x5D: "the end of the array", 0x2C: "a comma",
          0x3A: "a colon", 0x22: "a quote", 0x2E: "a decimal point", 0x2D: "a minus sign"}
_SPACE = frozenset(b" \t\r\n")


def explain_token(matcher: MatcherBase, token: int) -> str:
    """One line on the token, one on why it cannot come, one on what may."""
    vocabulary = matcher.vocabulary
    if not 0 <= token < vocabulary.size:
        return f"token {token} is outside the vocabulary of {vocabulary.size} tokens"
    allowed = matcher.allowed_tokens()
    name = _name(matcher, token)
    if token in allowed:
        return f"{name} is allowed, one of {len(allowed):,}"
    if matcher.is_finished:
        return f"{name} is forbidden: the output has ended"
    if token in vocabulary.eos_token_ids:
        reason, good = "the output is not complete here", 0
    elif not vocabulary.tokens[token]:
        return f"{name} is forbidden: it is a special token, and never part of a text"
    else:
        reason, good = _first_bad_byte(matcher, vocabulary.tokens[token] or b"")
    text = vocabulary.tokens[token] or b""
    if good:
        matcher.advance_bytes(text[:good])
    missing, what = _missing(matcher, text[good : good + 1]), allowed_in_words(matcher)
    matcher.rollback(1 if good else 0)
    because = f"\nbecause: {missing}" if missing else ""
    where = f"behind {_shown(text[:good])}" if good else f"{len(allowed):,} token" + "s" * (len(allowed) != 1)
    return f"{name} is forbidden: {reason}{because}\nallowed ({where}): {what}"


def _name(matcher: MatcherBase, token: int) -> str:
    text = matcher.vocabulary.tokens[token]
    return f"end token {token}" if text is None else f"token {token} ({_shown(text)})"


def _shown(text: bytes) -> str:
    return repr(text.decode("utf-8", "backslashreplace"))


def _first_bad_byte(matcher: MatcherBase, text: bytes) -> tuple[str, int]:
    good = 0
    while good < len(text) and matcher.advance_bytes(text[good : good + 1]):
        good += 1
    matcher.rollback(good)
    bad = _shown(text[good : good + 1])
    return (f"{bad} cannot come here" if good == 0 else f"{bad} cannot come after {_shown(text[:good])}"), good


def _missing(matcher: MatcherBase, bad: bytes) -> str:
    """What an object or an array still needs, where it cannot end yet."""
    if bad not in (b"", b"}", b"]", b","):
        return ""
    estimate = matcher._estimate()
    ways: dict[str, None] = {}
    for place in sorted(matcher.standing(), key=lambda one: (one.state, one.reading is not None)):
        found: dict[str, None] = {}
        is_object = False
        frames = [(place.state, place.registers)] if place.reading is None else []
        frames += [(estimate.tables.returns[slot], registers) for slot, registers in place.waiting]
        for state, registers in frames[:1] if bad else frames:
            key_set = estimate.key_set_of(state)
            if key_set is None:
                continue
            is_object = True
            keys = estimate.tables.key_sets[key_set]
            names = _names(estimate, key_set)
            left = [name for label, name in names.items() if keys.required[label] and (
                label >= registers.seen if keys.ordered else not registers.seen >> label & 1)]
            if left:
                found["the object needs " + _listed(map(_quoted, left), "and")] = None
            elif registers.count < keys.min_count:
                found[f"the object needs {keys.min_count - registers.count} more members"] = None
        if found:
            ways["; ".join(found)] = None
        elif is_object:
            return ""  # one way to read the text misses nothing
    return ", or ".join(ways)


def _names(estimate: Estimate, key_set: int) -> dict[int, str]:
    """The listed names of an object by label."""
    for spelling in estimate.spans:
        span = spelling.reader.span
        if span.role == Role.KEY and span.key_set == key_set:
            automaton = estimate.tables.dfas[span.dfa]
            if isinstance(automaton, NameSet):
                return dict(enumerate(automaton.names))
            listed = len(estimate.tables.key_sets[key_set].required)
            texts = _texts(spelling.reader.dfa, spelling.reader.dfa.start, b"", listed, range(listed))
            return dict(texts)
    return {}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- what may come ----------------------------------------------------------------------------------------------------

def allowed_in_words(matcher: MatcherBase) -> str:
    """What may come next, kind by kind; from the threads, without a look at tokens."""
    estimate = matcher._estimate()
    found: dict[str, None] = {}
    bytes_left: set[int] = set()
    for place in sorted(matcher.standing(), key=lambda one: (one.state, one.reading is not None)):
        if place.reading is not None:
            found[_inside(estimate, place)] = None
        else:
            words, others = _in_front(estimate, place)
            found.update(dict.fromkeys(words))
            bytes_left |= others
    for byte in sorted(bytes_left & _WORDS.keys()):
        found[_WORDS[byte]] = None
    rest = _characters(bytes_left - _WORDS.keys() - _SPACE)
    if rest:
        found[rest] = None
    if bytes_left & _SPACE:
        found["white space"] = None
    if matcher.is_accepting:
        found["the end of the output"] = None
    found.pop("", None)
    return _any_of(found) or "nothing"


def _in_front(estimate: Estimate, place: Place) -> tuple[list[str], set[int]]:
    """In front of a state that reads bytes: the texts whose quotes may come, the literals, and the other bytes."""
    _, first, count = estimate.state(place.state)
    edges = estimate.tables.edges[3 * first : 3 * (first + count)]
    words: list[str] = []
    others: set[int] = set()
    for low, high, target in zip(edges[0::3], edges[1::3], edges[2::3], strict=True):
        kind, a, _ = estimate.state(target)
        literal = _literal(estimate, low, target) if low == high else ""
        if low == high == 0x22 and kind == Kind.SPAN and estimate.spans[a].reader.is_json:
            words.append(_fresh(estimate, estimate.spans[a], place))
        elif literal:
            words.append(literal)
        else:
            others.update(range(low, high + 1))
    return words, others


def _literal(estimate: Estimate, byte: int, state: int) -> str:
    """The word that begins so and has no other way to go on: true, false, null."""
    text = bytes((byte,))
    while len(text) < 6:
        kind, first, count = estimate.state(state)
        if kind != Kind.BYTES or count != 1:
            break
        low, high, state = estimate.tables.edges[3 * first : 3 * first + 3]
        if low != high:
            break
        text += bytes((low,))
    return text.decode() if text in (b"true", b"false", b"null") else ""


def _fresh(estimate: Estimate, spelling: Spelling, place: Place) -> str:
    """A text whose quote comes next."""
    reader = spelling.reader
    if reader.keys is None:
        texts = list(_texts(reader.dfa, reader.dfa.start, b"", _SHOWN + 1))
        if reader.dfa.count[reader.dfa.start] > _SHOWN or len(texts) > _SHOWN:
            return "a string"
        used = {text[1:] for text in place.registers.texts}
        left = [_quoted(text) for _, text in texts if text.encode() not in used]
        return "the string " + left[0] if len(left) == 1 else "a string, " + _listed(left)
    return "a key: " + _keys(estimate, spelling, place, b"")


def _keys(estimate: Estimate, spelling: Spelling, place: Place, begun: bytes) -> str:
    """The names that an object may have next, those that begin so."""
    reader = spelling.reader
    assert reader.keys is not None
    registers = place.registers if place.reading is None else place.waiting[0][1]
    names = [name for label, name in _names(estimate, reader.span.key_set).items()
             if name.encode().startswith(begun) and reader.keys.allows(label, registers)]
    parts = [_listed(map(_quoted, names))] if names else []
    if reader.keys.allows(reader.keys.listed, registers):
        parts.append("another name" if names else "any name" if not registers.texts else "a name that was not used")
    return _any_of(parts)


def _inside(estimate: Estimate, place: Place) -> str:
    """Inside a text."""
    assert place.reading is not None
    spelling = estimate.spans[estimate.state(place.state)[1]]
    reader, reading = spelling.reader, place.reading
    if reading.decoder & 15 >= decoder.ESCAPE:
        return "the rest of an escape"
    if reading.decoder != decoder.START:
        return "the rest of a character"
    registers = place.waiting[0][1]
    ends = reader.is_json and reader.label(reading, registers) >= 0
    if reader.keys is not None and reading.text == b"" and reading.state == reader.dfa.start:
        return "the key " + _keys(estimate, spelling, place, b"")
    dfa, state = reader.dfa, reading.state
    if dfa.count[state] <= _SHOWN and reader.span.encoding != Encoding.RAW:
        rest = [text for _, text in _texts(dfa, state, b"", _SHOWN + 1)]
        if len(rest) <= _SHOWN:
            kinds = "key" if reader.keys is not None else "string"
            return f"the rest of the {kinds}: " + _listed([repr(_quoted(text)[1:]) for text in rest])
    live = {byte for low, high, target in dfa.edges[state] for byte in range(low, high + 1) if target >= 0}
    if reader.span.encoding == Encoding.RAW:
        shown = [text for _, text in _texts(dfa, state, b"", _SHOWN + 1)] if dfa.count[state] <= _SHOWN else []
        if shown and state == dfa.start:
            return _listed([text for text in shown if text])
        words = [_WORDS[byte] for byte in sorted(live & _WORDS.keys()) if byte in b".-"]
        return _any_of([_characters(live - set(b".-")), *words])
    what = _characters(live) if not reader.total[state] else "any character"
    room = reader.span.max_length - reading.count
    if reader.span.max_length < 1 << 30 and room <= 0:
        what = ""
    elif reader.span.max_length < 1 << 30 and what:
        what += f" (at most {room} more)"
    return _any_of([what, "a quote that ends the string" if ends else ""])


def _texts(dfa: Dfa, state: int, text: bytes, most: int, labels: Iterable[int] | None = None) -> Iterator[tuple[int, str]]:
    """Texts of an automaton with their labels, at most so many; with ``labels`` only those that lead to them."""
    wanted = None if labels is None else frozenset(labels)
    work, found = [(state, text)], 0
    while work and found < most:
        state, text = work.pop()
        if wanted is not None and wanted.isdisjoint(dfa.labels[state]):
            continue
        label = dfa.accept[state]
        if label >= 0 and (wanted is None or label in wanted):
            found += 1
            yield label, text.decode("utf-8", "replace")
        if len(text) < 200 and len(work) < 1000:
            work += [(target, text + bytes((byte,))) for low, high, target in reversed(dfa.edges[state])
                     for byte in range(high, low - 1, -1)][:1000]


def _characters(live: set[int]) -> str:
    """The first bytes of characters in words."""
    parts: list[str] = []
    digits = sorted(byte - 0x30 for byte in live if 0x30 <= byte <= 0x39)
    if len(digits) == 10:
        parts.append("a digit")
    elif len(digits) > 2 and digits[-1] - digits[0] == len(digits) - 1:
        parts.append(f"a digit up to {digits[-1]}" if digits[0] == 0 else f"a digit from {digits[0]} to {digits[-1]}")
    elif digits:
        parts.append(_listed(map(str, digits)))
    for first, last, name in ((0x61, 0x7A, "a small letter"), (0x41, 0x5A, "a capital letter")):
        letters = sorted(byte for byte in live if first <= byte <= last)
        if len(letters) == 26:
            parts.append(name)
        elif letters:
            parts += _runs(letters)
    parts += [repr(chr(byte)) for byte in sorted(live) if byte < 0x80 and not chr(byte).isalnum()]
    if any(byte >= 0x80 for byte in live):
        parts.append("a character beyond ASCII")
    if len(parts) > _SHOWN:
        parts = [*parts[:_SHOWN], f"{len(parts) - _SHOWN} other characters"]
    return ", ".join(parts)


def _any_of(parts: Iterable[str]) -> str:
    """Kinds of what may come."""
    known = [part for part in parts if part]
    return known[0] if len(known) == 1 else "; ".join(known[:-1]) + "; or " + known[-1] if known else ""


def _runs(letters: list[int]) -> list[str]:
    """Letters in ranges."""
    found: list[str] = []
    start = 0
    for i in range(1, len(letters) + 1):
        if i == len(letters) or letters[i] != letters[i - 1] + 1:
            first, last = chr(letters[start]), chr(letters[i - 1])
            found += [f"a letter from {first} to {last}"] if i - start > 2 else [repr(chr(c)) for c in letters[start:i]]
            start = i
    return found


def _listed(texts: Iterable[str], last: str = "or") -> str:
    """Some texts in a row; "one of" where there are several to choose from."""
    shown = list(texts)
    if len(shown) > _SHOWN:
        return ("one of " if last == "or" else "") + ", ".join(shown[:_SHOWN]) + f" and {len(shown) - _SHOWN} more"
    if len(shown) < 2:
        return "".join(shown)
    return ("one of " if last == "or" else "") + ", ".join(shown[:-1]) + f" {last} {shown[-1]}"
