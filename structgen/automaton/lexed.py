"""Lowers a grammar of tokens to ``Tables``.

In: a ``Grammar`` with a ``lexing``, without left recursion. Out: tables. A token depends on its *context*
(``automaton.lexing``): which lexer goes on, and what the tokens before still ask. So a rule is lowered once for each
context that it is met in, and it *returns* the context that it leaves behind, as the label of its ``RETURN``; the caller
has a continuation for each.

No dead ends: what a rule can leave behind is found first (a least fixpoint), and an instance of a rule knows which of its
ends the caller can go on from; whatever leads only to other ends is left out. Instances in the last place of a rule take
over its ends, so that their calls need no frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Protocol

from structgen.automaton.dfa import Dfa
from structgen.automaton.lexing import Context, Tokens
from structgen.automaton.ordered import FREE
from structgen.automaton.tables import INFINITE, Encoding, Kind, Role, Span, Tables
from structgen.errors import LimitExceededError, UnsatisfiableError
from structgen.grammar.build import EMPTY, alt, seq
from structgen.grammar.factored import factored
from structgen.grammar.lexing import END, NextIsNot, Token
from structgen.grammar.nodes import Alt, Grammar, Node, Ref, Repeat, Seq
from structgen.limits import Limits

_NOWHERE = -1
_BYTES, _SPLIT, _CALL, _RETURN, _SPAN = int(Kind.BYTES), int(Kind.SPLIT), int(Kind.CALL), int(Kind.RETURN), int(Kind.SPAN)
_LAST = Context(-1, FREE, 0)
"""Behind the end of the text."""
_Instance = tuple[str, int, tuple[int, ...]]
"""A rule, the number of the context that it is met in, and those that it may leave behind."""


def lower_lexed(grammar: Grammar, limits: Limits) -> Tables:
    """The tables of a grammar of tokens; raises ``UnsatisfiableError`` if it has no text at all."""
    rules = dict(grammar.rules)
    rules[""] = seq(grammar.start, Token(END, -1))
    rules = _without_repeats(rules)
    assert grammar.lexing is not None
    tokens = Tokens(grammar.lexing, limits)
    contexts = _Contexts(tokens)
    ends = _Ends(rules, contexts)
    first = contexts.number(tokens.first())
    if not ends.of_rule("", first):
        raise UnsatisfiableError("nothing can be generated: no text satisfies the grammar",
                                 because="its rules never end, or its lexer never gives the tokens that they need",
                                 instead="give each rule an end, and check which terminals take each other's texts")
    tables = _Builder(rules, contexts, ends, limits).run(("", first, (contexts.number(_LAST),)))
    tables.unenforced = grammar.unenforced
    return tables


def _without_repeats(rules: Mapping[str, Node]) -> dict[str, Node]:
    """The same grammar, repetitions as rules that call themselves last, and common beginnings once."""
    found: dict[str, Node] = {}
    stars: dict[int, str] = {}
    kept: list[Node] = []

    def of(node: Node) -> Node:
        if isinstance(node, Seq):
            return seq(*map(of, node.parts))
        if isinstance(node, Alt):
            return alt(map(of, node.options))
        if not isinstance(node, Repeat):
            return node
        body = of(node.body)
        if node.max is None:
            name = stars.get(id(node))
            if name is None:
                name = stars[id(node)] = f"*{len(stars)}"
                kept.append(node)
                found[name] = alt((EMPTY, seq(body, Ref(name))))
            return seq(*[body] * node.min, Ref(name))
        more: Node = EMPTY
        for _ in range(node.max - node.min):
            more = alt((EMPTY, seq(body, more)))
        return seq(*[body] * node.min, more)

    for name, node in rules.items():
        found[name] = of(node)
    return factored(found)


class _Contexts:
    """Contexts by number, and what tokens make of them."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: list[Context] = []
        self._numbers: dict[Context, int] = {}
        self._behind: dict[tuple[Token, int], dict[int, Dfa]] = {}
        self._barred: dict[tuple[NextIsNot, int], int] = {}

    def number(self, context: Context) -> int:
        """The number of a context."""
        found = self._numbers.get(context)
        if found is None:
            found = self._numbers[context] = len(self._known)
            self._known.append(context)
        return found

    def behind(self, token: Token, context: int) -> dict[int, Dfa]:
        """The texts of a token in a context, by the context that they leave behind."""
        found = self._behind.get((token, context))
        if found is None:
            here = self._known[context]
            outs = [] if token.terminal in here.never else self._tokens.of(token.terminal, here)
            found = self._behind[token, context] = {
                self.number(_LAST if token.terminal == END else Context(token.after, conditions, past)): dfa
                for (_, conditions, past), dfa in outs}
        return found

    def barred(self, node: NextIsNot, context: int) -> int:
        """The context in which the next token is none of some terminals."""
        found = self._barred.get((node, context))
        if found is None:
            here = self._known[context]
            found = self._barred[node, context] = self.number(here._replace(never=here.never | node.terminals))
        return found


