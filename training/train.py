"""Train the recall model: `python -m training.train --out FOLDER`.

Muon optimizes the matrices, AdamW the embedding and the norms; the loss covers reply tokens only. Ctrl-C saves the
current model.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import tokenizers
import torch
from torch.nn import functional

from training.batches import LONGEST, batches
from training.beginning import begin
from training.card import MADE
from training.evaluation import watched_dialogues
from training.exactness import last_replies
from training.export import export, restore
from training.model import Llama, Shape
from training.pace import Made, Pace, rate
from training.vocabulary import learn, load
from training.workers import average, started

RATE, ADAM_SHARE = 0.02, 0.3
"""The peak learning rate of Muon, and AdamW's share of it."""
_SHOW_S = 20.0
_KEEP_S = 180.0


def optimizers(model: Llama, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest."""
    matrices = [each for each in model.model.layers.parameters() if each.ndim == 2]
    chosen = {id(each) for each in matrices}
    rest = [each for each in model.parameters() if id(each) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.0, momentum=0.95),
        torch.optim.AdamW(rest, lr=rate * ADAM_SHARE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def fresh(seed: int) -> tuple[Llama, tokenizers.Tokenizer, Made]:
    """An untrained model."""
    torch.manual_seed(seed)
    tokenizer = learn(seed)
    model = Llama(Shape(vocabulary=tokenizer.get_vocab_size()))
    begin(model, seed)
    return model, tokenizer, Made(seed, sum(each.numel() for each in model.parameters()), LONGEST)


def resumed(folder: Path) -> tuple[Llama, tokenizers.Tokenizer, Made]:
    """Load the model of a folder, to continue its training."""
    made = Made(**json.loads((folder / MADE).read_text(encoding="utf-8")))
    return restore(folder), load(folder), made


def work(
    number: int, seed: int, workers: int, steps: int, seconds: float, peak: float, out: Path, start: Path | None
) -> None:
    """Train as worker `number`. The first one saves the model every few minutes, at the end, and when interrupted."""
    model, tokenizer, made = resumed(start) if start else fresh(seed)
    kept = out if number == 0 else None
    chance = random.Random(f"training {seed} {number} {made.steps}")  # noqa: S311  repeatable, guards no secret
    try:
        _train(model, tokenizer, made, chance, workers, Pace(steps, seconds, mastery=made.course), peak, kept)
    except KeyboardInterrupt:
        if number:
            raise
        _show("interrupted: the current model is saved")
    if kept:
        _keep(model, tokenizer, made, kept)
        _show(f"written to {kept}")


def _train(
    model: Llama,
    tokenizer: tokenizers.Tokenizer,
    made: Made,
    chance: random.Random,
    workers: int,
    pace: Pace,
    peak: float,
    kept: Path | None,
) -> None:
    moving = optimizers(model, peak)
    full = [group["lr"] for optimizer in moving for group in optimizer.param_groups]
    parameters = list(model.parameters())
    before, watched = replace(made), watched_dialogues()
    # Where the processor multiplies bfloat16 itself, that is twice as fast.
    half = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    started_at = shown = looked = time.monotonic()
    for ids, targets in batches(tokenizer, chance, lambda: pace.mastery):
        for group, lr in zip((group for optimizer in moving for group in optimizer.param_groups), full, strict=True):
            group["lr"] = lr * rate(pace.progress)
        wanted = targets.flatten() != -100
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = model.logits(model(ids).flatten(0, 1)[wanted])
        loss = functional.cross_entropy(logits.float(), targets.flatten()[wanted])
        torch.autograd.backward(loss)
        made.steps += 1
        spent = time.monotonic() - started_at
        progress = max((made.steps - before.steps) / pace.steps, spent / pace.seconds)
        *went, tokens, minutes = average(parameters, progress, loss.item(), ids.numel(), time.process_time() / 60)
        pace.went(*went)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in moving:
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
        made.tokens += round(workers * tokens)
        made.processor_minutes = round(before.processor_minutes + workers * minutes, 1)
        made.course = round(pace.mastery, 3)
        made.runs = [*before.runs, f"{made.steps - before.steps:,} steps at a rate of {peak:g}"]
        now = time.monotonic()
        if kept and now - shown > _SHOW_S:
            shown = now
            _show(
                f"step {made.steps}, {made.tokens / 1e6:.2f} M tokens, loss {pace.loss:.3f}, "
                f"course {pace.mastery:.0%}, "
                f"{made.processor_minutes:.1f} min of processor time, "
                f"{spent / 60 * (1 / pace.progress - 1):.0f} min left"
            )
        if kept and now - looked > _KEEP_S:
            looked = now
            _show("held-out values: " + said(last_replies(model, tokenizer, watched)))
            _keep(model, tokenizer, made, kept)
        if pace.progress >= 1.0:
            return


def said(counts: Mapping[str, tuple[int, int]]) -> str:
    """`recall 29/30, latest 30/30`."""
    return ", ".join(f"{kind} {right}/{total}" for kind, (right, total) in counts.items())


def _keep(model: Llama, tokenizer: tokenizers.Tokenizer, made: Made, out: Path) -> None:
    export(model, tokenizer, out)
    (out / MADE).write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the model's folder; an existing one is replaced")
    parser.add_argument("--start", type=Path, help="the folder of a model whose training to continue")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=55.0, help="the time limit")
    parser.add_argument("--steps", type=int, default=6000, help="the number of steps, if time allows")
    parser.add_argument("--rate", type=float, default=RATE, help="the peak learning rate of Muon")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    given = parser.parse_args(arguments)
    task = partial(
        work,
        seed=given.seed,
        workers=given.workers,
        steps=given.steps,
        seconds=60 * given.minutes,
        peak=given.rate,
        out=given.out,
        start=given.start,
    )
    with started(given.workers, task):
        task(0)
    return 0


def _show(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
