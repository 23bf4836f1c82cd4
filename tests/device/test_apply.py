"""apply_mask on the CPU, its torch form for other devices, and the Triton kernel in Triton's interpreter."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from structgen.device import apply  # noqa: E402
from structgen.device.apply import apply_mask, apply_mask_with_torch  # noqa: E402
from structgen.errors import GenerationError  # noqa: E402

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
CASES = Path(__file__).with_name("triton_cases.py")


def bits(allowed: np.ndarray) -> torch.Tensor:
    words = -(-allowed.shape[1] // 32)
    padded = np.zeros((len(allowed), 32 * words), np.uint8)
    padded[:, : allowed.shape[1]] = allowed
    return torch.from_numpy(np.packbits(padded, axis=1, bitorder="little").view(np.int32).copy())


def expected(logits: torch.Tensor, allowed: np.ndarray) -> torch.Tensor:
    wide = np.zeros(tuple(logits.shape), bool)
    width = min(wide.shape[1], allowed.shape[1])
    wide[:, :width] = allowed[:, :width]
    return torch.where(torch.from_numpy(wide), logits, torch.tensor(float("-inf"), dtype=logits.dtype))


@pytest.fixture(params=["native", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the native engine's pass, and as it is done where there is none."""
    if request.param == "numpy":
        monkeypatch.setattr(apply, "forbid", None)
    elif apply.forbid is None:
        pytest.skip("the native engine is not built")
    return str(request.param)


def draw(share: float, rows: int, vocabulary: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, vocabulary)) < share


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("share", [0.0, 1e-4, 0.02, 0.5, 0.98, 0.9999, 1.0])
@pytest.mark.parametrize("vocabulary", [1, 31, 32, 300, 20_000, 32_771])
def test_apply_mask_forbids_exactly_the_zero_bits(dtype: torch.dtype, share: float, vocabulary: int, way: str) -> None:
    allowed = draw(share, 3, vocabulary)
    logits = torch.randn(3, vocabulary).to(dtype)
    wanted = expected(logits, allowed)
    apply_mask(logits, bits(allowed))
    assert torch.equal(logits, wanted)


@pytest.mark.parametrize("share", [0.0, 1e-3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize(("vocabulary", "width"), [(300, 400), (300, 290), (20_001, 20_480), (20_001, 10_007)])
def test_apply_mask_on_logits_of_another_width(share: float, vocabulary: int, width: int, way: str) -> None:
    allowed = draw(share, 2, vocabulary)
    logits = torch.randn(2, width)
    wanted = expected(logits, allowed)
    with_torch = logits.clone()
    apply_mask(logits, bits(allowed))
    apply_mask_with_torch(with_torch, bits(allowed))
    assert torch.equal(logits, wanted)
    assert torch.equal(with_torch, wanted)


@pytest.mark.parametrize("vocabulary", [300, 20_001])
def test_apply_mask_leaves_rows_not_named_alone(vocabulary: int, way: str) -> None:
    allowed = np.concatenate([draw(share, 1, vocabulary, 1) for share in (1e-3, 0.5, 0.999)])
    rows = [4, 0, 3]
    logits = torch.randn(6, vocabulary + 40)
    before = logits.clone()
    with_torch = logits.clone()
    apply_mask(logits, bits(allowed), rows=rows)
    apply_mask_with_torch(with_torch, bits(allowed), torch.tensor(rows))
    assert torch.equal(logits[rows], expected(before[rows], allowed))
    assert torch.equal(logits[[1, 2, 5]], before[[1, 2, 5]])
    assert torch.equal(with_torch, logits)


@pytest.mark.parametrize("vocabulary", [300, 20_001])
@pytest.mark.parametrize("make", [
    pytest.param(lambda v: torch.randn(2, 3, v)[:, 1], id="strided-rows"),
    pytest.param(lambda v: torch.randn(v, 2).T, id="strided-columns"),
    pytest.param(lambda v: torch.randn(1, v).repeat(2, 1).requires_grad_(), id="requires-grad"),
    pytest.param(lambda v: torch.full((2, v), float("nan")), id="nan"),
    pytest.param(lambda v: torch.full((2, v), float("inf")), id="inf"),
])
def test_apply_mask_on_any_layout_and_value(vocabulary: int, make, way: str) -> None:  # type: ignore[no-untyped-def]
    for share in (1e-3, 0.5, 0.9995):
        allowed = draw(share, 2, vocabulary)
        logits = make(vocabulary)
        wanted = expected(logits.detach().clone(), allowed)
        apply_mask(logits, bits(allowed))
        assert torch.equal(torch.nan_to_num(logits.detach(), nan=7.0), torch.nan_to_num(wanted, nan=7.0))


def test_apply_mask_of_an_empty_batch_does_nothing(way: str) -> None:
    apply_mask(torch.randn(0, 300), torch.zeros(0, 10, dtype=torch.int32))
    logits = torch.randn(2, 300)
    before = logits.clone()
    apply_mask(logits, torch.zeros(0, 10, dtype=torch.int32), rows=[])
    assert torch.equal(logits, before)


@pytest.mark.parametrize(("logits", "mask", "rows", "message"), [
    pytest.param(torch.zeros(3), torch.zeros(1, 1, dtype=torch.int32), None, "logits of shape", id="one-dimension"),
    pytest.param(torch.zeros(1, 3).long(), torch.zeros(1, 1, dtype=torch.int32), None, "logits of", id="integers"),
    pytest.param(torch.zeros(1, 3), torch.zeros(1, 1, dtype=torch.int64), None, "not a bit mask", id="wide-mask"),
    pytest.param(torch.zeros(2, 3), torch.zeros(1, 1, dtype=torch.int32), None, "do not fit", id="one-mask-two-rows"),
    pytest.param(torch.zeros(2, 3), torch.zeros(1, 1, dtype=torch.int32), [2], "outside", id="row-out-of-range"),
    pytest.param(torch.zeros(2, 3), torch.zeros(1, 1, dtype=torch.int32), [-1], "outside", id="negative-row"),
])
def test_apply_mask_refuses_what_does_not_fit(logits, mask, rows, message, way: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GenerationError, match=message):
        apply_mask(logits, mask, rows=rows)


def test_apply_with_triton_equals_the_cpu_in_the_interpreter() -> None:
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed; it is part of the extra `test` where wheels exist")
    # A process of its own: Triton reads TRITON_INTERPRET when a kernel is decorated, and its interpreter patches the
    # language for the whole process.
    done = subprocess.run([sys.executable, str(CASES)], env={**os.environ, "TRITON_INTERPRET": "1"},
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("cases equal")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("dtype", DTYPES[:3], ids=str)
@pytest.mark.parametrize("vocabulary", [300, 131_072])
def test_apply_on_cuda_equals_the_cpu(dtype: torch.dtype, vocabulary: int) -> None:
    for share in (1e-4, 0.5, 0.9999):
        allowed = draw(share, 4, vocabulary)
        logits = torch.randn(6, vocabulary + 7).to(dtype)
        on_device, with_torch = logits.cuda(), logits.cuda()
        rows = [5, 0, 2, 3]
        apply_mask(logits, bits(allowed), rows=rows)
        apply_mask(on_device, bits(allowed).pin_memory(), rows=rows)
        apply_mask_with_torch(with_torch, bits(allowed).cuda(), torch.tensor(rows).cuda())
        assert torch.equal(on_device.cpu(), logits)
        assert torch.equal(with_torch.cpu(), logits)
