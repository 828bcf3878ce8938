"""What is known of a patient's coronary calcium: amount, vessels, density, comparison, change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clinic.texts import PageTexts
from clinic.wording import number, value_in_words
from features.dictionary.dictionary import Dictionary

VESSELS = ("cac_agatston_lm", "cac_agatston_lad", "cac_agatston_lcx", "cac_agatston_rca")
_RECORDED = {
    "amount": ("cac_agatston", "cac_volume", "cac_mass"),
    "spread": ("vessel_count", "lesion_count", "largest_lesion_volume"),
    "density": ("cac_density_hu", "cac_density_score"),
    "earlier": ("prior_cac_agatston", "prior_cac_volume", "prior_scan_years"),
}
# feature -> text that states it; these are derived, so no entry of the dictionary names them
_DERIVED = {
    "comparison": ("cac_percentile", "arterial_age"),
    "density": ("low_density_share", "high_density_share"),
    "earlier": ("cac_change_per_year", "cac_percent_change_per_year"),
}
TOPICS = ("amount", "comparison", "spread", "density", "earlier")
# Nobody has less than none, and nothing has no density.
_OF_SOME_CALCIUM = ("cac_percentile", "low_density_share", "high_density_share")
_SHARES = ("low_density_share", "high_density_share")
# kept by the model on the scale sign(x) ln(|x| + 1)
_SIGNED_LOGS = ("cac_change_per_year", "cac_percent_change_per_year")


@dataclass(frozen=True)
class CalciumPanel:
    """``topics``: name of the topic and its rows (label, value); ``vessels``: label, Agatston.

    ``caution``: why the comparison may not hold for this patient, or "".
    """

    topics: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    vessels: tuple[tuple[str, float], ...]
    caution: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything at all is."""
        return bool(self.topics)


def describe_calcium(
    patient: Mapping[str, Any], features: pd.Series, dictionary: Dictionary, texts: PageTexts
) -> CalciumPanel:
    """The panel of one patient, from canonical covariates and derived features."""
    topics = []
    for topic in TOPICS:
        rows = [
            (dictionary[name].label, value_in_words(patient[name], dictionary[name], texts))
            for name in _RECORDED.get(topic, ())
            if _is_known(patient.get(name))
        ]
        for name in _DERIVED.get(topic, ()):
            if name in _OF_SOME_CALCIUM and not features.get("log_cac", 0.0) > 0:
                continue
            value = features.get(name)
            if value is not None and _is_known(value):
                rows.append(_derived(name, float(value), texts))
        if topic == "amount" and not rows and _is_known(features.get("log_cac")):
            total = float(np.expm1(features["log_cac"]))
            rows = [(dictionary["cac_agatston"].label, texts("calcium.summed", n=number(total)))]
        if rows:
            topics.append((texts(f"calcium.{topic}"), tuple(rows)))
    if not _is_known(features.get("log_cac")):
        topics = [entry for entry in topics if entry[0] != texts("calcium.comparison")]
    vessels = [
        (texts(f"calcium.vessels.{name[-3:].strip('_')}"), float(patient[name]))
        for name in VESSELS
        if _is_known(patient.get(name))
    ]
    known_disease = any(patient.get(name) == 1 for name in ("prior_cad", "prior_pci"))
    caution = texts("calcium.known_disease") if known_disease and topics else ""
    return CalciumPanel(tuple(topics), tuple(vessels), caution)


def _derived(name: str, value: float, texts: PageTexts) -> tuple[str, str]:
    shown = 100 * value if name in _SHARES else value
    if name in _SIGNED_LOGS:
        shown = float(np.sign(value) * np.expm1(abs(value)))
    if name == "cac_percentile":
        shown = float(np.clip(round(value), 1, 99))
    key = "arterial_age_highest" if name == "arterial_age" and value > 100 else name
    return texts(f"calcium.{name}"), texts(f"calcium.values.{key}", n=number(round(shown, 1)))


def _is_known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value))
