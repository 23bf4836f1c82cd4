"""Lowers a ``Grammar`` to ``Tables``: nodes to states, backwards from what follows.

In: a grammar. Out: tables. The one idea is to build every node *in front of* the state that follows it
(``_lower(node, next)``), so nothing is patched but loops and rules, and a shared node in front of the same state is the
same state. Lists and maps become rules of their own, since each needs registers of its own.

What cannot be written at all (a text whose pattern contradicts its length, a rule that never ends) is pruned before it
becomes a state; if nothing is left, ``UnsatisfiableError``. So every state reaches an end, and a mask leads nowhere only
if a register says so, which the guards prevent.

Costs: about 1 us a state; regular languages are determinised once per node object and remembered (``memo``).
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from structgen.automaton.dfa import Dfa
from structgen.automaton.languages import (
    Language,
    OtherKinds,
    is_never,
    item_languages,
    key_language,
    named_language,
    other_kinds,
    proof_language,
    text_language,
)
from structgen.automaton.lexed import lower_lexed
from structgen.automaton.prune import prune
from structgen.automaton.tables import DEAD, INFINITE, Encoding, KeySet, Kind, NameSet, Role, Span, Tables
from structgen.automaton.utf8 import utf8_sequences
from structgen.errors import LimitExceededError, UnsatisfiableError, UnsupportedSchemaError
from structgen.grammar.names import Names
from structgen.grammar.nodes import (
    Alt,
    And,
    Chars,
    Grammar,
    Items,
    Members,
    Named,
    Node,
    Not,
    Ref,
    Repeat,
    Seq,
    Step,
    Str,
    Substrings,
    Text,
    Words,
)
from structgen.limits import Limits

_NOWHERE = -1
"""The state in front of nothing: what is built before it is impossible."""
_UNROLL = 4
"""Repetitions up to this difference are copied inline; longer ones become a rule, with a counter beyond ``_CHAIN``."""
_CHAIN = 64
_PRUNED_AT_MOST = 1000
"""Rounds of lowering and pruning; each removes at least one node, and real grammars need one or two."""
_QUOTE = (0x22, 0x22)
_FORBIDDEN = Alt(())
_BYTES, _SPLIT, _CALL, _RETURN, _SPAN, _COUNT, _AT_LEAST, _BELOW, _ROOM, _MORE, _DONE, _SCOPE = map(int, Kind)


def lower(grammar: Grammar, limits: Limits) -> Tables:
    """The tables of a grammar; raises ``UnsatisfiableError`` if it has no text at all."""
    if grammar.lexing is not None:
        return lower_lexed(grammar, limits)
    here: Grammar | None = grammar
    if grammar.rules and not grammar.pruned:
        here = prune(grammar, _Builder(grammar, limits).is_empty)
    for _ in range(_PRUNED_AT_MOST):
        if here is None:
            break
        builder = _Builder(here, limits, _template(here, limits))
        tables = builder.run()
        if not builder.impossible:
            tables.unenforced, tables.names = grammar.unenforced, grammar.names or (Names((), ()) if tables.steps else None)
            return tables
        here = prune(here, builder.is_empty)
    if grammar.why_empty is not None:
        raise grammar.why_empty(_Builder(grammar, limits).is_empty)
    raise UnsatisfiableError(
        "nothing can be generated: no text satisfies the grammar",
        because="its constraints contradict each other, or it recurses without an end",
        instead="relax the pattern, length, format or enumeration that excludes the others")


_TEMPLATES: OrderedDict[int, tuple[Node, _Builder]] = OrderedDict()
_TEMPLATES_KEPT = 64


def _template(grammar: Grammar, limits: Limits) -> _Builder | None:
    """A builder that has lowered the grammar's common rule, kept for the next grammar that shares it.

    Any JSON value is some 40 states, more than half of the usual schema.
    """
    common = None if grammar.common is None else grammar.rules.get(grammar.common)
    if common is None or grammar.common is None:
        return None
    kept = _TEMPLATES.get(id(common))
    if kept is None or kept[0] is not common:
        builder = _Builder(Grammar(Ref(grammar.common), {grammar.common: common}), limits)
        builder.run()
        if builder.impossible:
            return None
        kept = _TEMPLATES[id(common)] = (common, builder)
        if len(_TEMPLATES) > _TEMPLATES_KEPT:
            _TEMPLATES.popitem(last=False)
    return kept[1]


class _Builder:
    """One lowering; see ``lower``."""

    def __init__(self, grammar: Grammar, limits: Limits, template: _Builder | None = None) -> None:
        self._grammar, self._limits = grammar, limits
        self._pending: list[tuple[int, Node]] = []
        self.impossible: set[int] = set()
        if template is not None:
            self._copy(template)
            return
        self.tables = Tables()
        # Lists while they grow: appending to an array converts each number, 0.2 us a state more.
        self._states: list[int] = []
        self._edges: list[int] = []
        self._targets: list[int] = []
        self._returns: list[int] = []
        self._most = 3 * limits.grammar_states
        self._front: dict[tuple[int, int], int] = {}
        self._rules: dict[int | str, int] = {}
        self._keep: list[Node] = []
        self._dfas: dict[int, int] = {}
        self._spans: dict[tuple[int, int, int, str, int], int] = {}
        self._member_rules: dict[tuple[int | str, int], int] = {}
        self._returned = self._state(_RETURN, 0, 0)

    def _copy(self, other: _Builder) -> None:
        """Goes on where another builder stands."""
        made = other.tables
        self.tables = Tables(spans=made.spans[:], key_sets=made.key_sets[:], dfas=made.dfas[:])
        self._states, self._edges = other._states[:], other._edges[:]
        self._targets, self._returns, self._most = other._targets[:], other._returns[:], 3 * self._limits.grammar_states
        self._front, self._rules, self._keep = other._front.copy(), other._rules.copy(), other._keep[:]
        self._dfas, self._spans, self._returned = other._dfas.copy(), other._spans.copy(), other._returned
        self._member_rules = other._member_rules.copy()

    def run(self) -> Tables:
        self.tables.start = self._rule(self._grammar.start)
        while self._pending:
            start, node = self._pending.pop()
            if type(node) is Members:
                body = self._members(_countable(node))
            elif type(node) is Items:
                body = self._items(_countable(node))
            elif type(node) is _Member:
                body = self._called(node.colon, self._lower(node.value, self._returned))
            elif type(node) is Repeat:
                body = self._repeat_rule(node)
            else:
                body = self._lower(node, self._returned)
            if body == _NOWHERE:
                self.impossible.add(id(node))
            self._patch(start, [body])
        self.tables.states, self.tables.edges = array("I", self._states), array("I", self._edges)
        self.tables.targets, self.tables.returns = array("I", self._targets), array("I", self._returns)
        return self.tables

    def is_empty(self, node: Node) -> bool:
        """Whether nothing satisfies ``node``: asked again while pruning."""
        return id(node) in self.impossible or (type(node) is Text and self._language(node) is None)

    # -- states ---------------------------------------------------------------------------------------------------

    def _state(self, kind: int, a: int, b: int) -> int:
        states = self._states
        size = len(states)
        if size >= self._most:
            raise LimitExceededError(f"the grammar needs more than {size // 3:,} states", limit="grammar_states")
        states += (kind, a, b)
        return size // 3

    def _bytes(self, edges: Iterable[tuple[int, int, int]]) -> int:
        first = len(self._edges)
        for edge in edges:
            self._edges += edge
        return self._state(_BYTES, first // 3, (len(self._edges) - first) // 3)

    def _split(self, targets: list[int]) -> int:
        """All targets at once; states that read disjoint bytes become one state."""
        live = [t for t in dict.fromkeys(targets) if t != _NOWHERE]
        if len(live) <= 1:
            return live[0] if live else _NOWHERE
        readers = [t for t in live if self._states[3 * t] == _BYTES]
        if len(readers) > 1:
            merged = self._merge(readers)
            if merged is not None:
                live = [merged, *(t for t in live if self._states[3 * t] != _BYTES)]
                if len(live) == 1:
                    return merged
        first = len(self._targets)
        self._targets += live
        return self._state(_SPLIT, first, len(live))

    def _merge(self, readers: list[int]) -> int | None:
        edges: list[tuple[int, int, int]] = []
        for reader in readers:
            first, count = self._states[3 * reader + 1], self._states[3 * reader + 2]
            flat = self._edges[3 * first : 3 * (first + count)]
            edges.extend(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
        edges.sort()
        if any(edges[i][1] >= edges[i + 1][0] for i in range(len(edges) - 1)):
            return None
        return self._bytes(edges)

    def _placeholder(self) -> int:
        return self._state(_SPLIT, 0, 0)

    def _patch(self, placeholder: int, targets: list[int]) -> None:
        live = [t for t in targets if t != _NOWHERE]
        self._states[3 * placeholder + 1] = len(self._targets)
        self._states[3 * placeholder + 2] = len(live)
        self._targets += live

    def _rule(self, node: Node) -> int:
        """The start of a rule whose body is ``node``; lowered later, so nesting costs no recursion."""
        start = self._rules.get(id(node))
        if start is None:
            start = self._placeholder()
            self._rules[id(node)] = start
            self._keep.append(node)
            self._pending.append((start, node))
        return start

    def _call(self, start: int, following: int) -> int:
        if following == _NOWHERE:
            return _NOWHERE
        slot = len(self._returns)
        self._returns.append(following)
        return self._state(_CALL, start, slot)

    def _called(self, node: Node, following: int) -> int:
        """``node`` in front of a state: by a call where it would be several states, since punctuation with white space
        around it would else be most of a grammar."""
        if type(node) is not Seq or following == _NOWHERE:
            return self._lower(node, following)
        return self._call(self._rule(node), following)

    # -- nodes ----------------------------------------------------------------------------------------------------

    def _lower(self, node: Node, following: int) -> int:
        if following == _NOWHERE:
            return _NOWHERE
        kind = type(node)
        if kind is Seq:
            for part in reversed(node.parts):  # type: ignore[attr-defined]
                following = self._lower(part, following)
            return following
        key = (id(node), following)
        found = self._front.get(key)
        if found is not None:
            return found
        if kind is Text:
            made = self._text(node, following)  # type: ignore[arg-type]
        elif kind is Members or kind is Items:
            made = self._call(self._rule(node), following)
        elif kind is Str:
            made = self._literal(node.text.encode(), following)  # type: ignore[attr-defined]
        elif kind is Alt:
            made = self._split([self._lower(option, following) for option in node.options])  # type: ignore[attr-defined]
        elif kind is Ref:
            made = self._call(self._named(node.rule), following)  # type: ignore[attr-defined]
        elif kind is Repeat:
            made = self._repeat(node, following)  # type: ignore[arg-type]
        elif kind is Chars:
            made = self._chars(node, following)  # type: ignore[arg-type]
        elif kind in (And, Not, Substrings, Words):
            made = self._text(Text(node), following)
        elif kind is Step:
            self.tables.steps.append((node.do, node.what))  # type: ignore[attr-defined]
            made = self._state(_SCOPE, following, len(self.tables.steps) - 1)
        elif kind is Named:
            made = self._name(node, following)  # type: ignore[arg-type]
        else:
            raise TypeError(f"not a grammar node: {node!r}")
        self._front[key] = made
        self._keep.append(node)
        return made

    def _named(self, rule: str) -> int:
        body = self._grammar.rules.get(rule)
        if body is None:
            raise UnsatisfiableError(f"the grammar has no rule named {rule!r}", position=rule,
                                     instead="define the rule, or mend the reference")
        start = self._rules.get(rule)
        if start is None:
            start = self._rules[rule] = self._placeholder()
            self._pending.append((start, body))
            origin = self._grammar.origins.get(rule)
            if origin is not None:
                self.tables.origins[start] = origin
        return start

    def _literal(self, data: bytes, following: int) -> int:
        for byte in reversed(data):
            following = self._bytes(((byte, byte, following),))
        return following

    def _chars(self, node: Chars, following: int) -> int:
        edges: list[tuple[int, int, int]] = []
        for low, high in node.ranges:
            if low <= 0x7F:
                edges.append((low, min(high, 0x7F), following))
            if high > 0x7F:
                for sequence in utf8_sequences(max(low, 0x80), high):
                    target = following
                    for first, last in reversed(sequence[1:]):
                        target = self._bytes(((first, last, target),))
                    edges.append((*sequence[0], target))
        edges.sort()
        if all(edges[i][1] < edges[i + 1][0] for i in range(len(edges) - 1)):
            return self._bytes(edges) if edges else _NOWHERE
        return self._split([self._bytes((edge,)) for edge in edges])

    def _repeat(self, node: Repeat, following: int) -> int:
        body, least, most = node.body, node.min, node.max
        if most is None and least <= _UNROLL:
            loop = self._placeholder()
            self._patch(loop, [self._lower(body, loop), following])
            following = loop
            for _ in range(least):
                following = self._lower(body, following)
            return following
        if most is not None and most <= _UNROLL:
            for i in range(most, 0, -1):
                inner = self._lower(body, following)
                following = inner if i <= least else self._split([inner, following])
            return following
        return self._call(self._rule(node), following)

    def _repeat_rule(self, node: Repeat) -> int:
        """A long repetition, in an activation of its own: a chain of states for one character, else a counter."""
        body, least, most = node.body, node.min, node.max
        if most is not None and most <= _CHAIN and type(body) is Chars:
            following = self._returned
            for i in range(most, 0, -1):
                inner = self._lower(body, following)
                following = inner if i <= least else self._split([inner, self._returned])
            return following
        loop = self._placeholder()
        cap = least if most is None else most
        again = self._lower(body, self._state(_COUNT, loop, cap))
        if again != _NOWHERE and most is not None:
            again = self._state(_BELOW, again, most)
        end = self._returned if least == 0 else self._state(_AT_LEAST, self._returned, least)
        self._patch(loop, [end, again])
        return loop

    # -- texts ----------------------------------------------------------------------------------------------------

    def _language(self, node: Text) -> Language | None:
        return text_language(node.body, node.min_length, node.max_length, self._limits)

    def _span(self, dfa: Dfa | NameSet, encoding: str, role: Role, least: int, most: int | None, key_set: int = 0) -> int:
        number = self._dfas.get(id(dfa))
        if number is None:
            number = self._dfas[id(dfa)] = len(self.tables.dfas)
            self.tables.dfas.append(dfa)
        longest = INFINITE if most is None else most
        self.tables.spans.append(Span(number, Encoding[encoding.upper()], role, least, longest, key_set))
        return len(self.tables.spans) - 1

    def _read(self, span: int, slot: int) -> int:
        """A state in front of a span: JSON strings begin with a quote; their end belongs to the span."""
        state = self._state(_SPAN, span, slot)
        if self.tables.spans[span].encoding != Encoding.RAW:
            state = self._bytes(((*_QUOTE, state),))
        return state

    def _text(self, node: Text, following: int) -> int:
        found_language = self._language(node)
        if found_language is None:
            self.impossible.add(id(node))
            return _NOWHERE
        dfa, least, most = found_language
        key = (id(dfa), least, INFINITE if most is None else most, node.encoding, following)
        found = self._spans.get(key)
        if found is None:
            slot = len(self._returns)
            self._returns.append(following)
            found = self._read(self._span(dfa, node.encoding, Role.VALUE, least, most), slot)
            self._spans[key] = found
        return found

    def _name(self, node: Named, following: int) -> int:
        first, dfa = len(self.tables.steps), named_language(node.texts, self._limits)
        self.tables.steps += [(step.do, step.what) for step in node.steps]
        ways = [self._lower(one, following) for one in node.behind] or [following] * len(node.steps)
        slot, self._returns[len(self._returns):] = len(self._returns), ways
        return _NOWHERE if dfa is None else self._read(self._span(dfa, "raw", Role.NAMED, 0, None, first), slot)

    # -- lists ----------------------------------------------------------------------------------------------------

    def _items(self, node: Items) -> int:
        close = self._lower(node.close, self._returned)
        if node.unique:
            return self._called(node.open, self._unique_items(node, close))
        n, most = len(node.prefix), node.max_count
        if most is not None and node.min_count > most:
            return _NOWHERE
        loop, after = _NOWHERE, _NOWHERE
        if node.rest is not None and (most is None or most > n):
            after = self._placeholder()
            loop = self._lower(node.rest, after)
            if loop != _NOWHERE:
                self._patch(after, [self._after_rest(node, self._called(node.comma, loop), close)])
        following = loop  # what reads item n, n - 1, ... as we go backwards
        for i in range(n - 1, -1, -1):
            ends = [close] if i + 1 >= node.min_count else []
            if following != _NOWHERE and (most is None or i + 1 < most):
                ends.append(self._called(node.comma, following))
            item = self._split(ends)
            following = self._lower(node.prefix[i], item) if item != _NOWHERE else _NOWHERE
        starts = [close] if node.min_count == 0 else []
        if most is None or most > 0:
            starts.append(following)
        return self._called(node.open, self._split(starts))

    def _after_rest(self, node: Items, again: int, close: int) -> int:
        """Behind an item beyond the prefix: counts only if a bound needs it."""
        n = len(node.prefix)
        least, most = node.min_count - n, None if node.max_count is None else node.max_count - n
        if most is None and least <= 1:
            return self._split([close, again])
        ends = [close if least <= 1 else self._state(_AT_LEAST, close, least),
                again if most is None else self._state(_BELOW, again, most)]
        return self._state(_COUNT, self._split(ends), max(least, most or 0))

    def _unique_items(self, node: Items, close: int) -> int:
        if node.prefix or node.rest is None:
            raise UnsupportedSchemaError("unique items behind a prefix cannot be enforced while generating",
                                         keyword="uniqueItems", because="each place has a language of its own",
                                         instead="leave uniqueItems away, or use the same schema for every item")
        after = self._placeholder()
        slot = len(self._returns)
        self._returns.append(after)
        readers: list[int] = []
        total = 0
        for encoding, dfa, least, most in item_languages(node.rest, self._limits):
            readers.append(self._read(self._span(dfa, encoding, Role.UNIQUE, least, most), slot))
            total = min(INFINITE, total + dfa.count[dfa.start])
        item = self._split(readers)
        if total < node.min_count:
            item = _NOWHERE
        most = node.max_count
        if item != _NOWHERE:
            again = self._state(_ROOM, self._called(node.comma, item), total)
            if most is not None:
                again = self._state(_BELOW, again, most)
            end = close if node.min_count <= 1 else self._state(_AT_LEAST, close, node.min_count)
            self._patch(after, [self._counted(end, again, node.min_count, most)])
        return self._split([*([close] if node.min_count == 0 else []), *([item] if most is None or most > 0 else [])])

    def _counted(self, end: int, again: int, least: int, most: int | None) -> int:
        both = self._split([end, again])
        return both if most is None and least <= 1 else self._state(_COUNT, both, max(least, most or 0))

    # -- maps -----------------------------------------------------------------------------------------------------

    def _members(self, node: Members) -> int:
        kinds = other_kinds(node)
        dfa, others, listed = key_language(node, kinds, self._limits)
        close = self._lower(node.close, self._returned)
        if node.awaited:
            return self._called(node.open, self._awaiting(node, kinds, dfa, close, others))
        after = self._placeholder()
        slot = self._key_slots(node, [value for _, value in kinds], after)
        forbidden = [self._returns[slot + i] == DEAD for i in range(len(node.names))]
        if others not in (0, INFINITE):
            others -= listed
        if dfa is None:
            return self._called(node.open, close) if node.min_count == 0 and not any(node.required) else _NOWHERE
        most = INFINITE if node.max_count is None else node.max_count
        if not self._is_possible(node, forbidden, others, most):
            return _NOWHERE
        key, more = self._keys(node, dfa, slot, forbidden, others, most)
        done = self._state(_DONE, close, len(self.tables.key_sets) - 1)
        self._patch(after, [done, self._state(_MORE, self._called(node.comma, key), more)])
        return self._called(node.open, self._split([done, self._state(_MORE, key, more)]))

    def _is_possible(self, node: Members, forbidden: list[bool], others: int, most: int) -> bool:
        """Whether the members that must be there may be there, as far as counts and names tell."""
        possible = len(forbidden) - sum(forbidden) + others
        return not any(r and f for r, f in zip(node.required, forbidden, strict=True)) and \
            max(node.min_count, sum(node.required)) <= min(possible, most)

    def _keys(self, node: Members, dfa: Dfa | NameSet, slot: int, forbidden: list[bool], others: int,
              most: int) -> tuple[int, int]:
        """The state that reads a key, and its key set."""
        key_set = len(self.tables.key_sets)
        self.tables.key_sets.append(KeySet(list(node.required), forbidden, node.ordered, node.min_count, most, others))
        return self._read(self._span(dfa, node.key_encoding, Role.KEY, 0, None, key_set), slot), key_set

    def _awaiting(self, node: Members, kinds: OtherKinds, dfa: Dfa | NameSet | None, close: int,
                  others: int) -> int:
        """The members of an object in which some member must prove something: a round of states for each set of bits that
        are still to be proved. A member may be read as any member or as a proof; only the last round has an end.

        There are more names for proofs than members, so one can always come, if only ``max_count`` leaves room for it:
        before that, it is less by the members that are needed at least for what is still to be proved."""
        most = INFINITE if node.max_count is None else node.max_count
        by_bits: dict[int, list[tuple[Node | None, Node]]] = {}
        for bits, name, value in node.proofs:
            if not is_never(value):
                by_bits.setdefault(bits, []).append((name, value))
        rounds = {left: self._placeholder() for left in range(node.awaited + 1)}
        reserve = {0: 0}
        for left in range(1, node.awaited + 1):
            reserve[left] = min((reserve[left & ~bits] + 1 for bits in by_bits if bits & left), default=INFINITE)
        first = [_NOWHERE]
        for left, after in rounds.items():
            slot = self._key_slots(node, [value for _, value in kinds], after)
            forbidden = [self._returns[slot + i] == DEAD for i in range(len(node.names))]
            room = most if most == INFINITE else most - reserve[left]
            readers: list[tuple[int, int]] = []
            if not self._is_possible(node, forbidden, others, most) or sum(node.required) > room:
                return _NOWHERE
            assert dfa is not None  # names without end
            readers.append(self._keys(node, dfa, slot, forbidden, others, room))
            for bits, proofs in by_bits.items():
                if bits & ~left == 0:
                    keys = proof_language(node.names, [name for name, _ in proofs], node.max_count, self._limits)
                    never = [True] * len(forbidden)
                    slot = self._key_slots(node, [value for _, value in proofs], rounds[left & ~bits], never)
                    room = most if most == INFINITE else most - reserve[left & ~bits]
                    readers.append(self._keys(node, keys, slot, never, INFINITE, room))
            ends = [] if left else [self._state(_DONE, close, readers[0][1])]
            self._patch(after, ends + [self._state(_MORE, self._called(node.comma, key), more) for key, more in readers])
            if left == node.awaited:
                first = [self._state(_MORE, key, more) for key, more in readers]
        return self._split(first)

    def _key_slots(self, node: Members, others: list[Node], after: int, forbidden: list[bool] | None = None) -> int:
        """A continuation per label, listed names first, then the others: the call of a rule that reads the colon and the
        value. Equal values share it, in this object and in all others, so that a member costs one state."""
        states, rules = self._states, self._member_rules
        back = len(self._returns)
        self._returns.append(after)
        fronts: list[int] = []
        known: dict[int, int] = {}
        for value in (*(node.values if forbidden is None else [_FORBIDDEN] * len(forbidden)), *others):
            front = known.get(id(value))
            if front is None:
                if is_never(value):
                    front = DEAD
                else:
                    key = value.rule if type(value) is Ref else id(value)
                    rule = rules.get((key, id(node.colon)))
                    if rule is None:
                        rule = rules[key, id(node.colon)] = self._rule(_Member(node.colon, value))
                    front = len(states) // 3
                    states += (_CALL, rule, back)
                known[id(value)] = front
            fronts.append(front)
        slot = len(self._returns)
        self._returns += fronts
        return slot


@dataclass(frozen=True, slots=True, eq=False)
class _Member(Node):
    """What follows a key: a rule of the automaton, not of the grammar."""

    colon: Node
    value: Node


_Counted = TypeVar("_Counted", Members, Items)


def _countable(node: _Counted) -> _Counted:
    """A list or map whose bounds fit a counter. Counters hold 31 bits: no output has so many items, so a greater upper
    bound asks nothing, and a greater lower one can never be met."""
    if node.min_count >= INFINITE:
        raise LimitExceededError(f"at least {node.min_count:,} items or members are asked for", limit="grammar_states",
                                 because=f"counters end at {INFINITE:,}", instead="lower the minimum")
    if node.max_count is not None and node.max_count >= INFINITE:
        return replace(node, max_count=None)
    return node


__all__ = ["lower"]