class _Ends:
    """Which contexts rules leave behind, by the context in which they are met."""

    def __init__(self, rules: Mapping[str, Node], contexts: _Contexts) -> None:
        self._rules, self._contexts = rules, contexts
        self._known: dict[tuple[str, int], set[int]] = {}
        self._users: dict[tuple[str, int], set[tuple[str, int]]] = {}
        self._work: list[tuple[str, int]] = []
        self._waiting: set[tuple[str, int]] = set()

    def of_rule(self, name: str, context: int) -> set[int]:
        """What a rule leaves behind."""
        found = self._known.get((name, context))
        if found is not None and not self._work:
            return found
        self._ask((name, context), None)
        while self._work:
            here = self._work.pop()
            self._waiting.discard(here)
            found = self._of(self._rules[here[0]], {here[1]}, here)
            if len(found) > len(self._known[here]):
                self._known[here] = found
                for user in self._users.get(here, ()):
                    self._wait(user)
        return self._known[name, context]

    def _wait(self, wanted: tuple[str, int]) -> None:
        if wanted not in self._waiting:
            self._waiting.add(wanted)
            self._work.append(wanted)

    def _ask(self, wanted: tuple[str, int], user: tuple[str, int] | None) -> set[int]:
        found = self._known.get(wanted)
        if found is None:
            found = self._known[wanted] = set()
            self._wait(wanted)
        if user is not None:
            self._users.setdefault(wanted, set()).add(user)
        return found

    def _of(self, node: Node, before: set[int], user: tuple[str, int]) -> set[int]:
        found: set[int] = set()
        if isinstance(node, Token):
            for context in before:
                found.update(self._contexts.behind(node, context))
        elif isinstance(node, Ref):
            for context in before:
                found |= self._ask((node.rule, context), user)
        elif isinstance(node, Alt):
            for option in node.options:
                found |= self._of(option, before, user)
        elif isinstance(node, NextIsNot):
            return {self._contexts.barred(node, context) for context in before}
        else:
            assert isinstance(node, Seq)
            found = before
            for part in node.parts:
                if not found:
                    break
                found = self._of(part, found, user)
        return found


class _Next(Protocol):
    """What follows a node: a state for each context that the node may leave behind."""

    def at(self, context: int) -> int: ...


class _Return:
    """The end of an instance of a rule."""

    def __init__(self, builder: _Builder, ends: tuple[int, ...]) -> None:
        self.ends = ends
        self._states = {end: builder.returned(label) for label, end in enumerate(ends)}

    def at(self, context: int) -> int:
        return self._states.get(context, _NOWHERE)


class _Then:
    """A node, and what follows it."""

    def __init__(self, builder: _Builder, node: Node, following: _Next) -> None:
        self._builder, self._node, self._following = builder, node, following
        self._known: dict[int, int] = {}

    def at(self, context: int) -> int:
        found = self._known.get(context)
        if found is None:
            found = self._known[context] = self._builder.lower(self._node, context, self._following)
        return found


