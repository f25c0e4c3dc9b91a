"""How often the reading asks another question than the document: over labelled documents, with a bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading.frames.coverage import SHIPPED
from signoff.perf.decisions.proportion import share_bounds
from tests.reading.measured.oracle import Entry, asks, base_value, oracle_of

CORPUS = Path(__file__).parent.parent / "corpus"
LATER = frozenset({"loads", "languages", "checks"})
"""What demands may need that is not built yet."""
_HEADROOM = 1.25
_RATE_WHERE_NONE_IS_STATED = 10.0


@dataclass
class Figures:
    """Counts of some documents. `wrong` and `missed` are lines that say what, where and why."""

    right: int = 0
    neutral: int = 0
    phantoms: int = 0
    demands: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def machine(self) -> int:
        """Machine criteria that count."""
        return self.right + len(self.wrong)

    @property
    def wrong_share(self) -> float:
        return len(self.wrong) / self.machine if self.machine else 0.0

    @property
    def wrong_at_most(self) -> float:
        """The upper end of the exact one-sided 95 % interval of that share."""
        return share_bounds(len(self.wrong), self.machine, 0.05)[1] if self.machine else 1.0

    @property
    def recall(self) -> float:
        """Demands with a check that a machine judges by the right question."""
        return 1 - len(self.missed) / self.demands if self.demands else 1.0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.right + other.right,
            self.neutral + other.neutral,
            self.phantoms + other.phantoms,
            self.demands + other.demands,
            self.wrong + other.wrong,
            self.missed + other.missed,
        )


def documents(folder: Path = CORPUS) -> list[Path]:
    """The folders of labelled documents."""
    return sorted(path.parent for path in folder.glob("*/oracle.json"))


def measured(folders: Iterable[Path], strictness: int = SHIPPED, later: frozenset[str] = LATER) -> Figures:
    """The figures of documents, read at a strictness."""
    return sum((_of_document(folder, strictness, later) for folder in folders), Figures())


def _of_document(folder: Path, strictness: int, later: frozenset[str]) -> Figures:
    read = read_documents([folder / "input.md"], KINDS, strictness=strictness).documents[0]
    machine = [criterion for criterion in read.criteria if criterion.judge == "machine"]
    return figures_of(folder.name, machine, oracle_of(folder), later)


def figures_of(name: str, machine: Sequence[Criterion], oracle: Sequence[Entry], later: frozenset[str]) -> Figures:
    """The figures of one document's machine criteria."""
    rates = [base_value(criterion) or 0.0 for criterion in machine if criterion.kind == "throughput"]
    run_rate = max(rates) * _HEADROOM if rates else _RATE_WHERE_NONE_IS_STATED
    found = Figures()
    for criterion in machine:
        entries = [entry for entry in oracle if criterion.line in _lines(entry)]
        judged = _judged(criterion, entries, run_rate)
        if judged == "right":
            found.right += 1
        elif judged == "neutral":
            found.neutral += 1
        else:
            found.wrong.append(f"{name}:{criterion.line} {criterion.kind} {criterion.text[:100]!r}")
            found.phantoms += all(entry["expect"] == "none" for entry in entries)
    for entry in oracle:
        if entry["expect"] != "machine" or later & set(entry.get("needs") or ()):
            continue
        found.demands += 1
        standing = [criterion for criterion in machine if criterion.line in _lines(entry)]
        if not any(asks(item, criterion, run_rate) for criterion in standing for item in entry["accept"]):
            found.missed.append(f"{name}:{entry['line']} {entry['accept'][0]['kind'][0]} {entry['demand'][:100]!r}")
    return found


def _judged(criterion: Criterion, entries: Sequence[Entry], run_rate: float) -> str:
    def accepts(name: str) -> bool:
        return any(asks(item, criterion, run_rate) for entry in entries for item in entry.get(name) or ())

    if accepts("accept"):
        return "right"
    is_open = any(entry["expect"] == "either" and not entry.get("accept") for entry in entries)
    return "neutral" if is_open or accepts("also") else "wrong"


def _lines(entry: Entry) -> Sequence[int]:
    lines: Sequence[int] = entry.get("lines") or [entry["line"]]
    return lines
