"""Why no text satisfies the grammar of a schema, where only the automaton could tell: both sides, with their positions.

In: the string and number facets that were written, and a judge that knows which nodes have no text. Out: the error. The
tests of a facet are tried two by two, as the keywords are in ``schema.contradictions``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from structgen.errors import UnsatisfiableError
from structgen.formats.json.strings import PatternError, string_node
from structgen.grammar.nodes import Encoding, Node
from structgen.limits import Limits
from structgen.schema.json_schema import Reader
from structgen.schema.nodes import NumberFacet, StringFacet
from structgen.schema.words import KEYWORD, WORDS_KEYWORD

IsEmpty = Callable[[Node], bool]
WHAT = "no value can satisfy the schema"
_KEYWORDS = {"substring": KEYWORD, "words": WORDS_KEYWORD}
"""The keywords of tests that are not called by them."""


class WhyEmpty:
    """Finds the words; ``strings`` and ``numbers`` are filled while the grammar is written."""

    def __init__(self, reader: Reader, encoding: Encoding, limits: Limits) -> None:
        self._reader, self._encoding, self._limits = reader, encoding, limits
        self.strings: list[StringFacet] = []
        self.numbers: list[tuple[NumberFacet, Node]] = []
        self.recursions: list[str] = []

    def error(self, is_empty: IsEmpty) -> UnsatisfiableError:
        """The error for a grammar without any text."""
        for facet in self.strings:
            if self._is_empty(facet, is_empty):
                return UnsatisfiableError(WHAT, position=self._reader.pointer(facet.origin),
                                          because=self._string_reason(facet, is_empty))
        for number, node in self.numbers:
            if is_empty(node):
                return self.number_error(number)
        return UnsatisfiableError(WHAT, position=self.recursions[0] if self.recursions else "#",
                                  because="a value would have to hold another one of the same schema, without an end",
                                  instead="make the member optional, or let the list be empty, somewhere on the way round")

    def number_error(self, facet: NumberFacet) -> UnsatisfiableError:
        """The error for bounds and steps that exclude each other."""
        sides = [f'"multipleOf" is {step}' for step in facet.multiples]
        sides += [f'"{name}" is {bound}' for name, bound in (
            ("exclusiveMinimum" if facet.low_open else "minimum", facet.low),
            ("exclusiveMaximum" if facet.high_open else "maximum", facet.high)) if bound is not None]
        sides += [f"excluded are {', '.join(map(str, facet.excluded[:5]))}{', …' * (len(facet.excluded) > 5)}"] \
            * bool(facet.excluded)
        return UnsatisfiableError(WHAT, position=self._reader.pointer(facet.origin),
                                  because=f"these exclude each other: {', '.join(sides)}" if sides else None)

    def _is_empty(self, facet: StringFacet, is_empty: IsEmpty) -> bool:
        try:
            return is_empty(string_node(facet, self._encoding, self._limits))
        except PatternError:
            return False

    def _string_reason(self, facet: StringFacet, is_empty: IsEmpty) -> str:
        parts = list(self._parts(facet))
        for words, part in parts:
            if self._is_empty(part, is_empty):
                return f"no string satisfies {words}"
        for (words, first), (others, second) in combinations(parts, 2):
            if self._is_empty(_both(first, second), is_empty):
                return f"no string satisfies {words} and {others}"
        return "these exclude each other only together: " + ", ".join(words for words, _ in parts)

    def _parts(self, facet: StringFacet) -> Iterable[tuple[str, StringFacet]]:
        """The tests of a facet one by one, with their words."""
        for test in facet.tests:
            keyword = _KEYWORDS.get(test.kind, test.kind)
            place = f'"{keyword}" at {self._reader.pointer(test.origin)}/{keyword}'
            yield ("" if test.holds else "the opposite of ") + place, StringFacet(tests=(test,))
        if facet.values is not None:
            yield "the values listed", StringFacet(values=facet.values)
        if facet.min_length:
            yield f'"minLength": {facet.min_length}', StringFacet(min_length=facet.min_length)
        if facet.max_length is not None:
            yield f'"maxLength": {facet.max_length}', StringFacet(max_length=facet.max_length)
        if facet.excluded:
            yield "the values excluded", StringFacet(excluded=facet.excluded)


def _both(a: StringFacet, b: StringFacet) -> StringFacet:
    return StringFacet(a.values if b.values is None else b.values, a.excluded + b.excluded,
                       max(a.min_length, b.min_length), a.max_length if b.max_length is None else b.max_length,
                       a.tests + b.tests)


def is_plain(facet: StringFacet) -> bool:
    """Whether a string facet plainly holds something."""
    return not facet.tests and (facet.values is None or not facet.excluded)
