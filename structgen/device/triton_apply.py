"""Forbids tokens on CUDA: one Triton kernel that reads mask bits and writes -inf, nothing else.

In come logits and masks on the same device, as `apply.apply_mask` describes them. The one idea: a forbidden logit is
overwritten without being read, so a call moves the mask and the forbidden part of the logits only once.

Needs Triton, which comes with torch for CUDA. With ``TRITON_INTERPRET=1`` set before the import the same kernel runs on
CPU tensors, slowly: that is how it is tested where there is no GPU.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

_BLOCK_WORDS = 64
"""Words per program: 2,048 logits, so that one row of 131,072 tokens gives 64 programs."""


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _forbid(  # type: ignore[no-untyped-def]  # Triton reads the annotations: only tl.constexpr may stand here
    logits, mask, rows, columns, words, logits_row, logits_column, mask_row, mask_column,
    HAS_ROWS: tl.constexpr, BLOCK: tl.constexpr,
):
    source = tl.program_id(0)
    place = source.to(tl.int64)
    if HAS_ROWS:
        place = tl.load(rows + source)
    word = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    # Words beyond the mask read as 0, so columns beyond its vocabulary are forbidden.
    bits = tl.load(mask + source.to(tl.int64) * mask_row + word * mask_column, mask=word < words, other=0)
    lane = tl.arange(0, 32)
    column = word[:, None] * 32 + lane[None, :]
    forbidden = ((bits[:, None] >> lane[None, :]) & 1) == 0
    # 64-bit offsets: 16,384 rows of 131,072 logits are past 2**31.
    target = logits + place * logits_row + column.to(tl.int64) * logits_column
    tl.store(target, float("-inf"), mask=forbidden & (column < columns))


def apply_mask_with_triton(logits: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor | None = None) -> None:
    """Write -inf over every forbidden logit, in place; all arguments on one device, ``rows`` int64 and in range."""
    columns = logits.shape[1]
    grid = (mask.shape[0], triton.cdiv(triton.cdiv(columns, 32), _BLOCK_WORDS))
    kernel: Any = _forbid
    # Triton launches on the current device, which need not be the one the logits are on.
    with torch.cuda.device(logits.device.index if logits.is_cuda else -1):  # -1: leaves the device as it is
        kernel[grid](
            logits, mask, mask if rows is None else rows, columns, mask.shape[1],
            logits.stride(0), logits.stride(1), mask.stride(0), mask.stride(1),
            HAS_ROWS=rows is not None, BLOCK=_BLOCK_WORDS,
        )
