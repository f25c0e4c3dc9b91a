"""Progress of a training: learning rate, curriculum and totals."""

from __future__ import annotations

from dataclasses import dataclass, field

WARM_UP = 0.02
COOL_DOWN = 0.6
"""The learning rate falls to zero over this last share of the training."""
SMOOTHING = 0.05
LEARNED, COURSE = 0.5, 1 / 400
"""While the loss is below the limit, each step makes the dialogues harder by this much."""


@dataclass(slots=True)
class Made:
    """Totals over all workers, for the model card."""

    seed: int
    parameters: int
    longest: int
    steps: int = 0
    tokens: int = 0
    processor_minutes: float = 0.0
    course: float = 0.0
    runs: list[str] = field(default_factory=list)
    """Progress of each run; each continued the one before."""


@dataclass(slots=True)
class Pace:
    """Progress of the training (0 to 1): by steps or by time, the larger of the two. If time allows all steps, the
    result depends on the seed alone."""

    steps: int
    seconds: float
    progress: float = 0.0
    loss: float = 10.0
    """Smoothed, over all workers."""
    mastery: float = 0.0
    """Progress of the curriculum (0 to 1): it advances while the loss is low enough."""

    def went(self, progress: float, loss: float) -> None:
        """One more step."""
        self.progress = progress
        self.loss += (loss - self.loss) * SMOOTHING
        if self.loss < LEARNED:
            self.mastery = min(1.0, self.mastery + COURSE)


def rate(progress: float) -> float:
    """The share of the full learning rate: warm-up, plateau, decay."""
    return max(0.0, min(1.0, (progress + 1e-3) / WARM_UP, (1 - progress) / COOL_DOWN))
