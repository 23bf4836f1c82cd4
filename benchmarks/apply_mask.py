"""Microseconds per ``apply_mask`` on the CPU, beside the plain ways of doing the same.

    python benchmarks/apply_mask.py [--vocabulary 131072] [--batch 1] [--calls 300]

Each column is one way, each row one kind of mask; a figure is the median over the calls.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from structgen.device.apply import apply_mask

BITS = torch.arange(32, dtype=torch.int32)


def unpack_in_numpy(logits: torch.Tensor, mask: torch.Tensor) -> None:
    forbidden = np.unpackbits((~mask).numpy().view(np.uint8), axis=1, bitorder="little").view(np.bool_)
    logits.masked_fill_(torch.from_numpy(forbidden[:, : logits.shape[1]]), float("-inf"))


def shift_in_torch(logits: torch.Tensor, mask: torch.Tensor) -> None:
    forbidden = ((mask.unsqueeze(-1) >> BITS) & 1 == 0).view(mask.shape[0], -1)
    logits.masked_fill_(forbidden[:, : logits.shape[1]], float("-inf"))


WAYS: dict[str, Callable[[torch.Tensor, torch.Tensor], None]] = {
    "apply_mask": apply_mask, "numpy unpackbits": unpack_in_numpy, "torch shifts": shift_in_torch}


def masks(vocabulary: int, batch: int) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(0)
    counts = {"1 allowed": 1, "30 allowed": 30, "300 allowed": 300, "1 % allowed": vocabulary // 100,
              "half allowed": vocabulary // 2, "1 % forbidden": vocabulary - vocabulary // 100,
              "300 forbidden": vocabulary - 300, "30 forbidden": vocabulary - 30}
    found = {}
    for name, count in counts.items():
        allowed = np.zeros((batch, -(-vocabulary // 32) * 32), np.uint8)
        for row in allowed:
            row[rng.choice(vocabulary, count, replace=False)] = 1
        found[name] = torch.from_numpy(np.packbits(allowed, axis=1, bitorder="little").view(np.int32))
    return found


def median_us(call: Callable[[], None], calls: int) -> float:
    times = []
    for _ in range(calls + 10):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return float(np.median(times[10:])) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabulary", type=int, default=131_072)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args()
    for dtype in (torch.float32, torch.bfloat16):
        print(f"{dtype}, batch {options.batch}, {options.vocabulary} tokens, {torch.get_num_threads()} threads, µs")
        print(" " * 16 + "".join(f"{name:>18}" for name in WAYS))
        for name, mask in masks(options.vocabulary, options.batch).items():
            logits = torch.randn(options.batch, options.vocabulary).to(dtype)
            figures = [median_us(partial(way, logits, mask), options.calls) for way in WAYS.values()]
            print(f"{name:<16}" + "".join(f"{figure:>18.1f}" for figure in figures))


if __name__ == "__main__":
    main()
