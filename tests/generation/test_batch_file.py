"""Files of prompts: every row exactly once, whatever happens; answers kept in a cache."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pydantic
import pytest
from generation.writers import PROMPT, saying

from structgen.errors import GenerationError
from structgen.generation.batch_file import run_file
from structgen.generation.model import Model
from structgen.generation.result_cache import ResultCache
from structgen.generation.sampling import Sampling
from structgen.generation.search import Judge, verify

SCHEMA = {"type": "object", "properties": {"label": {"enum": ["good", "bad"]}}, "required": ["label"],
          "additionalProperties": False}


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"prompt": f"number {n}{PROMPT}", "id": f"r{n}"}) + "\n" for n in range(count)))
    return path


def test_rows_come_in_order_with_their_ids(tmp_path: Path) -> None:
    source = rows(tmp_path / "in.jsonl", 5)
    assert run_file(saying("7"), source, tmp_path / "out.jsonl", int, size=2, instructions=None) == (5, 0)
    assert [(one["index"], one["id"], one["value"]) for one in written(tmp_path / "out.jsonl")] == [
        (n, f"r{n}", 7) for n in range(5)]


def test_a_second_run_does_what_is_left_and_cuts_half_a_line(tmp_path: Path) -> None:
    source, out = rows(tmp_path / "in.jsonl", 6), tmp_path / "out.jsonl"
    run_file(saying("7"), source, out, int, size=2, instructions=None)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    asked: list[tuple[int, int, int]] = []
    run_file(saying("8"), source, out, int, size=2, instructions=None, report=lambda *at: asked.append(at))
    assert [one["value"] for one in written(out)] == [7, 7, 7, 8, 8, 8]
    assert asked == [(5, 6, 0), (6, 6, 0)]


def test_rows_of_other_options_are_refused(tmp_path: Path) -> None:
    source, out = rows(tmp_path / "in.jsonl", 2), tmp_path / "out.jsonl"
    run_file(saying("7"), source, out, int, instructions=None, options="a")
    with pytest.raises(GenerationError, match="holds other rows"):
        run_file(saying("7"), source, out, int, instructions=None, options="b")


def test_failures_are_rows_too_and_can_be_run_again(tmp_path: Path) -> None:
    source, out = rows(tmp_path / "in.jsonl", 2), tmp_path / "out.jsonl"
    assert run_file(saying("777777"), source, out, list[int], instructions=None, max_tokens=1) == (2, 2)
    assert all("a budget of 1 tokens is too small" in one["error"] for one in written(out))
    assert run_file(saying("[7]"), source, out, list[int], instructions=None, max_tokens=3, retry_failed=True) == (2, 0)
    assert [one["value"] for one in written(out)] == [[7], [7]]


@pytest.mark.parametrize(("text", "told"), [
    ("nonsense\n", "in.jsonl:1: this line is not JSON"), ('"x"\n\n{"text": 1}\n', "in.jsonl:3: this row has no prompt"),
])
def test_a_bad_line_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(GenerationError, match=told):
        run_file(saying("7"), tmp_path / "in.jsonl", tmp_path / "out.jsonl", int)
    with pytest.raises(GenerationError, match="cannot be read"):
        run_file(saying("7"), tmp_path / "none.jsonl", tmp_path / "out.jsonl", int)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    source, out = rows(tmp_path / "in.jsonl", 2), tmp_path / "out.jsonl"
    for text in ('{"error": "mine"}\n', "notes\n"):
        out.write_text(text)
        with pytest.raises(GenerationError, match="holds other rows"):
            run_file(saying("7"), source, out, int, retry_failed=True)
        assert out.read_text() == text
    with pytest.raises(GenerationError, match="cannot be written"):
        run_file(saying("7"), source, tmp_path / "nowhere" / "out.jsonl", int)
    with pytest.raises(GenerationError, match="size=0"):
        run_file(saying("7"), source, tmp_path / "new.jsonl", int, size=0)


def test_a_killed_command_goes_on(tmp_path: Path) -> None:
    """The real command, killed in the middle of its work."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(f"The film number {n} was great.") + "\n" for n in range(12)))
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    command = [sys.executable, "-m", "structgen", "batch", str(source), "--schema", str(tmp_path / "schema.json"), "--out",
               str(out), "--size", "2"]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=tmp_path)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None and not (out.exists() and out.stat().st_size):
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = out.read_bytes().count(b"\n")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    assert done.returncode == 0, done.stderr
    assert sorted(one["index"] for one in written(out)) == list(range(12))
    assert 0 < before <= 12


def test_an_answer_is_kept_where_it_is_determined(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "answers.sqlite")
    model = saying('{"label":"good"}')
    model = Model(model.model, vocabulary=model.vocabulary, cache=cache)

    class Labelled(pydantic.BaseModel):
        label: str

    first = model.generate(PROMPT, Labelled, instructions=None)
    calls = model.model.calls
    again = model.generate(PROMPT, Labelled, instructions=None)
    assert (again.value, again.text, again.tokens) == (first.value, first.text, first.tokens)
    assert model.model.calls == calls
    assert again.usage.forward_passes == 0
    model.generate(PROMPT, Labelled, instructions=None, temperature=1.0)
    assert len(cache) == 1
    model.generate(PROMPT, Labelled, instructions=None, temperature=1.0, seed=1)
    model.generate(PROMPT, Labelled, instructions=None, max_tokens=99)
    model.generate(PROMPT, Labelled, instructions=None, seed=1, strategy=verify(Judge(saying("true"), "Good?"), n=1))
    assert len(cache) == 3  # what a judge says is not known beforehand


def test_a_full_cache_drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "answers.sqlite", max_bytes=1000)
    for number in range(20):
        cache.put(cache.key(number=number), "x" * 60)
        cache.get(cache.key(number=0))
    assert cache.size() <= 1000
    assert cache.get(cache.key(number=0)) is not None
    assert cache.get(cache.key(number=1)) is None
    (tmp_path / "folder").mkdir()
    with pytest.raises(GenerationError, match="cannot be used"):
        ResultCache(tmp_path / "folder")


def test_seeds_of_rows_do_not_depend_on_their_group(tmp_path: Path) -> None:
    source = rows(tmp_path / "in.jsonl", 5)
    for size in (1, 3):
        run_file(saying("1", "2", "3"), source, tmp_path / f"{size}.jsonl", int, size=size, instructions=None,
                 sampling=Sampling(1.0, seed=5))
    assert written(tmp_path / "1.jsonl") == written(tmp_path / "3.jsonl")
