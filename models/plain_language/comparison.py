"""Whether a calcium score may be compared with a published table of percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from features.derivation.calcium import MESA_FROM_YEARS

# MESA's four groups; the other table knows none.
TABLED_ETHNICITIES = ("white", "black", "hispanic", "chinese")
# From the first birthday to before the second: MESA was 45 to 84 years old (McClelland RL et al.
# Circulation 2006;113:30-37), the people of the other table 30 to 90, whatever its open bands say
# (Hoff JA et al. Am J Cardiol 2001;87:1335-1339, abstract).
_MESA_AGES = (float(MESA_FROM_YEARS), 85.0)
_HOFF_AGES = (30.0, 91.0)
_DRUGS_FOR_DIABETES = ("insulin", "sglt2_inhibitor", "glp1_agonist")

NoTable = Literal["ethnicity", "diabetes", "age"]


def compares_within_ethnicity(patient: Mapping[str, Any]) -> bool:
    """Whether the percentile is of the patient's ethnic group, too; `cac_percentile` chooses so."""
    age = patient.get("age")
    tabled = patient.get("ethnicity") in TABLED_ETHNICITIES
    return tabled and age is not None and bool(age >= MESA_FROM_YEARS)


def find_no_table(patient: Mapping[str, Any]) -> NoTable | None:
    """Why no published percentile is about this patient; None where one is.

    ``ethnicity``: a recorded group that no table holds. ``diabetes``: treated diabetes, which MESA
    left out of its percentiles (McClelland RL et al. Circulation 2006;113:30-37). ``age``: nobody
    of this age was in the population of the table that `cac_percentile` reads.
    """
    ethnicity = patient.get("ethnicity")
    if isinstance(ethnicity, str) and ethnicity not in TABLED_ETHNICITIES:
        return "ethnicity"
    treated = any(patient.get(drug) == 1 for drug in _DRUGS_FOR_DIABETES)
    if patient.get("diabetes") == 1 and treated:
        return "diabetes"
    age = patient.get("age")
    if age is None or age != age:
        return None
    by_ethnicity = age >= MESA_FROM_YEARS and isinstance(ethnicity, str)
    first, end = _MESA_AGES if by_ethnicity else _HOFF_AGES
    return None if first <= age < end else "age"
