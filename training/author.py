"""An endless generator of dialogues: the user states facts, changes the subject and asks questions.

Every reply follows from the user's earlier messages, so that a model can learn it: a fact is noted, a question is
answered in the user's own words or by "You have not told me.", a question about the last message repeats that message.
A reply names the thing first and continues like the latest message about it ("Well, the colour of the boat is red.").
So the whole reply is a copy, and only one position decides whether there is anything to copy.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

from training.speaker import Speaker, capital
from training.values import draw
from training.wordings import Split, Wordings, load

Kind = Literal["told", "told_again", "recall", "latest", "not_told", "both", "previous", "repeat", "talk"]
NOTED = "Noted."
NOT_TOLD = "You have not told me."
OTHERWISE = "I know only what you told me."
NO_MESSAGE = "You have not said anything before."


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of the user and the reply. A correct reply contains all of `values` and none of `others`, which were
    stated too; `between` counts the exchanges since the fact."""

    kind: Kind
    user: str
    reply: str
    values: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    """The subject of a question."""
    between: int = 0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The input of a server: a system prompt (may be empty), and the exchanges."""

    system: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """The latest statement about a thing: the value, the rest of the message, and the index of the exchange."""

    value: str
    words: str
    place: int


def answer(thing: str, fact: Fact | None) -> str:
    """The reply to a question about one thing."""
    return f"Well, {thing}{'? ' + NOT_TOLD if fact is None else fact.words}"


@dataclass(slots=True)
class Author:
    """Writes one dialogue, exchange by exchange."""

    chance: random.Random
    split: Split
    values_of: Split
    """Values may be held out where wordings are not."""
    wordings: Wordings = field(init=False)
    speaker: Speaker = field(init=False)
    stated: dict[str, Fact] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)
    """Every value stated so far."""
    changed: set[str] = field(default_factory=set)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wordings = load(self.split)
        self.speaker = Speaker(self.chance, self.split)

    # What is said

    def tell(self) -> None:
        """A fact, occasionally two at once."""
        thing, value = self.speaker.thing(self.stated), self._value()
        facts = [(thing, value)]
        text = self.speaker.put(self.wordings.tell, thing, value)
        if self.chance.random() < 0.03 and text.endswith("."):
            facts.append((self.speaker.thing((*self.stated, thing)), self._value()))
            text += " " + capital(self.speaker.put(self.wordings.tell[:3], *facts[1]))
        text = self.speaker.with_after(text)
        self._note(*facts[0], text[_behind(text, thing) :])
        if len(facts) > 1:
            self._note(*facts[1], text[_behind(text, facts[1][0], last=True) :])
        self._say("told", text, NOTED)

    def tell_again(self) -> None:
        """A new value for a known fact."""
        if not self.stated:
            return self.tell()
        thing, value = self.chance.choice(list(self.stated)), self._value()
        text = self.speaker.with_after(self.speaker.put(self.wordings.retell, thing, value))
        self._note(thing, value, text[_behind(text, thing) :])
        self.changed.add(thing)
        return self._say("told_again", text, NOTED)

    def ask(self) -> None:
        """A question about a known fact."""
        if not self.stated:
            return self.ask_untold()
        thing = self.chance.choice(list(self.stated))
        fact = self.stated[thing]
        changed = thing in self.changed
        text = self.speaker.question(thing, latest=changed and self.chance.random() < 0.5)
        return self._say(
            "latest" if changed else "recall", text, answer(thing, fact), (fact.value,), fact.place, (thing,)
        )

    def ask_untold(self) -> None:
        """A question about an unknown fact."""
        thing = self.speaker.thing(self.stated)
        self.speaker.forget()
        text = self.speaker.question(thing, latest=self.chance.random() < 0.1)
        self._say("not_told", text, answer(thing, None), things=(thing,))

    def ask_both(self) -> None:
        """A question about two facts, one of which may be unknown."""
        if not self.stated:
            return self.ask_untold()
        known = list(self.stated)
        first = self.chance.choice(known)
        rest = [thing for thing in known if thing != first]
        second = self.chance.choice(rest) if rest and self.chance.random() < 0.75 else self.speaker.thing(self.stated)
        if self.chance.random() < 0.5:
            first, second = second, first
        facts = [self.stated.get(thing) for thing in (first, second)]
        text = self.speaker.filled(self.chance.choice(self.wordings.ask_both))
        text = text.format(first=first, second=second, First=capital(first), Second=capital(second))
        reply = f"{answer(first, facts[0])}\n{answer(second, facts[1])}"
        known_facts = [fact for fact in facts if fact]
        values, place = tuple(fact.value for fact in known_facts), min(fact.place for fact in known_facts)
        return self._say("both", self.speaker.closed(text), reply, values, place, (first, second))

    def ask_previous(self) -> None:
        """A question about the user's last message."""
        text = self.speaker.closed(self.speaker.filled(self.chance.choice(self.wordings.previous)), 0.2)
        if self.chance.random() < 0.15:
            text = f"{self.speaker.filled(self.chance.choice(self.wordings.lead))} {text}"
        if not self.exchanges:
            return self._say("previous", text, NO_MESSAGE)
        last = self.exchanges[-1].user
        return self._say("previous", text, f"You said:\n{last}", (last,), len(self.exchanges) - 1)

    def repeat(self) -> None:
        """Words to repeat."""
        count = self.chance.randint(1, 8)
        text = " ".join(self._value() for _ in range(count))
        self._say(
            "repeat", self.chance.choice(self.wordings.repeat).format(text=text), text, (text,), len(self.exchanges)
        )

    def talk(self) -> None:
        """Something else."""
        wordings = self.chance.choice((self.wordings.question, self.wordings.request, self.wordings.statement))
        self._say("talk", self.speaker.filled(self.chance.choice(wordings)), OTHERWISE)

    # How it is kept

    def _value(self) -> str:
        return draw(self.chance, self.values_of)

    def _note(self, thing: str, value: str, words: str) -> None:
        self.stated.pop(thing, None)
        self.stated[thing] = Fact(value, words, len(self.exchanges))
        self.values.append(value)

    def _say(
        self,
        kind: Kind,
        user: str,
        reply: str,
        values: tuple[str, ...] = (),
        place: int = 0,
        things: tuple[str, ...] = (),
    ) -> None:
        between = max(0, len(self.exchanges) - place - 1)
        others = tuple(value for value in self.values if values and value not in reply)
        self.exchanges.append(Exchange(kind, user, reply, values, others, things, between))

    def dialogue(self) -> Dialogue:
        """The dialogue written so far."""
        system = ""
        if self.chance.random() < 0.35:
            system = self.speaker.filled(self.chance.choice(self.wordings.system))
        return Dialogue(system, tuple(self.exchanges))


def _behind(text: str, thing: str, *, last: bool = False) -> int:
    """The index of the text after the thing, at its first or its last occurrence."""
    found, wanted = text.lower(), thing.lower()
    return (found.rindex(wanted) if last else found.index(wanted)) + len(thing)
