"""Makes the embedded model: its data, its tokenizer, its weights.

In: a seed and a budget of minutes. Out: a folder that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer` load,
and checkpoints and a log in the work folder. The ideas: (1) the tokenizer never glues a space to a word that may be a
value, nor two digits, so a name has the same tokens in the text and in the answer and copying is copying tokens;
(2) the loss is on the answers, and on a few tokens of the prompts; (3) matrices are trained by Muon, the rest by
AdamW, at a constant rate that falls to nothing over the last part of the budget. The budget counts computing
time only: a step that took far longer than usual was paused and counts as a usual one.

    python benchmarks/embedded/train.py --minutes 80 --threads 2        # into build/embedded
    python benchmarks/embedded/train.py --resume --minutes 90            # goes on, to 90 minutes in all
    python benchmarks/embedded/train.py --start structgen/models/embedded --mix sql=6 tools=6 …   # more of these tasks
    python benchmarks/embedded/train.py --export structgen/models/embedded   # the last checkpoint, as a model folder
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
from evaluate import accuracy

SPECIAL = ["<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"]
PAD, END = 0, 3
CHAT_TEMPLATE = (
    "{%- set ns = namespace(system='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = message['content'] + '\n\n' -%}"
    "{%- elif message['role'] == 'user' -%}{{ '<|user|>\n' + ns.system + message['content'] }}"
    "{%- set ns.system = '' -%}"
    "{%- else -%}{{ '<|assistant|>\n' + message['content'] + '<|end|>' }}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%}"
)

# A space joins only words that no value begins with; other words, digits and the rest stand alone.
_JOINED = "the|of|and|a|an|in|on|at|for|to|from|with|by|is|was|are|or|has|had|who|she|he|it|that|this|as|its|my|when"
_SPLIT = (
    r"Answer with JSON of the type |Answer with one of: |\nExample: "
    rf"| (?:{_JOINED})(?!\p{{L}})|\p{{L}}+|\p{{N}}|[^\p{{L}}\p{{N}}]+"
)


def train_tokenizer(path: Path, seed: int, size: int, examples: int = 40_000) -> Tokenizer:
    """Byte-level BPE over the made texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )

    def texts() -> Iterator[str]:
        rng = random.Random(seed)
        for _ in range(examples):
            prompt, answer = data.render(data.make(rng))
            for special in SPECIAL:
                prompt, answer = prompt.replace(special, ""), answer.replace(special, "")
            yield prompt.strip("\n")
            yield answer

    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.save(str(path))
    return tokenizer


Sequence_ = tuple[list[int], int]
Body = Callable[[torch.Tensor], torch.Tensor]


def encode(
    tokenizer: Tokenizer, rng: random.Random, count: int, copies: float = 0.0, persons: float = 0.0
) -> list[Sequence_]:
    """Fresh examples as tokens, each with the length of its prompt. Prompt and answer are encoded apart, as in use."""
    pairs = [
        data.render(
            data.make(
                rng,
                only=rng.choices(("copy", "person", None), (copies, (1 - copies) * persons, (1 - copies) * (1 - persons)))[
                    0
                ],
            )
        )
        for _ in range(count)
    ]
    prompts = tokenizer.encode_batch_fast([prompt for prompt, _ in pairs])
    answers = tokenizer.encode_batch_fast([answer for _, answer in pairs])
    return [(one.ids + two.ids, len(one.ids)) for one, two in zip(prompts, answers, strict=True)]


def batches(tokenizer: Tokenizer, rng: random.Random, args: argparse.Namespace, step: int) -> Iterator[list[Sequence_]]:
    """Batches of about equal length without end; the first ones hold mostly texts to copy."""
    tokens, longest = args.tokens, args.longest
    while True:
        copies = 0.7 * max(0.0, 1 - step / args.copy_steps) if args.copy_steps else 0.0
        pool = sorted(
            (one for one in encode(tokenizer, rng, 512, copies, args.persons) if len(one[0]) <= longest),
            key=lambda one: len(one[0]),
        )
        cut: list[list[Sequence_]] = [[]]
        for one in pool:
            if (len(cut[-1]) + 1) * len(one[0]) > tokens:
                cut.append([])
            cut[-1].append(one)
        rng.shuffle(cut)
        step += len(cut)
        yield from cut


