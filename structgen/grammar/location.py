"""Where the shipped grammar files are.

Out comes a folder. An installed wheel carries the files inside the package; an editable install reads them where they
are written, in ``grammars/`` at the top of the repository, so that an edit is seen at once.
"""

from __future__ import annotations

from pathlib import Path

from structgen.errors import StructgenError


def grammars_folder() -> Path:
    """The folder that holds ``json.lark``, ``sql/`` and the other shipped grammars.

    The package is read from plain folders, never from a zip, because the native engine could not be loaded from one.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "grammars", package.parent / "grammars"):
        if folder.is_dir():
            return folder
    raise StructgenError(
        "the shipped grammar files are missing",
        position=str(package / "grammars"),
        because="neither the installed package nor the folder beside it holds grammars/",
        instead="reinstall structgen",
    )
