"""What two scans say of one another, with the noise of a rescan: never progress, never failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clinic.texts import PageTexts
from clinic.wording import number, whole
from models.progression.two_scans.repeatability import detectable_rise, judge_change
from models.treatment_effects.conditions import recorded


def describe_change(patient: Mapping[str, Any], texts: PageTexts) -> str:
    """One or two sentences, "" without an earlier score."""
    earlier, now = (recorded(patient, name) for name in ("prior_cac_agatston", "cac_agatston"))
    if earlier is None or now is None:
        return ""
    bmi = recorded(patient, "bmi")
    body = np.array([np.nan if bmi is None else float(bmi)])
    first, later = np.array([float(earlier)]), np.array([float(now)])
    verdict = str(judge_change(first, later, body)[0])
    limit = float(detectable_rise(first, body)[0])
    years = recorded(patient, "prior_scan_years")
    said = [
        texts(
            f"trend.{verdict}",
            first=whole(float(earlier)),
            now=whole(float(now)),
            when=texts("trend.ago", n=number(float(years))) if years is not None else "",
            limit=whole(limit) if np.isfinite(limit) else "",
        )
    ]
    if recorded(patient, "statin_intensity") not in (None, "none"):
        said.append(texts("trend.statin"))
    return " ".join(said)
