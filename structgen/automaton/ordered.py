"""Runs patterns in the order in which Python's ``re`` tries them, over classes of characters.

In: trees of ``grammar.ordered``. Out: ``Machine``: what may still match, as *threads*, and what a thread needs of the text
that follows. The one idea: a thread is ``(place, conditions)``, and a condition is a thread of its own that must never
match (``(0, thread)``), or some of which must (``(1, threads)``). So

* a list of threads in order is a search: the first of them that matches wins, and a match cuts what comes after it;
* to say "the match ends here" is to ask that no thread before it in the list ever matches: its *conditions*;
* a lookahead is a condition, an atomic group a list inside a thread, and all of them step along with the text.

What stands before (lookbehind, the beginning of the text) is one number, ``past``, that steps along as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.automaton.dfa_classes import Alphabet
from structgen.errors import GrammarSyntaxError
from structgen.grammar.ordered import Ahead, Atomic, Begin, Behind, First, Group, IfGroup, Loop, One, Row, Tree, below

if TYPE_CHECKING:
    from structgen.automaton.dfa_subset import Budget

Thread = tuple[int, frozenset[Any], int]
"""Where it stands, its conditions, and the groups (bits) that have matched. A negative place ``-1 - label`` has matched."""
Conditions = frozenset[Any]
"""``(0, thread)``: it never matches. ``(1, threads)``: one of them matches."""
FREE: Conditions = frozenset()
_CHAR, _SPLIT, _MATCH, _LOOK, _BEHIND, _BEGIN, _ATOMIC, _LEAVE, _ENTER, _AGAIN, _GROUP, _IF = range(12)


class Search(NamedTuple):
    """The threads that may still win, and the matches that end here: their labels, and on what conditions they win."""

    threads: tuple[Thread, ...]
    ends: tuple[tuple[int, Conditions], ...]


@dataclass(slots=True)
class _Step:
    """One instruction: what it does, where it goes on, and with what."""

    kind: int
    next: int = 0
    what: Any = None


class Machine:
    """Programs of trees, and the threads that run them."""

    def __init__(self, alphabet: Alphabet, budget: Budget) -> None:
        self._alphabet, self._budget = alphabet, budget
        self._steps: list[_Step] = []
        self._region: list[int] = []
        """Per instruction the innermost atomic group that it stands in; -1: none."""
        self._regions: list[tuple[int, int]] = []
        """Per atomic group its parent, and how far behind the group its copy stands that only asks."""
        self._inside = -1
        self._behind: list[tuple[int, int]] = []
        self._knows_start = False
        self._loops = 0
        self._past: list[tuple[bool, tuple[frozenset[int], ...]]] = []
        self._past_ids: dict[tuple[bool, tuple[frozenset[int], ...]], int] = {}
        self._past_steps: dict[tuple[int, int], int] = {}
        self._known: dict[tuple[int, Conditions, int, int], tuple[Thread, ...]] = {}
        self._stepped: dict[tuple[Conditions, int, int], Conditions | None] = {}

    # -- programs -------------------------------------------------------------------------------------------------

    def add(self, tree: Tree, label: int = 0) -> int:
        """The place where a tree begins that matches with a label."""
        return self._tree(tree, self._put(_MATCH, what=label), 0)

    def _put(self, kind: int, following: int = 0, what: Any = None) -> int:
        self._steps.append(_Step(kind, following, what))
        self._region.append(self._inside)
        if not len(self._steps) & 255:
            self._budget.check_parts(len(self._steps))
        return len(self._steps) - 1

    def _tree(self, tree: Tree, following: int, depth: int) -> int:
        self._budget.check_depth(depth)
        if isinstance(tree, One):
            letters = self._alphabet.classes(tree.ranges) if tree.ranges else ()
            return self._put(_CHAR, following, frozenset(letters))
        if isinstance(tree, Row):
            for part in reversed(tree.parts):
                following = self._tree(part, following, depth + 1)
            return following
        if isinstance(tree, First):
            return self._put(_SPLIT, what=tuple([self._tree(one, following, depth + 1) for one in tree.options]))
        if isinstance(tree, Loop):
            return self._loop(tree, following, depth)
        if isinstance(tree, Atomic):
            return self._atomic(tree, following, depth)
        if isinstance(tree, Group):
            return self._tree(tree.body, self._put(_GROUP, following, 1 << tree.number), depth + 1)
        if isinstance(tree, IfGroup):
            yes, no = (self._tree(one, following, depth + 1) for one in (tree.yes, tree.no))
            return self._put(_IF, yes, (1 << tree.number, no))
        if isinstance(tree, Ahead):
            start = self._apart(tree.body, depth)
            return self._put(_LOOK, following, (start, tree.negated))
        if isinstance(tree, Behind):
            self._behind.append((self._apart(tree.body, depth), tree.width))
            return self._put(_BEHIND, following, (len(self._behind) - 1, tree.negated))
        assert isinstance(tree, Begin)
        self._knows_start = True
        return self._put(_BEGIN, following)

    def _apart(self, body: Tree, depth: int) -> int:
        """A program of its own, in no atomic group."""
        inside, self._inside = self._inside, -1
        start = self._tree(body, self._put(_MATCH, what=0), depth + 1)
        self._inside = inside
        return start

    def _loop(self, tree: Loop, following: int, depth: int) -> int:
        if isinstance(tree.body, Row) and not tree.body.parts:
            return following
        checked = _may_be_empty(tree.body)
        if tree.max is None:
            again = self._put(_SPLIT)
            back = again
            if checked:
                self._loops += 1
                back = self._put(_AGAIN, again, (self._loops, following))
            body = self._tree(tree.body, back, depth + 1)
            if checked:
                body = self._put(_ENTER, body, self._loops_of(back))
            self._steps[again].what = (following, body) if tree.lazy else (body, following)
            following = again
        else:
            leave = following
            for _ in range(tree.max - tree.min):
                back = following
                if checked:
                    self._loops += 1
                    back = self._put(_AGAIN, following, (self._loops, leave))
                body = self._tree(tree.body, back, depth + 1)
                if checked:
                    body = self._put(_ENTER, body, self._loops_of(back))
                following = self._put(_SPLIT, what=(leave, body) if tree.lazy else (body, leave))
        for _ in range(tree.min):
            following = self._tree(tree.body, following, depth + 1)
        return following

    def _loops_of(self, place: int) -> int:
        number: int = self._steps[place].what[0]
        return number

    def _atomic(self, tree: Atomic, following: int, depth: int) -> int:
        """The body twice: once to go on behind it, once, at the same distances, only to ask whether it matches."""
        region = len(self._regions)
        self._regions.append((self._inside, 0))
        outside, self._inside = self._inside, region
        first = len(self._steps)
        start = self._tree(tree.body, self._put(_LEAVE, following, region), depth + 1)
        self._inside = -1
        second = len(self._steps)
        self._tree(tree.body, self._put(_MATCH, what=0), depth + 1)
        self._inside = outside
        self._regions[region] = (outside, second - first)
        return self._put(_ATOMIC, start, region)

    # -- what stands before ---------------------------------------------------------------------------------------

    def beginning(self) -> int:
        """The past of the beginning of a text."""
        states: list[frozenset[int]] = []
        for start, _ in self._behind:
            states.append(frozenset(self._plain(start, self._knows_start, states)))
        return self._past_number(self._knows_start, tuple(states))

    def _past_number(self, start: bool, states: tuple[frozenset[int], ...]) -> int:
        number = self._past_ids.get((start, states))
        if number is None:
            number = self._past_ids[start, states] = len(self._past)
            self._past.append((start, states))
        return number

    def _plain(self, place: int, at_start: bool, states: Sequence[frozenset[int]]) -> set[int]:
        """What a body of a lookbehind reaches without a character; ``states`` are those of the bodies inside it."""
        found: set[int] = set()
        work = [place]
        while work:
            here = work.pop()
            if here in found:
                continue
            found.add(here)
            step = self._steps[here]
            if step.kind == _SPLIT:
                work.extend(step.what)
            elif step.kind in (_GROUP, _ENTER, _AGAIN):
                work.append(step.next)
            elif step.kind == _BEHIND:
                work += [step.next] if self._has_ended(states[step.what[0]]) != step.what[1] else []
            elif step.kind == _BEGIN:
                work += [step.next] if at_start else []
            elif step.kind not in (_CHAR, _MATCH):
                raise GrammarSyntaxError("a lookahead or an atomic group inside a lookbehind is not supported here",
                                         because="what stands before a match is kept as plain text",
                                         instead="move it out of the lookbehind")
        return found

    def after(self, past: int, letter: int) -> int:
        """The past after one more character."""
        key = (past, letter)
        found = self._past_steps.get(key)
        if found is None:
            states: list[frozenset[int]] = []
            for (start, _), here in zip(self._behind, self._past[past][1], strict=True):
                reached = self._plain(start, False, states)
                for place in here:
                    if self._steps[place].kind == _CHAR and letter in self._steps[place].what:
                        reached |= self._plain(self._steps[place].next, False, states)
                states.append(frozenset(reached))
            found = self._past_steps[key] = self._past_number(False, tuple(states))
        return found

    def _has_ended(self, state: frozenset[int]) -> bool:
        return any(self._steps[place].kind == _MATCH for place in state)

    def _was(self, past: int, number: int) -> bool:
        return self._has_ended(self._past[past][1][number])

    # -- threads --------------------------------------------------------------------------------------------------

    def begin(self, places: Sequence[int], past: int) -> Search:
        """A search for the first of some programs that matches."""
        return _search([(thread, True) for place in places for thread in self._reach(place, FREE, 0, past)])

    def step(self, threads: Sequence[Thread], letter: int, past: int) -> Search:
        """A search after one more character."""
        return _search([(after, thread[0] >= 0) for thread in threads for after in self.advance(thread, letter, past)])

    def reach(self, place: int, past: int) -> tuple[Thread, ...]:
        """Every thread of a program, in order."""
        return self._reach(place, FREE, 0, past)

    def letters(self, thread: Thread) -> frozenset[int]:
        """The classes that a thread can read."""
        step = self._steps[thread[0]] if thread[0] >= 0 else None
        found: frozenset[int] = step.what if step is not None and step.kind == _CHAR else frozenset()
        return found

    def advance(self, thread: Thread, letter: int, past: int) -> tuple[Thread, ...]:
        """What becomes of a thread with one character, in order; ``past`` is the one after the character."""
        place, conditions, groups = thread
        kept = self.hold(conditions, letter, past)
        if kept is None:
            return ()
        if place < 0:
            return ((place, kept, groups),)
        step = self._steps[place]
        if step.kind != _CHAR or letter not in step.what:
            return ()
        return self._reach(step.next, kept, groups, past, self._region[place])

    def _reach(self, place: int, conditions: Conditions, groups: int, past: int, region: int = -1) -> tuple[Thread, ...]:
        """The threads behind a place in order; those inside atomic groups with what the groups demand of each other."""
        key = (place, conditions, groups, past)
        found = self._known.get(key)
        if found is None:
            items = self._items(place, conditions, groups, past)
            while region >= 0:
                decided, items = self._decided(items, region, conditions), []
                for one in decided:
                    if self._leaves(one, region):
                        items.extend(self._items(self._steps[one[0]].next, one[1], one[2], past))
                    else:
                        items.append(one)
                region = self._regions[region][0]
            found = self._known[key] = tuple(dict.fromkeys(items))
        return found

    def _leaves(self, thread: Thread, region: int) -> bool:
        step = self._steps[thread[0]] if thread[0] >= 0 else None
        return step is not None and step.kind == _LEAVE and step.what == region

    def _decided(self, items: Sequence[Thread], region: int, base: Conditions) -> list[Thread]:
        """Threads inside an atomic group: each counts only if none before it gets out of the group."""
        shift = self._regions[region][1]
        found: list[Thread] = []
        before: set[Any] = set()
        for place, held, groups in items:
            found.append((place, held | before, groups))
            leaves = self._leaves((place, held, groups), region)
            rest = held - base
            if leaves and not rest:
                break
            before.add((0, (-1 if leaves else place + shift, rest, groups)))
        return found

    def _items(self, place: int, conditions: Conditions, groups: int, past: int) -> list[Thread]:
        """Where a place leads to without a character, in order: threads that wait for one, or have matched, or stand at
        the end of the atomic group that they are in."""
        found: list[Thread] = []
        seen: set[_Here] = set()
        work: list[tuple[bool, _Here]] = [(False, (place, conditions, groups, frozenset()))]
        while work:
            made, here = work.pop()
            if made:
                found.append(here[:3])
                continue
            if here in seen:
                continue
            seen.add(here)
            self._budget.take_steps(1)
            place, held, groups, entered = here
            step = self._steps[place]
            if step.kind in (_CHAR, _LEAVE):
                found.append((place, held, groups))
            elif step.kind == _MATCH:
                found.append((-1 - step.what, held, groups))
            elif step.kind == _SPLIT:
                work.extend((False, (one, held, groups, entered)) for one in reversed(step.what))
            elif step.kind == _ATOMIC:
                inner = self._decided(self._items(step.next, held, groups, past), step.what, held)
                for one in reversed(inner):
                    leaves = self._leaves(one, step.what)
                    work.append((not leaves, (self._steps[one[0]].next if leaves else one[0], one[1], one[2], entered)))
            else:
                work.extend((False, moved) for moved in self._moved(step, held, groups, entered, past))
        return found

    def _moved(self, step: _Step, held: Conditions, groups: int, entered: frozenset[int], past: int) -> list[_Here]:
        kind, following = step.kind, step.next
        if kind == _LOOK:
            asked = self._asked(step.what[0], step.what[1], groups, past)
            return [] if asked is None else [(following, held | asked, groups, entered)]
        if kind == _BEHIND:
            return [(following, held, groups, entered)] if self._was(past, step.what[0]) != step.what[1] else []
        if kind == _BEGIN:
            return [(following, held, groups, entered)] if self._past[past][0] else []
        if kind == _ENTER:
            return [(following, held, groups, entered | {step.what})]
        if kind == _AGAIN:  # a round without a character ends the loop
            number, leave = step.what
            return [(leave if number in entered else following, held, groups, entered - {number})]
        if kind == _GROUP:
            return [(following, held, groups | step.what, entered)]
        assert kind == _IF
        return [(following if groups & step.what[0] else step.what[1], held, groups, entered)]

    def _asked(self, start: int, negated: bool, groups: int, past: int) -> Conditions | None:
        """What a lookahead asks of the text that follows; None where it fails at once."""
        threads = self._reach(start, FREE, groups, past)
        sure = any(place < 0 and not held for place, held, _ in threads)
        if negated:
            return None if sure else frozenset([(0, thread) for thread in threads])
        if sure:
            return FREE
        return frozenset(((1, frozenset(threads)),)) if threads else None

    # -- conditions -----------------------------------------------------------------------------------------------

    def hold(self, conditions: Conditions, letter: int, past: int) -> Conditions | None:
        """What is left of conditions after one more character; None where one has failed."""
        if not conditions:
            return FREE
        key = (conditions, letter, past)
        if key not in self._stepped:
            self._budget.take_steps(len(conditions))
            self._stepped[key] = self._hold(conditions, letter, past)
        return self._stepped[key]

    def _hold(self, conditions: Conditions, letter: int, past: int) -> Conditions | None:
        kept: set[Any] = set()
        for wanted, what in conditions:
            threads = [after for one in (what if wanted else (what,)) for after in self.advance(one, letter, past)]
            sure = any(place < 0 and not held for place, held, _ in threads)
            if sure:
                if not wanted:
                    return None
            elif not wanted:
                kept.update((0, thread) for thread in threads)
            elif not threads:
                return None
            else:
                kept.add((1, frozenset(threads)))
        return frozenset(kept)

    def ends(self, conditions: Conditions) -> bool:
        """Whether conditions are met if the text ends here."""
        return all(any(place < 0 and self.ends(held) for place, held, _ in (what if wanted else (what,))) == bool(wanted)
                   for wanted, what in conditions)


_Here = tuple[int, Conditions, int, frozenset[int]]
"""A place, conditions, groups, and the loops entered without a character since."""


def _search(threads: Iterable[tuple[Thread, bool]]) -> Search:
    """Threads in order as a search; with each goes whether it has come here with this character."""
    kept: dict[Thread, None] = {}
    ends: list[tuple[int, Conditions]] = []
    last = 0
    for thread, fresh in threads:
        if thread in kept:
            continue
        place, held, _ = thread
        if place >= 0:
            last = len(kept) + 1
        elif fresh:
            ends.append((-1 - place, held | {(0, one) for one in kept}))
        if place < 0 and not held:
            break
        kept[thread] = None
    return Search(tuple(kept)[:last], tuple(ends))


def _may_be_empty(tree: Tree) -> bool:
    if isinstance(tree, One):
        return False
    if isinstance(tree, Row):
        return all(map(_may_be_empty, tree.parts))
    if isinstance(tree, Loop):
        return tree.min == 0 or _may_be_empty(tree.body)
    if isinstance(tree, First | IfGroup):
        return any(map(_may_be_empty, below(tree)))
    return _may_be_empty(tree.body) if isinstance(tree, Atomic | Group) else True


def ordered_rows(tree: Tree, alphabet: Alphabet, budget: Budget) -> tuple[list[list[int]], list[int]]:
    """The automaton of the texts that a tree matches wholly: rows over classes, and what accepts."""
    machine = Machine(alphabet, budget)
    start = machine.add(tree)
    past = machine.beginning()
    first = (frozenset(machine.reach(start, past)), past)
    numbers = {first: 0}
    order = [first]
    rows: list[list[int]] = []
    for threads, past in order:
        row = [-1] * alphabet.size
        for letter in frozenset[int]().union(*map(machine.letters, threads)):
            after = machine.after(past, letter)
            reached = frozenset([one for thread in threads if thread[0] >= 0
                                 for one in machine.advance(thread, letter, after)])
            if reached:
                number = numbers.get((reached, after))
                if number is None:
                    number = numbers[reached, after] = len(order)
                    order.append((reached, after))
                    budget.check_states(number)
                row[letter] = number
        rows.append(row)
    accept = [0 if any(place < 0 and machine.ends(held) for place, held, _ in threads) else -1 for threads, _ in order]
    return rows, accept
