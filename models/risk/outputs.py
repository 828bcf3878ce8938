"""What is watched of risks, by horizon."""

from __future__ import annotations

from collections.abc import Sequence

from features.array_types import FloatArray
from models.drift.profile import Predicted


def name_risks(horizons: Sequence[float], risks: FloatArray) -> dict[str, Predicted]:
    """Risks (n, h), fractions by the horizons (years), by name."""
    by_horizon = zip(horizons, risks.T, strict=True)
    return {f"risk by {horizon:g} years": Predicted(risk) for horizon, risk in by_horizon}
