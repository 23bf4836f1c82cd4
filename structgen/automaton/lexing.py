"""The languages of tokens: which texts a lexer reads as a token of a kind, wherever it stands.

In: a ``Lexing``. Out, for a *context* (which lexer goes on, what the tokens before still ask of the text, what stands
before): per terminal the automata of its tokens, one for each context that they leave behind.

A lexer takes the first terminal that matches, with the match that Python's ``re`` finds first. Whether a match ends here
is not decided here: a longer one, or one of a better terminal, could still come. So a token ends wherever it may, and
what it asks of the text that follows (that none of those ever matches: ``automaton.ordered``) goes on as a condition
beside whatever is read next, through as many tokens as it takes. Of all ways to cut a text exactly the lexer's survives.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from structgen.automaton.dfa import Dfa
from structgen.automaton.dfa_bytes import spell
from structgen.automaton.dfa_classes import Alphabet
from structgen.automaton.dfa_subset import Budget, Rows, minimise
from structgen.automaton.ordered import FREE, Conditions, Machine, Thread
from structgen.errors import LimitExceededError
from structgen.grammar.lexing import END, Lexing
from structgen.grammar.ordered import sets_in
from structgen.limits import Limits

_FACTOR = 8
"""Steps allowed for all terminals together, as a multiple of those for one pattern."""


class Context(NamedTuple):
    """What stands before a token: the lexer that reads it, conditions, what stands before, and terminals that it may
    not be."""

    lexer: int
    conditions: Conditions
    past: int
    never: frozenset[int] = frozenset()


class _Reading(NamedTuple):
    """A token being read: the search, the words that its text may still be, and what tokens before it ask."""

    source: int
    threads: tuple[Thread, ...]
    words: tuple[Thread, ...]
    conditions: Conditions
    past: int


_Out = tuple[int, Conditions, int]
"""A token has ended: its terminal, conditions, past. Texts that are left out have the terminal ``_SKIPPED``."""
_SKIPPED = -2
_Cut = tuple[frozenset[_Reading], frozenset[_Out]]


class Tokens:
    """The automata of the tokens of one grammar; see ``of``."""

    def __init__(self, lexing: Lexing, limits: Limits) -> None:
        self._lexing, self._limits = lexing, limits
        self._budget = Budget(_more(limits))
        trees = [terminal.tree for terminal in lexing.terminals]
        self._alphabet = Alphabet(sets_in(trees))
        self._machine = Machine(self._alphabet, self._budget)
        self._start = [self._machine.add(tree, number) for number, tree in enumerate(trees)]
        self._words = [dict(lexer.words) for lexer in lexing.lexers]
        self._ignored = [number for number, terminal in enumerate(lexing.terminals) if terminal.ignored]
        self._steps: dict[tuple[_Reading, int], tuple[tuple[_Reading, ...], tuple[_Out, ...]]] = {}
        self._automata: dict[tuple[int, Conditions, int], tuple[list[_Cut], list[list[int]]]] = {}
        self._found: dict[tuple[int, int, Conditions, int], list[tuple[_Out, Dfa]]] = {}
        self._states = 0

    def first(self) -> Context:
        """In front of the whole text."""
        return Context(self._lexing.first, FREE, self._machine.beginning())

    def of(self, terminal: int, context: Context) -> list[tuple[_Out, Dfa]]:
        """The tokens of a terminal in a context: for each end (terminal, conditions, past) the automaton of the texts,
        with what is left out before them. ``END``: what may be left out before the end of the text."""
        source = terminal if self._lexing.alone else context.lexer
        key = (terminal, source, context.conditions, context.past)
        found = self._found.get(key)
        if found is None:
            cuts, rows = self._automaton(source, context)
            if terminal == END:
                ends = [((END, FREE, 0), [self._may_end(cut) for cut in cuts])]
            else:
                outs = dict.fromkeys(out for cut in cuts for out in sorted(cut[1], key=repr) if out[0] == terminal)
                ends = [(out, [out in cut[1] for cut in cuts]) for out in outs]
            found = self._found[key] = []
            for out, accepts in ends:
                accept = [0 if one else -1 for one in accepts]
                part = minimise(Rows([row[:] for row in rows], accept), self._budget)
                dfa = spell(part, self._alphabet, self._budget)
                if dfa is not None:
                    found.append((out, dfa))
        return found

    def _may_end(self, cut: _Cut) -> bool:
        return any(terminal == _SKIPPED and self._machine.ends(conditions) for terminal, conditions, _ in cut[1])

    # -- the automaton of everything that may be read from a context ------------------------------------------------

    def _automaton(self, source: int, context: Context) -> tuple[list[_Cut], list[list[int]]]:
        key = (source, context.conditions, context.past)
        found = self._automata.get(key)
        if found is None:
            found = self._automata[key] = self._determinised(source, context)
        return found

    def _determinised(self, source: int, context: Context) -> tuple[list[_Cut], list[list[int]]]:
        begun = self._begun(source, context.conditions, context.past)
        first: _Cut = (frozenset(begun), frozenset(((_SKIPPED, context.conditions, context.past),)))
        numbers = {first: 0}
        order = [first]
        rows: list[list[int]] = []
        for readings, _ in order:
            row = [-1] * self._alphabet.size
            moves: dict[int, tuple[set[_Reading], set[_Out]]] = {}
            for reading in readings:
                for letter in self._letters(reading):
                    after, outs = self._step(reading, letter)
                    if after or outs:
                        both = moves.setdefault(letter, (set(), set()))
                        both[0].update(after)
                        both[1].update(outs)
            self._budget.take_steps(1 + len(moves))
            for letter, (after_all, outs_all) in moves.items():
                cut = (frozenset(after_all), frozenset(outs_all))
                number = numbers.get(cut)
                if number is None:
                    number = numbers[cut] = len(order)
                    order.append(cut)
                    self._charge()
                row[letter] = number
            rows.append(row)
        return order, rows

    def _charge(self) -> None:
        self._states += 1
        if self._states > self._limits.grammar_states // 10:
            raise LimitExceededError("the lexers of the grammar have too many states", limit="grammar_states")

    def _begun(self, source: int, conditions: Conditions, past: int) -> list[_Reading]:
        """The searches that begin here."""
        machine = self._machine
        if not self._lexing.alone:
            lexer = self._lexing.lexers[source]
            words = tuple([thread for _, texts in lexer.words for number in texts
                           for thread in machine.begin((self._start[number],), past).threads])
            threads = machine.begin([self._start[number] for number in lexer.order], past).threads
            return [_Reading(source, threads, tuple(dict.fromkeys(words)), conditions, past)]
        places = [*self._ignored, *([] if source == END else [source])]
        return [_Reading(source, machine.begin((self._start[number],), past).threads, (), conditions, past)
                for number in dict.fromkeys(places)]

    def _letters(self, reading: _Reading) -> frozenset[int]:
        return frozenset[int]().union(*map(self._machine.letters, reading.threads))

    def _step(self, reading: _Reading, letter: int) -> tuple[tuple[_Reading, ...], tuple[_Out, ...]]:
        key = (reading, letter)
        found = self._steps.get(key)
        if found is None:
            found = self._steps[key] = self._stepped(reading, letter)
        return found

    def _stepped(self, reading: _Reading, letter: int) -> tuple[tuple[_Reading, ...], tuple[_Out, ...]]:
        machine = self._machine
        past = machine.after(reading.past, letter)
        conditions = machine.hold(reading.conditions, letter, past)
        if conditions is None:
            return (), ()
        search = machine.step(reading.threads, letter, past)
        words = tuple(dict.fromkeys([after for thread in reading.words if thread[0] >= 0
                                     for after in machine.advance(thread, letter, past)]))
        after: list[_Reading] = []
        outs: list[_Out] = []
        if search.threads:
            after.append(_Reading(reading.source, search.threads, words, conditions, past))
        for label, asked in search.ends:
            left = conditions | asked
            ignored = self._lexing.terminals[label].ignored
            if ignored:
                outs.append((_SKIPPED, left, past))
                after.extend(self._begun(reading.source, left, past))
            if not ignored or self._lexing.alone:
                outs.append((self._word(reading.source, label, words), conditions if self._lexing.any_end else left, past))
        return tuple(dict.fromkeys(after)), tuple(dict.fromkeys(outs))

    def _word(self, source: int, label: int, words: tuple[Thread, ...]) -> int:
        """The terminal of a token: another one where its whole text is one of the words."""
        if self._lexing.alone:
            return label
        matched = {-1 - place for place, _, _ in words if place < 0}
        return next((word for word in self._words[source].get(label, ()) if word in matched), label)


def _more(limits: Limits) -> Limits:
    return replace(limits, dfa_steps=limits.dfa_steps * _FACTOR, dfa_states=limits.dfa_states * _FACTOR)
