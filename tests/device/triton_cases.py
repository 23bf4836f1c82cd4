"""Compares the Triton kernel, run by Triton's interpreter on CPU tensors, with the CPU path; started by test_apply."""

from __future__ import annotations

import itertools

import torch

from structgen.device.apply import apply_mask
from structgen.device.triton_apply import apply_mask_with_triton


def main() -> None:
    torch.manual_seed(0)
    count = 0
    kinds = [torch.float32, torch.float16, torch.bfloat16]
    for dtype, (words, columns), kind in itertools.product(
        kinds, [(1, 7), (10, 300), (10, 333), (10, 400), (65, 2080)], ["plain", "rows", "strided", "columns"]
    ):
        mask = torch.randint(-(2**31), 2**31 - 1, (3, words)).to(torch.int32)
        mask[0] &= mask[1] & 0x11
        mask[1, words // 2 :] = -1
        rows = [4, 0, 2] if kind == "rows" else None
        logits = torch.randn(5 if rows else 3, columns).to(dtype)
        if kind == "strided":
            logits = torch.randn(3, 2, columns).to(dtype)[:, 1]
        if kind == "columns":
            logits, mask = logits.T.contiguous().T, mask.T.contiguous().T
        wanted = logits.clone()
        apply_mask(wanted, mask, rows=rows)
        apply_mask_with_triton(logits, mask, None if rows is None else torch.tensor(rows))
        assert torch.equal(logits, wanted), (dtype, words, columns, kind)
        count += 1
    print(count, "cases equal")


if __name__ == "__main__":
    main()
