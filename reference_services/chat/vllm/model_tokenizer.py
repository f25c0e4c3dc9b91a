"""The tokenizer and the chat template of a model's folder, so that counts are those of the engine that runs it.

`tokenizer.json` by the `tokenizers` library; the template of `chat_template.jinja` or `tokenizer_config.json` in
jinja2's sandbox with the same switches as transformers has ("Writing a chat template" in its documentation).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from signoff.reference_services.chat.engine.engine import EngineError
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.web.access.failures import Refused

KEPT = 64
"""Prompts whose tokens are kept: a prompt is counted, often more than once, before it is generated from."""
_SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


class ModelTokenizer:
    """Prompts to tokens. Raises EngineError if the folder has no tokenizer that can be read."""

    def __init__(self, folder: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise EngineError(
                'a real engine needs the package tokenizers, which is not installed: pip install "signoff[vllm-engine]"'
            ) from None
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise EngineError(f"{file}: no such file; a model's folder holds its tokenizer beside its weights")
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more special
            raise EngineError(f"{file}: {error}; copy the model's folder again") from None
        self._configuration = _configuration(folder / "tokenizer_config.json")
        self._template = _template(folder, self._configuration)
        self._special = {name: _token(self._configuration.get(name)) for name in _SPECIAL}
        self._longest = max((len(text) for text in self._tokenizer.get_vocab()), default=1)
        self.encode = lru_cache(KEPT)(self._encode)

    def _encode(self, prompt: Prompt) -> tuple[int, ...]:
        if prompt.text is not None:
            return tuple(self._tokenizer.encode(prompt.text).ids)
        # A chat template writes the special tokens itself.
        return tuple(self._tokenizer.encode(self.render(prompt.messages), add_special_tokens=False).ids)

    def count_text(self, text: str) -> int:
        """How many tokens a bare text has."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def at_least(self, text: str) -> int:
        """A number of tokens that a text has at least: as many as if each were the longest of the vocabulary."""
        return len(text) // self._longest

    def render(self, messages: Sequence[Message]) -> str:
        """The conversation as the model reads it, with the head of the reply. Raises Refused where it cannot be."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(messages=turns, add_generation_prompt=True, **self._special)
        except TemplateError as error:
            raise Refused(
                400, f"The model's chat template cannot write these messages: {error}", "invalid_value", "messages"
            ) from None


def _configuration(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EngineError(f"{file}: {error}; copy the model's folder again") from None
    return found if isinstance(found, dict) else {}


def _template(folder: Path, configuration: dict[str, Any]) -> Template:
    file = folder / "chat_template.jinja"
    text = file.read_text(encoding="utf-8") if file.is_file() else configuration.get("chat_template")
    if isinstance(text, list):
        named = {each.get("name"): each.get("template") for each in text if isinstance(each, dict)}
        text = named.get("default")
    if not isinstance(text, str) or not text:
        raise EngineError(f"{folder} has no chat template; put the model's into {file.name}")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)  # noqa: DTZ005 - the model's local time
    try:
        return environment.from_string(text)
    except TemplateError as error:
        raise EngineError(f"{folder}: its chat template cannot be read: {error}") from None


def _json(value: Any, indent: int | None = None, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, **options)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _token(value: Any) -> str:
    """A special token as the configuration has it: a text, or an object with its text."""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""
