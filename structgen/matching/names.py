"""Scopes in readable Python: the twin of ``native/names.cpp``. What a scope and its steps are, ``grammar.names`` says.

In: a scope (``Level`` or None) and a step. Out: the scope behind it, or ``REFUSED``. Scopes are frozen and compare by
value, so that equal situations are equal wherever they occur.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from structgen.grammar.names import NONE, Do, Names
from structgen.matching.boxes import Box, NoSuchItem, after_step

Attributes: TypeAlias = frozenset[int]
_EMPTY: Attributes = frozenset()


@dataclass(frozen=True, slots=True)
class Level:
    """One open query; see ``grammar.names``."""

    parent: Level | None = None
    phase: int = 0
    sources: tuple[tuple[int, Attributes, bool], ...] = ()
    loose: Attributes = _EMPTY
    held: Attributes | None = None
    name: int = NONE
    results: Attributes = _EMPTY
    width: int = 0
    target: int = 0
    stars: int = 0
    relations: tuple[tuple[int, Attributes], ...] = ()
    derived: bool = False


Scope: TypeAlias = Level | Box | None


class Refused:
    """What stands for the scope behind a step that is not allowed."""


REFUSED = Refused()
_WIDEST = 0xFFFF


class ScopeRules:
    """The steps over the names of one grammar."""

    def __init__(self, names: Names) -> None:
        self._relations = [frozenset(attributes) for attributes in names.relations]
        self._own, self._most, self._pool = names.own, names.most, names.declared
        self._of_name = {name: number for number, name in enumerate(names.own)}
        self._known: dict[tuple[int, int, Scope], Scope | Refused] = {}

    def after(self, do: int, what: int, scope: Scope) -> Scope | Refused:
        """The scope behind a step."""
        if do >= Do.DISTINCT:
            assert not isinstance(scope, Level)
            try:
                return after_step(do, what, scope)
            except NoSuchItem:
                return REFUSED
        key = (do, what, scope)
        found = self._known.get(key)
        if found is None and key not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            found = self._known[key] = self._after(do, what, scope)
        return found

    def _after(self, do: int, what: int, scope: Scope) -> Scope | Refused:
        if isinstance(scope, Box):
            return REFUSED
        if do == Do.OPEN:
            return Level(scope, target=what)
        if scope is None:
            return REFUSED
        if do in (Do.LOOSE_GIVEN, Do.ATTRIBUTE_GIVEN):
            named = self.after(Do.LOOSE if do == Do.LOOSE_GIVEN else Do.ATTRIBUTE, what, scope)
            return named if isinstance(named, Refused) else self.after(Do.GIVES, what, named)
        return _STEPS[Do(do)](self, scope, what)

    # -- levels ---------------------------------------------------------------------------------------------------

    def close(self, level: Level, _: int) -> Scope:
        return level.parent

    def open_source(self, level: Level, _: int) -> Scope | Refused:
        return Level(level, derived=True) if len(level.sources) < self._most else REFUSED

    def open_row(self, level: Level, _: int) -> Scope:
        return Level(level, phase=3, target=level.width)

    def open_like(self, level: Level, _: int) -> Scope:
        return Level(replace(level, phase=3), target=level.width)

    def close_held(self, level: Level, _: int) -> Scope | Refused:
        return REFUSED if level.parent is None else replace(level.parent, held=level.results)

    def next(self, level: Level, _: int) -> Scope | Refused:
        if level.stars == 2 or not 0 < level.width < _WIDEST:
            return REFUSED
        return Level(level.parent, target=level.width, results=level.results, derived=level.derived)

    def compound(self, level: Level, _: int) -> Scope:
        return replace(level, phase=3, sources=(), loose=_EMPTY, held=None, name=NONE)

    # -- results --------------------------------------------------------------------------------------------------

    def result(self, level: Level, _: int) -> Scope | Refused:
        if level.target and level.width >= level.target:
            return REFUSED
        return replace(level, width=min(level.width + 1, _WIDEST))

    def further(self, level: Level, _: int) -> Scope | Refused:
        return REFUSED if level.target and level.width >= level.target else level

    def results_end(self, level: Level, _: int) -> Scope | Refused:
        if level.target and level.width != level.target:
            return REFUSED
        around = level.parent if level.derived else None
        return level if around is None or self._fits(around, level.results, NONE) else REFUSED

    def star(self, level: Level, what: int) -> Scope | Refused:
        if level.target or level.stars == 1 or (level.derived and level.parent is not None and level.parent.loose):
            return REFUSED
        sources = level.sources
        if level.name != NONE and all(name != level.name for name, _, _ in sources):
            sources = _with(sources, level.name, _EMPTY, False)
        return replace(level, stars=max(what, level.stars), sources=sources, held=None, name=NONE)

    def gives(self, level: Level, what: int) -> Scope | Refused:
        if level.target:  # results have the names that the first query gives
            return level
        if what in level.results:
            return REFUSED
        if level.derived and level.parent is not None and what in level.parent.loose - self._missing(level.parent):
            return REFUSED
        return replace(level, results=level.results | {what})

    def position(self, level: Level, what: int) -> Scope | Refused:
        return level if what <= level.width and not level.stars & 2 else REFUSED

    def refer(self, level: Level, what: int) -> Scope | Refused:
        return level if what in level.results else REFUSED

    # -- sources --------------------------------------------------------------------------------------------------

    def begin_sources(self, level: Level, _: int) -> Scope:
        return replace(level, phase=1)

    def no_sources(self, level: Level, _: int) -> Scope | Refused:
        return REFUSED if level.stars or level.loose or level.sources else replace(level, phase=2)

    def sources_end(self, level: Level, _: int) -> Scope | Refused:
        if any(not declared for _, _, declared in level.sources) or self._missing(level):
            return REFUSED
        if level.stars != 1:
            return replace(level, phase=2, loose=_EMPTY, held=None, name=NONE)
        parts = [attributes for _, attributes, _ in level.sources]
        single = frozenset(one for part in parts for one in part if sum(one in other for other in parts) == 1)
        width = min(level.width + sum(map(len, parts)), _WIDEST)
        return replace(level, phase=2, loose=_EMPTY, held=None, name=NONE, width=width, results=level.results | single)

    def more(self, level: Level, _: int) -> Scope | Refused:
        fits = any(self._fits(level, attributes, own) for attributes, own in zip(self._relations, self._own, strict=True))
        return level if fits or any(self._fits(level, had, name) for name, had in self._declared(level)) else REFUSED

    def alone(self, level: Level, _: int) -> Scope | Refused:
        if len(level.sources) != 1 or not level.sources[0][2]:
            return REFUSED
        return replace(level, stars=2) if level.stars else level

    def relation(self, level: Level, what: int) -> Scope | Refused:
        return self._held(level, self._relations[what], self._own[what])

    def declared(self, level: Level, what: int) -> Scope | Refused:
        for name, attributes in self._declared(level):
            if name == what:
                return self._held(level, attributes, what)
        return REFUSED

    def _held(self, level: Level, attributes: Attributes, own: int) -> Scope | Refused:
        return replace(level, held=attributes, name=own) if self._fits(level, attributes, own) else REFUSED

    def _declared(self, level: Level | None) -> Iterator[tuple[int, Attributes]]:
        """The relations that are declared here and around, the innermost first."""
        while level is not None:
            yield from level.relations
            level = level.parent

    def name(self, level: Level, what: int) -> Scope | Refused:
        what = level.name if what == NONE else what
        if level.held is None or what == NONE or not self._takes(level, level.held, what):
            return REFUSED
        made = replace(level, sources=_with(level.sources, what, level.held, True), held=None, name=NONE)
        return made if self._feasible(made) else REFUSED

    def renamed(self, level: Level, _: int) -> Scope | Refused:
        return level if level.held is not None and self._renamed(level, level.held) else REFUSED

    def _missing(self, level: Level) -> Attributes:
        """The loose attributes that no source has yet."""
        had: set[int] = set()
        for _, attributes, declared in level.sources:
            if declared:
                had |= attributes
        return level.loose - had

    def _fits(self, level: Level, attributes: Attributes, own: int) -> bool:
        """Whether a source with these attributes may come, so that all obligations can still be met."""
        if not self._renamed(level, attributes) and (own == NONE or not self._takes(level, attributes, own)):
            return False
        missing = self._missing(level)
        if (level.loose - missing) & attributes:
            return False
        left = missing - attributes
        if left and len(level.sources) + 1 >= self._most:
            return False
        return not left or self._some(level, left, level.loose - left)

    def _takes(self, level: Level, attributes: Attributes, name: int) -> bool:
        """Whether a source with these attributes may have this name."""
        for other, needed, declared in level.sources:
            if other == name:
                return not declared and needed <= attributes
        return len(level.sources) < self._most

    def _renamed(self, level: Level, attributes: Attributes) -> bool:
        """Whether it may have some name that no relation has; there are more of those than sources."""
        return len(level.sources) < self._most or any(
            not declared and needed <= attributes and not self._is_own(name) for name, needed, declared in level.sources)

    def _is_own(self, name: int) -> bool:
        return name in self._of_name or name in self._pool

    def _some(self, level: Level, needed: Attributes, without: Attributes) -> bool:
        """Whether some relation has all of these attributes and none of those."""
        return any(needed <= other and not without & other for other in self._relations) or \
            any(needed <= other and not without & other for _, other in self._declared(level))

    def _feasible(self, level: Level) -> bool:
        """Whether some relation meets each obligation that is left."""
        missing = self._missing(level)
        found = level.loose - missing
        waiting = [source for source in level.sources if not source[2]]
        if not all(self._candidate(level, name, needed, found) for name, needed, _ in waiting):
            return False
        return not missing or (not waiting and len(level.sources) < self._most and self._some(level, missing, found))

    def _candidate(self, level: Level, name: int, needed: Attributes, without: Attributes) -> bool:
        """Whether some relation can be a source of this name that has what is needed."""
        own = self._of_name.get(name)
        if own is not None:
            return needed <= self._relations[own] and not without & self._relations[own]
        if name in self._pool:
            found = next((attributes for other, attributes in self._declared(level) if other == name), None)
            return bool(found) and found is not None and needed <= found and not without & found
        return self._some(level, needed, without)

    # -- attributes -----------------------------------------------------------------------------------------------

    def qualifier(self, level: Level, what: int) -> Scope | Refused:
        found = self._source(level, what)
        if found is not None:
            return replace(level, name=what, held=found) if found else REFUSED
        if level.phase != 0:
            return REFUSED
        needs = any(name == what for name, _, _ in level.sources)
        if level.loose:
            return REFUSED
        if not needs and (len(level.sources) >= self._most or not self._candidate(level, what, _EMPTY, _EMPTY)):
            return REFUSED
        return replace(level, name=what, held=None)

    def _source(self, level: Level | None, name: int) -> Attributes | None:
        """What a declared source has, in the query or one around it that has all its sources."""
        if level is None or level.phase not in (1, 2):
            return None
        while True:
            for other, attributes, declared in level.sources:
                if other == name and declared:
                    return attributes
            level = level.parent
            if level is None or level.phase != 2:
                return None

    def attribute(self, level: Level, what: int) -> Scope | Refused:
        if level.held is not None:
            return replace(level, held=None, name=NONE) if what in level.held else REFUSED
        if level.phase != 0:
            return REFUSED
        needed = next((attributes for name, attributes, _ in level.sources if name == level.name), _EMPTY) | {what}
        if not self._candidate(level, level.name, needed, _EMPTY):
            return REFUSED
        return replace(level, name=NONE, sources=_with(level.sources, level.name, needed, False))

    def loose(self, level: Level, what: int) -> Scope | Refused:
        if level.phase == 0:
            if level.sources:
                return REFUSED
            made = replace(level, loose=level.loose | {what})
            return made if self._some(level, made.loose, _EMPTY) else REFUSED
        if level.phase == 1:
            if sum(what in attributes for _, attributes, declared in level.sources if declared) != 1:
                return REFUSED
            made = replace(level, loose=level.loose | {what})
            return made if self._feasible(made) else REFUSED
        around: Level | None = level
        while around is not None and around.phase == 2:
            have = sum(what in attributes for _, attributes, _ in around.sources)
            if have:
                return level if have == 1 else REFUSED
            around = around.parent
        return REFUSED

    # -- declared relations ---------------------------------------------------------------------------------------

    def begin_relation(self, level: Level, what: int) -> Scope | Refused:
        return REFUSED if any(name == what for name, _ in level.relations) else replace(level, name=what, phase=2)

    def end_relation(self, level: Level, _: int) -> Scope | Refused:
        if level.held is None:
            return REFUSED
        return replace(level, relations=(*level.relations, (level.name, level.held)), held=None, name=NONE)

    def undeclared(self, level: Level, _: int) -> Scope | Refused:
        return level if len(level.relations) < len(self._pool) else REFUSED

    # -- targets --------------------------------------------------------------------------------------------------

    def ungiven(self, level: Level, _: int) -> Scope | Refused:
        return level if any(not attributes <= level.results for _, attributes, _ in level.sources) else REFUSED


def _with(sources: tuple[tuple[int, Attributes, bool], ...], name: int, attributes: Attributes,
          declared: bool) -> tuple[tuple[int, Attributes, bool], ...]:
    """The sources with this one in the place of that of the same name, in the order of names."""
    others = [source for source in sources if source[0] != name]
    return tuple(sorted((*others, (name, attributes, declared)), key=lambda one: one[0]))


_STEPS = {
    Do.CLOSE: ScopeRules.close, Do.CLOSE_HELD: ScopeRules.close_held, Do.SOURCES: ScopeRules.begin_sources,
    Do.SOURCES_END: ScopeRules.sources_end, Do.NO_SOURCES: ScopeRules.no_sources, Do.MORE: ScopeRules.more,
    Do.RELATION: ScopeRules.relation, Do.DECLARED: ScopeRules.declared, Do.NAME: ScopeRules.name,
    Do.QUALIFIER: ScopeRules.qualifier, Do.ATTRIBUTE: ScopeRules.attribute, Do.LOOSE: ScopeRules.loose,
    Do.RESULT: ScopeRules.result, Do.RESULTS_END: ScopeRules.results_end, Do.STAR: ScopeRules.star,
    Do.GIVES: ScopeRules.gives, Do.NEXT: ScopeRules.next, Do.COMPOUND: ScopeRules.compound,
    Do.POSITION: ScopeRules.position, Do.REFER: ScopeRules.refer, Do.BEGIN_RELATION: ScopeRules.begin_relation,
    Do.END_RELATION: ScopeRules.end_relation, Do.OPEN_SOURCE: ScopeRules.open_source,
    Do.OPEN_ROW: ScopeRules.open_row, Do.OPEN_LIKE: ScopeRules.open_like, Do.ALONE: ScopeRules.alone,
    Do.FURTHER: ScopeRules.further, Do.RENAMED: ScopeRules.renamed, Do.UNDECLARED: ScopeRules.undeclared,
    Do.UNGIVEN: ScopeRules.ungiven,
}