def loss_of(
    model: LlamaForCausalLM, body: Body, batch: list[Sequence_], prompt_weight: float, half: bool = False
) -> torch.Tensor:
    """Cross entropy over the answers, plus a little of a sample of the prompts."""
    width = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), width), PAD)
    weights = torch.zeros(len(batch), width)
    for row, (one, start) in enumerate(batch):
        ids[row, : len(one)] = torch.tensor(one)
        weights[row, start - 1 : len(one) - 1] = 1.0
        weights[row, 12 : start - 1 : 6] = prompt_weight
    chosen = weights[:, :-1] > 0
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        hidden = body(ids)[:, :-1]
        logits = model.lm_head(hidden[chosen])
    losses = functional.cross_entropy(logits.float(), ids[:, 1:][chosen], reduction="none")
    kept = weights[:, :-1][chosen]
    return (losses * kept).sum() / kept.sum()


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix steps are made orthogonal (Newton-Schulz), same-shaped matrices in one batch."""

    def __init__(self, params: list[torch.nn.Parameter], lr: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": 0.95, "decay": 0.01})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[torch.nn.Parameter]] = {}
            for param in group["params"]:
                shapes.setdefault(tuple(param.shape), []).append(param)
            for params in shapes.values():
                updates = []
                for param in params:
                    state = self.state[param]
                    if "momentum" not in state:
                        state["momentum"] = torch.zeros_like(param)
                    state["momentum"].lerp_(param.grad, 1 - group["momentum"])
                    updates.append(param.grad.lerp(state["momentum"], group["momentum"]))
                made = orthogonal(torch.stack(updates))
                scale = max(1.0, made.shape[-2] / made.shape[-1]) ** 0.5
                for param, update in zip(params, made, strict=True):
                    param.mul_(1 - group["lr"] * group["decay"]).add_(update, alpha=-group["lr"] * scale)


def orthogonal(stack: torch.Tensor) -> torch.Tensor:
    """Each matrix of the stack with its singular values near 1."""
    tall = stack.shape[-2] > stack.shape[-1]
    x = stack.mT if tall else stack
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x.mT if tall else x).float()


def build(args: argparse.Namespace, vocabulary: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=args.width,
        intermediate_size=args.inner,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
        num_key_value_heads=args.heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=PAD,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        attn_implementation="eager",
    )
    return LlamaForCausalLM(config)


def begin_with(model: LlamaForCausalLM, trained: LlamaForCausalLM) -> None:
    """Takes over the weights of a model that may have fewer layers: further ones begin as layers that change nothing.

    They are put in from the end, each before a layer that was there, so that the first and the last stay where they are.
    """
    more = model.config.num_hidden_layers - trained.config.num_hidden_layers
    order: list[int | None] = []
    for index in range(trained.config.num_hidden_layers):
        order += ([None] if trained.config.num_hidden_layers - index <= more else []) + [index]
    state = {name: value for name, value in trained.state_dict().items() if ".layers." not in name}
    model.load_state_dict(state, strict=False)
    for layer, index in zip(model.model.layers, order, strict=True):
        if index is not None:
            layer.load_state_dict(trained.model.layers[index].state_dict())
        else:
            torch.nn.init.zeros_(layer.self_attn.o_proj.weight)
            torch.nn.init.zeros_(layer.mlp.down_proj.weight)


def optimizers(model: LlamaForCausalLM, args: argparse.Namespace) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "lm_head" not in n]
    names = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in names]
    adam = torch.optim.AdamW(rest, lr=args.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    if args.optimizer == "muon":
        return [Muon(matrices, args.muon_rate), adam]
    return [torch.optim.AdamW([*rest, *matrices], lr=args.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]


def rate_at(spent: float, steps: int, args: argparse.Namespace) -> float:
    """The share of the full rate: warm-up by steps, constant, then down over the last part of the budget."""
    left = 1 - spent / (60 * args.minutes)
    return min(1.0, (steps + 1) / 100, max(0.0, left / args.decay))


def save(path: Path, model: LlamaForCausalLM, optims: list[torch.optim.Optimizer], meta: dict[str, Any]) -> None:
    state = {"model": model.state_dict(), "optimizers": [one.state_dict() for one in optims], "meta": meta}
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def export(folder: Path, model: LlamaForCausalLM, tokenizer: Tokenizer) -> None:
    """The model folder: half-precision weights, the tokenizer and its chat template."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.dtype = torch.float16
    model.generation_config.update(eos_token_id=END, pad_token_id=PAD, do_sample=False, max_new_tokens=200)
    model.half().save_pretrained(folder)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        model_max_length=1024,
        additional_special_tokens=["<|user|>", "<|assistant|>"],
        clean_up_tokenization_spaces=False,
    )
    wrapped.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "chat_template": CHAT_TEMPLATE}, indent=2) + "\n")


def train(args: argparse.Namespace) -> None:
    work: Path = args.work_dir
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    tokenizer_path, checkpoint = work / "tokenizer.json", work / "checkpoint.pt"
    if args.start:
        tokenizer_path.write_bytes((args.start / "tokenizer.json").read_bytes())
    if tokenizer_path.exists() and (args.resume or args.export or args.start):
        tokenizer = Tokenizer.from_file(str(tokenizer_path))
    else:
        tokenizer = train_tokenizer(tokenizer_path, args.seed, args.vocabulary)
    torch.manual_seed(args.seed)
    meta: dict[str, Any] = {"steps": 0, "spent": 0.0, "tokens": 0}
    state = torch.load(checkpoint) if (args.resume or args.export) and checkpoint.exists() else None
    if state is not None:
        meta = state["meta"]
        for key in ("width", "inner", "layers", "heads"):
            setattr(args, key, meta[key])
    meta |= {key: getattr(args, key) for key in ("width", "inner", "layers", "heads")}
    model = build(args, tokenizer.get_vocab_size())
    optims = optimizers(model, args)
    if state is not None:
        model.load_state_dict(state["model"])
        for one, saved in zip(optims, state["optimizers"], strict=True):
            one.load_state_dict(saved)
    elif args.start:
        begin_with(model, LlamaForCausalLM.from_pretrained(args.start, dtype=torch.float32))
    if args.export:
        export(args.export, model, tokenizer)
        return
    run(args, model, optims, tokenizer, meta)


