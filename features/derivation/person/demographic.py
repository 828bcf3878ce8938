"""Who the patient is, and what befell the patient and the family before."""

from __future__ import annotations

from features.derivation.arrays import flag
from features.derivation.derivation import Derivation, coded, recorded

_ZHU = "Zhu D et al. Lancet Public Health 2019;4:e553-e564"


def _menopause_before(age: int) -> Derivation:
    return Derivation(
        f"menopause_before_{age}",
        "menopause_age",
        lambda columns: flag(columns["menopause_age"] < age, columns["menopause_age"]),
        f"menopause before {age} years: yes or no",
        _ZHU,
        monotone=1,
        why_monotone="It is yes where the age is low",
    )


FEATURES: tuple[Derivation, ...] = (
    *recorded("age"),
    *coded("sex", "male"),
    # White is the reference: five columns tell six groups apart.
    *coded("ethnicity", "black", "hispanic", "chinese", "south_asian", "other"),
    *recorded(
        "family_history",
        "prior_cad",
        "prior_stroke",
        "prior_pad",
        "prior_aaa",
        "carotid_stenosis",
        "carotid_imt",
        "dialysis",
        "bleeding_history",
        "preeclampsia",
        "inflammatory_disease",
        "hiv",
        "chest_radiotherapy",
    ),
    # Two steps, so that each may only add.
    _menopause_before(45),
    _menopause_before(40),
)
