"""How far a training is: its learning rate, its course, and what it has come to."""

from __future__ import annotations

from dataclasses import dataclass, field

WARM_UP = 0.02
COOL_DOWN = 0.6
"""The learning rate falls to nothing over this last share of the training."""
SMOOTHING = 0.05
LEARNED, COURSE = 0.5, 1 / 400
"""While the loss is lower, each step makes the dialogues harder by so much."""


@dataclass(slots=True)
class Made:
    """What the training came to, over all workers; the model card says it."""

    seed: int
    parameters: int
    longest: int
    steps: int = 0
    tokens: int = 0
    processor_minutes: float = 0.0
    course: float = 0.0
    runs: list[str] = field(default_factory=list)
    """How far each run came; each went on from the one before."""


@dataclass(slots=True)
class Pace:
    """How far the training is (0 to 1): by steps or by time, whichever is farther. Where there is the time for all
    steps, a seed gives one model."""

    steps: int
    seconds: float
    progress: float = 0.0
    loss: float = 10.0
    """Smoothed, over all workers."""
    mastery: float = 0.0
    """How far the course may be (0 to 1): it goes on while what it has come to is learned."""

    def went(self, progress: float, loss: float) -> None:
        """One more step."""
        self.progress = progress
        self.loss += (loss - self.loss) * SMOOTHING
        if self.loss < LEARNED:
            self.mastery = min(1.0, self.mastery + COURSE)


def rate(progress: float) -> float:
    """The share of the full learning rate: up, level, down."""
    return max(0.0, min(1.0, (progress + 1e-3) / WARM_UP, (1 - progress) / COOL_DOWN))
