"""What a guideline is made of: sources, classes of numbers, sentences and goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.treatment_effects.conditions import Condition


@dataclass(frozen=True)
class Source:
    """Where a rule stands; ``checked``: read in source or second hand."""

    name: str
    date: str
    checked: str


@dataclass(frozen=True)
class Step:
    """A class of a number from ``start`` on; ``code``: what a coding system calls it."""

    name: str
    start: float
    code: str = ""


@dataclass(frozen=True)
class RiskScale:
    """Categories of the ten-year risk by a published score."""

    score: str
    source: str
    steps: tuple[Step, ...]

    def category(self, risk: float) -> str:
        """The name of the category; a risk at a threshold belongs to the one above."""
        return step_of(self.steps, risk).name

    @property
    def bounds(self) -> tuple[float, ...]:
        """Where the second category begins, and every further one."""
        return tuple(step.start for step in self.steps[1:])


@dataclass(frozen=True)
class Saying:
    """A sentence that holds for whom its condition holds.

    ``outweighed``: said in its place where what it speaks of does the patient more harm than good.
    """

    text: str
    when: Condition
    outweighed: str = ""


@dataclass(frozen=True)
class Goal:
    """LDL cholesterol below ``goal`` mg/dL, below ``add_on`` by adding a second drug.

    ``stands``: it holds though what is not known could make it lower, which ``why`` says.
    """

    goal: float
    add_on: float | None
    why: str
    when: Condition
    stands: bool = False


def step_of(steps: Sequence[Step], value: float) -> Step:
    """The class of a value; one at a threshold belongs to the class above."""
    return next(step for step in reversed(steps) if value >= step.start)
