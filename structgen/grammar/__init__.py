"""What strings: grammar nodes, their constructors, and the readers of regexes and grammar files.

The package can be called: ``structgen.grammar("json")`` is the shipped grammar of that name, the same as
``structgen.grammar.files.grammar("json")``. (A function ``structgen.grammar`` would hide the package of that name.)
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structgen.grammar.nodes import Grammar


class _CallablePackage(ModuleType):
    def __call__(self, name: str) -> Grammar:
        """A shipped grammar file as a ``Grammar``: "json", ..."""
        from structgen.grammar.files import grammar

        return grammar(name)


sys.modules[__name__].__class__ = _CallablePackage
