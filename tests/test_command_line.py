"""The command line, run for real: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from models.tiny import save

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}, "level": {"enum": [1, 2]}},
          "required": ["ok", "level"], "additionalProperties": False}


def run(*arguments: str, cwd: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.run([sys.executable, "-m", "structgen", *arguments], capture_output=True, text=True, check=False,
                          cwd=cwd, input=stdin, env=environment, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, a schema and a module with a type."""
    path = tmp_path_factory.mktemp("work")
    save("llama", path / "model")
    (path / "schema.json").write_text(json.dumps(SCHEMA))
    (path / "shapes.py").write_text("from typing import Literal, TypedDict\n\nclass Box(TypedDict):\n"
                                    "    size: Literal[1, 2]\n    open: bool\n")
    return path


def test_generate_prints_the_value_of_a_type(folder: Path) -> None:
    done = run("generate", "--type", "shapes:Box", "--prompt", "A box?", "--model", "./model", "--max-tokens", "400",
               cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert value["size"] in (1, 2)
    assert isinstance(value["open"], bool)


@pytest.mark.parametrize("name", ["yaml", "csv"])
def test_generate_prints_other_formats_as_written(folder: Path, name: str) -> None:
    done = run("generate", "--type", "shapes:Box", "--format", name, "--prompt", "A box?", "--model", "./model",
               "--max-tokens", "400", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("size: " if name == "yaml" else "size,open\n")


def test_generate_reads_the_prompt_and_traces(folder: Path) -> None:
    done = run("generate", "--schema", "schema.json", "--prompt", "-", "--model", "./model", "--trace", "--seed", "3",
               "--temperature", "0.5", "--max-tokens", "400", cwd=folder, stdin="Is it?")
    assert (done.returncode, done.stderr) == (0, "")
    assert "p masked" in done.stdout
    assert "forced" in done.stdout


def test_demo_shows_three_results(folder: Path) -> None:
    done = run("demo", "Bo, 7, ran.", "--model", "./model", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    for title in ("1. free", "2. masked", "3. masked, taken from the text", "sg.load_model("):
        assert title in done.stdout


def test_compile_says_what_is_enforced(folder: Path) -> None:
    done = run("compile", "schema.json", "--vocabulary", "bytes", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["enum", "enforced", "#/properties/level"] in lines
    assert ["additionalProperties", "enforced", "#"] in lines
    assert "257 tokens" in done.stdout
    assert "Compiled in" in done.stdout


def test_compile_says_what_is_refused_and_what_is_left_to_validation(folder: Path) -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"host": {"format": "idn-hostname"},
                                                                        "when": {"format": "date", "title": "x"}}},
              "uniqueItems": True, "nonsense": 1}
    (folder / "hard.json").write_text(json.dumps(schema), encoding="utf-8")
    done = run("compile", "hard.json", "--vocabulary", "bytes", cwd=folder)
    assert done.returncode == 1
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["uniqueItems", "enforced", "#"] in lines
    assert ["format", "refused", "#/items/properties/host"] in lines
    assert ["type", "enforced", "#,", "#/items"] in lines
    assert "enforced            #/items/properties/when  (date: the years 0001 to 9999)" in done.stdout
    assert "nonsense                a comment           #  (no keyword)" in done.stdout
    assert "title" not in done.stdout
    assert "because:" in done.stderr and "--validate" in done.stderr and "Traceback" not in done.stderr
    checked = run("compile", "--validate", "hard.json", "--vocabulary", "bytes", cwd=folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    left = ["format", "left", "to", "validation", "#/items/properties/host"]
    assert left in [line.split() for line in checked.stdout.splitlines()]
    assert "Compiled in" in checked.stdout


def test_compile_reads_the_tokenizer_of_a_model(folder: Path) -> None:
    done = run("compile", "schema.json", "--vocabulary", "./model", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Vocabulary: ./model" in done.stdout


def test_mask_lists_what_may_come_next(folder: Path) -> None:
    done = run("mask", "--schema", "schema.json", "--prefix", '{"ok":', "--vocabulary", "bytes", cwd=folder)
    assert done.returncode == 0
    assert "'t'" in done.stdout
    assert "'f'" in done.stdout
    assert "'1'" not in done.stdout
    wrong = run("mask", "--schema", "schema.json", "--prefix", '{"no', "--vocabulary", "bytes", cwd=folder)
    assert wrong.returncode == 1
    assert "cannot be followed by 'no'" in wrong.stdout
    box = '{"size":1,"open":true}'
    whole = run("mask", "--type", "shapes:Box", "--prefix", box, "--vocabulary", "bytes", cwd=folder)
    assert "The output may end here." in whole.stdout


@pytest.mark.parametrize(("arguments", "code", "message"), [
    ([], 2, "usage"),
    (["generate", "--type", "shapes:Box"], 2, "--prompt"),
    (["generate", "--type", "a:b", "--schema", "c", "--prompt", "x"], 2, "not allowed with"),
    (["generate", "--type", "shapes", "--prompt", "x"], 1, "names no type"),
    (["generate", "--type", "nowhere:Box", "--prompt", "x"], 1, "there is no module nowhere"),
    (["generate", "--type", "shapes:Bag", "--prompt", "x"], 1, "the module shapes has no Bag"),
    (["generate", "--type", "shapes:Box", "--prompt", "x", "--model", "./nowhere"], 1, "there is no such folder"),
    (["generate", "--schema", "nowhere.json", "--prompt", "x"], 1, "nowhere.json cannot be read"),
    (["generate", "--type", "shapes:Box", "--prompt", "x", "--model", "./model", "--max-tokens", "1"], 1,
     "a budget of 1 tokens is too small"),
    (["compile", "shapes.py", "--vocabulary", "bytes"], 1, "structgen: "),
])
def test_errors_go_to_standard_error_without_a_traceback(folder: Path, arguments: list[str], code: int,
                                                         message: str) -> None:
    done = run(*arguments, cwd=folder)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
def test_interrupt_exits_quietly(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "structgen", "generate", "--prompt", "-", "--model", "./model"],
                               cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=environment,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # not so behind nohup
    time.sleep(2)  # it waits for its input
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_grammar_points_at_the_first_wrong_character(folder: Path) -> None:
    (folder / "sums.lark").write_text('start: start "+" start | "(" start ")" | NUMBER\nNUMBER: /[0-9]+/\n')
    (folder / "list.gbnf").write_text('root ::= ("- " [^\\n]+ "\\n")+\n')
    done = run("grammar", "sums.lark", "--test", "1+2", "(1+\u00e9)", "(1+2", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "accepted: '1+2'\n"
        "rejected: '(1+\u00e9)'\n  (1+\u00e9)\n     ^ line 1, column 4: expected '(' or '0' to '9', not '\u00e9'\n"
        "rejected: '(1+2'\n  (1+2\n      ^ line 1, column 5: expected ')', '+' or '0' to '9', but the text ends\n"
        "  for example it could go on with ')'\n")
    (folder / "words.lark").write_text('start: "if" NAME | NAME "=" NAME\nNAME: /[a-z]+/\n%ignore " "\n')
    done = run("grammar", "words.lark", "--parser", "lalr", "--test", "if x", "ifx", "--test", "a = if", cwd=folder)
    assert done.returncode == 1
    assert done.stdout == (
        "accepted: 'if x'\n"
        "rejected: 'ifx'\n  ifx\n     ^ line 1, column 4: expected ' ', '=' or 'a' to 'z', but the text ends\n"
        "  for example it could go on with '=a'\n"
        "accepted: 'a = if'\n")
    done = run("grammar", "words.lark", "--lexer", "basic", "--test", "a = if", cwd=folder)
    assert "  a = if\n        ^ line 1, column 7: expected 'a' to 'z', but the text ends\n" in done.stdout
    done = run("grammar", "list.gbnf", "--test", "-", cwd=folder, stdin="- milk\nbread\n")
    assert done.returncode == 1
    assert "  bread\n  ^ line 2, column 1: expected '-' or the end, not 'b'" in done.stdout
    done = run("grammar", "csv", "--test", "a,b\n1,2\n", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "accepted: 'a,b\\n1,2\\n'\n")


def test_grammar_says_what_is_wrong_with_a_grammar(folder: Path) -> None:
    (folder / "wrong.gbnf").write_text('root ::= "a"\n  | "b"\n')
    (folder / "wrong.lark").write_text('start: "a" missing\n')
    for file, words in [("wrong.gbnf", "wrong.gbnf:2:3: expected the name of a rule, not '|'"),
                        ("wrong.lark", "wrong.lark:1: Rule 'missing' used but not defined"),
                        ("nothing.lark", "cannot be read"), ("schema.json", "neither *.lark nor *.gbnf"),
                        ("nothing", "there is no grammar named 'nothing'")]:
        done = run("grammar", file, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr
    done = run("grammar", "list.gbnf", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("list.gbnf: ")


HEAVY = "import sys; from structgen.__main__ import main; main({arguments!r}); print([name for name in ('torch', " \
        "'transformers') if name in sys.modules])"


def test_compile_and_mask_read_the_embedded_vocabulary_without_transformers(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    for arguments, said in ((["compile", str(schema)], "Vocabulary: embedded, 4096 tokens"),
                            (["mask", "--schema", str(schema), "--prefix", '{"'], "tokens are allowed.\n")):
        ran = subprocess.run([sys.executable, "-c", HEAVY.format(arguments=arguments)], capture_output=True, text=True,
                             check=True)
        assert said in ran.stdout, ran.stderr
        assert ran.stdout.endswith("[]\n")
