"""Numbers, booleans, dates and labels as people write them.

In: a text. Out: the value it stands for, or None. Each function reads the whole text and guesses at nothing that has two
meanings: "1,234" is a number with a grouping comma, "1,5" is none, "03/04/2024" is no date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Any

__all__ = ["MAX_SENTENCE", "all_dates", "all_numbers", "boolean_of", "date_of", "dates_in", "decimal_of", "distance",
           "folded", "labels_in", "number_of", "numbers_in", "time_of"]

_CURRENCY = "$€£¥₹₽₩"
_NUMBER = re.compile(rf"""(?P<paren>\()?\s*(?P<sign>[+\-\u2212])?\s*(?:[{_CURRENCY}]|USD|EUR|GBP)?\s*(?P<sign2>[+\-\u2212])?
    (?P<whole>[0-9]{{1,3}}(?:[,'\u00a0\u202f ][0-9]{{3}})+|[0-9]+(?:_[0-9]+)*)?(?P<fraction>\.[0-9]*)?
    (?P<exponent>[eE][+-]?[0-9]{{1,4}})?
    \s*(?P<percent>%)?\s*(?P<scale>[kKmMbB](?![a-zA-Z])|thousand|million|billion)?
    \s*(?:[{_CURRENCY}]|USD|EUR|GBP|dollars|euros)?\s*(?(paren)\))\.?""", re.VERBOSE)
_DOTS_AND_COMMA = re.compile(r"^[^0-9.,]*[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+[^0-9.,]*$")
"""A number with dots between thousands and a comma before the fraction: it has no other meaning."""
_SCALES = {"k": 3, "m": 6, "b": 9, "thousand": 3, "million": 6, "billion": 9}
_IN_TEXT = re.compile(r"(?<![\w.,])[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
                      r"(?:[kKMB]|[ -](?:thousand|million|billion))?(?![\w]|[.,][0-9])")
_SMALL = {word: number for number, word in enumerate(  # in words: what models write in English texts
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
     "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"))}
_TENS = {word: 10 * number for number, word in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)}
_LARGE = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_NUMBER_WORDS = re.compile(
    rf"\b(?:(?:{'|'.join((*_SMALL, *_TENS))})(?:[\s-]+|\b)|(?:{'|'.join(('hundred', *_LARGE))})(?:[\s-]+(?:and\s+)?|\b))+",
    re.IGNORECASE)
_TRUE, _FALSE = {"true", "yes", "y", "on", "t"}, {"false", "no", "n", "off", "f"}
_MONTHS = {name: number + 1 for number, names in enumerate(  # what models write in English texts
    ("jan january", "feb february", "mar march", "apr april", "may may", "jun june", "jul july", "aug august",
     "sep september sept", "oct october", "nov november", "dec december")) for name in names.split()}
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"(?:[A-Za-z]{3,9},?\s+)?([0-9]{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?([A-Za-z]{3,9})\.?,?\s+([0-9]{4})")
_MONTH_FIRST = re.compile(r"(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?\s+([0-9]{4})")
_NUMERIC = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_DATE_IN_TEXT = re.compile(
    r"(?<![\w/.-])(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?\s(?:of\s)?[A-Za-z]{3,9}\.?,?\s[0-9]{4}|[A-Za-z]{3,9}\.?\s[0-9]{1,2}(?:st|nd|rd|th)?,?\s[0-9]{4})"
    r"(?![\w/-]|\.[0-9])")
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?)?\s*([AaPp])?\.?(?:[Mm]\.?)?\s*"
                   r"(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?")
_WORDS = re.compile(r"\w+(?:['\u2019]\w+)*")
_CLAUSE = re.compile(r"[.,;:!?()\n]")
_TURNS = {"but", "however", "so", "therefore", "then", "hence", "thus", "yet"}
_DENIALS = {"not", "no", "never", "neither", "nor", "cannot", "without", "except"}
MAX_TEXT = 100
"""Characters of what may be a scalar."""
MAX_NUMBERS = 1000
"""Numbers of one sentence."""
MAX_ANSWER = 100_000
"""Characters in which labels are looked for."""
MAX_SENTENCE = 10_000
"""Characters in which numbers in words and dates are looked for."""


def number_of(text: str) -> int | float | None:
    """The number a text is: "$1,234.50", "1.234,50", "1_000", "(12)", "45%" (45), "2.5k", "1e3"."""
    parts = _parts(text)
    if parts is None:
        text = text.strip()
        return _worded(text) if text[:1].isalpha() and len(text) <= MAX_TEXT else None
    plain, fraction, exponent, scale = parts
    if not fraction and not exponent:
        return int(int(plain) * 10 ** scale)
    value = float(f"{plain}{fraction}{exponent}" + (f"e{scale}" if scale and not exponent else ""))
    return value if abs(value) != float("inf") else None


def decimal_of(text: str) -> str | None:
    """The number a text is, with all its digits and without an exponent: "$1,234.50" is "1234.50"."""
    from decimal import Decimal

    parts = _parts(text)
    if parts is None:
        return None
    plain, fraction, exponent, scale = parts
    value = Decimal(f"{plain}{fraction if len(fraction) > 1 else ''}{exponent}").scaleb(scale)
    return format(value, "f") if abs(value.adjusted()) <= MAX_TEXT else None


def _parts(text: str) -> tuple[str, str, str, int] | None:
    """Sign and digits, fraction with its point, exponent with its e, and the power of ten of a word such as "million"."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        return None
    if _DOTS_AND_COMMA.search(text):
        text = text.replace(".", "").replace(",", ".")
    found = _NUMBER.fullmatch(text)
    if found is None or (found["whole"] is None and len(found["fraction"] or "") < 2):
        return None
    whole = re.sub(r"[^0-9]", "", found["whole"] or "0")
    negative = (found["sign"] or found["sign2"] or "+") in "-\u2212" or found["paren"]
    scale = _SCALES.get((found["scale"] or "").lower(), 0)
    return ("-" if negative else "") + whole, found["fraction"] or "", found["exponent"] or "", scale


def numbers_in(text: str) -> list[int | float]:
    """The numbers that stand in a sentence, each once; none where it has too many."""
    matches = list(islice(_IN_TEXT.finditer(text), MAX_NUMBERS + 1))
    if len(matches) > MAX_NUMBERS:
        return []
    found = [one.group() for one in matches if len(one.group()) <= MAX_TEXT]
    if not found and len(text) <= MAX_SENTENCE:  # in words, but for "one", which is seldom a number
        found = [one.group().strip() for one in _NUMBER_WORDS.finditer(text) if one.group().strip().lower() != "one"]
    values = (number_of(one.replace("-", " ") if one[:1].isalpha() else one) for one in found)
    return list(dict.fromkeys(value for value in values if value is not None))


def all_numbers(text: str) -> list[int | float]:
    """Every number that a text may be understood to say, in digits or in English words, the parts of dates among them."""
    parts = [one.group() for one in _IN_TEXT.finditer(text)]
    parts += [one.group().strip().replace("-", " ") for one in _NUMBER_WORDS.finditer(text)]
    values = (number_of(one) for one in parts if len(one) <= MAX_TEXT)
    return list(dict.fromkeys(value for value in values if value is not None))


def all_dates(text: str) -> list[str]:
    """Every date that a text may be understood to say, both readings of 03/04/2024 among them."""
    found: dict[str, None] = {}
    for one in _DATE_IN_TEXT.finditer(text):
        for day_first in (True, False):
            made = date_of(one.group(), day_first)
            if made is not None:
                found[made] = None
    return list(found)


def _worded(text: str) -> int | None:
    """A number in English words: "forty-two", "three hundred and five thousand"."""
    total = part = 0
    last = ""
    for word in text.lower().replace("-", " ").split():
        if word == "and" and last in ("hundred", *_LARGE):
            continue
        if word in _SMALL and (last in ("", "hundred", *_LARGE) or (last in _TENS and 0 < _SMALL[word] < 10)):
            part += _SMALL[word]
        elif word in _TENS and last in ("", "hundred", *_LARGE):
            part += _TENS[word]
        elif word == "hundred" and 0 < part < 10:
            part *= 100
        elif word in _LARGE and part and (not total or total >= _LARGE[word] * 1000):
            total, part = total + part * _LARGE[word], 0
        else:
            return None
        last = word
    return total + part if last else None


def boolean_of(text: str) -> bool | None:
    """The truth value that a word stands for."""
    word = text.strip().strip(".!*_`\"'").lower()
    return True if word in _TRUE else False if word in _FALSE else None


def date_of(text: str, day_first: bool | None = None) -> str | None:
    """A date as YYYY-MM-DD. Of day and month in numbers only, one must be above 12 or both the same, or ``day_first`` says
    which comes first."""
    text = text.strip()
    if len(text) > MAX_TEXT:
        return None
    if found := _ISO.fullmatch(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if (found := _DAY_FIRST.fullmatch(text)) and found[2].lower() in _MONTHS:
        return _date(int(found[3]), _MONTHS[found[2].lower()], int(found[1]))
    if (found := _MONTH_FIRST.fullmatch(text)) and found[1].lower() in _MONTHS:
        return _date(int(found[3]), _MONTHS[found[1].lower()], int(found[2]))
    if found := _NUMERIC.fullmatch(text):
        first, second, year = map(int, found.groups())
        if first > 12 or first == second:
            return _date(year, second, first)
        if second > 12:
            return _date(year, first, second)
        if day_first is not None:
            return _date(year, *((second, first) if day_first else (first, second)))
    return None


def dates_in(text: str, day_first: bool | None = None) -> list[str]:
    """The dates that stand in a sentence, each once; one that has two meanings makes them unknown, so there are none."""
    found: dict[str, None] = {}
    if len(text) > MAX_SENTENCE:
        return []
    for one in _DATE_IN_TEXT.finditer(text):
        made = date_of(one.group(), day_first)
        if made is None and _NUMERIC.fullmatch(one.group()):
            return []
        if made is not None:
            found[made] = None
    return list(found)


def time_of(text: str) -> str | None:
    """A time as HH:MM:SS, with its zone if it has one: "3:05 pm", "15:05"."""
    found = _TIME.fullmatch(text.strip()) if len(text) <= MAX_TEXT else None
    if found is None or not (found[2] or found[5]):
        return None
    hour, half = int(found[1]), (found[5] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or int(found[2] or 0) > 59 or int(found[3] or 0) > 59:
        return None
    zone = found[6] or ""
    zone = "Z" if zone in ("UTC", "GMT") else zone if ":" in zone or len(zone) < 5 else f"{zone[:3]}:{zone[3:]}"
    return f"{hour:02}:{found[2] or '00'}:{found[3] or '00'}{found[4] or ''}{zone}"


def folded(text: str) -> str:
    """A name without case, accents and punctuation, for comparing names."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(one for one in plain.casefold() if one.isalnum() and not unicodedata.combining(one))


def labels_in(text: str, labels: Iterable[str]) -> list[str]:
    """The labels that stand in an answer as whole words, compared without case; neither a label inside a longer one counts nor
    one that is denied: "not a refund", "instead of a refund", "a refund is not what they want"."""
    if len(text) > MAX_ANSWER:
        return []
    found_words = list(_WORDS.finditer(text))
    words = [word.group().casefold().replace("\u2019", "'") for word in found_words]
    wanted = sorted(((tuple(word.group().casefold() for word in _WORDS.finditer(label)), label) for label in labels),
                    key=lambda pair: -len(pair[0]))
    firsts: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for parts, label in wanted:
        if parts:
            firsts.setdefault(parts[0], []).append((parts, label))
    found: dict[str, None] = {}
    at = 0
    while at < len(words):
        for parts, label in firsts.get(words[at], ()):
            if tuple(words[at:at + len(parts)]) == parts:
                last = at + len(parts) - 1
                if not _is_denied(text, found_words, words, at, last):
                    found[label] = None
                at = last
                break
        at += 1
    return list(found)


def _is_denied(text: str, found: list[re.Match[str]], words: list[str], first: int, last: int) -> bool:
    """Whether a label from one word to another is denied in its clause."""
    for at in range(first - 1, max(-1, first - 6), -1):
        if _CLAUSE.search(text, found[at].end(), found[at + 1].start()) or words[at] in _TURNS:
            break
        if words[at] in _DENIALS or words[at].endswith("n't"):
            return words[at + 1] not in ("only", "just", "merely", "sure")
        if words[at] in ("instead", "rather") and words[at + 1] in ("of", "than"):
            return True
    if last + 1 < len(words) and not _CLAUSE.search(text, found[last].end(), found[last + 1].start()):
        after = words[last + 1]
        return after in ("isn't", "wasn't", "doesn't") or (
            after in ("is", "was", "does", "would", "can") and words[last + 2:last + 3] == ["not"])
    return False


def distance(left: str, right: str, bound: int) -> int:
    """Letters to insert, delete, change or swap with their neighbour (Damerau), or ``bound + 1`` if more than ``bound``."""
    if abs(len(left) - len(right)) > bound:
        return bound + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        previous, row = row, [i]
        for j, other in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (one != other))
            if i > 1 and j > 1 and one == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = previous
        if min(row) > bound:
            return bound + 1
    return row[-1]


def _date(year: int, month: int, day: int) -> str | None:
    import datetime

    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return None


def scalar_text(value: Any) -> str:
    """A scalar as JSON writes it, a number as it was spelled."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return str(getattr(value, "spelling", value))
