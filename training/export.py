"""Saves the model as a folder that vLLM and Hugging Face's transformers load."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import tokenizers
import torch
from safetensors.torch import load_file, save_file

from training.model import Llama, Shape
from training.vocabulary import CHAT_TEMPLATE, END, END_ID, PAD, PAD_ID, START

SUMS = "model.sha256"
"""The checksum file for `sha256sum -c`."""


def export(model: Llama, tokenizer: tokenizers.Tokenizer, folder: Path) -> None:
    """Write weights (float32), configuration, tokenizer and their checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items()}
    # Written beside and moved, so that an interruption leaves a whole file.
    part = folder / "model.safetensors.part"
    save_file(tensors, part, metadata={"format": "pt"})
    part.chmod(0o644)
    part.replace(folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    written = configurations(model.shape)
    for name, content in written.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    names = ("model.safetensors", "tokenizer.json", *written)
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def restore(folder: Path) -> Llama:
    """Load the model of a folder."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = Llama(
        Shape(
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            head_size=config["head_dim"],
            feed_forward=config["intermediate_size"],
            rope_theta=config["rope_theta"],
            norm_epsilon=config["rms_norm_eps"],
            context=config["max_position_embeddings"],
        )
    )
    model.load_state_dict(
        {name: tensor.to(torch.float32) for name, tensor in load_file(folder / "model.safetensors").items()}
    )
    return model


def configurations(shape: Shape) -> dict[str, dict[str, Any]]:
    """The JSON files beside the weights, by name."""
    return {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.heads,
            "head_dim": shape.head_size,
            "hidden_act": "silu",
            "max_position_embeddings": shape.context,
            "rms_norm_eps": shape.norm_epsilon,
            "rope_theta": shape.rope_theta,
            "rope_scaling": None,
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": END_ID,
            "pad_token_id": PAD_ID,
            "torch_dtype": "float32",
            "use_cache": True,
        },
        "generation_config.json": {"eos_token_id": END_ID, "pad_token_id": PAD_ID, "do_sample": False},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": None,
            "eos_token": END,
            "pad_token": PAD,
            "unk_token": None,
            "additional_special_tokens": [START],
            "add_bos_token": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": shape.context,
            "chat_template": CHAT_TEMPLATE,
        },
    }