def run(
    args: argparse.Namespace,
    model: LlamaForCausalLM,
    optims: list[torch.optim.Optimizer],
    tokenizer: Tokenizer,
    meta: dict[str, Any],
) -> None:
    """The loop, to the end of the budget."""
    log = (args.work_dir / "log.txt").open("a", buffering=1)
    size = sum(p.numel() for p in model.parameters())

    def say(text: str) -> None:
        print(text, flush=True)
        log.write(text + "\n")

    say(f"# {size / 1e6:.2f} M parameters, from step {meta['steps']}, {meta['spent'] / 60:.1f} of {args.minutes} min")
    rng = random.Random(args.seed + 1 + meta["steps"])
    rates = [(args.muon_rate if isinstance(one, Muon) else args.rate) for one in optims]
    usual, mean, saved, tested, start, start_tokens = (
        1.0,
        None,
        meta["spent"],
        meta["spent"],
        meta["spent"],
        meta["tokens"],
    )
    model.train()

    def plain(ids: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = model.model(input_ids=ids, use_cache=False).last_hidden_state
        return hidden

    body: Body = torch.compile(plain, dynamic=True) if args.compile else plain
    for batch in batches(tokenizer, rng, args, meta["steps"]):
        began = time.monotonic()
        share = rate_at(meta["spent"], meta["steps"], args)
        for one, rate in zip(optims, rates, strict=True):
            one.param_groups[0]["lr"] = rate * share
        loss = loss_of(model, body, batch, args.prompt_weight, args.bf16)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for one in optims:
            one.step()
            one.zero_grad(set_to_none=True)
        took = time.monotonic() - began
        usual = 0.95 * usual + 0.05 * min(took, 3 * usual)
        meta["spent"] += min(took, 3 * usual)
        meta["steps"] += 1
        meta["tokens"] += sum(len(ids) for ids, _ in batch)
        value = loss.item()
        if not math.isfinite(value):
            raise SystemExit("the loss is no number any more; go on from the last checkpoint with a lower --rate")
        mean = value if mean is None else 0.96 * mean + 0.04 * value
        over = meta["spent"] >= 60 * args.minutes
        if meta["steps"] % 50 == 0:
            speed = (meta["tokens"] - start_tokens) / (meta["spent"] - start)
            spent = f"{time.strftime('%H:%M:%S')} step {meta['steps']} {meta['spent'] / 60:.1f} min"
            say(f"{spent} loss {mean:.4f} rate {share:.2f} {speed:.0f} tok/s")
        if over or meta["spent"] - saved > 90:
            saved = meta["spent"]
            save(args.work_dir / "checkpoint.pt", model, optims, meta)
        if over or meta["spent"] - tested > 60 * args.test_every:
            tested = meta["spent"]
            say(f"{time.strftime('%H:%M:%S')} {accuracy(model, tokenizer, 100, seed=7)}")
            model.train()
        if over:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=80.0, help="computing time in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--export", type=Path, help="write the last checkpoint as a model folder, and end")
    parser.add_argument("--work-dir", type=Path, default=Path("build/embedded"))
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--inner", type=int, default=640)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=5000, help="tokens in a batch")
    parser.add_argument("--longest", type=int, default=256, help="longer examples are left out")
    parser.add_argument("--compile", action="store_true", help="fused kernels: a minute to begin with, then a third faster")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16: faster where the CPU has it")
    parser.add_argument(
        "--start",
        type=Path,
        help="begin with the weights and the tokenizer of this model folder, of as many --layers or fewer",
    )
    parser.add_argument("--persons", type=float, default=0.0, help="the share of additional persons in the mix")
    parser.add_argument("--copy-steps", type=int, default=1000, help="steps over which mere copying fades out")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--rate", type=float, default=2e-3, help="of AdamW")
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--decay", type=float, default=0.3, help="the share of the budget over which the rate falls")
    parser.add_argument("--prompt-weight", type=float, default=0.1)
    parser.add_argument("--test-every", type=float, default=5.0, help="minutes between small evaluations")
    parser.add_argument(
        "--mix", nargs="+", default=[], metavar="TASK=WEIGHT", help="other weights of tasks: sql=6 tools=6; 0 leaves one out"
    )
    args = parser.parse_args()
    data.weigh({name: float(weight or "nan") for name, _, weight in (one.partition("=") for one in args.mix)})
    train(args)


if __name__ == "__main__":
    main()
