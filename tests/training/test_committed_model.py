"""The model that is kept beside the code is whole, small enough, and its card says what was measured."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import pytest

from training import card
from training.wordings import SPLITS

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/models/recall"
LARGEST = 5_000_000
WIDTH = {"F32": 4, "F16": 2, "BF16": 2}


def read(name: str) -> dict:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tensors() -> dict:
    """The head of the weights file: name to type, shape and place. The format is a length, JSON, and the numbers."""
    content = (FOLDER / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + length])
    head.pop("__metadata__", None)
    assert max(each["data_offsets"][1] for each in head.values()) == len(content) - 8 - length
    return head


def test_the_weights_are_small_enough_to_be_committed() -> None:
    assert (FOLDER / "model.safetensors").stat().st_size <= LARGEST


def test_the_weights_have_the_shapes_that_the_configuration_says(tensors: dict) -> None:
    config = read("config.json")
    hidden, inner = config["hidden_size"], config["num_attention_heads"] * config["head_dim"]
    wide = config["intermediate_size"]
    shapes = {
        "self_attn.q_proj": [inner, hidden],
        "self_attn.k_proj": [inner, hidden],
        "self_attn.v_proj": [inner, hidden],
        "self_attn.o_proj": [hidden, inner],
        "mlp.gate_proj": [wide, hidden],
        "mlp.up_proj": [wide, hidden],
        "mlp.down_proj": [hidden, wide],
        "input_layernorm": [hidden],
        "post_attention_layernorm": [hidden],
    }
    expected = {"model.embed_tokens.weight": [config["vocab_size"], hidden], "model.norm.weight": [hidden]}
    for layer in range(config["num_hidden_layers"]):
        expected |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in shapes.items()}
    assert {name: each["shape"] for name, each in tensors.items()} == expected
    for name, each in tensors.items():
        begin, end = each["data_offsets"]
        size = WIDTH[each["dtype"]]
        for side in each["shape"]:
            size *= side
        assert end - begin == size, name


def test_the_configuration_and_the_tokenizer_are_about_one_vocabulary() -> None:
    config, tokenizer, described = read("config.json"), read("tokenizer.json"), read("tokenizer_config.json")
    ids = tokenizer["model"]["vocab"]
    assert sorted(ids.values()) == list(range(config["vocab_size"]))
    assert ids[described["eos_token"]] == config["eos_token_id"] == read("generation_config.json")["eos_token_id"]
    assert ids[described["pad_token"]] == config["pad_token_id"]
    assert config["architectures"] == ["LlamaForCausalLM"]


def test_the_check_sums_are_those_of_the_files() -> None:
    lines = (FOLDER / "model.sha256").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"} <= set(sums)
    for name, digest in sums.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


def test_the_card_holds_the_figures_that_were_measured() -> None:
    text = (FOLDER / card.CARD).read_text(encoding="utf-8")
    found, made = read(card.FIGURES), read(card.MADE)
    assert min(found[split]["dialogues"] for split in SPLITS) >= 1000
    for line in card.figures(found):
        assert line in text
    assert f"{made['steps']:,} steps" in text
    assert made["parameters"] * 4 < LARGEST


@pytest.mark.parametrize("split", SPLITS)
def test_the_figures_agree_with_one_another(split: str) -> None:
    found = read(card.FIGURES)[split]
    assert sum(count["of"] for count in found["kinds"].values()) == found["dialogues"]
    facts = [found["kinds"][kind] for kind in ("recall", "latest", "both")]
    for key in ("right", "of"):
        assert sum(count[key] for count in facts) == found["facts"][key]
        assert sum(count[key] for count in found["between"].values()) == found["facts"][key]
    assert found["leaked"]["of"] == found["denied"]["of"] == found["facts"]["of"]


def test_the_model_does_what_it_is_for() -> None:
    found = read(card.FIGURES)

    def share(split: str, kind: str) -> float:
        count = found[split]["kinds"][kind]
        return float(count["right"] / count["of"])

    assert share("train", "recall") >= 0.95
    assert min(share("train", kind) for kind in ("not_told", "previous")) >= 0.95
    assert share("train", "latest") >= 0.9
    assert share("held_out", "recall") >= 0.9
    for split in SPLITS:
        assert found[split]["leaked"]["right"] <= 0.05 * found[split]["leaked"]["of"]
