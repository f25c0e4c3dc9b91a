"""The GGUF file holds the same weights and tokens as the folder that it was made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

gguf = pytest.importorskip("gguf")
numbers = pytest.importorskip("safetensors.numpy")

from training.gguf_file import NAMES, main  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/models/recall"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gguf") / "recall.gguf"
    assert main([str(FOLDER), str(made)]) == 0
    return made


def test_every_tensor_is_there_with_the_same_numbers(file: Path) -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    tensors = numbers.load_file(FOLDER / "model.safetensors")
    written = {tensor.name: np.array(tensor.data) for tensor in gguf.GGUFReader(file).tensors}
    assert len(written) == len(tensors)
    assert np.array_equal(written["token_embd.weight"], tensors["model.embed_tokens.weight"])
    size = config["head_dim"]
    for layer in range(config["num_hidden_layers"]):
        for ours, theirs in NAMES.items():
            before = tensors[f"model.layers.{layer}.{ours}.weight"]
            after = written[f"blk.{layer}.{theirs}.weight"]
            if theirs in ("attn_q", "attn_k"):
                # A pair of halves becomes a pair of neighbours.
                heads = before.reshape(-1, size, before.shape[1])
                turned = after.reshape(-1, size, before.shape[1])
                assert np.array_equal(turned[:, 0::2], heads[:, : size // 2])
                assert np.array_equal(turned[:, 1::2], heads[:, size // 2 :])
            else:
                assert np.array_equal(after, before), theirs


def test_tokens_end_of_turn_and_chat_template_are_those_of_the_folder(file: Path) -> None:
    fields = gguf.GGUFReader(file).fields
    ids = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    described = json.loads((FOLDER / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert fields["tokenizer.ggml.tokens"].contents() == sorted(ids, key=ids.get)
    assert fields["tokenizer.ggml.eos_token_id"].contents() == ids["<|im_end|>"]
    assert fields["tokenizer.chat_template"].contents() == described["chat_template"]


def test_a_folder_without_a_model_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "x.gguf")]) == 3
    assert "config.json cannot be read" in capsys.readouterr().err


def test_torn_weights_are_said_to_be_torn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes((FOLDER / "model.safetensors").read_bytes()[:1000])
    assert main([str(tmp_path), str(tmp_path / "x.gguf")]) == 3
    assert "model.safetensors cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "x.gguf").exists()
