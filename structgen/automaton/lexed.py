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
from structgen.grammar.lexing import END, NextIsNot, Token
from structgen.grammar.nodes import Alt, Grammar, Node, Ref, Repeat, Seq
from structgen.limits import Limits

_NOWHERE = -1
_BYTES, _SPLIT, _CALL, _RETURN, _SPAN = int(Kind.BYTES), int(Kind.SPLIT), int(Kind.CALL), int(Kind.RETURN), int(Kind.SPAN)
_LAST = Context(-1, FREE, 0)
"""Behind the end of the text."""
_Instance = tuple[str, Context, tuple[Context, ...]]


def lower_lexed(grammar: Grammar, limits: Limits) -> Tables:
    """The tables of a grammar of tokens; raises ``UnsatisfiableError`` if it has no text at all."""
    rules = dict(grammar.rules)
    rules[""] = seq(grammar.start, Token(END, -1))
    rules = _without_repeats(rules)
    assert grammar.lexing is not None
    tokens = Tokens(grammar.lexing, limits)
    ends = _Ends(rules, tokens)
    first = tokens.first()
    if not ends.of_rule("", first):
        raise UnsatisfiableError("nothing can be generated: no text satisfies the grammar",
                                 because="its rules never end, or its lexer never gives the tokens that they need",
                                 instead="give each rule an end, and check which terminals take each other's texts")
    tables = _Builder(rules, tokens, ends, limits).run(("", first, (_LAST,)))
    tables.unenforced = grammar.unenforced
    return tables


def _without_repeats(rules: Mapping[str, Node]) -> dict[str, Node]:
    """The same grammar, repetitions as rules that call themselves last."""
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
    return found


def _after(tokens: Tokens, node: Token, context: Context) -> list[tuple[Context, Dfa]]:
    """The texts of a token in a context, each with the context behind it."""
    if node.terminal in context.never:
        return []
    if node.terminal == END:
        return [(_LAST, dfa) for _, dfa in tokens.of(END, context)]
    return [(Context(node.after, conditions, past), dfa) for (_, conditions, past), dfa in tokens.of(node.terminal, context)]


class _Ends:
    """Which contexts rules leave behind, by the context in which they are met."""

    def __init__(self, rules: Mapping[str, Node], tokens: Tokens) -> None:
        self._rules, self._tokens = rules, tokens
        self._known: dict[tuple[str, Context], dict[Context, None]] = {}
        self._users: dict[tuple[str, Context], dict[tuple[str, Context], None]] = {}
        self._work: dict[tuple[str, Context], None] = {}

    def of_rule(self, name: str, context: Context) -> dict[Context, None]:
        """What a rule leaves behind."""
        self._ask((name, context), None)
        while self._work:
            here = self._work.popitem()[0]
            found = self._of(self._rules[here[0]], here[1], here)
            if len(found) > len(self._known[here]):
                self._known[here] = found
                self._work.update(self._users.get(here, {}))
        return self._known[name, context]

    def _ask(self, wanted: tuple[str, Context], user: tuple[str, Context] | None) -> dict[Context, None]:
        if wanted not in self._known:
            self._known[wanted] = {}
            self._work[wanted] = None
        if user is not None:
            self._users.setdefault(wanted, {})[user] = None
        return self._known[wanted]

    def _of(self, node: Node, context: Context, user: tuple[str, Context]) -> dict[Context, None]:
        if isinstance(node, Token):
            return dict.fromkeys([after for after, _ in _after(self._tokens, node, context)])
        if isinstance(node, Ref):
            return dict(self._ask((node.rule, context), user))
        if isinstance(node, NextIsNot):
            return {context._replace(never=context.never | node.terminals): None}
        found: dict[Context, None] = {}
        if isinstance(node, Alt):
            for option in node.options:
                found.update(self._of(option, context, user))
            return found
        assert isinstance(node, Seq)
        found[context] = None
        for part in node.parts:
            found = {after: None for before in found for after in self._of(part, before, user)}
        return found


class _Next(Protocol):
    """What follows a node: a state for each context that the node may leave behind."""

    def at(self, context: Context) -> int: ...


class _Return:
    """The end of an instance of a rule."""

    def __init__(self, builder: _Builder, ends: tuple[Context, ...]) -> None:
        self.ends = ends
        self._states = {end: builder.returned(label) for label, end in enumerate(ends)}

    def at(self, context: Context) -> int:
        return self._states.get(context, _NOWHERE)


class _Then:
    """A node, and what follows it."""

    def __init__(self, builder: _Builder, node: Node, following: _Next) -> None:
        self._builder, self._node, self._following = builder, node, following
        self._known: dict[Context, int] = {}

    def at(self, context: Context) -> int:
        found = self._known.get(context)
        if found is None:
            found = self._known[context] = self._builder.lower(self._node, context, self._following)
        return found


class _Builder:
    """One lowering."""

    def __init__(self, rules: Mapping[str, Node], tokens: Tokens, ends: _Ends, limits: Limits) -> None:
        self._rules, self._tokens, self._ends, self._limits = rules, tokens, ends, limits
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
        self._pending: list[_Instance] = []

    def run(self, start: _Instance) -> Tables:
        first = self._instance(start)
        while self._pending:
            here = self._pending.pop()
            name, context, ends = here
            body = self.lower(self._rules[name], context, _Return(self, ends))
            place = self._instances[here]
            self._states[3 * place + 1 : 3 * place + 3] = (len(self._targets), 1)
            self._targets.append(body)
        return Tables(first, array("I", self._states), array("I"), array("I", self._targets), array("I", self._returns),
                      self._spans, [], list(self._kept))

    def lower(self, node: Node, context: Context, following: _Next) -> int:
        """The state that reads a node in a context."""
        if isinstance(node, Seq):
            for part in reversed(node.parts[1:]):
                following = _Then(self, part, following)
            return self.lower(node.parts[0], context, following) if node.parts else following.at(context)
        if isinstance(node, Alt):
            return self._split([self.lower(option, context, following) for option in node.options])
        if isinstance(node, NextIsNot):
            return following.at(context._replace(never=context.never | node.terminals))
        if isinstance(node, Ref):
            return self._call(node.rule, context, following)
        assert isinstance(node, Token)
        return self._split([self._read(dfa, following.at(after)) for after, dfa in _after(self._tokens, node, context)])

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

    def _call(self, rule: str, context: Context, following: _Next) -> int:
        possible = self._ends.of_rule(rule, context)
        if isinstance(following, _Return):
            if not any(end in possible for end in following.ends):
                return _NOWHERE
            return self._state(_CALL, self._instance((rule, context, following.ends)), self._tail(len(following.ends)))
        states = {end: state for end in possible if (state := following.at(end)) != _NOWHERE}
        if not states:
            return _NOWHERE
        ends = tuple(sorted(states, key=repr))
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
