"""Patterns mean what Python's ``re`` (for JSON Schema: ECMA-262) says, or are refused with their offset."""

from __future__ import annotations

import os
import random
import re
import warnings
from itertools import product

import interegular
import pytest

from structgen.automaton.dfa import Dfa, compile_language
from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.grammar.nodes import Alt, Str
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

LIMITS = Limits()
PIECES = ["a", "b", "c", "\n", "é", "[ab]", "[^a]", ".", r"\w", r"\d", r"\s", r"\W", "[^é]", "[a-é]", r"\n", "😀", "ab",
          r"[\d_]", r"[^\W_]", r"[\s\S]", r"\x41", r"\u00e9", "k", "ß", "İ"]
CHARACTERS = "aabbcAé\n 1😀\u2028ÉkK\u212aß\u017f_"


def compiled(pattern: str, **options: object) -> Dfa | None:
    return compile_language(parse_regex(pattern, limits=LIMITS, **options), LIMITS)  # type: ignore[arg-type]


def accepts(pattern: str, text: str, **options: object) -> bool:
    dfa = compiled(pattern, **options)
    return dfa is not None and dfa.accepts(text)


def random_pattern(source: random.Random, depth: int = 0) -> str:
    kind = source.random()
    if depth > 3 or kind < 0.35:
        return source.choice(PIECES)
    parts = [random_pattern(source, depth + 1) for _ in range(source.randint(1, 3))]
    if kind < 0.6:
        return "".join(parts)
    if kind < 0.75:
        return source.choice(["(", "(?:", "(?i:", "(?s:", "(?-i:", "(?>"]) + "|".join(parts) + ")"
    if kind < 0.83:
        return source.choice(["(?=", "(?!"]) + f"{parts[0]}){parts[-1]}"
    if kind < 0.86:
        return parts[0] + source.choice(["(?<=a)", "(?<!a)", "(?<![ab])", r"(?<=\d)", r"\b", r"\B", "(?<=ab)",
                                         "(?<!b[^a])", "(?<=(?<!b)a)"]) + parts[-1]
    if kind < 0.92:
        return f"(?:{parts[0]})" + source.choice(["*", "+", "?", "{2}", "{0,2}", "{1,3}", "*?", "{,2}", "{1,}?",
                                                    "*+", "?+", "{1,2}+"])
    return source.choice(["^", "$", r"\A", r"\Z", ""]) + parts[0] + source.choice(["^", "$", r"\Z", ""])


@pytest.mark.parametrize("seed", range(4))
def test_random_patterns_mean_what_python_says(seed: int) -> None:
    source, decided = random.Random(seed), 0
    for _ in range(250):
        pattern, flags = random_pattern(source), source.choice([0, 0, re.S, re.I, re.A, re.I | re.A, re.M])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = re.compile(pattern, flags)
        for mode in ("fullmatch", "search"):
            try:
                dfa = compiled(pattern, flags=flags, mode=mode)
            except GrammarSyntaxError as error:
                assert "inside a lookbehind" in str(error), pattern
                continue
            except LimitExceededError:  # nested lookaheads may need that many states
                continue
            decided += 1
            for _ in range(12):
                text = "".join(source.choices(CHARACTERS, k=source.randint(0, 6)))
                wanted = getattr(known, mode)(text) is not None
                assert (dfa is not None and dfa.accepts(text)) == wanted, (pattern, flags, mode, text)
    assert decided > 400


