"""What the mask costs beside the model: each step of real outputs, forward pass and mask timed apart.

In: a corpus file (JSON Lines with a schema and ``tests``; the small corpus that ships by default). Out: for each engine the
time of a step's mask work, which is fill, apply to the logits and take the token, and its share of the forward pass (of
means, and of medians, which other work on the machine moves less) of a Llama of about 100 million parameters with a Tekken
vocabulary (131,072 tokens), with its key-value cache, in transformers on the CPU. Weights are random: their values cost
nothing. The tokens are those of valid instances. Every engine's mask is applied by its own function where it has one.

    python benchmarks/decode_overhead.py --engines structgen llguidance --steps 200 --threads 2
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mask_engines import ENGINES, Engine, tekken
from transformers import LlamaConfig, LlamaForCausalLM

from structgen.device.apply import apply_mask

HERE = Path(__file__).resolve().parent


def model_of(vocabulary: int) -> LlamaForCausalLM:
    """About 100 million parameters, two thirds of them the embedding."""
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, hidden_size=512, intermediate_size=1536, num_hidden_layers=10,
                                        num_attention_heads=8, num_key_value_heads=8, tie_word_embeddings=True)).eval()


def outputs(corpus: Path, encode: Callable[[str], list[int]], steps: int) -> list[tuple[Any, list[int]]]:
    """Schemas with the tokens of a valid instance, until there are enough steps."""
    found: list[tuple[Any, list[int]]] = []
    for line in corpus.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        valid = [test["data"] for test in row.get("tests", ()) if test["valid"]]
        if valid and sum(len(ids) for _, ids in found) < steps:
            schema = row.get("json_schema", row.get("schema"))
            found.append((schema, encode(json.dumps(valid[0], ensure_ascii=False))[:256]))
    return found


def applier(name: str) -> Callable[[torch.Tensor, Any], None]:
    """The function with which this engine's users apply a mask to CPU logits."""
    if name == "llguidance":
        from llguidance.torch import apply_token_bitmask_inplace

        return lambda logits, row: apply_token_bitmask_inplace(logits, torch.from_numpy(row).unsqueeze(0))
    if name == "xgrammar":
        from xgrammar import apply_token_bitmask_inplace as apply

        return lambda logits, row: apply(logits, torch.from_numpy(row).unsqueeze(0))
    return lambda logits, row: apply_mask(logits, torch.from_numpy(row).unsqueeze(0))


def measure(name: str, engine: Engine, model: Any, works: list[tuple[Any, list[int]]]) -> tuple[list[float], list[float]]:
    """Seconds of the mask work and of the forward pass of each step."""
    apply = applier(name)
    masks: list[float] = []
    passes: list[float] = []
    for schema, ids in works:
        try:
            engine.compile(schema)
        except Exception as error:  # every engine refuses what it does not know in its own way
            print(f"# {name} refuses a schema: {str(error).splitlines()[0]}")
            continue
        engine.reset()
        cache = None
        for token in ids:
            began = time.perf_counter()
            with torch.inference_mode():
                out = model(input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            logits = out.logits[:, -1].clone()
            read = time.perf_counter()
            engine.fill()
            apply(logits, engine.row)
            if not engine.take(token):
                break
            masks.append(time.perf_counter() - read)
            passes.append(read - began)
    return masks, passes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=HERE / "corpus" / "small.jsonl")
    parser.add_argument("--engines", nargs="+", default=["structgen"], choices=sorted(ENGINES))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    tokens = tekken()
    model = model_of(len(tokens.texts))
    works = outputs(args.corpus, tokens.encode, args.steps)
    size = sum(weight.numel() for weight in model.parameters())
    print(f"{size / 1e6:.0f} M parameters, {len(tokens.texts)} tokens, {len(works)} outputs, {args.threads} threads\n")
    print("| engine | steps | forward, mean ms | mask work, mean us | p50 us | p99 us | share of means | of medians |")
    print("|---|---|---|---|---|---|---|---|")
    for name in args.engines:
        masks, passes = measure(name, ENGINES[name](tokens), model, works)
        mean, forward = statistics.mean(masks), statistics.mean(passes)
        worst = sorted(masks)[int(0.99 * (len(masks) - 1))]
        shown = [mean, statistics.median(masks), worst]
        figures = f"{forward * 1e3:.1f} | {' | '.join(f'{one * 1e6:.0f}' for one in shown)} | {mean / forward:.3%}"
        figures += f" | {statistics.median(masks) / statistics.median(passes):.3%}"
        print(f"| {name} | {len(masks)} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
