"""Conflicts within a document and among the documents of one command, one kind a file.

Every finder is a pure function from the corpus to conflicts; one contradiction is one conflict with all its sides.
`docs/conflicts.md` says of each kind why it is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from signoff.acceptance.reading.conflicts.access import access, address, identity, listener, name, port, session
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.figures import (
    allocation,
    concurrency,
    deadline,
    duration,
    limit,
    quota,
    resource,
    slots,
    threshold,
    timeout,
)
from signoff.acceptance.reading.conflicts.settings import configuration, context, engine, model, remedy
from signoff.acceptance.reading.conflicts.structure import (
    behaviour,
    container,
    dependency,
    expectation,
    placeholder,
    status,
    steps,
    undefined_file,
    undefined_variable,
    vocabulary,
)
from signoff.acceptance.reading.source.document import Document
from signoff.reports.stored.conflict import Conflict

Finder = Callable[[Corpus], Iterable[Conflict]]
FINDERS: tuple[tuple[str, Finder], ...] = (
    (limit.KIND, limit.find),
    (quota.KIND, quota.find),
    (configuration.KIND, configuration.find),
    (listener.KIND, listener.find),
    (port.KIND, port.find),
    (engine.KIND, engine.find),
    (context.KIND, context.find),
    (slots.KIND, slots.find),
    (concurrency.KIND, concurrency.find),
    (timeout.KIND, timeout.find),
    (deadline.KIND, deadline.find),
    (resource.KIND, resource.find),
    (allocation.KIND, allocation.find),
    (duration.KIND, duration.find),
    (steps.KIND, steps.find),
    (model.KIND, model.find),
    (identity.KIND, identity.find),
    (expectation.KIND, expectation.find),
    (access.KIND, access.find),
    (address.KIND, address.find),
    (behaviour.KIND, behaviour.find),
    (dependency.KIND, dependency.find),
    (threshold.KIND, threshold.find),
    (undefined_file.KIND, undefined_file.find),
    (undefined_variable.KIND, undefined_variable.find),
    (session.KIND, session.find),
    (container.KIND, container.find),
    (placeholder.KIND, placeholder.find),
    (name.KIND, name.find),
    (vocabulary.KIND, vocabulary.find),
    (remedy.KIND, remedy.find),
    (status.KIND, status.find),
)
KINDS: tuple[str, ...] = tuple(dict.fromkeys(kind for kind, _ in FINDERS))


# So many places in conflicts of one kind are more than anybody reads.
MOST_PLACES = 100_000


def _bounded(found: Iterable[Conflict]) -> Iterator[Conflict]:
    """The conflicts of a finder, until they take too many places; the last one then says that there may be more."""
    places = 0
    for conflict in found:
        places += len(conflict.sides) + len(conflict.criteria or ())
        if places > MOST_PLACES:
            yield replace(conflict, message=f"{conflict.message}; more may be found once this one is resolved")
            return
        yield conflict


def find_conflicts(documents: Sequence[Document]) -> tuple[Conflict, ...]:
    """All conflicts, in the order of their first side."""
    corpus = Corpus(documents)
    position = {document.path: index for index, document in enumerate(documents)}
    order = {kind: index for index, kind in enumerate(KINDS)}
    found = [conflict for _, find in FINDERS for conflict in _bounded(find(corpus))]
    return tuple(
        sorted(
            found,
            key=lambda conflict: (
                position[conflict.sides[0].document],
                conflict.sides[0].line,
                order[conflict.kind],
                conflict.subject,
            ),
        )
    )
