"""What is known of a patient's coronary calcium: amount, vessels, density, comparison, change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clinic.words.texts import PageTexts
from clinic.words.values import ValueWriter
from features.derivation.calcium import EARLIER_CALCIUM, VESSEL_SCORES, agatston
from features.derivation.columns import Columns
from features.derivation.known_calcium import PartOfScore, Trace, find_parts, find_traces
from features.dictionary.known_disease import KNOWN_DISEASE
from models.plain_language.comparison import compares_within_ethnicity, find_no_table
from models.treatment_effects.conditions import recorded

_RECORDED = {
    "amount": ("cac_agatston", "cac_volume", "cac_mass"),
    "spread": ("vessel_count", "lesion_count", "largest_lesion_volume"),
    "density": ("cac_density_hu", "cac_density_score"),
    "earlier": (
        *("prior_cac_agatston", "prior_cac_volume", "prior_scan_years", "prior_scan_technique"),
        *("prior_slice_thickness", "prior_tube_voltage", "prior_ecg_gating"),
        "prior_scan_comparable",
    ),
    "scan": ("scan_technique", "slice_thickness", "tube_voltage", "ecg_gating"),
}
# feature -> text that states it; these are derived, so no entry of the dictionary names them
_DERIVED = {
    "comparison": ("cac_percentile", "arterial_age"),
    "density": ("low_density_share", "high_density_share"),
}
TOPICS = ("amount", "comparison", "spread", "density", "scan", "earlier")
_ON_RECORD = (
    *(*KNOWN_DISEASE, "carotid_stenosis", *EARLIER_CALCIUM),
    *("plaque_volume", "noncalcified_plaque_volume", "low_attenuation_burden"),
)
# Nobody has less than none, which is the least of an arterial age, and nothing has no density.
_OF_SOME_CALCIUM = ("cac_percentile", "arterial_age", "low_density_share", "high_density_share")
_SHARES = ("low_density_share", "high_density_share")


@dataclass(frozen=True)
class CalciumPanel:
    """``topics``: name of the topic and its rows (label, value); ``vessels``: label, Agatston.

    ``caution``: why the comparison may not hold for this patient, or "". ``acquisition``: by
    variable, canonical, what is known of how the scan was made. ``part``, ``trace``: what is known
    of a score that is None. ``diseased``: whether the arteries are, whatever the score.
    """

    topics: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    vessels: tuple[tuple[str, float], ...]
    caution: str = ""
    score: float | None = None
    acquisition: Mapping[str, Any] = field(default_factory=dict)
    part: PartOfScore | None = None
    trace: Trace | None = None
    diseased: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anything at all is."""
        return bool(self.topics)


def describe_calcium(
    patient: Mapping[str, Any], columns: Columns, features: pd.Series, writer: ValueWriter
) -> CalciumPanel:
    """The panel of one patient, from canonical covariates (1, variables) and derived features.

    ``patient``: the covariates, with what follows from others.
    """
    dictionary, texts = writer.dictionary, writer.texts
    total = float(columns.derived(agatston)[0])
    score = total if _is_known(total) else None
    part = find_parts(columns)[0]
    summed = bool(score) and bool(np.isnan(columns["cac_agatston"][0]))
    topics = []
    no_table = find_no_table(patient)
    for topic in TOPICS:
        rows = [
            (
                texts.label(dictionary[name]),
                texts("calcium.summed", n=texts.write.score(total))
                if summed and name == "cac_agatston"
                else writer.say(name, patient[name]),
            )
            for name in _RECORDED.get(topic, ())
            if _is_known(patient.get(name))
        ]
        if topic == "amount" and part is not None:
            least = texts.write.score(part.least)
            key = "calcium.part_earlier" if part.earlier else "calcium.part"
            said = texts(key, n=least, known=part.known)
            rows.insert(0, (texts.label(dictionary["cac_agatston"]), said))
        for name in _DERIVED.get(topic, ()):
            if name in _OF_SOME_CALCIUM and not features.get("log_cac", 0.0) > 0:
                continue
            if name == "cac_percentile" and no_table is not None:
                rows.append((texts("calcium.cac_percentile"), texts(f"calcium.no_{no_table}")))
                continue
            value = features.get(name)
            if value is not None and _is_known(value):
                label, said = _derived(name, float(value), texts)
                if name == "cac_percentile" and not compares_within_ethnicity(patient):
                    label = texts("calcium.cac_percentile_alone")
                rows.append((label, said))
        if rows:
            topics.append((texts(f"calcium.{topic}"), tuple(rows)))
    if score is None:
        topics = [entry for entry in topics if entry[0] != texts("calcium.comparison")]
    vessels = [
        (texts(f"calcium.vessels.{name[-3:].strip('_')}"), float(patient[name]))
        for name in VESSEL_SCORES
        if _is_known(patient.get(name))
    ]
    known_disease = any(patient.get(name) == 1 for name in ("prior_cad", "prior_pci"))
    caution = texts("calcium.known_disease") if known_disease and topics else ""
    made = {name: patient[name] for name in _RECORDED["scan"] if _is_known(patient.get(name))}
    trace = find_traces(columns)[0]
    diseased = has_diseased_arteries(patient)
    return CalciumPanel(tuple(topics), tuple(vessels), caution, score, made, part, trace, diseased)


def has_diseased_arteries(patient: Mapping[str, Any]) -> bool:
    """Whether known disease, calcium on an earlier scan or plaque on CT angiography is recorded.

    ``patient``: canonical covariates. What a score of 0 does not undo.
    """
    on_record = any((recorded(patient, name) or 0) > 0 for name in _ON_RECORD)
    return on_record or recorded(patient, "cad_rads") not in (None, "0")


def _derived(name: str, value: float, texts: PageTexts) -> tuple[str, str]:
    shown = 100 * value if name in _SHARES else value
    if name == "cac_percentile":
        said = texts(f"calcium.values.{name}", n=texts.ordinal(_said_percentile(value)))
        return texts(f"calcium.{name}"), said
    key = "arterial_age_highest" if name == "arterial_age" and value > 100 else name
    return texts(f"calcium.{name}"), texts(
        f"calcium.values.{key}", n=texts.write.number(round(shown, 1))
    )


def _is_known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value))


def percentile_of(patient: Mapping[str, Any], features: pd.Series) -> float | None:
    """The percentile, 1 to 99; None without calcium or without a table for this patient."""
    value = features.get("cac_percentile")
    some = features.get("log_cac", 0.0) > 0
    if value is None or not _is_known(value) or not some or find_no_table(patient) is not None:
        return None
    return float(np.clip(value, 1, 99))


def describe_percentile(patient: Mapping[str, Any], features: pd.Series, texts: PageTexts) -> str:
    """The percentile in words, or why there is none; "" where there is nothing to compare."""
    if not features.get("log_cac", 0.0) > 0:
        return ""
    no_table = find_no_table(patient)
    if no_table is not None:
        return texts(f"calcium.no_{no_table}")
    value = percentile_of(patient, features)
    if value is None:
        return ""
    return texts("calcium.percentile", n=texts.ordinal(_said_percentile(value)))


def _said_percentile(value: float) -> int:
    """Rounded down: the 75th begins at 75, for words and for rules."""
    return int(np.clip(np.floor(value), 1, 99))
