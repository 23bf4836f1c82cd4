"""From a name to a model that generates.

In: nothing (the embedded model), a folder, a name on the Hugging Face hub, or ``openai:NAME``. Out: a model to ask.
transformers does the loading; this module decides what a name means, and turns its failures into errors that say
what to do. Torch and transformers are imported when a model is loaded, not before.

Caveats: nothing from the repository of a model is ever executed (no ``trust_remote_code``). A name that is no folder
here is looked for in transformers' cache and on the hub, which needs a network the first time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from structgen.errors import GenerationError
from structgen.limits import Limits

if TYPE_CHECKING:
    from structgen.generation.result_cache import ResultCache

__all__ = ["EMBEDDED", "load_model", "load_tokenizer"]

EMBEDDED = Path(__file__).with_name("embedded")
"""The folder of the model that comes with structgen."""


def load_model(name: str | os.PathLike[str] | None = None, *, device: str | None = None, dtype: Any = None,
               limits: Limits | None = None, engine: Literal["auto", "python", "native"] = "auto",
               cache: ResultCache | None = None, **remote: Any) -> Any:
    """The embedded model (None), the model in a folder, one from the hub by its name, or one behind a server.

    Gives a ``Model``, or for ``"openai:NAME"`` a ``RemoteModel``; ``remote`` are its options (``base_url``, ``api_key``, …).
    ``device``: a torch device; None takes a GPU if there is one. ``dtype``: of the weights; None takes the checkpoint's
    own, and float32 for float16 on a CPU, which computes that slowly. ``cache``: keeps answers that are determined.
    """
    if isinstance(name, str) and name.startswith("openai:"):
        from structgen.models.remote import RemoteModel

        return RemoteModel(name.removeprefix("openai:"), **remote)
    if remote:
        raise GenerationError(f"{next(iter(remote))} is an option of remote models", instead='name one: "openai:NAME"')
    transformers = _transformers()
    import torch

    from structgen.generation.model import Model

    source = _source(name)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(name)
    key = "dtype" if _at_least(transformers, 4, 56) else "torch_dtype"
    model = _loaded(source, lambda: transformers.AutoModelForCausalLM.from_pretrained(
        source, **{key: "auto" if dtype is None else dtype}))
    if dtype is None and device == "cpu" and model.dtype == torch.float16:
        model = model.float()
    try:
        model = model.to(device).eval()
    except RuntimeError as error:
        raise GenerationError(f"{source} cannot be moved to the device {device!r}", because=_first_line(error),
                              instead='pass device="cpu", or a smaller model') from error
    return Model(model, tokenizer, limits=limits, engine=engine, cache=cache)


def load_tokenizer(name: str | os.PathLike[str] | None = None) -> Any:
    """The tokenizer of a model, without its weights."""
    transformers = _transformers()
    source = _source(name)
    return _loaded(source, lambda: transformers.AutoTokenizer.from_pretrained(source))


def _transformers() -> Any:
    try:
        import torch  # noqa: F401  (transformers without torch has no models)
        import transformers
    except ImportError as error:
        raise GenerationError(f"models need the package {error.name}", because="it is not installed",
                              instead="pip install 'structgen[transformers]'") from error
    return transformers


def _source(name: str | os.PathLike[str] | None) -> str:
    """What transformers is asked for: a folder that exists, or a name on the hub."""
    if name is None:
        if not (EMBEDDED / "config.json").is_file():
            raise GenerationError("the embedded model is not part of this installation",
                                  because=f"{EMBEDDED} holds no weights",
                                  instead="install a released structgen, or name a model: load_model('folder')")
        return str(EMBEDDED)
    text = os.fspath(name)
    if Path(text).is_dir():
        if not (Path(text) / "config.json").is_file():
            raise GenerationError(f"{text} is not the folder of a model", because="it holds no config.json",
                                  instead="pass the folder that save_pretrained wrote")
        return text
    if Path(text).exists() or isinstance(name, os.PathLike) or text.startswith((".", "/", "~")) or text.count("/") > 1:
        raise GenerationError(f"{text} is not the folder of a model",
                              because="it is a file" if Path(text).exists() else "there is no such folder",
                              instead="pass the folder that save_pretrained wrote, or a name on the hub")
    return text


def _loaded(source: str, load: Any) -> Any:
    try:
        return load()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        online = not Path(source).is_dir()
        raise GenerationError(
            f"the model {source} cannot be loaded", because=_first_line(error),
            instead="check the name and the network, or pass the folder of a downloaded model" if online
            else "check that the folder is complete and of a causal language model") from error


def _at_least(module: Any, major: int, minor: int) -> bool:
    found = tuple(int(part) for part in module.__version__.split(".")[:2])
    return found >= (major, minor)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
