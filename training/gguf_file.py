"""Exports the weights as one GGUF file for llama.cpp: `python -m training.gguf_file MODEL FILE`.

Needs numpy, safetensors and gguf, but no torch.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file

NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""A layer's tensors: in the folder, in the file."""
PRE_TOKENIZER = "smollm"
"""llama.cpp's name for the pre-tokenizer: single digits, otherwise as GPT-2."""


class NotARecallModel(Exception):
    """The folder holds no model that can be written as GGUF."""


def write(folder: Path, file: Path) -> None:
    """Write `file` from the model in `folder`: float32, tokenizer and chat template included."""
    config, tokenizer, described = (
        _json(folder / name) for name in ("config.json", "tokenizer.json", "tokenizer_config.json")
    )
    if config.get("architectures") != ["LlamaForCausalLM"]:
        raise NotARecallModel(f"{folder}: config.json is for {config.get('architectures')}, not for LlamaForCausalLM")
    try:
        tensors = load_file(folder / "model.safetensors")
    except Exception as error:  # safetensors has no exception that it would promise
        raise NotARecallModel(f"{folder / 'model.safetensors'} cannot be read: {error}") from error
    writer = gguf.GGUFWriter(file, "llama")
    _describe(writer, config)
    _add_tokenizer(writer, config, tokenizer, described["chat_template"])
    for name, tensor in tensors.items():
        writer.add_tensor(*_named(name, tensor.astype(np.float32), config["num_attention_heads"]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_name("recall")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_tokenizer(
    writer: gguf.GGUFWriter, config: dict[str, Any], tokenizer: dict[str, Any], chat_template: str
) -> None:
    ids = tokenizer["model"]["vocab"]
    special = {token["content"] for token in tokenizer["added_tokens"]}
    pieces = sorted(ids, key=lambda piece: int(ids[piece]))
    kinds = [gguf.TokenType.CONTROL if piece in special else gguf.TokenType.NORMAL for piece in pieces]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(chat_template)


def _named(name: str, tensor: np.ndarray[Any, np.dtype[np.float32]], heads: int) -> tuple[str, Any]:
    """A tensor by llama.cpp's name. Rows are permuted because llama.cpp rotates adjacent pairs, not halves."""
    if name == "model.embed_tokens.weight":
        return "token_embd.weight", tensor
    if name == "model.norm.weight":
        return "output_norm.weight", tensor
    _, _, layer, part = name.removesuffix(".weight").split(".", 3)
    if part in ("self_attn.q_proj", "self_attn.k_proj"):
        rows, columns = tensor.shape
        tensor = tensor.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()
    return f"blk.{layer}.{NAMES[part]}.weight", tensor


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotARecallModel(f"{path} cannot be read: {error}") from error
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m training.gguf_file", description=__doc__)
    parser.add_argument("model", type=Path, help="the folder with config.json and model.safetensors")
    parser.add_argument("file", type=Path, help="the GGUF file to write")
    given = parser.parse_args(arguments)
    try:
        write(given.model, given.file)
    except (NotARecallModel, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
