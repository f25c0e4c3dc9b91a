"""HTTP statuses in a text: a number of three digits that counts nothing."""

from __future__ import annotations

_COUNTED = (
    r"(?![.,]?\d|\s?(?:%|tokens?|k|[mµ]?s|sec\w*|min\w*|[kmgt]i?b|cores?|req\w*|rps|users?|sessions?|connections?"
    r"|turns?|parallel|concurrent|at once)\b)"
)


def status(*codes: int) -> str:
    """An expression for these statuses; `503 tokens` and `400 ms` are figures."""
    return rf"\b(?:{'|'.join(map(str, codes))})\b{_COUNTED}"
