"""Microseconds per decode step that ``apply_mask`` takes on CUDA: the Triton kernel beside plain torch operations.

    python benchmarks/apply_mask_gpu.py [--vocabulary 131072] [--batches 1 32 256] [--steps 200]

``kernel`` and ``torch`` find the masks on the device; ``step`` starts from masks in pinned host memory, as a logits
processor does. ``device`` is the time between two events around all steps, divided by their number; ``host`` is the
time the Python caller spends to queue one step. Medians of 7 repeats after a warm-up that compiles the kernel.
Before anything is timed both results are compared with the CPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from structgen.device.apply import apply_mask, apply_mask_with_torch

REPEATS = 7


def masks(batch: int, vocabulary: int) -> torch.Tensor:
    """Rows as they come in a batch: half nearly full (inside a string), half nearly empty (around it)."""
    rng = np.random.default_rng(0)
    allowed = np.zeros((batch, -(-vocabulary // 32) * 32), np.uint8)
    for index, row in enumerate(allowed):
        row[:vocabulary] = 1 - index % 2
        row[rng.choice(vocabulary, min(300, vocabulary), replace=False)] = index % 2
    return torch.from_numpy(np.packbits(allowed, axis=1, bitorder="little").view(np.int32))


def time_us(call: Callable[[], None], steps: int) -> tuple[float, float]:
    """(device, host) microseconds per call."""
    for _ in range(20):
        call()
    torch.cuda.synchronize()
    device, host = [], []
    for _ in range(REPEATS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begun = time.perf_counter_ns()
        start.record()
        for _ in range(steps):
            call()
        end.record()
        host.append((time.perf_counter_ns() - begun) / 1000 / steps)
        torch.cuda.synchronize()
        device.append(start.elapsed_time(end) * 1000 / steps)
    return float(np.median(device)), float(np.median(host))


def check(logits: torch.Tensor, mask: torch.Tensor) -> None:
    wanted, kernel, plain = logits.cpu(), logits.clone(), logits.clone()
    apply_mask(wanted, mask)
    apply_mask(kernel, mask.to(logits.device))
    apply_mask_with_torch(plain, mask.to(logits.device))
    if not torch.equal(kernel.cpu(), wanted) or not torch.equal(plain.cpu(), wanted):
        raise SystemExit(f"{logits.dtype}, batch {len(logits)}: the device and the CPU differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabulary", type=int, default=131_072)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device: nothing to measure; benchmarks/apply_mask.py measures the CPU path")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.vocabulary} tokens, µs per step")
    print(f"{'dtype':>10}{'batch':>7}" + "".join(f"{way + ' ' + kind:>15}" for way in ("kernel", "torch", "step")
                                                   for kind in ("device", "host")))
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for batch in options.batches:
            logits = torch.randn(batch, options.vocabulary, device="cuda").to(dtype)
            pinned = masks(batch, options.vocabulary).pin_memory()
            check(logits, pinned)
            on_device = pinned.cuda()
            ways = (partial(apply_mask, logits, on_device), partial(apply_mask_with_torch, logits, on_device),
                    partial(apply_mask, logits, pinned))
            figures = [figure for way in ways for figure in time_us(way, options.steps)]
            print(f"{str(dtype)[6:]:>10}{batch:>7}" + "".join(f"{figure:>15.1f}" for figure in figures))


if __name__ == "__main__":
    main()
