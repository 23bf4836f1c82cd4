"""Made questions about databases and made requests for tools: asked as the library asks them, right by a judge of their own,
and of the evaluation nothing is in the training data.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from benchmarks.test_made_sentences import FOLDER, runs, shared

sys.path.insert(0, FOLDER)
import data
import sql_tasks
import tool_tasks
import words
from shapes import choose

sys.path.remove(FOLDER)

from structgen.errors import ReadError
from structgen.generation.prompt import prompt_text
from structgen.generation.target import as_target
from structgen.generation.text_to_sql import TextToSql

assert Path(FOLDER).is_dir()


def examples(task: str, held: bool, count: int, seed: int = 1) -> Iterator[data.Example]:
    rng = random.Random(seed)
    for _ in range(count):
        yield data.make(rng, held, task)


@pytest.mark.parametrize("held", [False, True])
def test_a_question_is_asked_as_by_the_library_and_its_query_runs(held: bool) -> None:
    for example in examples("sql", held, 40):
        with closing(sqlite3.connect(":memory:")) as base:
            base.executescript(example.database)
            asker = TextToSql(lambda _: "", base)
            assert asker.prompt(example.text) == example.prompt
            assert prompt_text(example.prompt, as_target(asker.source), None) in data.render(example)[0]
            asker.check(example.answer)
        assert data.render(example)[1] == f"{example.answer}<|end|>"


def test_a_query_is_judged_by_what_it_finds() -> None:
    right = wrong = 0
    for example in examples("sql", True, 60):
        assert sql_tasks.same_result(example, example.answer)
        assert sql_tasks.same_result(example, f"{example.answer.replace('SELECT', 'select', 1)};")
        unknown = example.answer.replace(" FROM ", " FROM no_such_", 1)
        for other in ("", "no query", "DROP TABLE x", "SELECT 1, 2, 3", unknown):
            assert not sql_tasks.same_result(example, other)
        found = re.search(r" WHERE .*?(?= GROUP| ORDER|$)", example.answer)
        if found is not None:
            right += 1
            wrong += not sql_tasks.same_result(example, example.answer.replace(found[0], ""))
    assert wrong > 0.8 * right > 10


def test_an_order_counts_where_the_query_asks_for_one() -> None:
    example = data.Example("sql", "SQL", {}, "", "", "SELECT a FROM t ORDER BY a DESC",
                           database="CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3);")  # fmt: skip
    assert not sql_tasks.same_result(example, "SELECT a FROM t ORDER BY a")
    assert sql_tasks.same_result(example, "SELECT a FROM t ORDER BY -a")


def test_names_of_the_evaluation_are_in_no_schema_of_the_training() -> None:
    def names(held: bool) -> set[str]:
        found: set[str] = set()
        for example in examples("sql", held, 200 if not held else 40, 3):
            for table, columns in re.findall(r"CREATE TABLE (\w+) \((.*)\);", example.prompt):
                found |= {table, *(part.split()[0] for part in columns.split(", "))}
        return {name for name in found if name != "id" and not name.endswith("_id")}

    held, seen = names(True), names(False)
    assert held
    assert not held & seen
    assert all(words.unseen(name) for name in held)


def said(rng: random.Random, patterns: Mapping[Any, Any] | tuple[str, ...]) -> set[str]:
    lists = patterns.values() if isinstance(patterns, Mapping) else [patterns]
    return {choose(rng, one) for some in lists for one in some for _ in range(30)}


@pytest.mark.parametrize(("seen", "unseen"), [
    (sql_tasks.SEEN, sql_tasks.UNSEEN), (sql_tasks.CONDITIONS, sql_tasks.CONDITIONS_UNSEEN),
    (tool_tasks.REQUESTS, tool_tasks.REQUESTS_HELD), (tool_tasks.BINDINGS, tool_tasks.BINDINGS_HELD),
    (tool_tasks.FLAGGED, tool_tasks.FLAGGED_HELD)])  # fmt: skip
def test_no_wording_of_the_evaluation_is_a_seen_one(seen: Any, unseen: Any) -> None:
    rng = random.Random(4)
    assert not sorted(shared([runs(one) for one in said(rng, unseen)], said(rng, seen)))
    if isinstance(seen, Mapping):
        assert seen.keys() == unseen.keys()


@pytest.mark.parametrize("held", [False, True])
def test_calls_are_asked_for_as_by_the_library_and_are_valid(held: bool) -> None:
    for example in examples("tools", held, 60):
        tools = tool_tasks.tools_of(example)
        assert prompt_text(example.prompt, as_target(tools), "auto") in data.render(example)[0]
        calls = tools.parse(json.dumps(example.answer))
        assert 1 <= len(calls) <= 2
        assert tool_tasks.same_calls(example, json.dumps(example.answer, separators=(",", ":")))
        other = json.dumps(example.answer).replace('"name": "', '"name": "x', 1)
        assert not tool_tasks.same_calls(example, other)
        with pytest.raises(ReadError):
            tools.parse(other)
        for call in calls:
            assert words.unseen(re.sub(r"(?<=[a-z])([A-Z])", r"_\1", call.name).lower()) == held
            for value in call.arguments.values():
                assert not isinstance(value, str) or value in example.text
    assert not tool_tasks.same_calls(example, "not JSON")


def test_the_mix_of_the_evaluation_has_neither() -> None:
    rng = random.Random(5)
    made = [data.make(rng, held=True) for _ in range(300)]
    assert not {"sql", "tools"} & {one.task for one in made}
    assert list(data.TASKS)[-2:] == ["sql", "tools"]  # appended: the draws of the others stay as they are
