"""Objects in which some member must break what a schema says of all members: what ``not`` leaves of them.

In: the listed names and the kinds of other names, each with what its values must satisfy and what one of them must break.
Out: the ways to break it, which together are all objects in question. The one idea: either a listed name breaks it, which
must then occur and violate its own part; or a name that is not listed does. Of those there must be more than members (a
kind of few names is listed), so that the one which breaks it can always still come, and the automaton may wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from structgen.automaton.dfa import INFINITE
from structgen.formats.json.names import Kind, texts_of
from structgen.limits import Limits
from structgen.schema.nodes import ANYTHING, NOTHING, Link, link_union

MAX_LISTED = 64
"""Names of a finite kind that are listed one by one."""
MAX_WAYS = 64
"""Combinations of members that may break what is to be broken."""
MAX_AWAITED = 5
"""Things to be broken by names that are not listed: a state of the object's automaton for every set of them."""


class TooManyWays(Exception):
    """There are too many ways to break what is to be broken, or too many names."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


class Way(NamedTuple):
    """One way: what the listed names must satisfy, which of them must occur for it, and what others must break."""

    links: dict[str, Link]
    needed: frozenset[str]
    awaited: tuple[int, ...]
    """Slots of the kinds' links."""


def list_few(links: dict[str, tuple[Link, ...]], kinds: list[Kind], most: int | None,
             limits: Limits) -> tuple[dict[str, tuple[Link, ...]], list[Kind]]:
    """The names and kinds with those kinds listed that could break something and have few names: so few that the ``most``
    members that there may be could take them all."""
    listed, left = dict(links), list[Kind]()
    for kind in kinds:
        if all(link == ANYTHING for link in kind.links[1:]) or not kind.tests:
            left.append(kind)
            continue
        dfa = kind.language(limits)
        if dfa is None:
            continue
        if dfa.count[dfa.start] >= INFINITE or (most is not None and dfa.count[dfa.start] > most + len(links)):
            left.append(kind)
            continue
        loops = any(state == target for state, row in enumerate(dfa.edges) for *_, target in row)
        if loops or dfa.count[dfa.start] > MAX_LISTED:
            raise TooManyWays(f"more than {MAX_LISTED} names of a finite set could do so")
        for name in texts_of(dfa):
            listed.setdefault(name, kind.links)
    return listed, left


class _Choice(NamedTuple):
    """Which members break what: for each listed name that must occur the links that its value breaks, and the slots left to
    names that are not listed."""

    broken: dict[str, frozenset[Link]]
    awaited: tuple[int, ...] = ()

    def covers(self, other: _Choice) -> bool:
        """Whether every object of the other choice is one of this."""
        return set(self.awaited) <= set(other.awaited) and all(
            links <= other.broken[name] if name in other.broken else False for name, links in self.broken.items())

    def breaks(self, slot: int, links: dict[str, tuple[Link, ...]]) -> bool:
        """Whether a slot is broken already: by a name that may not occur for it, or by the same value as another slot."""
        return any(links[name][slot] == NOTHING or links[name][slot] in values for name, values in self.broken.items())

    def by(self, name: str | None, slot: int, link: Link) -> _Choice:
        """The choice with one more slot broken."""
        if name is None:
            return self._replace(awaited=(*self.awaited, slot))
        values = self.broken.get(name, frozenset()) | (frozenset() if link == NOTHING else {link})
        return self._replace(broken=self.broken | {name: values})


def ways_to_break(links: dict[str, tuple[Link, ...]], kinds: list[Kind], negation: Callable[[Link], Link],
                  is_possible: Callable[[Link], bool], number_of_slots: int, most: int | None) -> Iterator[Way]:
    """All ways in which each slot of the links behind the first is broken by some member that can, without those that are
    part of others. A slot that is broken by what breaks another needs no member of its own; there are at most ``most``."""
    choices = [_Choice({})]
    able = {slot: [*[name for name, own in links.items()
                     if own[slot] != ANYTHING and is_possible(link_union(own[0], negation(own[slot])))],
                   *([None] if any(kind.links[slot] != ANYTHING for kind in kinds) else [])]
            for slot in range(1, number_of_slots + 1)}
    for slot in sorted(able, key=lambda slot: len(able[slot])):
        made = [choice for choice in choices if choice.breaks(slot, links)]
        for choice in choices:
            if not choice.breaks(slot, links):
                made += [choice.by(name, slot, () if name is None else links[name][slot]) for name in able[slot]]
        choices = []
        for choice in sorted(made, key=lambda choice: len(choice.broken) + len(choice.awaited)):
            if (most is None or len(choice.broken) + bool(choice.awaited) <= most) and \
                    not any(other.covers(choice) for other in choices):
                choices.append(choice)
        if len(choices) > MAX_WAYS:
            raise TooManyWays(f"there are more than {MAX_WAYS} combinations of members that could do so")
    for choice in choices:
        asked = {name: own[0] for name, own in links.items()}
        for name, values in choice.broken.items():
            for value in values:
                asked[name] = link_union(asked[name], negation(value))
        if len(choice.awaited) > MAX_AWAITED:
            raise TooManyWays(f"more than {MAX_AWAITED} such conditions wait for members that are not named")
        yield Way(asked, frozenset(choice.broken), choice.awaited)


def proofs(kinds: list[Kind], awaited: tuple[int, ...],
           negation: Callable[[Link], Link]) -> Iterator[tuple[int, Kind, Link]]:
    """For each kind and each set of awaited slots (as bits) what a value satisfies that breaks them all."""
    for bits in range(1, 1 << len(awaited)):
        slots = [slot for number, slot in enumerate(awaited) if bits >> number & 1]
        for kind in kinds:
            if all(kind.links[slot] != ANYTHING for slot in slots):
                link = kind.link
                for slot in slots:
                    link = link_union(link, negation(kind.links[slot]))
                yield bits, kind, link
