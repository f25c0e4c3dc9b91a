"""Initial weights: random, except for copying heads.

A model can copy only when some heads attend to the previous token and others find earlier occurrences of the current
token (induction heads). From random weights most of the training would pass until such heads form, so they are
initialized here. Alone they reproduce nearly half of the tokens of a repeated random sequence.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.model import Attention, Layer, Llama

BACK = (1, 1, 2, 3)
"""How many tokens back each head of the first layer looks."""
_SHARPNESS, _MATCH, _WRITTEN, _COPIED = 7.0, 6.0, 0.02, 0.3
_FAST, _SLOW = 4, 6
"""The first rotary frequencies distinguish neighbours; from the sixth on they hardly turn within a dialogue."""


def begin(model: Llama, seed: int) -> None:
    """Set the weights of a model of at least two layers and four heads."""
    chance = torch.Generator().manual_seed(seed)
    hidden, size = model.shape.hidden, model.shape.head_size
    basis, _ = torch.linalg.qr(torch.randn(hidden, hidden, generator=chance))
    # One direction is the same for all tokens, so that a head can attend by place alone; the others tell tokens apart.
    same, telling = basis[0], basis[1:]
    parts = [telling.roll(-head * (size - 1), 0)[: size - 1] for head in range(model.shape.heads)]
    with torch.no_grad():
        tokens = model.model.embed_tokens.weight
        tokens -= torch.outer(tokens @ same, same)
        tokens += tokens.norm(dim=1).mean() * same
        layers = [layer for layer in model.model.layers if isinstance(layer, Layer)]
        for layer in layers:
            layer.mlp.down_proj.weight.zero_()
            layer.self_attn.o_proj.weight.zero_()
        first, second = (layer.self_attn for layer in layers[:2])
        for head in range(model.shape.heads):
            _look_back(first, head, parts[head], same, model.shape.rope_theta, chance)
        for head in range(model.shape.heads):
            _look_for_the_same(first, second, head, parts[head], parts, chance)


def _look_back(
    attention: Attention, head: int, part: Tensor, same: Tensor, theta: float, chance: torch.Generator
) -> None:
    """Attend to the token `BACK[head]` positions before, and write part of its embedding to other dimensions."""
    size, hidden = len(part) + 1, part.shape[1]
    rows = slice(head * size, (head + 1) * size)
    query, key = _noise(size, hidden, chance), _noise(size, hidden, chance)
    reach = _SHARPNESS / math.sqrt(hidden / 2)
    for place in range(_FAST):
        turn = BACK[head % len(BACK)] * theta ** (-2 * place / size)
        query[place] += reach * math.cos(turn) * same
        query[place + size // 2] -= reach * math.sin(turn) * same
        key[place] += reach * same
    written, _ = torch.linalg.qr(torch.randn(hidden, size, generator=chance))
    attention.q_proj.weight[rows], attention.k_proj.weight[rows] = query, key
    attention.v_proj.weight[rows] = torch.cat((part, torch.zeros(1, hidden)))
    attention.o_proj.weight[:, rows] = _WRITTEN * (written - torch.outer(same, same @ written))


def _look_for_the_same(
    first: Attention, second: Attention, head: int, part: Tensor, parts: list[Tensor], chance: torch.Generator
) -> None:
    """Attend to positions whose previous token equals the current token, and output the token there."""
    size, hidden = len(part) + 1, part.shape[1]
    rows = slice(head * size, (head + 1) * size)
    source = head % 2
    written = first.o_proj.weight[:, source * size : (source + 1) * size][:, : size - 1] / _WRITTEN
    slow = [place + half for half in (0, size // 2) for place in range(_SLOW, size // 2)]
    mixing, _ = torch.linalg.qr(torch.randn(size - 1, len(slow), generator=chance))
    query, key = _noise(size, hidden, chance), _noise(size, hidden, chance)
    query[slow] += math.sqrt(_MATCH) * mixing.T @ parts[source]
    key[slow] += math.sqrt(_MATCH) * mixing.T @ written.T
    value = torch.cat((part, torch.zeros(1, hidden)))
    second.q_proj.weight[rows], second.k_proj.weight[rows], second.v_proj.weight[rows] = query, key, value
    second.o_proj.weight[:, rows] = _COPIED * value.T


def _noise(rows: int, columns: int, chance: torch.Generator) -> Tensor:
    return 0.02 * torch.randn(rows, columns, generator=chance)
