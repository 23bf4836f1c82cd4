"""What the commands share: types and schemas by name, vocabularies, models, progress, values as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from structgen.errors import SchemaError

__all__ = ["MODEL_HELP", "add_target", "as_json", "find_model", "find_vocabulary", "json_schema", "load_type", "progress",
           "target_of"]

MODEL_HELP = "a folder or a name on the Hugging Face hub (default: the embedded model)"


def add_target(parser: argparse.ArgumentParser, *, required: bool) -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument("--type", metavar="MODULE:CLASS", help="a Python type; modules of the current folder are found")
    group.add_argument("--schema", type=Path, metavar="FILE", help="a JSON Schema")


def target_of(arguments: argparse.Namespace) -> Any:
    if arguments.type:
        return load_type(arguments.type)
    return json_schema(arguments.schema) if arguments.schema else None


def load_type(spec: str) -> Any:
    module_name, colon, path = spec.partition(":")
    if not colon or not module_name or not path:
        raise SchemaError(f"--type {spec} names no type", instead="write --type module:Class")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command does not look where it is started
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SchemaError(f"there is no module {error.name}", because=f"--type {spec} asks for it",
                          instead="start structgen in the folder that holds it, or install it") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise SchemaError(f"the module {module_name} has no {path}", instead="check the name") from error
    return found


def json_schema(path: Path, on_unsupported: Literal["error", "validate"] = "error") -> Any:
    from structgen.formats.json.source import JsonSchema

    try:
        return JsonSchema(path.read_bytes(), on_unsupported=on_unsupported)
    except OSError as error:
        raise SchemaError(f"the schema {path} cannot be read", because=error.strerror) from error


def find_vocabulary(name: str | None) -> tuple[Any, str]:
    from structgen.models.loader import EMBEDDED, load_tokenizer
    from structgen.vocabulary import Vocabulary

    described = (EMBEDDED / "tokenizer.json").is_file() and find_spec("tokenizers") is not None
    if name == "bytes" or (name is None and not described):
        return Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256), "single bytes"
    if name in (None, "embedded") and described:  # read without transformers, whose import takes seconds
        ends = json.loads((EMBEDDED / "generation_config.json").read_text())["eos_token_id"]
        return Vocabulary.from_tokenizers(EMBEDDED / "tokenizer.json", eos_token_ids=ends), "embedded"
    return Vocabulary.from_transformers(load_tokenizer(None if name == "embedded" else name)), name or "embedded"


def find_model(name: str | None) -> Any:
    from structgen.models.loader import load_model

    with progress("loading the model"):
        if not sys.stderr.isatty():
            _silence_loading()
        return load_model(name)


def _silence_loading() -> None:
    """transformers draws progress bars even where nobody sees them."""
    try:
        logging: Any = importlib.import_module("transformers.utils.logging")
    except ImportError:  # load_model says so properly
        return
    logging.disable_progress_bar()


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Says on a terminal what is going on, and takes it back."""
    shown = sys.stderr.isatty()
    if shown:
        print(f"{what} …", end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print(" " * (len(what) + 2), end="\r", file=sys.stderr, flush=True)


def as_json(value: Any, indent: int | None = 2) -> str:
    from pydantic_core import PydanticSerializationError, to_json

    try:
        return to_json(value, indent=indent).decode()
    except (PydanticSerializationError, UnicodeError):  # half of a surrogate pair is a string of Python's, but no UTF-8
        return json.dumps(value, indent=indent)
