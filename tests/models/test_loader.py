"""Loading models: five architectures from folders, and every way a name can be wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from models.tiny import KINDS, save

from structgen.errors import GenerationError
from structgen.models import load_model
from structgen.models import loader as loader_module


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(request.param, tmp_path_factory.mktemp(request.param))


def test_loaded_model_generates_a_value(folder: Path) -> None:
    model = load_model(folder)
    result = model.generate("Which?", dict[Literal["size"], bool], max_tokens=60)
    assert set(result.value) <= {"size"}
    assert result.finish_reason == "complete"
    assert result.tokens[-1] in model.vocabulary.eos_token_ids


def test_loaded_vocabulary_is_as_wide_as_the_logits(folder: Path) -> None:
    model = load_model(folder)
    assert model.vocabulary.size == model.model.config.vocab_size


def test_loaded_model_is_deterministic(folder: Path) -> None:
    runs = [load_model(folder).generate("Say it.", list[bool], max_tokens=40, temperature=1.0, seed=3).text
            for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("name", "message"), [
    ("./no/such/folder", "there is no such folder"),
    (Path("missing"), "there is no such folder"),
])
def test_wrong_names_are_told(name: Any, message: str) -> None:
    with pytest.raises(GenerationError, match=message):
        load_model(name)


def test_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"holds no config\.json"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(GenerationError, match="cannot be loaded"):
        load_model(tmp_path)


def test_unreachable_hub_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(GenerationError, match="check the name and the network"):
        load_model("structgen-tests/no-such-model")


def test_missing_embedded_model_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loader_module, "EMBEDDED", tmp_path)
    with pytest.raises(GenerationError, match="not part of this installation"):
        load_model()


def test_missing_transformers_is_told() -> None:
    code = ("import sys; sys.modules['transformers'] = None\n"
            "from structgen.models import load_model\n"
            "load_model('x')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'structgen[transformers]'" in done.stderr