def test_random_patterns_mean_what_interegular_says() -> None:
    """80 patterns; more with STRUCTGEN_EXAMPLES=500."""
    source = random.Random(9)
    pieces = ["a", "b", "[ab]", "[^a]", "c", "ab"]

    def pattern(depth: int) -> str:
        if depth > 3 or source.random() < 0.4:
            return source.choice(pieces)
        parts = [pattern(depth + 1) for _ in range(source.randint(1, 3))]
        return source.choice(["".join(parts), f"(?:{'|'.join(parts)})", f"(?:{parts[0]})*", f"(?:{parts[0]})+",
                              f"(?:{parts[0]})?", f"(?:{parts[0]}){{1,2}}"])

    for _ in range(int(os.environ.get("STRUCTGEN_EXAMPLES", "80"))):
        text = pattern(0)
        machine, dfa = interegular.parse_pattern(text).to_fsm(), compiled(text)
        for _ in range(25):
            sample = "".join(source.choices("abcd", k=source.randint(0, 6)))
            assert (dfa is not None and dfa.accepts(sample)) == machine.accepts(sample), (text, sample)


@pytest.mark.parametrize(("pattern", "yes", "no"), [
    (r"a|b|", ["a", "b", ""], ["ab"]),
    (r"[]a]+", ["]a"], ["["]),
    (r"[^]]", ["a"], ["]"]),
    (r"[a\-z]", ["-"], ["b"]),
    (r"[a-]", ["a", "-"], ["b"]),
    (r"[\b]", ["\b"], ["b"]),
    (r"x{,2}", ["", "xx"], ["xxx", "x{,2}"]),
    (r"x{,}", ["", "xxx"], ["x{,}"]),
    (r"x{2,}", ["xxx"], ["x"]),
    (r"x{a}", ["x{a}"], ["x"]),
    (r"x{}", ["x{}"], [""]),
    (r"\07\x41\u0042\U00000043\N{BULLET}", ["\x07ABC•"], ["7"]),
    (r"\141[\1]", ["a\x01"], ["a1"]),
    (r"\.\-\ \é", [".- é"], ["a- é"]),
    (r"(?P<year>\d+)-(?<month>\d)", ["12-3"], ["12-"]),
    (r"a(?#comment)b", ["ab"], ["a"]),
    (r"(?x) a b  # c", ["ab"], ["a b"]),
    (r"(?x: a ) b", ["a b"], [" a  b"]),
    (r"(?i)Straße", ["STRAßE", "straẞe"], ["STRASSE"]),
    (r"(?i)[a-k]", ["K", "\u212a"], ["l"]),
    (r"(?i:a)b", ["Ab"], ["AB"]),
    (r"(?i)a(?-i:b)", ["Ab"], ["AB"]),
    (r"(?s).", ["\n"], [""]),
    (r"(?a)\w", ["a"], ["é"]),
    (r"\w", ["é", "٣", "_"], ["-", "\u0301"]),
    (r"\d", ["٣"], ["²"]),
    (r"\s", ["\u3000", "\x1f"], ["\ufeff", "a"]),
    (r"\p{Lu}\p{L}\P{L}", ["Éa1"], ["ea1"]),
    (r"\p{General_Category=Decimal_Number}", ["٣"], ["a"]),
    (r"[\p{Lu}\d]", ["É", "1"], ["é"]),
    (r"^a$", ["a"], ["a\n", "aa"]),
    (r"a$\n", ["a\n"], ["a"]),
    (r"(a|^b|c$)", ["a", "b", "c"], ["ab"]),
    (r"(?:^|,)a", ["a", ",a"], [",,a"]),
    (r"a^b|c", ["c"], ["ab", "b"]),
    (r"(?:^a)?b", ["ab", "b"], ["a"]),
    (r"\Aa\Z", ["a"], ["a\n"]),
    (r"(?:a?){3}", ["", "aaa"], ["aaaa"]),
    (r"(?:a{2,3}){2}", ["aaaa", "aaaaaa"], ["aaa"]),
    (r"a*?b+?c??", ["aab", "bc"], ["c"]),
    (r"(?!foo)[a-z]+", ["fo", "barfoo"], ["foo", "foobar"]),
    (r"(?=.{3,5}$)(?!.*--)[a-z-]+", ["a-b", "abcde"], ["ab", "a--b", "abcdef"]),
    (r"((?!ab)[a-c])*", ["", "acb", "ba"], ["ab", "cabc"]),
    (r"a(?!b)[a-z]", ["aa", "ac"], ["ab"]),
    (r"(?:a(?!c)|b){1,3}c", ["bc", "aabc"], ["ac"]),
    (r"[a-z ]*(?<![ ])", ["", "a b"], ["a "]),
    (r"\bfoo\b.*", ["foo", "foo bar"], ["foobar"]),
    (r".\b.", ["a-", "-é"], ["ab", "--"]),
    (r"(?m)a$\n^b", ["a\nb"], ["ab"]),
    (r"(?!^x|y).", ["a"], ["x", "y"]),
    (r"(?=a(?!b))..", ["ac"], ["ab", "bc"]),
    (r".*(?<=ab|c)d", ["abd", "cd", "xcd"], ["bd", "d", "acbd"]),
    (r"[abc]*(?<!bc)", ["", "c", "acc"], ["bc", "abc"]),
    (r".*(?<=^(?!a).+)x", ["bx"], ["x", "ax"]),
    (r"(['\"])[^'\"]*\1", ["'a'", '""'], ["'a\"", "'"]),
    (r"([ab]{1,2})-?(?:\1|d)\1", ["aaa", "ab-dab", "ababab"], ["aba", "ab-ab", "abd"]),
    (r"(?P<q>[ab])c(?P=q)\k<q>", ["acaa", "bcbb"], ["acba", "ac"]),
    (r"(?:(a|b)\1)?c", ["c", "aac"], ["abc", "ac"]),
    (r"(?:^a|b|\b-)*", ["", "abb", "b-", "ab-b-"], ["ba", "-", "b--"]),
    (r"(?:(?:[a-c]+|\d)(?:-|$)(?![b]))*", ["a", "a-1", "a-1-"], ["a-b", "a1"]),
], ids=str)
def test_construct_means_its_texts(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not accepts(pattern, text)] == []
    assert [text for text in no if accepts(pattern, text)] == []


