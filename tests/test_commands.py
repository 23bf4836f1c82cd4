"""The command line as it is started: a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = "import sys; from structgen.__main__ import main; main({arguments!r}); print([name for name in ('torch', " \
        "'transformers') if name in sys.modules])"


def test_compile_and_mask_read_the_embedded_vocabulary_without_transformers(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}))
    for arguments, said in ((["compile", str(schema)], "Vocabulary: embedded, 4096 tokens"),
                            (["mask", "--schema", str(schema), "--prefix", '{"'], "tokens are allowed.\n")):
        ran = subprocess.run([sys.executable, "-c", HEAVY.format(arguments=arguments)], capture_output=True, text=True,
                             check=True)
        assert said in ran.stdout, ran.stderr
        assert ran.stdout.endswith("[]\n")
