"""Scans of one patient in the order of their dates: the latest, and what the one before showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.derivation.calcium import BANDS
from features.derivation.scan_technique import COMPARABLE

DAYS_PER_YEAR = 365.25
SMALLEST_GAP_YEARS = 0.08
_NOT_KNOWN = "not known"
# What the earlier scan showed, under the names of the dictionary.
PRIOR = {
    name: f"prior_{name}"
    for name in (
        "cac_agatston",
        "cac_volume",
        "cac_density_score",
        "cac_density_hu",
        *(f"cac_volume_{band}" for band in BANDS),
        "lesion_count",
        "spotty_lesion_count",
        "sheet_lesion_count",
    )
}
_COMPARED = {
    "manufacturer": "scanner",
    "model": "scanner",
    "kvp": "tube voltage",
    "thickness_mm": "slice thickness",
    "slice_spacing_mm": "slice spacing",
    "kernel": "kernel",
}


def join_scans(scans: pd.DataFrame, abouts: Mapping[int, Mapping[str, Any]]) -> pd.DataFrame:
    """A row per patient, indexed by patient_id: the latest scan with the one before as prior.

    ``scans``: totals with patient_id, date and the line of the manifest; ``abouts``: the scans'
    records by line. ``prior_scan_comparable`` is 1 where scanner, slices, voltage and measuring
    rules are the same, 0 where one differs, else empty; ``prior_differs`` says what is not known to
    be the same.
    """
    rows = []
    for _, own in scans.groupby("patient_id", sort=True):
        ordered = own.sort_values(["date", "line"])
        latest = ordered.iloc[-1].copy()
        years = (latest["date"] - ordered["date"]).map(lambda gap: gap.days) / DAYS_PER_YEAR
        earlier = ordered[years >= SMALLEST_GAP_YEARS]
        for now in PRIOR.values():
            latest[now] = np.nan
        latest["prior_scan_years"], latest["prior_differs"] = np.nan, None
        latest[COMPARABLE] = np.nan
        if len(earlier):
            latest = _with_prior(latest, earlier.iloc[-1], abouts)
        close = len(ordered) - len(earlier) - 1
        if close:
            told = [] if latest["prior_differs"] in (None, "") else [latest["prior_differs"]]
            latest["prior_differs"] = "; ".join([*told, _describe_close(close)])
        rows.append(latest)
    return pd.DataFrame(rows).set_index("patient_id")


def _with_prior(
    latest: pd.Series, prior: pd.Series, abouts: Mapping[int, Mapping[str, Any]]
) -> pd.Series:
    differs = differences(abouts[int(latest["line"])], abouts[int(prior["line"])])
    for now, before in PRIOR.items():
        latest[before] = prior[now]
    latest["prior_scan_years"] = (latest["date"] - prior["date"]).days / DAYS_PER_YEAR
    latest[COMPARABLE] = _judge(differs)
    latest["prior_differs"] = "; ".join(differs)
    return latest


def _describe_close(count: int) -> str:
    """Of scans that are neither the latest nor an earlier one."""
    scans = "another scan" if count == 1 else f"{count} other scans"
    return f"{scans} less than a month apart: not taken as an earlier scan"


def _judge(differs: Sequence[str]) -> float:
    if any(not one.endswith(_NOT_KNOWN) for one in differs):
        return 0.0
    return np.nan if differs else 1.0


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """What differs between two scans, or is not known of one, in words."""
    found: dict[str, str] = {}
    for key, word in _COMPARED.items():
        first, second = now["scan"].get(key), before["scan"].get(key)
        if first is None or second is None:
            found.setdefault(word, f"{word} {_NOT_KNOWN}")
        elif _unlike(first, second):
            found[word] = f"{word} differs"
    if now["rules"] != before["rules"]:
        found["rules"] = "measuring rules differ"
    return list(found.values())


def _unlike(first: Any, second: Any) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) > 0.01 * max(abs(first), abs(second))
    return bool(first != second)
