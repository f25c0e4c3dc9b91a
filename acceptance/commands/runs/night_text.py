"""Nights as text: tonight's figures beside the control's, and one line a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from signoff.perf.nights.comparison import Compared
from signoff.perf.nights.history import Night

_NAMES = {
    "latency": "latency",
    "ttft": "TTFT",
    "inter_token_latency": "inter-token latency",
    "throughput": "throughput",
}


def night_text(night: Night, outcome: str, folder: Path) -> str:
    """The night that was just measured."""
    lines = [f"night {night.number}: performance criteria {outcome}, {_counted(night)}"]
    lines += [
        f"  {each.outcome.replace('_', ' ')}: {each.id}: {each.reason}"
        for each in night.criteria
        if each.outcome != "pass"
    ]
    width = max((len(_NAMES[figure.name]) for figure in night.figures), default=0)
    for figure in night.figures:
        both = f"{figure.target:.4g} {figure.unit}, control {figure.control:.4g} {figure.unit}"
        lines.append(
            f"  {_NAMES[figure.name]:<{width}}  {both}; ratio {_ratio(figure)} over {len(figure.ratios)} pairs"
        )
    if not night.valid:
        lines.append(f"  not valid: {night.reason}")
    lines.append(f"run: {folder}")
    return "\n".join(lines)


def nights_table(nights: Sequence[Night]) -> str:
    """One line a night; a ratio is target by control with its 95 % interval."""
    names = [name for name in _NAMES if any(figure.name == name for night in nights for figure in night.figures)]
    head = ["night", "started (UTC)", "criteria", *(f"{_NAMES[name]} ratio" for name in names), "document"]
    rows = [head]
    for night in nights:
        figures = {figure.name: _ratio(figure) for figure in night.figures}
        flaw = "" if night.valid else f" (not valid: {night.reason})"
        shown = [figures.get(name, "-") for name in names]
        rows.append([str(night.number), night.started[:16].replace("T", " "), _counted(night), *shown])
        rows[-1].append(Path(night.document).name + flaw)
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _counted(night: Night) -> str:
    count = Counter(each.outcome for each in night.criteria)
    return f"{count['pass']} of {len(night.criteria)} pass"


def _ratio(figure: Compared) -> str:
    return f"{figure.ratio:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
