"""The models of evidence by the `record` that a line names, and lines decoded through them.

A record keeps the keys that its model does not know. A kind without a model is asked for what each record has: a check
may bring its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import msgspec

from signoff.acceptance.errors import SignoffError
from signoff.acceptance.evidence import Record
from signoff.acceptance.records.answers import (
    Answer,
    Closed,
    Connection,
    Handshake,
    LongPrompt,
    Look,
    Message,
    Served,
    Stream,
    Unlisted,
)
from signoff.acceptance.records.conversations import Conversation, Page, Plant, Probe, Turn
from signoff.acceptance.records.envelope import Envelope, Missing, Note, Setup, Text
from signoff.acceptance.records.files import (
    Addresses,
    Case,
    Chapter,
    Checksums,
    Coverage,
    Disk,
    File,
    Folder,
    Mention,
    ModelFile,
    Report,
    Unit,
    Verified,
)
from signoff.acceptance.records.loads import Foreign, Load, RepeatedLoad
from signoff.acceptance.records.processes import Address, Call, EndedProcess, Modules, Port, Process
from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientHealth
from signoff.perf.load.plan import LoadPlan
from signoff.perf.processes.process_tree import HighWater, Sample
from signoff.perf.server_side.cold_start import ColdStart
from signoff.reports.mistake import in_words
from signoff.reports.model import converted, is_required
from signoff.reports.stored.decode import WORDS
from signoff.reports.stored.stored_server import StoredServerSide

# A kind with several shapes lists them: a record has the first one whose keys it has.
RECORDS: Mapping[str, tuple[Any, ...]] = {
    "setup": (Setup,),
    "note": (Note,),
    "not_measurable": (Missing,),
    "not_run": (Missing,),
    "service_ended": (Text,),
    # Requests.
    **dict.fromkeys(("accepted", "added", "again", "beside", "completion", "config", "count", "dashboard"), (Answer,)),
    **dict.fromkeys(("degraded", "deleted", "description", "door", "embeddings", "error", "exposition"), (Answer,)),
    **dict.fromkeys(("generation", "health", "invalid", "method", "model", "models", "nobody", "refusal"), (Answer,)),
    **dict.fromkeys(("right", "route", "rules", "schema", "sound", "unknown", "valid", "whole", "with"), (Answer,)),
    **dict.fromkeys(("without", "wrong"), (Answer,)),
    **dict.fromkeys(("alone", "burst", "left", "stream"), (Stream,)),
    "answer": (Stream, Answer, Unlisted),
    **dict.fromkeys(("before", "after"), (Look, Answer)),
    "search": (Modules, Answer),
    "over": (LongPrompt,),
    "handshake": (Handshake,),
    "sent": (Text,),
    "served": (Served,),
    "message": (Message,),
    "closed": (Closed,),
    "connection": (Connection,),
    # Sessions.
    "turn": (Turn,),
    "conversation": (Conversation,),
    "page": (Page,),
    "probe": (Probe, LongPrompt),
    "plant": (Plant,),
    # Loads.
    "load": (Load,),
    "plan": (LoadPlan,),
    "exchange": (Exchange,),
    "client": (ClientHealth,),
    "server": (StoredServerSide,),
    "foreign": (Foreign,),
    "memory": (Sample,),
    "high_water": (HighWater,),
    "cold_start": (ColdStart,),
    "repeated_load": (RepeatedLoad,),
    "repeated_memory": (Sample,),
    # Processes, ports, calls of a library.
    "process": (Process,),
    "process_ended": (EndedProcess,),
    "address": (Address,),
    "port": (Port,),
    "call": (Call,),
    # Files.
    "addresses": (Addresses,),
    "file": (File, ModelFile),
    "checksums": (Checksums,),
    "coverage": (Coverage,),
    "unit": (Unit,),
    "verify": (Verified,),
    "folder": (Folder,),
    "chapter": (Chapter,),
    "mention": (Mention,),
    "report": (Report,),
    "case": (Case,),
    "disk": (Disk,),
}


def decoded(line: str) -> Record:
    """The record of a line of evidence. Raises SignoffError where it is not what its kind says."""
    record: Record = json.loads(line)
    model = model_of(record)
    try:
        msgspec.convert(record, model)
    except msgspec.ValidationError as error:
        mistakes = [each for each in converted(model, record)[1] if each.code != "unknown"]
        placed = [replace(each, place=(record["record"], *each.place)) for each in mistakes]
        said = "; ".join(in_words(each, WORDS)[0] for each in placed) or f"{record['record']}: {error}"
        raise SignoffError(f"a record of evidence is malformed: {said}") from None
    return record


def model_of(record: Record) -> Any:
    """The model of a record's kind: of several the first one whose keys it has, else the one of most of its keys."""
    models = RECORDS.get(record["record"], (Envelope,))
    fitting = (model for model in models if required(model) <= record.keys())
    return next(fitting, None) or max(models, key=lambda model: len(required(model) & record.keys()))


@cache
def required(model: Any) -> frozenset[str]:
    """The keys that a record of this model cannot do without."""
    if not is_dataclass(model):
        found: frozenset[str] = model.__required_keys__
        return found
    return frozenset(each.name for each in fields(model) if is_required(each))
