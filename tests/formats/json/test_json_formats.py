"""String formats: what the standards allow and what looks like it."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from structgen.automaton.dfa import Dfa, compile_language
from structgen.formats.json.formats import FORMAT_NAMES, NARROWER, format_node
from structgen.limits import Limits

ROWS: dict[str, tuple[list[str], list[str]]] = {
    "date": (["2024-02-29", "2000-02-29", "1999-12-31", "0001-01-01"],
             ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-1-01", "0000-01-01", "\uff12024-01-01"]),
    "time": (["08:30:06Z", "23:59:60Z", "08:30:06.283185+05:30", "15:59:60-08:00", "01:29:60+01:30"],
             ["8:30:06Z", "24:00:00Z", "22:59:60Z", "23:59:60+01:00", "08:30:06", "08:30:06+24:00", "08:30Z"]),
    "date-time": (["1963-06-19T08:30:06.283185Z", "1937-01-01t12:00:27.87+00:20", "1998-12-31T15:59:60.123-08:00"],
                  ["1990-02-31T15:59:59Z", "1963-06-19 08:30:06Z", "1998-12-31T23:58:60Z", "2013-350T01:01:01Z"]),
    "duration": (["P4DT12H30M5S", "P4Y", "PT0S", "P1M", "PT36H", "P2W", "P1Y2M3D"],
                 ["P", "P1YT", "PT1D", "P2D1Y", "P1D2H", "P2S", "P1Y2W", "PT1H2S"]),
    "uuid": (["2EB8AA08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa"]),
    "email": (["joe.bloggs@example.com", "te~st@example.com", '"joe bloggs"@example.com', "a@[127.0.0.1]",
               "a@[IPv6:::1]"], ["2962", ".test@example.com", "te..st@example.com", "a@[127.0.0.300]", "a@b=c.com"]),
    "idn-email": (["실례@실례.테스트", '"δοκιμή"@example.com', "a@café.fr", "x@é" + "a" * 62, "\x85@a"],
                  ["2962", "a@\u0301a", "a\uff20b.c", "a@é" + "a" * 63, "a@b。c", "a@xn--a", "a@É.fr"]),
    "hostname": (["www.example.com", "a", "1host", "a-b.c", "a" * 63, "ab--cd", "xn", "x-n--a", "xna", "xn-a", "x", "xx--n",
                  "xn" + "a" * 61, "xn-" + "a" * 60, "x" + "-" * 61 + "a"],
                 ["-a", "a-", "a_b", "a..b", "", "a" * 64, "xn--a", "XN--a", "a.Xn--b", "x-", "xn-", "xn" + "a" * 62,
                  "xn-" + "a" * 61, "x" + "-" * 62 + "a"]),
    "uri-template": (["", "a%41b", "{+var*,x:1000}{?a.b,c}", "a'b", "http://x.y/{term:1}/{term}", "{=x}"],
                     ["{}", "{a,,b}", "{v:0}", "{v:10000}", "a b", "{a..b}", "a}", "{a", "%4", "{a=b}", '"', "<"]),
    "regex": (["", "^[a-z]+(-[0-9]{2,10})*$", "(?:a|b)|(?=.*\\d)(?!x)\\p{L}", "(?<year>\\d{4})", "(?<=a+)b", "[]", "[^]",
               "[^-\\]a-f-]", "\\u{1F600}\\x41\\cA\\/\\-", "(((a)))", "[ -~]", "[\\x00-\\x20é]", "a{3}?", "漢*"],
              ["(", ")", "[", "a**", "*a", "a{2,1}", "a{99,10}", "[z-a]", "\\a", "\\Z", "(?P<n>x)", "(?i)a", "(?#c)",
               "(?<n>a)(?<n>b)", "[9-0]", "{1}", "\\", "^*", "(?<=a)*", "\\xG0", "(?<1>a)"]),
    "ipv4": (["192.168.0.1", "0.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.1.1", "01.1.1.1", "1.1.1.1.1"]),
    "ipv6": (["::1", "::", "12:34::", "1:2:3:4:5:6:7:8", "::abef", "1:2:3:4:5:6:1.2.3.4", "::ffff:1.2.3.4", "1::8"],
             ["12345::", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7", ":1", "::laptop", "1.2.3.4", "::1%eth0"]),
    "uri": (["http://foo.bar/?baz=qux#quux", "mailto:a@b.c", "urn:oid:1", "http://[2001:db8::7]/c=GB?x", "a:"],
            ["//foo.bar", "/abc", "\\\\share", "http:// x", "http://a.b/<>", ":// bad", "bar,baz:x#y#z"]),
    "uri-reference": (["//foo.bar/?baz", "/abc", "abc", "#frag", "", "a/b:c"], ["\\\\share", "#a\\b", "1:b<"]),
    "iri": (["http://ƒøø.ßår/?∂éœ=πîx#πîüx"], ["/abc", "http://2001:0db8::7334 x"]),
    "json-pointer": (["", "/foo/0", "/a~1b", "/~0", "/é"], ["foo", "/foo~", "/~2", "#"]),
    "relative-json-pointer": (["1", "0/foo", "2#"], ["/foo", "01", "-1/x", "1##"]),
}


@cache
def automaton(name: str) -> Dfa:
    dfa = compile_language(format_node(name)[0], Limits())
    assert dfa is not None
    return dfa


@pytest.mark.parametrize("name", ROWS)
def test_format_accepts_exactly(name: str) -> None:
    good, bad = ROWS[name]
    dfa = automaton(name)
    assert [text for text in good if not dfa.accepts(text)] == []
    assert [text for text in bad if dfa.accepts(text)] == []


def test_formats_are_all_regular() -> None:
    for name in FORMAT_NAMES:
        assert len(automaton(name).edges) < 6000


def test_hostname_has_a_greatest_length() -> None:
    assert format_node("hostname")[1] == 253


def random_texts(dfa: Dfa, count: int, longest: int) -> list[str]:
    """Texts of an automaton by random walks in its bytes; the way to acceptance once they are long."""
    chance = random.Random(1)
    found = []
    while len(found) < count:
        state, text = dfa.start, bytearray()
        while len(text) < 4 * longest:
            if dfa.accept[state] >= 0 and chance.random() < len(text) / longest:
                break
            edges = dfa.edges[state]
            if not edges:
                break
            if len(text) > longest:  # the nearest way out
                low, high, state = min(edges, key=lambda edge: dfa.min_length[edge[2]])
            else:
                low, high, state = chance.choice(edges)
            text.append(chance.randint(low, high))
        if dfa.accept[state] >= 0:
            with suppress(UnicodeDecodeError):  # a walk may stop inside a character that accepts as it is
                found.append(text.decode())
    return found


def test_regex_is_what_a_javascript_engine_compiles() -> None:
    if shutil.which("node") is None:
        pytest.skip("no JavaScript engine (node) to judge patterns")
    texts = random_texts(automaton("regex"), 3000, 24)
    script = ("const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
              "const bad = texts.filter(t => { try { new RegExp(t); return false } catch { return true } });"
              "console.log(JSON.stringify(bad))")
    done = subprocess.run(["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert len(set(texts)) > 1500


SUITE = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "json_schema_test_suite.json.gz"


def test_formats_accept_nothing_that_the_official_suite_calls_invalid() -> None:
    if not SUITE.exists():
        pytest.skip(f"the official test suite is not here: {SUITE}")
    drafts = json.loads(gzip.decompress(SUITE.read_bytes()))["drafts"]
    narrowed, asked = set(), 0
    for draft, files in drafts.items():
        if draft == "draft3":
            continue
        for name, groups in files.items():
            if not name.startswith("optional/format/"):
                continue
            for group in groups:
                asserted = isinstance(group["schema"], dict) and group["schema"].get("format")
                for test in group["tests"]:
                    if asserted not in FORMAT_NAMES or not isinstance(test["data"], str):
                        continue
                    asked += 1
                    longest = format_node(asserted)[1]
                    found = automaton(asserted).accepts(test["data"]) and len(test["data"]) <= (longest or 1000)
                    assert test["valid"] or not found, (asserted, test)
                    if test["valid"] and not found:
                        narrowed.add((asserted, "xn--" in test["data"] or "\\k<" in test["data"]))
    assert asked > 1500
    assert narrowed == {("hostname", True), ("regex", True)}


def test_narrowed_formats_are_formats() -> None:
    assert set(NARROWER) < FORMAT_NAMES