@pytest.mark.parametrize(("pattern", "yes", "no"), [
    (r"^a", ["a", "ab"], ["ba"]),
    (r"a$", ["a", "ba"], ["a\n", "ab"]),
    (r"a", ["xax"], ["x"]),
    (r"^a|b$", ["ax", "xb"], ["xa", "bx"]),
    (r"^$", [""], ["\n"]),
    (r".", ["a", "\u0085"], ["\n\r\u2028\u2029"]),
    (r"^\d\w$", ["1a"], ["٣a", "1é"]),
    (r"^\s$", ["\ufeff", "\u00a0", "\u2029"], ["\x1f", "\u0085", "a"]),
    (r"^[^]$", ["\n"], ["ab"]),
    (r"^\cJ\u{1F600}\ud83d\ude00\/$", ["\n😀😀/"], [""]),
    (r"^x{,2}$", ["x{,2}"], ["x"]),
    (r"^[\w-.]$", ["a", "-", "."], ["+"]),
    (r"^(?<a>b)\p{L}$", ["bé"], ["b1"]),
    (r"^a{2}?$", ["aa"], ["a"]),
    (r"^\0$", ["\0"], ["0"]),
    (r"^(?!(?:con|nul)$)", ["conx", "x"], ["con", "nul"]),
    (r"^(?=.*\d)(?=.*[a-z]).{4,}$", ["abc1"], ["abcd", "1a"]),
    (r"\bcat\b", ["a cat", "é-cat"], ["concat"]),
    (r"^(?:(?!--).)*$", ["a-b"], ["a--b"]),
    (r"^\B$", [""], ["a"]),
    (r"^(?:[^,]+(?:,|$)){2,}$", ["a,b", "a,b,", "ab,c,d"], ["a", "a,,b", ",a"]),
    (r"^(\/?([a-z]*)($|\/))*$", ["", "a/b", "/a/b/"], ["A"]),
    (r"(?<=ab+)c$", ["abbc", "xabc"], ["bc", "abcd"]),
    (r"^(?<q>['\"])\w*\k<q>$", ["'a'"], ["'a\""]),
], ids=str)
def test_ecma_pattern_means_its_texts(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not accepts(pattern, text, dialect="ecma", mode="search")] == []
    assert [text for text in no if accepts(pattern, text, dialect="ecma", mode="search")] == []


