"""A model's folder and an installed vLLM for tests: a tokenizer that is real, and the stand-in for the engine."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STAND_IN = Path(__file__).with_name("stand_in_vllm.py")
VERSION = "0.99.0+standin"


@dataclass(frozen=True)
class StandIn:
    """A model's folder, and the command that takes vLLM's place."""

    model: Path
    command: Path

    def behaves(self, **wrong: Any) -> None:
        (self.model / "behaviour.json").write_text(json.dumps(wrong), encoding="utf-8")

    @property
    def arguments(self) -> list[str]:
        return ["--engine=vllm", f"--model={self.model}"]

    @property
    def variables(self) -> dict[str, str]:
        """With a cache of its own, so that no test knows what another one found."""
        return {"HERMES_2_VLLM_COMMAND": str(self.command), "XDG_CACHE_HOME": str(self.command.parent / "cache")}

    @property
    def asked(self) -> Any:
        """The body of the last request that the engine got."""
        return json.loads((self.model / "asked.json").read_text(encoding="utf-8"))

    @property
    def starts(self) -> list[tuple[int, int]]:
        """The processes of each start: the first one, and the one below it."""
        file = self.model / "started.txt"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(int(first), int(second)) for first, second in map(str.split, lines)]

    @property
    def left(self) -> list[int]:
        """The processes of all starts that still run."""
        pids = [pid for start in self.starts for pid in start]
        return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def stand_in(folder: Path) -> StandIn:
    """Everything in this folder."""
    model, programs = folder / "model", folder / "bin"
    model.mkdir()
    programs.mkdir()
    make_model(model)
    (model / "reply.txt").write_text("Your boat is Marla.", encoding="utf-8")
    command = programs / "vllm"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n', encoding="utf-8")
    python = programs / "python"
    python.write_text(f"#!/bin/sh\necho {VERSION}\n", encoding="utf-8")
    for file in (command, python):
        file.chmod(0o755)
    return StandIn(model, command)


def make_model(folder: Path) -> None:
    """A tokenizer of bytes with two special tokens, a chat template, and a configuration; no weights."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the boat is called the boat", "user assistant system"], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    configuration = {"eos_token": "<|im_end|>", "bos_token": None, "chat_template": CHATML}
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration), encoding="utf-8")
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}', encoding="utf-8")
