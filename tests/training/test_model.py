"""The torch side of the recall model: what it computes, what is written of it, and the command that trains it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from training import exactness, export  # noqa: E402
from training.beginning import begin  # noqa: E402
from training.dialogues import ASKED, planted  # noqa: E402
from training.evaluation import evaluate, is_right  # noqa: E402
from training.generation import Talk  # noqa: E402
from training.model import Llama, Shape  # noqa: E402
from training.vocabulary import load  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/models/recall"
SMALL = Shape(vocabulary=50, hidden=16, layers=2, heads=2, head_size=8, feed_forward=24, context=64)


@pytest.fixture(scope="module")
def model() -> Llama:
    return export.restore(FOLDER)


def test_no_token_sees_a_later_one() -> None:
    torch.manual_seed(1)
    small, ids = Llama(SMALL), torch.randint(0, 50, (2, 20))
    other = ids.clone()
    other[:, 12:] = (other[:, 12:] + 1) % 50
    with torch.inference_mode():
        first, second = small(ids), small(other)
    assert torch.allclose(first[:, :12], second[:, :12], atol=1e-6)
    assert not torch.allclose(first[:, 12:], second[:, 12:], atol=1e-3)


def test_what_is_kept_of_the_past_changes_nothing() -> None:
    torch.manual_seed(2)
    small, ids = Llama(SMALL), torch.randint(0, 50, (1, 20))
    past: list = [[] for _ in range(SMALL.layers)]
    with torch.inference_mode():
        whole = small(ids)
        parts = torch.cat([small(ids[:, :7], past), small(ids[:, 7:8], past), small(ids[:, 8:], past)], 1)
    assert torch.allclose(whole, parts, atol=1e-5)


def test_before_any_training_much_of_a_random_sequence_that_comes_again_is_repeated() -> None:
    torch.manual_seed(6)
    fresh, once = Llama(Shape()), torch.randint(3, 1024, (8, 40))
    plain, twice = Llama(Shape()), torch.cat([once, once], 1)
    begin(fresh, seed=0)
    with torch.inference_mode():
        right, by_chance = ((each.logits(each(twice))[:, 40:-1].argmax(-1) == once[:, 1:]) for each in (fresh, plain))
    assert right.float().mean() > 0.3
    assert by_chance.float().mean() < 0.05


def test_a_written_model_is_the_model_that_is_read(tmp_path: Path) -> None:
    torch.manual_seed(3)
    small = Llama(SMALL)
    export.export(small, load(FOLDER), tmp_path)
    again, ids = export.restore(tmp_path), torch.randint(0, 50, (1, 9))
    assert again.shape == SMALL
    with torch.inference_mode():
        assert torch.equal(small(ids), again(ids))
    assert not list(tmp_path.glob("*.part"))


def test_it_says_a_fact_back_and_does_not_know_it_without(model: Llama) -> None:
    tokenizer = load(FOLDER)
    talk = Talk(model, tokenizer)
    talk.say("The colour of the boat is QX-4471.")
    talk.say("How are you?")
    assert "QX-4471" in talk.say("What's the colour of the boat?")
    assert "You have not told me" in Talk(model, tokenizer).say("What's the colour of the boat?")


def test_one_pass_and_greedy_decoding_agree_about_a_reply(model: Llama) -> None:
    tokenizer, chance = load(FOLDER), random.Random("agree")
    for kind in ASKED:
        dialogue = planted(chance, "held_out", kind, 1)
        ((_, (right, of)),) = exactness.last_replies(model, tokenizer, [dialogue]).items()
        talk = Talk(model, tokenizer, dialogue.system)
        replies = [talk.say(exchange.user) for exchange in dialogue.exchanges]
        if replies[:-1] == [exchange.reply for exchange in dialogue.exchanges[:-1]]:
            assert (replies[-1] == dialogue.exchanges[-1].reply) == (right == of)


def test_a_reply_with_more_than_the_value_is_no_other_value() -> None:
    dialogue = planted(random.Random(4), "held_out", "recall", 0)
    (value,) = dialogue.exchanges[-1].values
    assert is_right(dialogue, f"It is {value}.")
    assert not is_right(dialogue, f"It is {value}x.")
    assert not is_right(dialogue, "You have not told me.")


def test_an_evaluation_counts_every_dialogue_once(model: Llama) -> None:
    found = evaluate(model, load(FOLDER), seed=5, dialogues=5, wordings="held_out")
    assert [count.of for count in found.kinds.values()] == [1] * len(ASKED)
    assert found.facts.of == found.leaked.of == 3


def train(out: Path, *arguments: str) -> dict:
    command = [sys.executable, "-m", "training.train", "--out", str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parents[2], check=False)
    assert done.returncode == 0, done.stderr
    assert f"written to {out}" in done.stdout
    return json.loads((out / "training.json").read_text(encoding="utf-8"))


def test_the_command_trains_from_nothing_and_goes_on_from_there(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    made = train(first, "--steps", "2")
    assert made["steps"] == 2
    assert made["tokens"] > 0
    before = export.restore(first).state_dict()
    assert sum(each.numel() for each in before.values()) == made["parameters"]
    more = train(second, "--start", str(first), "--steps", "1", "--workers", "1")
    assert more["steps"] == 3
    assert more["tokens"] > made["tokens"]
    after = export.restore(second).state_dict()
    assert not torch.equal(before["model.norm.weight"], after["model.norm.weight"])
    assert (first / "tokenizer.json").read_text() == (second / "tokenizer.json").read_text()
