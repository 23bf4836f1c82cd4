from __future__ import annotations

from pathlib import Path

import pytest

from structgen.errors import StructgenError
from structgen.grammar import location


def test_location_of_grammars_is_a_folder() -> None:
    assert location.grammars_folder().is_dir()


def test_location_prefers_the_installed_package_to_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "structgen"
    (package / "grammar").mkdir(parents=True)
    monkeypatch.setattr(location, "__file__", str(package / "grammar" / "location.py"))
    with pytest.raises(StructgenError, match="missing") as raised:
        location.grammars_folder()
    assert raised.value.position == str(package / "grammars")
    (tmp_path / "grammars").mkdir()
    assert location.grammars_folder() == tmp_path / "grammars"
    (package / "grammars").mkdir()
    assert location.grammars_folder() == package / "grammars"
