"""The README is true: its Python runs, its commands exist, its table is what the script prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from structgen.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """The commands of the ``sh`` blocks, cut into words; no quoted word of theirs holds a space before an option."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    return [line.split() for block in blocks for line in re.split(r"\n|&&", block) if line.strip()]


def test_python_blocks_run_in_order(tmp_path: Path) -> None:
    lines, inside = list[str](), False
    for line in README.splitlines():  # other lines are left empty, so that errors point into the README
        fence = line.startswith("```")
        lines.append(line if inside and not fence else "")
        inside = line == "```python" if fence else inside
    script = tmp_path / "README.py"
    script.write_text("\n".join(lines), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path),
                   "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path,
                          env=environment, timeout=300)
    assert done.returncode == 0, done.stderr


def test_first_two_shell_blocks_are_demo_and_tests() -> None:
    first, second = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)[:2]
    for block in (first, second):
        assert block.startswith("python3 -m venv .venv && . .venv/bin/activate")
        assert block.index("pip install torch==") < block.index("pip install -e ")
    assert "structgen demo " in first and second.rstrip().endswith("pytest -q")


def test_shell_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands():
        if words[0] == "structgen":
            with pytest.raises(SystemExit) as left:
                main([words[1], "--help"])
            assert left.value.code == 0
            shown = capsys.readouterr().out
            for option in re.findall(r"--[a-z-]+", " ".join(words)):
                assert option in shown, f"structgen {words[1]} has no {option}"
        elif words[0] == "python":
            text = (ROOT / words[1]).read_text(encoding="utf-8")
            for option in re.findall(r"--[a-z-]+", " ".join(words)):
                assert f'"{option}"' in text, f"{words[1]} has no {option}"
        else:
            assert words[0] in ("python3", ".", "pip", "pytest"), words


def test_extras_and_command_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extras in re.findall(r"pip install -e '\.\[(.*?)\]'", README):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert project["scripts"]["structgen"] == "structgen.__main__:main"


def test_named_files_exist() -> None:
    names = re.findall(r"`((?:structgen|tests|benchmarks|examples|grammars)/[\w./]*)`", README)
    assert names
    for name in [*names, *re.findall(r"\]\(([\w./]+)\)", README)]:
        assert (ROOT / name).exists(), name


def test_support_table_is_what_the_script_prints() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "support.py")], capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}, timeout=120)
    assert done.returncode == 0, done.stderr
    match = re.search(r"<!-- support -->\n(.*?)<!-- /support -->", README, re.S)
    assert match is not None
    assert [line.split("|")[1:4] for line in match[1].strip().splitlines() if "| all schemas |" not in line] == [
        line.split("|")[1:4] for line in done.stdout.strip().splitlines()]  # without what a corpus adds


def test_support_table_is_written_between_its_markers(tmp_path: Path) -> None:
    page, corpus = tmp_path / "page.md", tmp_path / "corpus.jsonl"
    page.write_text("before\n<!-- support -->\nold\n<!-- /support -->\nbehind\n", encoding="utf-8")
    corpus.write_text('{"schema": {"type": "null"}}\n{"schema": {"format": "idn-hostname"}}\n', encoding="utf-8")
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "support.py"), str(corpus), "--readme", str(page)],
                          capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"})
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- support -->\n| Keyword |") and text.endswith("<!-- /support -->\nbehind\n")
    assert "| `type` | enforced |  | 50.0% | 100.0% |" in text and "old" not in text
    assert "| all schemas | | | 2 | 50.0% |" in text