def test_ecma_class_without_members_matches_nothing() -> None:
    assert compiled("[]", dialect="ecma") is None
    assert accepts("a|[]", "a", dialect="ecma")


@pytest.mark.parametrize("pattern", [
    r"(?>a|ab)c", r"a*+b?", r"(?:a|ab)++b", r"a?+a", r"(?>(?>a|ab)*)b", r"(?>a*?)b", r"(?:(?>a*)b?)*c", r"(a)?(?(1)b|c)",
    r"(?:(a)|b)+(?(1)c)", r"(?P<x>a|(b))?(?(x)(?(2)c|b)|a*+)", r"(?<=ab)(?=cd)c|ab(?<=ab)(?=cb)cb", r"ab(?<=ab)c$",
    r"(?:a\b){2}|(?:[ab]\B){3}c", r"(?:(?=ab)[ab])*c", r"(?:(?!abc)[abc])*+", r"(?=(?>a|ab)c)a.*", r"(?<!ab)(?>c|b*)+",
    r"(?>[ab]|\b)c?", r"(?i:(?>a|B)+)C",
], ids=str)
def test_order_of_a_match_is_that_of_python(pattern: str) -> None:
    known = re.compile(pattern)
    for size in range(6):
        for letters in product("abc", repeat=size):
            text = "".join(letters)
            assert accepts(pattern, text) == (known.fullmatch(text) is not None), text


