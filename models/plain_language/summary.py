"""The numbers that a patient's text is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.derivation.calcium import agatston
from features.derivation.catalogue import CATALOGUE
from features.derivation.columns import Columns
from features.derivation.known_calcium import PartOfScore, find_parts, find_traces
from features.dictionary.dictionary import Dictionary
from models.explanation.explanation import SMALLEST_REASON, Explanation, find_unknown
from models.input_ranges import InputRanges
from models.plain_language.comparison import compares_within_ethnicity, find_no_table

_LEAST_SHARE = 0.1
# Of the group of treatments, yet nothing that could be stopped.
_NO_DRUG = ("prior_pci",)


@dataclass(frozen=True)
class Reason:
    """A variable and its contribution, percentage points.

    ``value``: canonical, or None where it was worked out from other variables.
    """

    variable: str
    points: float
    value: float | str | None = None


@dataclass(frozen=True)
class Missing:
    """Important variables without a value, the weightiest first, and how much they matter.

    ``points``: how far the risk would typically move if all were known, percentage points; None
    where that was not worked out. ``counted``: what all unknown variables together contribute to
    this risk, percentage points.
    """

    variables: tuple[str, ...]
    points: float | None
    counted: float = 0.0


@dataclass(frozen=True)
class PatientSummary:
    """One patient in numbers; None where something is not known. Risks are fractions.

    ``by_ethnicity``: whether ``percentile`` compares within the patient's ethnic group too.
    ``calcium_part``: of a calcium score that is None; ``calcium_seen``: of one that is None or 0,
    whether calcium was measured in another way.
    ``treated``: drugs the patient takes that contribute above zero: they mark treated disease.
    ``unsure``: what contributes as much as ``raises`` and ``lowers``, yet of no certain sign.
    ``any_death``: the risk is that of death from any cause.
    """

    horizon: float
    risk: float
    interval: tuple[float, float] | None
    base_risk: float
    calcium_score: float | None
    percentile: float | None
    by_ethnicity: bool
    arterial_age: float | None
    raises: tuple[Reason, ...]
    lowers: tuple[Reason, ...]
    treated: tuple[str, ...]
    missing: Missing
    outside: tuple[str, ...]
    simulated: bool = False
    competing: float | None = None
    calcium_part: PartOfScore | None = None
    unsure: tuple[Reason, ...] = ()
    any_death: bool = False
    calcium_seen: bool = False


def summarise_patients(
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    explanation: Explanation,
    ranges: InputRanges,
    *,
    intervals: FloatArray | None = None,
    moves: FloatArray | None = None,
    competing: FloatArray | None = None,
    weights: Mapping[str, float] | None = None,
    certain: npt.NDArray[np.bool_] | None = None,
    n_reasons: int = 3,
    simulated: bool = False,
    any_death: bool = False,
) -> list[PatientSummary]:
    """One summary per patient, in the order of the frames.

    ``covariates``: canonical; ``features``: derived from them; ``explanation``: of the same
    patients; ``intervals``: (n, 2) for the risk; ``moves``: (n,) from `RiskInterval.gap_move`;
    ``competing``: (n,) risk of the competing event; ``weights``: from
    `models.explanation.population.relative_weights`; ``certain``: (n, variables) from
    `find_certain`, what alone is named as a strongest reason, all where None.
    """
    contributions = explanation.by_variable(CATALOGUE)
    dictionary = Dictionary.load()
    outside = _outside(covariates, ranges)
    columns = Columns(covariates, dictionary)
    scores, parts = columns.derived(agatston), find_parts(columns)
    traces = find_traces(columns)
    names = dict.fromkeys([*map(str, contributions), *ranges.important])
    unknown = pd.DataFrame(find_unknown(names, covariates, features))
    summaries = []
    for row in range(len(covariates)):
        patient = covariates.iloc[row]
        derived = features.iloc[row]
        points = 100 * contributions.iloc[row]
        known = points[~unknown[points.index].iloc[row].to_numpy(bool)]
        named = (
            known if certain is None else known.drop(points.index[~certain[row]], errors="ignore")
        )
        risk = float(explanation.risk[row])
        summaries.append(
            PatientSummary(
                explanation.horizon,
                risk,
                None if intervals is None else (float(intervals[row, 0]), float(intervals[row, 1])),
                explanation.base_risk,
                None if np.isnan(scores[row]) else float(scores[row]),
                _percentile(patient, derived),
                compares_within_ethnicity({str(name): value for name, value in patient.items()}),
                _known(derived, "arterial_age"),
                _largest(named, 1, n_reasons, patient),
                _largest(named, -1, n_reasons, patient),
                _treated(patient, points, dictionary),
                _missing(
                    [name for name in ranges.important if unknown[name].iloc[row]],
                    weights or {},
                    None if moves is None else 100 * float(moves[row]),
                    float(points.sum() - known.sum()),
                ),
                outside[row],
                simulated,
                None if competing is None else float(competing[row]),
                parts[row],
                _unsure(known, named, n_reasons, patient),
                any_death,
                traces[row] == "seen",
            )
        )
    return summaries


def _known(values: pd.Series, name: str) -> float | None:
    value = values.get(name)
    return None if value is None or pd.isna(value) else float(value)


def _percentile(patient: pd.Series, derived: pd.Series) -> float | None:
    if find_no_table({str(name): value for name, value in patient.items()}) is not None:
        return None
    return _known(derived, "cac_percentile")


def _largest(
    points: pd.Series, sign: int, n_reasons: int, patient: pd.Series
) -> tuple[Reason, ...]:
    """The largest of one sign; what is small beside the largest of either sign is left out."""
    signed = (sign * points).sort_values(ascending=False, kind="stable").iloc[:n_reasons]
    least = max(100 * SMALLEST_REASON, _LEAST_SHARE * float(points.abs().max()))
    return tuple(
        _reason(str(name), sign * float(value), patient.get(str(name)))
        for name, value in signed.items()
        if value >= least
    )


def _unsure(
    known: pd.Series, named: pd.Series, n_reasons: int, patient: pd.Series
) -> tuple[Reason, ...]:
    """Of the known that are not named, those too large to be passed over.

    They are larger than any of their sign that is named, or half as large as the largest of all.
    """
    half = 0.5 * float(known.abs().max())
    found = [
        reason
        for sign in (1, -1)
        for reason in _largest(known, sign, n_reasons, patient)
        if reason.variable not in named.index
        and (abs(reason.points) >= half or not (sign * named > sign * reason.points).any())
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.points))[:n_reasons])


def _reason(variable: str, points: float, value: Any) -> Reason:
    if value is None or pd.isna(value):
        return Reason(variable, points)
    return Reason(variable, points, value if isinstance(value, str) else float(value))


def _treated(patient: pd.Series, points: pd.Series, dictionary: Dictionary) -> tuple[str, ...]:
    """Drugs with a contribution above zero in a patient who takes them."""
    names = []
    for name, value in points.items():
        variable = dictionary.get(str(name))  # None: one that the cohort map added
        taken = patient.get(str(name))
        if variable is None or variable.group != "therapy" or taken is None or pd.isna(taken):
            continue
        if name in _NO_DRUG:
            continue
        if value >= 100 * SMALLEST_REASON and taken not in ("none", 0.0):
            names.append(str(name))
    return tuple(names)


def _missing(
    absent: Sequence[str], weights: Mapping[str, float], points: float | None, counted: float
) -> Missing:
    ranked = sorted(absent, key=lambda name: -weights.get(name, 0.0))
    return Missing(tuple(ranked), points, counted)


def _outside(covariates: pd.DataFrame, ranges: InputRanges) -> list[tuple[str, ...]]:
    named = ranges.name_outside(covariates, {name: name for name in ranges.names})
    return [tuple(text.split("; ")) if text else () for text in named]
