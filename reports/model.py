"""Models: plain data of a file, JSON or TOML, made typed. All mistakes are found at once, each with its place.

A model is a dataclass. One with a field `extra` keeps the keys that it does not know, another refuses them; a field
without a default is required. Where it has `words`, they are for its mistakes. msgspec judges each value and writes
the JSON Schema. It ends at the first mistake, so this walks through the models and asks it for one value at a time.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Container, Hashable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec

from signoff.reports.mistake import Mistake, Place, Words

T = TypeVar("T")
Rules = Callable[[Mapping[str, Any], Container[str]], Iterator[Mistake]]
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Key:
    """For `Annotated`: the key of a field in the file, where it is not its name; an empty one may be left out."""

    name: str = ""
    kept_empty: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """For `Annotated`: the valid values of a field in words; `message` and `hint` replace the usual sentences."""

    words: str
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """For `Annotated`: a function that returns the problem of a value of the right type, and a hint.

    A rule over several fields is a static method `rules` of the model: it gets the fields that are sound, and the
    names of those that are not.
    """

    problem: Callable[[Any], tuple[str, str] | None]


def converted(kind: type[T], value: Any) -> tuple[T | None, list[Mistake]]:
    """The model of plain data, or None and all problems."""
    mistakes: list[Mistake] = []
    made = _value(kind, value, (), mistakes)
    return (None if mistakes else cast(T, made)), mistakes


def model_fields(model: Hashable) -> tuple[Field[Any], ...]:
    """The fields of a model that represent keys."""
    return tuple(item for item in fields(cast(Any, model)) if item.name != "extra")


@cache
def keys(model: Hashable) -> Mapping[str, Field[Any]]:
    """The keys of a model in the order of its fields, each with its field."""
    return {_key(hints(model)[item.name]).name or item.name: item for item in model_fields(model)}


@cache
def left_out_if_empty(model: Hashable) -> frozenset[str]:
    """The keys of a model that a file does not have where they are empty."""
    return frozenset(key for key, item in keys(model).items() if not _key(hints(model)[item.name]).kept_empty)


def is_required(item: Field[Any]) -> bool:
    """Whether the field is required."""
    return item.default is MISSING and item.default_factory is MISSING


@cache
def hints(model: Hashable) -> dict[str, Any]:
    """The type of each field, with what `Annotated` adds to it."""
    found = get_type_hints(model, include_extras=True)
    return {name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint for name, hint in found.items()}


def _key(hint: Any) -> Key:
    return next((note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Key)), Key())


def _model(kind: Any, value: Mapping[str, Any], place: Place, mistakes: list[Mistake]) -> Any:
    known = keys(kind)
    keeps_unknown = any(item.name == "extra" for item in fields(kind))
    left = {name: item for name, item in value.items() if name not in known}
    before = len(mistakes)
    if not keeps_unknown:
        mistakes += [Mistake((*place, name), "unknown", item, ", ".join(known)) for name, item in left.items()]
    sound: dict[str, Any] = {}
    wrong: set[str] = set()
    for key in (key for key in value if key in known):
        name, count = known[key].name, len(mistakes)
        made = _value(hints(kind)[name], value[key], (*place, key), mistakes)
        if len(mistakes) == count:
            sound[name] = made
        else:
            wrong.add(name)
    if missing := [name for name, item in known.items() if is_required(item) and name not in value]:
        mistakes.append(Mistake(place, "missing", value=tuple(missing), wanted=", ".join(missing)))
    rules: Rules | None = getattr(kind, "rules", None)
    if rules is not None:
        found = list(rules(sound, wrong))
        mistakes += [Mistake((*place, *each.place), each.code, message=each.message, hint=each.hint) for each in found]
    if len(mistakes) > before:
        own: Words | None = getattr(kind, "words", None)
        mistakes[before:] = [replace(each, words=each.words or own) for each in mistakes[before:]]
        return None
    return kind(**sound, extra=left) if keeps_unknown else kind(**sound)


def _value(kind: Any, value: Any, place: Place, mistakes: list[Mistake]) -> Any:
    if kind is Any:
        return value
    base, notes = (get_args(kind)[0], get_args(kind)[1:]) if get_origin(kind) is Annotated else (kind, ())
    arm = _arm(base, value)
    if get_origin(arm) is Annotated:
        arm, notes = get_args(arm)[0], (*notes, *get_args(arm)[1:])
    items, count = get_args(arm), len(mistakes)
    made: Any
    if value is None and (arm is str or get_origin(arm) is Mapping):
        return "" if arm is str else {}  # results.json of other versions has null for what is empty
    if is_typeddict(arm) and isinstance(value, Mapping):
        _judge(dict, dict(value), place, notes, mistakes)
        if missing := [name for name in hints(arm) if name in arm.__required_keys__ and name not in value]:
            mistakes.append(Mistake(place, "missing", value=tuple(missing), wanted=", ".join(missing)))
        known = hints(arm)  # a typed dictionary keeps the keys that it does not know
        made = {key: _value(known.get(key, Any), item, (*place, key), mistakes) for key, item in value.items()}
    elif is_dataclass(arm) and isinstance(value, Mapping):
        made = _model(arm, value, place, mistakes)
    elif get_origin(arm) is tuple and items[-1] is Ellipsis and isinstance(value, list | tuple):
        _judge(list, list(value), place, notes, mistakes)
        made = tuple(_value(items[0], item, (*place, index), mistakes) for index, item in enumerate(value))
    elif get_origin(arm) is Mapping and isinstance(value, Mapping):
        _judge(dict, dict(value), place, notes, mistakes)
        made = {name: _value(items[1], item, (*place, name), mistakes) for name, item in value.items()}
    else:
        made = _judge(arm, value, place, notes, mistakes)
    if len(mistakes) == count:
        problems = (note.problem(made) for note in notes if isinstance(note, Rule))
        mistakes += [Mistake(place, "rule", value, "", *problem) for problem in problems if problem is not None]
    return made


def _arm(kind: Any, value: Any) -> Any:
    """The type to check a value against: of a union with a model or a list, the matching one."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    arms = [arm for arm in get_args(kind) if arm is not types.NoneType]
    if value is None and len(arms) < len(get_args(kind)):
        return types.NoneType
    for arm in arms:
        fits = Mapping if is_dataclass(arm) else (list, tuple) if get_origin(arm) is tuple else ()
        if isinstance(value, fits):
            return arm
    return arms[0] if len(arms) == 1 else kind


def _judge(kind: Any, value: Any, place: Place, notes: tuple[Any, ...], mistakes: list[Mistake]) -> Any:
    """A value converted by msgspec; a number keeps its form: 3 does not become 3.0."""
    limits = tuple(note for note in notes if isinstance(note, msgspec.Meta))
    try:
        if is_dataclass(kind) or get_origin(kind) is tuple:
            raise msgspec.ValidationError
        made = msgspec.convert(value, Annotated[(kind, *limits)] if limits else kind, builtin_types=(date, datetime))
    except msgspec.ValidationError:
        wanted = next((note for note in notes if isinstance(note, Wanted)), Wanted(""))
        own = Words(wrong=(wanted.message, wanted.hint)) if wanted.message else None
        mistakes.append(Mistake(place, "wrong", value, wanted.words or _words(kind), words=own))
        return None
    return value if isinstance(value, int | float) else made


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if is_dataclass(kind) or kind is dict or get_origin(kind) is Mapping:
        return "an object"
    return "a list" if kind is list or get_origin(kind) is tuple else _WORDS.get(kind, "of another type")
