"""The string formats of JSON Schema as regular languages, built from nodes.

``format_node(name)`` gives the language and the greatest length of a format. Sources: RFC 3339 (date, time, date-time,
duration in its appendix A), RFC 9562 (uuid), RFC 5321 (email), RFC 6531 (idn-email), RFC 1123 (hostname), RFC 2673 section
3.2 (ipv4), RFC 4291 (ipv6), RFC 3986 and 3987 (uri, iri and their references), RFC 6570 (uri-template), RFC 6901
(json-pointer), ECMA-262 (regex).

``NARROWER`` names every departure. A host name with letters beyond ASCII (idn-hostname) is refused: whether its form in
ASCII is short enough is not a regular question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from structgen.formats.json.patterns import regex
from structgen.grammar.build import EMPTY, alt, optional, repeat, seq
from structgen.grammar.nodes import Chars, Node, Str
from structgen.grammar.unicode import property_set, union

DIGIT = Chars(((0x30, 0x39),))
HEX = Chars(((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)))


def chars(text: str, *ranges: tuple[int, int]) -> Chars:
    """One of the characters of ``text``, or of the ranges."""
    spans = sorted([*ranges, *((ord(c), ord(c)) for c in text)])
    merged: list[tuple[int, int]] = []
    for low, high in spans:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return Chars(tuple(merged))


def two_digits(low: int, high: int) -> Node:
    """Two-digit numbers from ``low`` to ``high``."""
    by_tens: list[Node] = []
    for tens in range(low // 10, high // 10 + 1):
        first = low % 10 if tens == low // 10 else 0
        last = high % 10 if tens == high // 10 else 9
        by_tens.append(seq(Str(str(tens)), Chars(((0x30 + first, 0x30 + last),))))
    return alt(by_tens)


def words(texts: Iterable[str]) -> Node:
    return alt(Str(text) for text in texts)


def times(body: Node, count: int) -> Node:
    return seq(*[body] * count)


# --- RFC 3339 ---------------------------------------------------------------------------------------------------------

def date() -> Node:
    """``full-date``, days that exist."""
    nonzero = chars("", (0x31, 0x39))
    year = alt((seq(nonzero, times(DIGIT, 3)), seq(Str("0"), nonzero, times(DIGIT, 2)),
                seq(Str("00"), nonzero, DIGIT), seq(Str("000"), nonzero)))
    day = alt((seq(words(("-01-", "-03-", "-05-", "-07-", "-08-", "-10-", "-12-")), two_digits(1, 31)),
               seq(words(("-04-", "-06-", "-09-", "-11-")), two_digits(1, 30)),
               seq(Str("-02-"), two_digits(1, 28))))
    fourth = words(f"{n:02}" for n in range(4, 100, 4))
    leap = alt((seq(times(DIGIT, 2), fourth), seq(fourth, Str("00"))))
    return alt((seq(year, day), seq(leap, Str("-02-29"))))


def time() -> Node:
    """``full-time``; a leap second only where it is 23:59 in UTC."""
    fraction = optional(seq(Str("."), repeat(DIGIT, 1)))
    offset = alt((chars("Zz"), seq(chars("+-"), two_digits(0, 23), Str(":"), two_digits(0, 59))))
    usual = seq(two_digits(0, 23), Str(":"), two_digits(0, 59), Str(":"), two_digits(0, 59), fraction, offset)
    leaps = [seq(Str("23:59:60"), fraction, chars("Zz"))]
    for ahead in range(0, 24 * 60, 15):
        for sign, minute in (("+", (24 * 60 - 1 + ahead) % (24 * 60)), ("-", (24 * 60 - 1 - ahead) % (24 * 60))):
            leaps.append(seq(Str(f"{minute // 60:02}:{minute % 60:02}:60"), fraction,
                             Str(f"{sign}{ahead // 60:02}:{ahead % 60:02}")))
    return alt((usual, *leaps))


def date_time() -> Node:
    """``date-time``."""
    return seq(date(), chars("Tt"), time())


def duration() -> Node:
    """``duration`` of appendix A: no gaps between units, no fractions."""
    number = repeat(DIGIT, 1)
    second = seq(number, Str("S"))
    minute = seq(number, Str("M"), optional(second))
    hour = seq(number, Str("H"), optional(minute))
    clock = seq(Str("T"), alt((hour, minute, second)))
    day = seq(number, Str("D"))
    month = seq(number, Str("M"), optional(day))
    year = seq(number, Str("Y"), optional(month))
    return seq(Str("P"), alt((seq(alt((day, month, year)), optional(clock)), clock, seq(number, Str("W")))))


# --- identifiers and hosts --------------------------------------------------------------------------------------------

def uuid() -> Node:
    """8-4-4-4-12 hexadecimal digits."""
    dash = Str("-")
    return seq(times(HEX, 8), dash, times(HEX, 4), dash, times(HEX, 4), dash, times(HEX, 4), dash, times(HEX, 12))


def ipv4() -> Node:
    """Four decimal octets without leading zeros."""
    octet = alt((DIGIT, two_digits(10, 99), seq(Str("1"), DIGIT, DIGIT), seq(Str("2"), two_digits(0, 49)),
                 seq(Str("25"), chars("", (0x30, 0x35)))))
    return seq(octet, times(seq(Str("."), octet), 3))


def ipv6() -> Node:
    """RFC 4291 section 2.2, as the grammar of RFC 3986 has it: at most one ``::``, an IPv4 tail allowed."""
    group, colon = repeat(HEX, 1, 4), Str(":")
    last = alt((seq(group, colon, group), ipv4()))
    step = seq(group, colon)
    options = [seq(times(step, 6), last), seq(Str("::"), times(step, 5), last)]
    for before in range(7):  # groups before "::", at most
        head = optional(seq(repeat(step, 0, before), group))
        after = 4 - before
        shorter = group if before == 5 else EMPTY  # where fewer than two groups are left
        options.append(seq(head, Str("::"), seq(times(step, after), last) if after >= 0 else shorter))
    return alt(options)


def label(letters: tuple[tuple[int, int], ...] = (), marks: tuple[tuple[int, int], ...] = ()) -> Node:
    """A host name label of at most 63 characters that does not begin with ``xn--``; ``letters`` may stand in it beside
    those of ASCII, and ``marks`` behind its first character."""
    ascii_letters = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A))
    first, last = chars("", *ascii_letters, *letters), chars("", *ascii_letters, *letters, *marks)
    inner = chars("-", *ascii_letters, *letters, *marks)

    def rest(most: int) -> Node:
        return optional(seq(repeat(inner, 0, most - 1), last))

    def but(character: str, ranges: Chars) -> Chars:
        cut = [(low, high) for low, high in ranges.ranges]
        for code in (ord(character.lower()), ord(character.upper())):
            cut = [piece for low, high in cut for piece in ((low, min(high, code - 1)), (max(low, code + 1), high))
                   if piece[0] <= piece[1]]
        return Chars(tuple(cut))

    x, n, dash = chars("xX"), chars("nN"), Str("-")
    return alt((seq(but("x", first), rest(62)), x, seq(x, but("n", last)),
                seq(x, but("n", inner), repeat(inner, 0, 60), last), seq(x, n),
                seq(x, n, but("-", last), rest(60)), seq(x, n, dash, but("-", last), rest(59))))


def hostname() -> Node:
    """Labels with dots between them."""
    return seq(label(), repeat(seq(Str("."), label())))


BLOCKS = ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3))
"""Blocks of letters beyond U+07FF: Hiragana, Katakana, Han, Hangul."""


def idn_domain() -> Node:
    """Labels with small letters, digits and marks beyond ASCII, up to U+07FF and of the blocks above."""
    letters = union(pair for name in ("Ll", "Lo", "Lm") for pair in property_set(name) or ())
    marks = union(pair for name in ("Mn", "Mc", "Nd") for pair in property_set(name) or ())

    def near(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple((max(low, 0x80), min(high, 0x7FF)) for low, high in ranges if high >= 0x80 and low <= 0x7FF)

    one = label((*near(letters), *BLOCKS), near(marks))
    return seq(one, repeat(seq(Str("."), one)))


def email(international: bool = False) -> Node:
    """``Mailbox``: a dot-atom or a quoted string, ``@``, and a host name or an address literal."""
    beyond = ((0x80, 0xD7FF), (0xE000, 0x10FFFF)) if international else ()
    atom = repeat(chars("!#$%&'*+-/=?^_`{|}~", (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), *beyond), 1)
    plain = chars("", (0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E), *beyond)
    quoted = seq(Str('"'), repeat(alt((plain, seq(Str("\\"), chars("", (0x20, 0x7E)))))), Str('"'))
    local = alt((seq(atom, repeat(seq(Str("."), atom))), quoted))
    address = seq(Str("["), alt((ipv4(), seq(Str("IPv6:"), ipv6()))), Str("]"))
    return seq(local, Str("@"), alt((idn_domain() if international else hostname(), address)))


# --- RFC 3986, 3987, 6901 ---------------------------------------------------------------------------------------------

UCS = ((0xA0, 0xD7FF), (0xF900, 0xFDCF), (0xFDF0, 0xFFEF), *((p << 16, (p << 16) + 0xFFFD) for p in range(1, 14)),
       (0xE1000, 0xEFFFD))
PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


def reference(international: bool, with_scheme: bool) -> Node:
    """A URI or IRI; without the need for a scheme also a relative reference."""
    ucs = UCS if international else ()
    letters = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A))
    escape = seq(Str("%"), HEX, HEX)
    unreserved, marks = "-._~", "!$&'()*+,;="

    def many(extra: str, minimum: int = 0, also: tuple[tuple[int, int], ...] = ()) -> Node:
        return repeat(alt((chars(unreserved + marks + extra, *letters, *ucs, *also), escape)), minimum)

    future = seq(chars("vV"), repeat(HEX, 1), Str("."), repeat(chars(unreserved + marks + ":", *letters), 1))
    host = alt((seq(Str("["), alt((ipv6(), future)), Str("]")), many("")))
    authority = seq(optional(seq(many(":"), Str("@"))), host, optional(seq(Str(":"), repeat(DIGIT))))
    slashes = repeat(seq(Str("/"), many(":@")))
    absolute = seq(Str("/"), optional(seq(many(":@", 1), slashes)))
    rootless = seq(many(":@", 1), slashes)
    network = seq(Str("//"), authority, slashes)
    tail = seq(optional(seq(Str("?"), many(":@/?", also=PRIVATE if international else ()))),
               optional(seq(Str("#"), many(":@/?"))))
    scheme = seq(chars("", *letters[1:]), repeat(chars("+-.", *letters)), Str(":"))
    whole = seq(scheme, alt((network, absolute, rootless, EMPTY)), tail)
    if with_scheme:
        return whole
    no_scheme = seq(many("@", 1), slashes)
    return alt((whole, seq(alt((network, absolute, no_scheme, EMPTY)), tail)))


def uri_template() -> Node:
    """Literals and expressions; an apostrophe is a literal (erratum 6937)."""
    escape = seq(Str("%"), HEX, HEX)
    literals = chars("!=]_~", (0x23, 0x24), (0x26, 0x3B), (0x3F, 0x5B), (0x61, 0x7A), *UCS, *PRIVATE)
    character = alt((chars("_", (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), escape))
    name = seq(character, repeat(seq(optional(Str(".")), character)))
    prefix = seq(Str(":"), chars("", (0x31, 0x39)), repeat(DIGIT, 0, 3))
    variable = seq(name, optional(alt((prefix, Str("*")))))
    expression = seq(Str("{"), optional(chars("+#./;?&=,!@|")), variable, repeat(seq(Str(","), variable)), Str("}"))
    return repeat(alt((literals, escape, expression)))


def json_pointer() -> Node:
    """Tokens behind slashes, with ``~0`` and ``~1`` for ``~`` and ``/``."""
    plain = Chars(((0, 0x2E), (0x30, 0x7D), (0x7F, 0xD7FF), (0xE000, 0x10FFFF)))
    return repeat(seq(Str("/"), repeat(alt((plain, Str("~0"), Str("~1"))))))


def relative_json_pointer() -> Node:
    """Levels up, then ``#`` or a pointer."""
    return seq(alt((Str("0"), seq(chars("", (0x31, 0x39)), repeat(DIGIT)))), alt((Str("#"), json_pointer())))


