"""Sentences of a dialogue: subjects of facts, and wordings with their placeholders filled."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Sequence

from training.values import training_word
from training.wordings import Split, common, load


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[0].upper() + text[1:]


class Speaker:
    """Puts an author's content into words."""

    def __init__(self, chance: random.Random, split: Split) -> None:
        self._chance, self._split, self._wordings = chance, split, load(split)
        self._parts: list[tuple[str, str, str]] = []
        """Form, attribute and item of each thing so far."""

    def _noun(self, real: Sequence[str], most: float = 0.55) -> str:
        """A noun of the list, or a made-up one, so that things differ by their letters only."""
        if self._split == "held_out" or self._chance.random() < most:
            return self._chance.choice(real)
        words = [training_word(self._chance) for _ in range(self._chance.choice((1, 1, 1, 2)))]
        return " ".join(words)

    def thing(self, taken: Container[str]) -> str:
        """A thing that was not mentioned: often one that is easily confused with a mentioned one."""
        for _ in range(20):
            form, attribute, item = (
                self._form(),
                self._noun(self._wordings.attribute, 0.6),
                self._noun(self._wordings.item),
            )
            if self._parts and self._chance.random() < 0.5:
                like = self._chance.choice(self._parts)
                form, attribute, item = (
                    (like[0], like[1], item) if self._chance.random() < 0.65 else (like[0], attribute, like[2])
                )
            text = form.format(attribute=attribute, item=item, Item=capital(item))
            if text not in taken:
                self._parts.append((form, attribute, item))
                return text
        return f"the {training_word(self._chance)} of the {training_word(self._chance)}"

    def forget(self) -> None:
        """Discard the latest thing: it will not be mentioned, so nothing has to resemble it."""
        self._parts.pop()

    def _form(self) -> str:
        if self._chance.random() < 0.08:
            return "my " + self._chance.choice(self._wordings.own)
        return self._chance.choice(_FORMS)

    def put(self, wordings: Sequence[str], thing: str, value: str = "") -> str:
        """A sentence about the thing, with or without filler before it."""
        wording = self._chance.choice(wordings)
        text = self.filled(wording).format(thing=thing, Thing=capital(thing), value=value)
        if self._chance.random() >= 0.15:
            return text
        before = self.filled(self._chance.choice(self._wordings.lead))
        inside = wording.startswith("{Thing}") and not before.endswith(".")
        return f"{before} {thing + text[len(thing) :] if inside else text}"

    def filled(self, text: str) -> str:
        """The wording with its placeholders for filler words filled."""
        blanks: dict[str, Callable[[], str]] = {
            "{name}": lambda: training_word(self._chance).capitalize(),
            "{Name}": lambda: training_word(self._chance).capitalize(),
            "{noun}": lambda: self._noun(self._wordings.item),
            "{word}": self._any_word,
            "{Word}": lambda: capital(self._any_word()),
        }
        for blank, fill in blanks.items():
            while blank in text:
                text = text.replace(blank, fill(), 1)
        return text

    def _any_word(self) -> str:
        """A meaningless word, or one with a meaning elsewhere."""
        if self._chance.random() < 0.6:
            return training_word(self._chance)
        return self._chance.choice(common(self._split))

    def with_after(self, text: str) -> str:
        """The sentence, sometimes followed by a filler sentence."""
        if self._chance.random() < 0.92 or not text.endswith("."):
            return text
        return f"{text} {self.filled(self._chance.choice(self._wordings.after))}"

    def question(self, thing: str, *, latest: bool) -> str:
        """A question for a thing, or for its latest value."""
        more = self._chance.random() < 0.3
        wordings = self._wordings.ask_latest if latest else self._wordings.ask_more if more else self._wordings.ask
        return self.closed(self.put(wordings, thing))

    def closed(self, question: str, share: float = 0.3) -> str:
        """The question, sometimes with an instruction for the answer."""
        if self._chance.random() >= share:
            return question
        return f"{question} {self.filled(self._chance.choice(self._wordings.closing))}"


_FORMS = (
    "the {attribute} of the {item}", "the {attribute} of the {item}", "the {attribute} of the {item}",
    "the {attribute} of my {item}", "the {attribute} of our {item}", "the {attribute} for the {item}",
    "the {attribute} for my {item}", "my {item}'s {attribute}", "the {item}'s {attribute}", "our {item}'s {attribute}",
    "my {attribute}", "our {attribute}", "the {attribute}", "the {item} {attribute}", "{Item}'s {attribute}",
    "the {attribute} in the {item}", "the {attribute} at the {item}", "the {attribute} on the {item}",
)  # fmt: skip
