"""Chat templates: how each model's conversations become one text, as data.

A template consists of pieces. A `Mark` is a separate token that text can never yield, so that no message can forge
a turn; a plain piece is one token that text can yield too; `CONTENT` is where a message's text goes. The texts are
those of the models' own `tokenizer_config.json`. Where a model has no role for the system prompt (Mistral), it stands
before the next user message, with a blank line between them. The published template of Mistral refuses roles that do
not alternate; here they are written one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from signoff.reference_services.chat.prompt.prompt import Message, Role


@dataclass(frozen=True, slots=True)
class Mark:
    """A token that only the template yields; ids below `tokenizer.FIRST_TEXT_ID`."""

    text: str
    id: int


@dataclass(frozen=True, slots=True)
class Content:
    """Where the text of a message goes; with one, the text itself."""

    text: str = ""


Piece = Mark | Content | str
CONTENT = Content()


@dataclass(frozen=True, slots=True)
class Template:
    """One model's form of a conversation. `roles` lacks the system's where the model has none."""

    name: str
    roles: Mapping[Role, tuple[Piece, ...]]
    begin: tuple[Piece, ...] = ()
    reply: tuple[Piece, ...] = ()
    """The head of the reply, at the end of the prompt."""

    def pieces(self, messages: Sequence[Message]) -> Iterator[Piece]:
        """The conversation as a prompt, piece by piece, with the head of the reply."""
        yield from self.begin
        for message in messages if "system" in self.roles else _folded(messages):
            for piece in self.roles[message.role]:
                yield Content(message.content) if isinstance(piece, Content) else piece
        yield from self.reply

    def render(self, messages: Sequence[Message]) -> str:
        """The conversation as a text."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces(messages))


def _folded(messages: Sequence[Message]) -> Iterator[Message]:
    """System prompts before the user's message that follows them; those at the end as a user's message."""
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.content)
        elif message.role == "user" and waiting:
            yield Message("user", "\n\n".join([*waiting, message.content]))
            waiting = []
        else:
            yield message
    if waiting:
        yield Message("user", "\n\n".join(waiting))


IM_START, IM_END = Mark("<|im_start|>", 1), Mark("<|im_end|>", 2)
CHATML = Template(
    "chatml",
    {
        "system": (IM_START, "system", "\n", CONTENT, IM_END, "\n"),
        "user": (IM_START, "user", "\n", CONTENT, IM_END, "\n"),
        "assistant": (IM_START, "assistant", "\n", CONTENT, IM_END, "\n"),
    },
    reply=(IM_START, "assistant", "\n"),
)

BEGIN = Mark("<s>", 3)
MISTRAL = Template(
    "mistral",
    {
        "user": (Mark(" [INST] ", 4), CONTENT, Mark(" [/INST]", 5)),
        "assistant": (" ", CONTENT, Mark("</s>", 6)),
    },
    begin=(BEGIN,),
)

END_OF_TURN = Mark("<|end_of_turn|>", 7)
OPENCHAT = Template(
    "openchat",
    {
        "system": ("GPT4", " Correct", " System", ":", " ", CONTENT, END_OF_TURN),
        "user": ("GPT4", " Correct", " User", ":", " ", CONTENT, END_OF_TURN),
        "assistant": ("GPT4", " Correct", " Assistant", ":", " ", CONTENT, END_OF_TURN),
    },
    begin=(BEGIN,),
    reply=("GPT4", " Correct", " Assistant", ":"),
)

END = Mark("<|end|>", 8)
SYSTEM, USER, ASSISTANT = Mark("<|system|>", 9), Mark("<|user|>", 10), Mark("<|assistant|>", 11)
PHI3 = Template(
    "phi3",
    {
        "system": (SYSTEM, "\n", CONTENT, END, "\n"),
        "user": (USER, "\n", CONTENT, END, "\n"),
        "assistant": (ASSISTANT, "\n", CONTENT, END, "\n"),
    },
    reply=(ASSISTANT, "\n"),
)

TEMPLATES: dict[str, Template] = {template.name: template for template in (CHATML, MISTRAL, OPENCHAT, PHI3)}