BUILDERS: dict[str, tuple[Callable[[], Node], int | None]] = {
    "date": (date, None), "time": (time, None), "date-time": (date_time, None), "duration": (duration, None),
    "uuid": (uuid, None), "email": (email, None), "hostname": (hostname, 253), "ipv4": (ipv4, None),
    "ipv6": (ipv6, None),
    "uri": (lambda: reference(False, True), None), "uri-reference": (lambda: reference(False, False), None),
    "iri": (lambda: reference(True, True), None), "iri-reference": (lambda: reference(True, False), None),
    "json-pointer": (json_pointer, None), "relative-json-pointer": (relative_json_pointer, None),
    "idn-email": (lambda: email(True), None), "uri-template": (uri_template, None), "regex": (regex, None),
}
NARROWER = {
    "date": "the years 0001 to 9999",
    "date-time": "the years 0001 to 9999; leap seconds at offsets of whole quarters of an hour",
    "time": "leap seconds at offsets of whole quarters of an hour",
    "hostname": 'no label that begins with "xn--"',
    "email": 'no label of the domain that begins with "xn--"',
    "idn-email": 'a domain of small letters, digits and marks up to U+07FF, kana, Han and Hangul; no label that begins with '
                 '"xn--"',
    "regex": "groups at most 3 deep, one of them named; see formats/json/patterns.py",
}
"""Formats of which fewer texts are written than the standard allows, and what is left out or left in."""
FORMAT_NAMES = frozenset(BUILDERS)


@lru_cache(64)
def format_node(name: str) -> tuple[Node, int | None]:
    """The language of a format and its greatest length; built once."""
    build, longest = BUILDERS[name]
    return build(), longest
