"""One entry of the shipped evidence: a treatment, its effect, and whom it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.treatment_effects.amount import Amount
from models.treatment_effects.conditions import Condition
from models.treatment_effects.eligibility import Requirement

Status = Literal["randomised", "observational", "withheld", "not_established"]
# Figures of these may be shown: whole paper, or abstract or register entry of the trial itself.
SEEN = ("read in source", "read in abstract")
CHECKED = (*SEEN, "partly read in source", "unverified")
GRADES = ("RCT", "meta-analysis of RCTs", "Mendelian/cohort", "mechanistic", "none")


@dataclass(frozen=True)
class RelativeEffect:
    """Relative effect on the hazard with its 95 % interval, ``per`` unit of treatment."""

    estimate: float
    low: float
    high: float
    per: str


@dataclass(frozen=True)
class Harm:
    """What a treatment costs. ``name``: the case in short; ``number``: treated for one more case
    within ``years``, where that is known.

    ``outweighs``: a case weighs as much as an event prevented, so the two numbers are compared; the
    reason given where fewer are treated for a case than for an event. ``spares``: whom it cannot
    befall.
    """

    text: str
    name: str
    number: float | None = None
    years: float | None = None
    outweighs: str = ""
    spares: Condition | None = None

    def number_by(self, horizon: float) -> float | None:
        """Treated for one more case within ``horizon`` years, at the trials' constant rate."""
        if self.number is None or self.years is None:
            return None
        return self.number * self.years / horizon


@dataclass(frozen=True)
class TreatmentEffect:
    """One entry. ``effect`` is there only where its figures were seen in the source.

    ``basis``: effects of one basis rest on the same trials, so their errors add up. ``pathway``:
    of several only the strongest counts in a combination. ``exclusive``: no two are given
    together. ``sets``: what else the treatment changes in the patient, for those that follow.
    """

    name: str
    label: str
    variables: tuple[str, ...]
    status: Status
    evidence: str
    checked: str
    outcome: str
    population: str
    citation: str
    text: str
    effect: RelativeEffect | None = None
    amount: Amount = field(default_factory=Amount)
    basis: str | None = None
    pathway: str | None = None
    exclusive: str | None = None
    sets: Mapping[str, str | float] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    recommended: Condition | None = None
    recommended_by: str = ""
    harmful: Condition | None = None
    harmful_why: str = ""
    harm: Harm | None = None
