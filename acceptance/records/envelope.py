"""What each record of evidence has, and the records of every measurement."""

# Annotations are no texts here: `NotRequired` would not be seen in one.

from typing import NotRequired, TypedDict


class Envelope(TypedDict):
    """What each record has: its kind, in how many places a key was taken out, and the attempt that it is of."""

    record: str
    redacted: NotRequired[int]
    attempt: NotRequired[int]


class Setup(Envelope):
    """The first record of each file: the profile of the run, and the error that its verdicts may make."""

    profile: str
    alpha: float


class Note(Envelope):
    """What is to be known of a measurement; an assumption is shown beside the verdict."""

    text: NotRequired[str]
    assumption: NotRequired[str]


class Text(Envelope):
    """What was said, by a process or over a connection."""

    text: str


class Missing(Envelope):
    """Why nothing was measured, and what would make it measurable."""

    reason: str
    mend: NotRequired[str]
