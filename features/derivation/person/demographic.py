"""Who the patient is, and what befell the patient and the family before."""

from __future__ import annotations

from features.derivation.derivation import Derivation, coded, recorded

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
    ),
)
