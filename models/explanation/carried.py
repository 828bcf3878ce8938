"""What an explainer keeps of its background, and what it finds out about patients."""

from __future__ import annotations

from dataclasses import dataclass

from features.array_types import FloatArray
from models.explanation.tree_attribution import TreeAttribution


@dataclass(frozen=True)
class CauseBackground:
    """What is kept of the background for one cause: means of terms, counts of decisions.

    ``mean_terms``: (strata, m) of `CauseModel.terms`; ``mean_recorded``: the same before they are
    weighed (`LinearDesign.recorded_terms`). ``trees``: None where there are none.
    """

    mean_terms: FloatArray
    mean_recorded: FloatArray
    trees: TreeAttribution | None


@dataclass(frozen=True)
class Carried:
    """Patients' risk (n,), what features add to it through the event's hazard (n, p), and the rest.

    ``other``: (n,) what runs through the hazards of other causes. ``worth``: (n, strata) the risk
    that one unit of the event's margin is worth between each stratum and the patient.
    """

    risk: FloatArray
    values: FloatArray
    other: FloatArray
    worth: FloatArray