class _Builder:
    """One lowering."""

    def __init__(self, rules: Mapping[str, Node], contexts: _Contexts, ends: _Ends, limits: Limits) -> None:
        self._rules, self._contexts, self._ends, self._limits = rules, contexts, ends, limits
        self._states: list[int] = []
        self._targets: list[int] = []
        self._returns: list[int] = []
        self._spans: list[Span] = []
        self._dfas: dict[int, int] = {}
        self._kept: list[Dfa] = []
        self._returned: list[int] = []
        self._tails: dict[int, int] = {}
        self._reading: dict[tuple[int, int], int] = {}
        self._instances: dict[_Instance, int] = {}
        self._thens: dict[tuple[int, int], _Then] = {}
        """What follows within one instance: equal endings are one object, and so one state."""
        self._pending: list[_Instance] = []

    def run(self, start: _Instance) -> Tables:
        first = self._instance(start)
        while self._pending:
            here = self._pending.pop()
            name, context, ends = here
            self._thens.clear()
            body = self.lower(self._rules[name], context, _Return(self, ends))
            place = self._instances[here]
            self._states[3 * place + 1 : 3 * place + 3] = (len(self._targets), 1)
            self._targets.append(body)
        return Tables(first, array("I", self._states), array("I"), array("I", self._targets), array("I", self._returns),
                      self._spans, [], list(self._kept))

    def lower(self, node: Node, context: int, following: _Next) -> int:
        """The state that reads a node in a context."""
        if isinstance(node, Seq):
            for part in reversed(node.parts[1:]):
                following = self._then(part, following)
            return self.lower(node.parts[0], context, following) if node.parts else following.at(context)
        if isinstance(node, Alt):
            return self._split([self.lower(option, context, following) for option in node.options])
        if isinstance(node, NextIsNot):
            return following.at(self._contexts.barred(node, context))
        if isinstance(node, Ref):
            return self._call(node.rule, context, following)
        assert isinstance(node, Token)
        ends = self._contexts.behind(node, context)
        return self._split([self._read(dfa, following.at(after)) for after, dfa in ends.items()])

    def _then(self, node: Node, following: _Next) -> _Next:
        key = (id(node), id(following))
        if key not in self._thens:
            self._thens[key] = _Then(self, node, following)
        return self._thens[key]

    def returned(self, label: int) -> int:
        """The state that returns a label."""
        while len(self._returned) <= label:
            self._returned.append(self._state(_RETURN, len(self._returned), 0))
        return self._returned[label]

    def _state(self, kind: int, a: int, b: int) -> int:
        size = len(self._states) // 3
        if size >= self._limits.grammar_states:
            raise LimitExceededError(f"the grammar needs more than {size:,} states", limit="grammar_states")
        self._states += (kind, a, b)
        return size

    def _split(self, targets: list[int]) -> int:
        live = [target for target in dict.fromkeys(targets) if target != _NOWHERE]
        if len(live) < 2:
            return live[0] if live else _NOWHERE
        self._targets += live
        return self._state(_SPLIT, len(self._targets) - len(live), len(live))

    def _read(self, dfa: Dfa, following: int) -> int:
        if following == _NOWHERE:
            return _NOWHERE
        found = self._reading.get((id(dfa), following))
        if found is None:
            number = self._dfas.get(id(dfa))
            if number is None:
                number = self._dfas[id(dfa)] = len(self._kept)
                self._kept.append(dfa)
            self._spans.append(Span(number, Encoding.RAW, Role.VALUE, 0, INFINITE, 0))
            self._returns.append(following)
            found = self._state(_SPAN, len(self._spans) - 1, len(self._returns) - 1)
            self._reading[id(dfa), following] = found
        return found

    def _instance(self, wanted: _Instance) -> int:
        start = self._instances.get(wanted)
        if start is None:
            start = self._instances[wanted] = self._state(_SPLIT, 0, 0)
            self._pending.append(wanted)
        return start

    def _call(self, rule: str, context: int, following: _Next) -> int:
        possible = self._ends.of_rule(rule, context)
        if isinstance(following, _Return):
            if not any(end in possible for end in following.ends):
                return _NOWHERE
            return self._state(_CALL, self._instance((rule, context, following.ends)), self._tail(len(following.ends)))
        states = {end: state for end in possible if (state := following.at(end)) != _NOWHERE}
        if not states:
            return _NOWHERE
        ends = tuple(sorted(states))
        found = [states[end] for end in ends]
        if found[0] == self.returned(0):  # a call in front of this would be taken for the last one of its rule
            self._targets.append(found[0])
            found[0] = self._state(_SPLIT, len(self._targets) - 1, 1)
        slot = len(self._returns)
        self._returns += found
        return self._state(_CALL, self._instance((rule, context, ends)), slot)

    def _tail(self, labels: int) -> int:
        """The slots of a call in the last place of a rule."""
        if labels not in self._tails:
            states = [self.returned(label) for label in range(labels)]
            self._tails[labels] = len(self._returns)
            self._returns += states
        return self._tails[labels]


__all__ = ["lower_lexed"]
