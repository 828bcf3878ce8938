"""Whether a calcium score may be compared with a published table of percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

# MESA's four groups; the table below 45 years knows none.
TABLED_ETHNICITIES = ("white", "black", "hispanic", "chinese")
_DRUGS_FOR_DIABETES = ("insulin", "sglt2_inhibitor", "glp1_agonist")

NoTable = Literal["ethnicity", "diabetes"]


def find_no_table(patient: Mapping[str, Any]) -> NoTable | None:
    """Why no published percentile is about this patient; None where one is.

    ``ethnicity``: a recorded group that no table holds. ``diabetes``: treated diabetes, which MESA
    left out of its percentiles (McClelland RL et al. Circulation 2006;113:30-37).
    """
    ethnicity = patient.get("ethnicity")
    if isinstance(ethnicity, str) and ethnicity not in TABLED_ETHNICITIES:
        return "ethnicity"
    treated = any(patient.get(drug) == 1 for drug in _DRUGS_FOR_DIABETES)
    return "diabetes" if patient.get("diabetes") == 1 and treated else None
