"""Dialogues without end, in which a user tells facts, talks of other things, and asks.

Every reply follows from what the user has said before it, so that a model can learn it: a fact is noted, a question
is answered by the latest value or by "you have not told me", a question about the last message gets that message.
A reply names the thing first ("As for the colour of the boat: ..."), which leaves one place where it is decided.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from reference_services.recall_model.values import draw, training_word
from reference_services.recall_model.wordings import Split, Wordings, load

Kind = Literal["told", "told_again", "recall", "latest", "not_told", "both", "previous", "repeat", "talk"]
NOTED = "Noted."
NOT_TOLD = "you have not told me."
OTHERWISE = "I know only what you told me."
NO_MESSAGE = "You have not said anything before."


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of the user and the reply. `values` are those that a right reply holds; `between` counts the
    exchanges since the fact."""

    kind: Kind
    user: str
    reply: str
    values: tuple[str, ...] = ()
    between: int = 0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a server gets: a system prompt or none (empty), and the exchanges."""

    system: str
    exchanges: tuple[Exchange, ...]


def answer(thing: str, value: str | None) -> str:
    """The reply to a question about one thing."""
    return f"As for {thing}: {NOT_TOLD if value is None else value + '.'}"


def capital(text: str) -> str:
    """The text with a capital letter."""
    return text[0].upper() + text[1:]


@dataclass(slots=True)
class Author:
    """Writes one dialogue, exchange by exchange."""

    chance: random.Random
    split: Split
    wordings: Wordings = field(init=False)
    told: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Each thing's latest value and the place of the exchange that told it."""
    changed: set[str] = field(default_factory=set)
    parts: list[tuple[str, str, str]] = field(default_factory=list)
    """Form, attribute and item of each thing that was told."""
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wordings = load(self.split)

    # What facts are about

    def _noun(self, real: Sequence[str], most: float = 0.65) -> str:
        """A noun of the list, or a made-up one: things are told apart by their letters, not by knowing them."""
        if self.split == "held_out" or self.chance.random() < most:
            return self.chance.choice(real)
        words = [training_word(self.chance) for _ in range(self.chance.choice((1, 1, 2)))]
        return " ".join(words)

    def thing(self) -> str:
        """A thing that has not been told of: often one that is easily taken for another that has been."""
        for _ in range(20):
            form, attribute, item = (
                self._form(),
                self._noun(self.wordings.attribute, 0.75),
                self._noun(self.wordings.item),
            )
            if self.parts and self.chance.random() < 0.5:
                like = self.chance.choice(self.parts)
                form, attribute, item = (
                    (like[0], like[1], item) if self.chance.random() < 0.65 else (like[0], attribute, like[2])
                )
            text = form.format(attribute=attribute, item=item, Item=capital(item))
            if text not in self.told:
                self.parts.append((form, attribute, item))
                return text
        return f"the {training_word(self.chance)} of the {training_word(self.chance)}"

    def _form(self) -> str:
        if self.chance.random() < 0.08:
            return "my " + self.chance.choice(self.wordings.own)
        return self.chance.choice(_FORMS)

    # What is said

    def tell(self) -> None:
        """A fact, or now and then two at once."""
        thing, value = self.thing(), draw(self.chance, self.split)
        text = self._put(self.wordings.tell, thing, value)
        self._note(thing, value)
        if self.chance.random() < 0.06 and text.endswith("."):
            other, second = self.thing(), draw(self.chance, self.split)
            text += " " + capital(self._put(self.wordings.tell[:3], other, second))
            self._note(other, second)
        self._say("told", text, NOTED)

    def tell_again(self) -> None:
        """A fact that was told gets another value."""
        if not self.told:
            return self.tell()
        thing, value = self.chance.choice(list(self.told)), draw(self.chance, self.split)
        self._note(thing, value)
        self.changed.add(thing)
        return self._say("told_again", self._put(self.wordings.retell, thing, value), NOTED)

    def ask(self) -> None:
        """A question for a fact that was told."""
        if not self.told:
            return self.ask_untold()
        thing = self.chance.choice(list(self.told))
        value, place = self.told[thing]
        changed = thing in self.changed
        wordings = self.wordings.ask_latest if changed and self.chance.random() < 0.5 else self.wordings.ask
        text = self._closed(self._put(wordings, thing))
        return self._say("latest" if changed else "recall", text, answer(thing, value), (value,), place)

    def ask_untold(self) -> None:
        """A question for a fact that was not told."""
        thing = self.thing()
        self.parts.pop()
        self._say("not_told", self._closed(self._put(self.wordings.ask, thing)), answer(thing, None))

    def ask_both(self) -> None:
        """A question for two facts, one of which may not have been told."""
        if not self.told:
            return self.ask_untold()
        known = list(self.told)
        first = self.chance.choice(known)
        rest = [thing for thing in known if thing != first]
        second = self.chance.choice(rest) if rest and self.chance.random() < 0.75 else self.thing()
        if self.chance.random() < 0.5:
            first, second = second, first
        values = [self.told[thing][0] if thing in self.told else None for thing in (first, second)]
        text = self.chance.choice(self.wordings.ask_both)
        text = text.format(first=first, second=second, First=capital(first), Second=capital(second))
        place = min(self.told[thing][1] for thing in (first, second) if thing in self.told)
        reply = f"{answer(first, values[0])} {answer(second, values[1])}"
        return self._say("both", self._closed(text), reply, tuple(value for value in values if value), place)

    def ask_previous(self) -> None:
        """A question for the user's last message."""
        text = self._closed(self.chance.choice(self.wordings.previous), 0.2)
        if not self.exchanges:
            return self._say("previous", text, NO_MESSAGE)
        last = self.exchanges[-1].user
        return self._say("previous", text, f"You said:\n{last}", (last,), len(self.exchanges) - 1)

    def repeat(self) -> None:
        """Words that only have to be said again."""
        count = self.chance.randint(1, 8)
        text = " ".join(draw(self.chance, self.split) for _ in range(count))
        self._say(
            "repeat", self.chance.choice(self.wordings.repeat).format(text=text), text, (text,), len(self.exchanges)
        )

    def talk(self) -> None:
        """Something else."""
        wordings = self.chance.choice((self.wordings.question, self.wordings.request, self.wordings.statement))
        text = self.chance.choice(wordings)
        while "{noun}" in text or "{name}" in text or "{Name}" in text:
            name = training_word(self.chance).capitalize()
            noun = self._noun(self.wordings.item, 0.7)
            text = text.replace("{noun}", noun, 1).replace("{name}", name, 1).replace("{Name}", name, 1)
        if "thing}" in text.lower():
            thing = self.thing()
            text = text.format(thing=thing, Thing=capital(thing))
        self._say("talk", text, OTHERWISE)

    # How it is kept

    def _note(self, thing: str, value: str) -> None:
        self.told.pop(thing, None)
        self.told[thing] = value, len(self.exchanges)

    def _put(self, wordings: Sequence[str], thing: str, value: str = "") -> str:
        return self.chance.choice(wordings).format(thing=thing, Thing=capital(thing), value=value)

    def _closed(self, question: str, share: float = 0.35) -> str:
        if self.chance.random() >= share:
            return question
        return f"{question} {self.chance.choice(self.wordings.closing)}"

    def _say(self, kind: Kind, user: str, reply: str, values: tuple[str, ...] = (), place: int = 0) -> None:
        between = max(0, len(self.exchanges) - place - 1)
        self.exchanges.append(Exchange(kind, user, reply, values, between))

    def dialogue(self) -> Dialogue:
        """What has been written so far."""
        system = ""
        if self.chance.random() < 0.35:
            name, noun = training_word(self.chance).capitalize(), training_word(self.chance)
            system = self.chance.choice(self.wordings.system).format(name=name, noun=noun)
        return Dialogue(system, tuple(self.exchanges))


_FORMS = (
    "the {attribute} of the {item}", "the {attribute} of the {item}", "the {attribute} of the {item}",
    "the {attribute} of my {item}", "the {attribute} of our {item}", "the {attribute} for the {item}",
    "the {attribute} for my {item}", "my {item}'s {attribute}", "the {item}'s {attribute}", "our {item}'s {attribute}",
    "my {attribute}", "our {attribute}", "the {attribute}", "the {item} {attribute}", "{Item}'s {attribute}",
    "the {attribute} in the {item}", "the {attribute} at the {item}", "the {attribute} on the {item}",
)  # fmt: skip
