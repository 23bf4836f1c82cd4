"""Names in scope: what may be named where, for languages in which a name is used before its declaration too.

In SQL a query names columns before it says of which tables they are. So a grammar with names carries a *scope* beside
the stack: what has been declared and what has been used and must still be declared. The steps of a grammar change it or
refuse; a use before the declaration becomes an obligation, and is allowed only while the obligations can still be met.

The data is plain numbers: a *relation* (a table) is a set of attributes (columns), a *source* is a relation under a name.

A scope is a stack of levels, one for each query that is open:

    phase        what may be named: 0 before the sources, 1 among them, 2 behind them, 3 behind a compound (results only)
    sources      (name, attributes, declared): declared ones have these attributes; the others need at least these
    loose        attributes used without a name in front before or among the sources: exactly one source must have each
    held, name   what the next step declares: a set of attributes, and the name of a qualifier or of what is declared
    results      attributes that the query itself gives, by name
    width        how many results it gives; ``target``: how many it must give, 0 for any
    derived      whether the query is a source of the one around it
    stars        1: all attributes of all sources are results, 2: those of some source, so that ``width`` is not known
    relations    (name, attributes): relations declared in front of the query

Before the sources, attributes stand either all with a name in front or all without, and those without must belong to one
relation: so that it is plain that the obligations can be met.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

NONE = 0xFFFFFFFF


class Do(IntEnum):
    """The steps; ``what`` is the number given with one."""

    OPEN = 0
    """A level for a query of ``what`` results (0: any)."""
    CLOSE = 1
    """Leaves the level."""
    CLOSE_HELD = 2
    """Leaves the level; what it gives is held by the level around it."""
    SOURCES = 3
    """The sources begin."""
    SOURCES_END = 4
    """The sources end: every obligation must be met."""
    NO_SOURCES = 5
    """There are none: nothing may have been named."""
    MORE = 6
    """One more source may come."""
    RELATION = 7
    """Relation ``what`` is held, to be a source."""
    DECLARED = 8
    """The same for a relation declared under the name ``what``."""
    NAME = 9
    """What is held is a source under the name ``what``; NONE: under its own."""
    QUALIFIER = 10
    """The name ``what`` stands in front of an attribute."""
    ATTRIBUTE = 11
    """Attribute ``what`` behind a qualifier."""
    LOOSE = 12
    """Attribute ``what`` without a qualifier."""
    RESULT = 13
    """One more result."""
    RESULTS_END = 14
    """The list of results ends."""
    STAR = 15
    """All attributes of all sources (``what`` 1) or of the one that has just been named (2) are results."""
    GIVES = 16
    """A result has the name of attribute ``what``; nothing where the number of results is given."""
    NEXT = 17
    """A query with as many results follows in a compound."""
    COMPOUND = 18
    """A compound ends."""
    POSITION = 19
    """Result number ``what`` is named."""
    REFER = 20
    """The result with the name of attribute ``what`` is named."""
    BEGIN_RELATION = 21
    """A relation under the name ``what`` is going to be declared."""
    END_RELATION = 22
    """What is held is declared under that name."""
    OPEN_SOURCE = 23
    """A level for a query that is a source of the query around it."""
    OPEN_ROW = 24
    """A level for a row of as many values as there are results; no attribute may be named."""
    OPEN_LIKE = 25
    """A level for a query of as many results as there are here."""
    LOOSE_GIVEN = 26
    """``LOOSE`` and ``GIVES``: the attribute alone is a result."""
    ATTRIBUTE_GIVEN = 27
    """``ATTRIBUTE`` and ``GIVES``."""
    ALONE = 28
    """A natural join may follow: there is one source, so that what it has in common with another is plain."""
    FURTHER = 29
    """One more result may come."""
    RENAMED = 30
    """What is held may be a source under some name that no relation has."""
    UNDECLARED = 31
    """One more relation may be declared: a name for it is left."""
    UNGIVEN = 32
    """Some attribute of the sources is no result yet."""
    DISTINCT = 33
    """Behind the opening bracket of a JSON list: no two of its items are equal, whatever they are."""
    DISTINCT_END = 34
    """In front of its closing bracket."""
    ITEM_END = 35
    """Behind an item: it is equal to none that came before."""
    MULTIPLE = 36
    """In front of a plain decimal: it is a multiple of a step. ``what`` is 16 times the step's digits, plus how many of them
    stand behind the point."""
    NO_MULTIPLE = 37
    """The same: it is none."""
    NUMBER_END = 38
    """Behind the number: it is what was asked."""


@dataclass(frozen=True, slots=True)
class Names:
    """What there is to name: ``relations[i]`` has ascending attributes and the name ``own[i]``."""

    relations: tuple[tuple[int, ...], ...]
    own: tuple[int, ...]
    most: int = 8
    """Sources that one query may have: what is left of it is kept for obligations."""
    declared: frozenset[int] = frozenset()
    """Names that only declared relations have; what is neither one of these nor of ``own`` any source may have, and of
    such names the grammar must have more than ``most``."""
