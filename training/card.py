"""The model card: architecture, measured accuracy, training and limitations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from training.wordings import SPLITS

FIGURES, MADE, CARD = "evaluation.json", "training.json", "README.md"
ASKED = {
    "recall": "a fact, 0 to 8 exchanges later",
    "latest": "a fact that was changed: the latest value",
    "both": "two facts in one question",
    "previous": 'the last message ("What have I just asked you?")',
    "not_told": 'an unknown fact: "You have not told me."',
}


def share(count: Mapping[str, int]) -> str:
    """`97.8 % (264 of 270)`."""
    return f"{100 * count['right'] / count['of']:.1f} % ({count['right']} of {count['of']})"


def figures(found: Mapping[str, Any]) -> list[str]:
    """The accuracy table: one column for trained wordings, one for held-out wordings."""
    sides = [found[split] for split in SPLITS]

    def row(name: str, counts: Iterable[Mapping[str, int]], mark: str = "") -> str:
        return f"| {mark}{name}{mark} | " + " | ".join(f"{mark}{share(count)}{mark}" for count in counts) + " |"

    return [
        "| question | correct, trained wordings | correct, held-out wordings, attributes and items |",
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

A language model that does one thing: it recalls facts from earlier in a conversation, also with values that the
training never saw, and answers "You have not told me" if a fact was not given. It is small enough to be stored in the
repository and to run on any CPU. Use it to test sessions on a real engine.

Llama architecture, {parameters} parameters ({num_hidden_layers} layers, hidden size {hidden_size},
{num_attention_heads} heads of {head_dim}, feed-forward {intermediate_size}, tied embeddings, RoPE theta {theta}),
float32; byte-level BPE of {vocab_size} pieces, digits one by one; ChatML.

## Evaluation

Two sets of {dialogues} dialogues (seed {evaluation_seed}). The training saw none of their values. The first set uses
trained wordings; the second uses held-out wordings, attributes and items. Decoding is greedy, and the history contains
the model's own replies. A reply is correct if it contains every expected value in full and no other value of the
dialogue, outdated values included.

{table}

## Training

From scratch, by `python -m training.train --out FOLDER --seed {seed}`:
{steps} steps, {tokens}
million tokens of synthetic dialogues, {minutes} minutes of CPU time. The optimizers are Muon for the matrices and AdamW
for the rest; the loss covers reply tokens only. Initial weights are random, except for copying heads (`beginning.py`).
Runs: {runs} (each continues the one before, with `--start`).

All training text is generated; no third-party text is used. `wordings.toml` shares no sequence of three words with the
probes in `fixtures/conversations`: a model tuned to the probes would prove nothing.

## Limitations

The model has no world knowledge, follows no other instructions, does not reason and uses English only. It answers other
questions with "I know only what you told me." or "You have not told me". Training dialogues have at most {longest}
tokens; longer input is accepted (`max_position_embeddings`) but was not evaluated. Use greedy decoding (temperature 0).

Licence: Apache-2.0, like the project.
"""