@pytest.mark.parametrize(("pattern", "offset", "words"), [
    (r"ab(c", 2, "group is not closed"), (r"ab)c", 2, ") without its ("), (r"a[bc", 1, "class is not closed"),
    (r"ab\q", 2, r"unknown escape \q"), ("ab\\", 2, "ends in a backslash"), (r"[z-a]", 1, "runs backwards"),
    (r"[\d-z]", 1, "a set as its end"), (r"*a", 0, "nothing to repeat"), (r"a|*", 2, "nothing to repeat"),
    (r"^*", 1, "nothing to repeat"),
    (r"{1}", 0, "nothing to repeat"), (r"a**", 2, "repetition of a repetition"), (r"a{3,2}", 1, "run backwards"),
    (r"a\x4", 1, "needs 2 hexadecimal digits"), (r"\U00110000", 0, "beyond the last character"),
    (r"\777", 0, "beyond"), (r"\ud800", 0, "lone surrogate"), ("a\ud800", 1, "lone surrogate"),
    (r"[\ud800-\udfff]", 0, "surrogates only"), (r"\p{Greek}", 0, "not known"), (r"\p", 0, "in braces"),
    (r"(a*)\1", 4, "back-references"), (r"(?:(a)|b)\1", 9, "back-references"), (r"\k<a>", 0, "back-references"),
    (r"((a|b)\2)*", 6, "back-references"), (r"(a|b)*\1", 6, "back-references"), (r"(?i)(a)\1", 7, "back-references"),
    (r"(?=(a))\1", 7, "back-references"), (r"\1(a)", 0, "back-references"), (r"((a)\2)\1", 7, "back-references"),
    (r"(?(1)a|b)", 0, "conditional"), (r"(?>a)(b*)\1", 0, "atomic"), (r"a*+(b*)\1", 2, "possessive"),
    (r"(?P<a>b)(?P<a>c)", 8, "used twice"), (r"(?<1>b)", 0, "no name"),
    (r"a(?i)b", 1, "at its beginning"), (r"(?L)a", 0, "inline flag 'L'"), (r"(?#a", 0, "comment is not closed"),
    (r"\N{NO SUCH NAME}", 0, "name of a character"),
], ids=str)
def test_refusal_says_what_and_where(pattern: str, offset: int, words: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        parse_regex(pattern, limits=LIMITS)
    assert caught.value.position == f"offset {offset}"
    assert words in caught.value.what


@pytest.mark.parametrize(("pattern", "words"), [
    (r"(?i)a", "group '(?i'"), (r"\Aa", "no escape of ECMA-262"), (r"\a", r"unknown escape \a"), (r"\1", "back-ref"),
    (r"[\1]", "octal"), (r"\u{110000}", "hexadecimal number"), (r"\c1", "needs a letter"), (r"(?#x)", "group '(?#'"),
], ids=str)
def test_ecma_refusal_says_what(pattern: str, words: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        parse_regex(pattern, dialect="ecma", limits=LIMITS)
    assert words in caught.value.what


def test_flags_without_a_meaning_are_refused() -> None:
    with pytest.raises(GrammarSyntaxError, match="not supported in this dialect"):
        parse_regex("a", flags=re.LOCALE)
    with pytest.raises(GrammarSyntaxError, match="spell both cases"):
        parse_regex("a", flags=re.I, dialect="ecma")


@pytest.mark.parametrize(("pattern", "limit"), [
    ("(" * 101 + ")" * 101, "regex_depth"), ("a" * 2_000_000, "regex_bytes"), ("a{99999999999}", "dfa_states"),
    ("(" * 100_000, "regex_depth"), ("a{" + "9" * 5000 + "}", "dfa_states"),
], ids=["depth", "bytes", "copies", "open groups", "digits"])
def test_limit_is_named(pattern: str, limit: str) -> None:
    with pytest.raises(LimitExceededError) as caught:
        parse_regex(pattern, limits=LIMITS)
    assert caught.value.limit == limit


def test_long_alternation_is_literal_options() -> None:
    node = parse_regex("|".join(f"option-{i}" for i in range(10_000)), limits=LIMITS)
    assert isinstance(node, Alt)
    assert len(node.options) == 10_000
    assert all(isinstance(option, Str) for option in node.options)


def test_known_pattern_gives_the_same_node() -> None:
    assert parse_regex("a+b", limits=LIMITS) is parse_regex("a+b", limits=Limits())


@pytest.mark.parametrize("pattern", [
    r"\w", r"\W", r"[^\w]", r"[\W_]", r"[^\Wk]", r"[\wk]", r"[\u03b1-\u03c9]", r"[^\u03b1-\u03c9]", "\u0345",
])
def test_ignoring_case_changes_nothing_of_classes(pattern: str) -> None:
    known = re.compile(pattern, re.IGNORECASE)
    for character in "\u0345\u03b9\u0399\u1fbe\u03c9\u03a9\u2126kK\u212a\u1e9e\u00df_ ":
        wanted = known.fullmatch(character) is not None
        assert accepts(pattern, character, flags=re.IGNORECASE) == wanted, character
        assert accepts(pattern + r"(?<!\n)", character, flags=re.IGNORECASE) == wanted, character


@pytest.mark.parametrize("pattern", [
    "b?", "ab?", "[ab]{2,40}c*", "a*b", "(?:a?b){1,2}", "(?:a|b?)c", "(?:ab*|c+)", "(?:a*b){2}", "^a?b?", "a?c?$",
    "(?:^a?|b{2,3})", r"a?\bb?", r"b*(?!c)a*", r"(?<=c)a*b+", "a{2}", "(?:[ab]c?)+",
])
def test_search_is_for_a_match_anywhere(pattern: str) -> None:
    known = re.compile(pattern)
    for size in range(6):
        for letters in product("abc", repeat=size):
            text = "".join(letters)
            assert accepts(pattern, text, dialect="ecma", mode="search") == bool(known.search(text)), text


def test_search_counts_nothing_behind_what_is_found() -> None:
    found = compiled("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", dialect="ecma", mode="search")
    assert found is not None
    assert found.accepts("-a-")
    assert not found.accepts("-A-")
