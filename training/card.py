"""The model card: what the model is, what it does how often, what it cannot do. Its figures are those measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from training.wordings import SPLITS

FIGURES, MADE, CARD = "evaluation.json", "training.json", "README.md"
ASKED = {
    "recall": "a fact, 0 to 8 exchanges later",
    "latest": "a fact that was told again: the latest value",
    "both": "two facts in one question",
    "previous": 'the last message ("What have I just asked you?")',
    "not_told": 'a fact that was not told: "You have not told me."',
}


def share(count: Mapping[str, int]) -> str:
    """`97.8 % (264 of 270)`."""
    return f"{100 * count['right'] / count['of']:.1f} % ({count['right']} of {count['of']})"


def figures(found: Mapping[str, Any]) -> list[str]:
    """The table of figures: a column for the wordings of the training, and one for others."""
    sides = [found[split] for split in SPLITS]

    def row(name: str, counts: Iterable[Mapping[str, int]], mark: str = "") -> str:
        return f"| {mark}{name}{mark} | " + " | ".join(f"{mark}{share(count)}{mark}" for count in counts) + " |"

    return [
        "| asked for | right, in trained wordings | in wordings, attributes and items held out |",
        "|---|---|---|",
        *(row(ASKED[kind], (side["kinds"][kind] for side in sides)) for kind in sides[0]["kinds"]),
        row("all facts, with the history", (side["facts"] for side in sides), "**"),
        row("all facts, without the history", (side["leaked"] for side in sides)),
        row('the same: the reply says "You have not told me."', (side["denied"] for side in sides)),
        *(
            row(f"fact, question {number} exchanges later", (side["between"][number] for side in sides))
            for number in sides[0]["between"]
        ),
    ]


def write(folder: Path) -> None:
    """Write the card from the measured figures in the folder."""
    found = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
    made = json.loads((folder / MADE).read_text(encoding="utf-8"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / CARD).write_text(_text(found, made, config), encoding="utf-8")


def _text(found: Mapping[str, Any], made: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    named = {
        "table": "\n".join(figures(found)),
        "dialogues": f"{found['train']['dialogues']:,}",
        "evaluation_seed": found["train"]["seed"],
        "parameters": f"{made['parameters']:,}",
        "steps": f"{made['steps']:,}",
        "tokens": f"{made['tokens'] / 1e6:.1f}",
        "minutes": round(made["processor_minutes"]),
        "longest": f"{made['longest']:,}",
        "runs": "; ".join(made["runs"]),
        "seed": made["seed"],
        "theta": f"{config['rope_theta']:,.0f}",
    }
    return _CARD.format(**named, **config)


_CARD = """\
# Recall

A language model that does one thing: it says back what it was told earlier in a conversation, with values that it has
never seen, and says "You have not told me" where it was not told. It is small enough to be kept beside the code and
to be served on any processor, so that a server's memory can be tested on a real engine.

Llama architecture, {parameters} parameters ({num_hidden_layers} layers, hidden size {hidden_size},
{num_attention_heads} heads of {head_dim}, feed-forward {intermediate_size}, tied embeddings, RoPE theta {theta}),
float32; byte-level BPE of {vocab_size} pieces, digits one by one; ChatML.

## Measured

Twice {dialogues} dialogues (seed {evaluation_seed}) with values that the training never saw, once in its wordings, once
in wordings, attributes and items that were held out, too; greedy decoding, the model's own replies in between. A reply
is right where it holds every value whole, and no other that was told elsewhere, the old one included.

{table}

## Made

From nothing, by `python -m training.train --out FOLDER --seed {seed}`:
{steps} steps, {tokens}
million tokens of synthetic dialogues, {minutes} minutes of processor time, Muon for the matrices and AdamW for the
rest, loss on the replies alone. The weights begin random but for heads that copy, which are laid in (`beginning.py`).
Runs: {runs} (each goes on from the one before, with `--start`).

No text of anybody was used. `wordings.toml` shares no three words in a row with the probes of
`fixtures/conversations`: a model tuned to the probes would prove nothing.

## What it cannot do

It knows nothing of the world, follows no other instructions, reasons about nothing and speaks English only. Other
questions get "I know only what you told me." or "You have not told me". Dialogues of up to {longest} tokens were
trained on; more is admitted (`max_position_embeddings`) and was not measured. Use greedy decoding (temperature 0).

Licence: Apache-2.0, as the project.
"""
