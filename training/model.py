"""The model: a Llama of about a million parameters. Its tensors have the names that Hugging Face gives them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a Llama; the defaults are those of the recall model."""

    vocabulary: int = 1024
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    head_size: int = 32
    feed_forward: int = 512
    rope_theta: float = 100_000.0
    norm_epsilon: float = 1e-5
    context: int = 8192
    """The longest context that a server may accept; training dialogues are shorter (see the model card)."""


class Norm(nn.Module):
    """Root mean square, learned scale."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.hidden))
        self.epsilon = shape.norm_epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Attention(nn.Module):
    """Causal attention with rotary positions (halves, not pairs)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        inner = shape.heads * shape.head_size
        self.heads = shape.heads
        self.q_proj = nn.Linear(shape.hidden, inner, bias=False)
        self.k_proj = nn.Linear(shape.hidden, inner, bias=False)
        self.v_proj = nn.Linear(shape.hidden, inner, bias=False)
        self.o_proj = nn.Linear(inner, shape.hidden, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, past: list[Tensor] | None) -> Tensor:
        batch, length, _ = x.shape

        def split(projected: Tensor) -> Tensor:
            return projected.view(batch, length, self.heads, -1).transpose(1, 2)

        query = _turned(split(self.q_proj(x)), cosine, sine)
        key, value = _turned(split(self.k_proj(x)), cosine, sine), split(self.v_proj(x))
        if past is not None:
            if past:
                key, value = torch.cat((past[0], key), 2), torch.cat((past[1], value), 2)
            past[:] = (key, value)
        # Written out: the fused attention's way back takes twice as long on a processor.
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
        later = torch.full((length, key.shape[2]), -torch.inf, dtype=scores.dtype).triu(1 + key.shape[2] - length)
        mixed = torch.matmul(torch.softmax(scores + later, -1), value)
        out: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))
        return out


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.feed_forward, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.feed_forward, bias=False)
        self.down_proj = nn.Linear(shape.feed_forward, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """Attention, then the feed-forward part, each with a residual connection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, past: list[Tensor] | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, past)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Trunk(nn.Module):
    """The model without its head."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)


class Llama(nn.Module):
    """Token ids (batch, length) to hidden states (batch, length, hidden); `logits` computes the scores."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Trunk(shape)
        frequencies = shape.rope_theta ** (-torch.arange(0, shape.head_size, 2).float() / shape.head_size)
        angles = torch.outer(torch.arange(shape.context).float(), frequencies).repeat(1, 2)
        self.cosine, self.sine = angles.cos(), angles.sin()
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 if last or "embed" in name else parameter.shape[1] ** -0.5)

    def forward(self, ids: Tensor, past: list[list[Tensor]] | None = None) -> Tensor:
        """`past` is one list per layer, empty at first: keys and values are kept in it."""
        begin = past[0][0].shape[2] if past and past[0] else 0
        cosine, sine = self.cosine[begin : begin + ids.shape[1]], self.sine[begin : begin + ids.shape[1]]
        x = self.model.embed_tokens(ids)
        for number, layer in enumerate(self.model.layers):
            x = layer(x, cosine, sine, None if past is None else past[number])
        out: Tensor = self.model.norm(x)
        return out

    def logits(self, states: Tensor) -> Tensor:
        """The embedding is the head, too."""
        return functional.linear(states, self.model.embed_tokens.weight)


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return (x * cosine.to(x.dtype)) + torch.cat((-second, first), -1) * sine.to(x.dtype)
