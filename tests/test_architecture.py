"""The shape of the package, held as facts: who may import whom, what is public, what an import loads, long files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "structgen"

BASE = {"errors", "limits"}
LEFT_OF_GENERATION = BASE | {
    "schema", "grammar", "vocabulary", "formats", "automaton", "matching", "device", "compiler",
}  # fmt: skip

# What each part may import of structgen, besides itself. The compiler is where formats and matching meet: above both,
# so that neither knows the other.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "limits": set(),
    "schema": BASE,
    "grammar": BASE,
    "vocabulary": BASE,
    "formats": BASE | {"schema", "grammar", "automaton", "_native"},
    "automaton": BASE | {"grammar", "_native"},
    "matching": BASE | {"automaton", "vocabulary", "grammar", "_native"},
    "compiler": BASE | {"schema", "grammar", "vocabulary", "formats", "automaton", "matching"},
    "device": BASE | {"matching"},
    "generation": BASE | {"matching", "device", "formats", "schema", "vocabulary", "grammar", "compiler"},
    "integrations": LEFT_OF_GENERATION | {"generation"},
    "models": LEFT_OF_GENERATION | {"generation"},
    "commands": LEFT_OF_GENERATION | {"generation", "models"},
}
# The package itself and its command line see everything.
ABOVE_ALL = {"__init__", "__main__"}

PUBLIC = [
    "BudgetError",
    "Choice",
    "CompiledGrammar",
    "Compiler",
    "Coverage",
    "Csv",
    "Fallback",
    "FreeText",
    "FromText",
    "Gbnf",
    "GenerationError",
    "Grammar",
    "GrammarSyntaxError",
    "JsonSchema",
    "Judge",
    "Lark",
    "LimitExceededError",
    "Limits",
    "LogitsProcessor",
    "Model",
    "Partial",
    "PartialReader",
    "QueryError",
    "ReadError",
    "Reading",
    "Regex",
    "Result",
    "ResultCache",
    "Retry",
    "Sampling",
    "SchemaError",
    "Sql",
    "StructgenError",
    "Tag",
    "Tagged",
    "Tags",
    "TextToSql",
    "Then",
    "ToolCall",
    "ToolError",
    "ToolStyle",
    "Tools",
    "Unknown",
    "UnsatisfiableError",
    "UnsupportedSchemaError",
    "Vocabulary",
    "VocabularyError",
    "Yaml",
    "beam",
    "best_of",
    "fill_masks",
    "first_valid",
    "grammar",
    "load_model",
    "read",
    "repair_rule",
    "restricted",
    "select",
    "structured",
    "until",
    "verify",
    "vote",
]

# Loaded only where they are used: they take seconds, or need not be installed.
HEAVY = {"torch", "transformers", "tokenizers", "tiktoken", "sentencepiece", "mistral_common", "triton", "safetensors"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The part of the package that a file belongs to: a folder's name, or a top-level module's."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import in a file, those inside functions included: (line, dotted name)."""
    package = ("structgen", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            # "from structgen import _native" names a part; "from structgen.errors import X" has it in the module.
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "structgen" else [module]
            yield from ((node.lineno, name) for name in names)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_architecture_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    if part in ABOVE_ALL:
        return
    allowed = MAY_IMPORT[part] | {part}
    parts = [(line, name.split(".")[1]) for line, name in imports(path) if name.startswith("structgen.")]
    wrong = [f"line {line}: {name}" for line, name in parts if name not in allowed]
    assert not wrong, f"{part} may import {sorted(allowed)}"


def test_architecture_directions_have_no_cycle() -> None:
    done: set[str] = {"_native"}
    while len(done) <= len(MAY_IMPORT):
        ready = {part for part, others in MAY_IMPORT.items() if others <= done} - done
        assert ready, f"a cycle among {sorted(set(MAY_IMPORT) - done)}"
        done |= ready


@pytest.mark.parametrize("folder", ["integrations", "formats"])
def test_architecture_siblings_never_meet(folder: str) -> None:
    for path in (PACKAGE / folder).rglob("*.py"):
        own = path.relative_to(PACKAGE / folder).parts[0].removesuffix(".py")
        for line, name in imports(path):
            parts = name.split(".")
            if own != "__init__" and parts[:2] == ["structgen", folder] and len(parts) > 2:
                # What all siblings share has a name that no format and no engine has. A format may also build on
                # another as anyone outside does, by its source.
                shared = {own, "base", "decoding", "extract"} | ({"read"} if path.parent == PACKAGE / folder else set())
                assert parts[2] in shared or parts[3:] == ["source"], f"{named(path)}:{line} imports {name}"


def test_architecture_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert [named(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_architecture_public_names() -> None:
    import structgen

    assert sorted(structgen.__all__) == PUBLIC
    missing = [name for name in PUBLIC if not hasattr(structgen, name)]
    assert missing == []


def loaded_by(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after this code."""
    code += "\nimport sys; print(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import structgen; dir(structgen)", id="structgen"),
        pytest.param("import structgen; structgen.Vocabulary; structgen.StructgenError", id="vocabulary"),
        pytest.param("import structgen; structgen.Compiler; structgen.JsonSchema; structgen.Regex", id="compiler"),
    ],
)
def test_architecture_import_loads_no_tensor_library(code: str) -> None:
    assert loaded_by(code) == set()


SOURCES = sorted(
    path
    for folder in ("structgen", "tests", "benchmarks", "examples")
    for pattern in ("*.py", "*.pyi", "*.cpp", "*.hpp")
    for path in (ROOT / folder).rglob(pattern)
)


def test_architecture_files_are_at_most_600_lines() -> None:
    lines = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: count for name, count in lines.items() if count > 600} == {}
