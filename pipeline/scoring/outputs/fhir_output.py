"""Scored patients as FHIR RiskAssessment resources, each checked by the models of fhir.resources.

The package's models are those of R4B; RiskAssessment is the same there as in R4.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa

from features.errors import ConfigError
from features.intake.fhir.reader import BASIS, INDEX_DATE
from features.intake.sources.source import Source
from models.progression.two_scans.change import (
    DENSIFIED,
    SEEN_BEFORE,
    SENTENCES,
    UNKNOWN,
    VANISHED,
)
from pipeline.files.private import open_private
from pipeline.scoring.request import ScoreRequest

ENDINGS = (".ndjson", ".json")
CARRIED = ("age", INDEX_DATE, BASIS)
"""Columns of a source that say more of a risk: when, at which age, from which resources."""

_RISK = re.compile(r"risk_(\d+(?:\.\d+)?(?:e[+-]?\d+)?)y")
_PASSING = re.compile(r"above_(\d+(?:\.\d+)?)_(\d+(?:\.\d+)?)y")
_REASON = re.compile(r"reason_\d+")
_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"(?:https?://[^\s|]+/)?[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}|urn:uuid:\S+")
_PATIENT = re.compile(r"https?://[^\s|]+/Patient/[A-Za-z0-9\-.]{1,64}|urn:uuid:\S+")
_UCUM = "http://unitsofmeasure.org"
_CODE = "Absolute risk (cumulative incidence) of the event that the model was trained on"
_FORECAST = "Chance of a higher Agatston score at a later scan"
_RESEARCH = (
    "Research software, not for care. A probability of 0.08 means that 8 of 100 such patients will "
    "have the event. Reasons say what marks the risk, in percentage points, not what changes it."
)


def carry_context(request: ScoreRequest, source: Source) -> ScoreRequest:
    """The request with the columns of the source kept that the output has a place for.

    Raises ConfigError where RiskAssessments are asked for and cannot be checked.
    """
    names: Sequence[str] = (INDEX_DATE,)
    if request.out.suffix.lower() in ENDINGS:
        _load_model()
        names = CARRIED
    more = (name for name in names if name in source.columns and name not in request.keep)
    return replace(request, keep=(*request.keep, *more))


class FhirWriter:
    """Writes RiskAssessments: one a line (.ndjson) or as a Bundle (.json).

    See `writers.TableWriter`. Raises ConfigError where the extra is missing.
    """

    def __init__(self, path: Path, ending: str) -> None:
        self._check = _load_model()
        self._file, self._lines, self._count = open_private(path, "w", encoding="utf-8"), ending, 0
        if ending == ".json":
            self._file.write('{"resourceType": "Bundle", "type": "collection", "entry": [')

    def write(self, piece: pa.Table) -> None:
        """Add the rows of the piece. Raises AssertionError where one is no valid resource."""
        for row in _rows(piece):
            resource = make_assessment(row)
            self._check(resource)
            if self._lines == ".json":
                self._file.write(",\n" if self._count else "\n")
                address = f"urn:uuid:{resource['id']}"
                resource = {"fullUrl": address, "resource": resource}
            self._file.write(json.dumps(resource, ensure_ascii=False, allow_nan=False))
            self._count += 1
            if self._lines == ".ndjson":
                self._file.write("\n")

    def close(self) -> None:
        """Finish the file and wait until it is on disk."""
        if self._lines == ".json":
            self._file.write("\n]}\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is; nothing where it is finished."""
        with suppress(OSError):
            self._file.close()


def make_assessment(row: Mapping[str, Any]) -> dict[str, Any]:
    """The RiskAssessment of one scored row: what `score` writes, by column."""
    patient, run = str(row["patient_id"]), str(row.get("run_id", ""))
    model = " ".join(str(row[name]) for name in ("model", "version") if row.get(name))
    digest = f", SHA-256 {row['digest']}" if row.get("digest") else ""
    resource: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": str(uuid5(NAMESPACE_URL, f"urn:calcirisk:{run}:{patient}")),
        "identifier": [{"system": "urn:calcirisk:run", "value": run or "none"}],
        "status": "final",
        "method": {"text": f"{model}{digest}"},
        "code": {"text": _CODE if _find(_RISK, row) else _FORECAST},
        "subject": _name_subject(patient),
    }
    if row.get(INDEX_DATE):
        resource["occurrenceDateTime"] = str(row[INDEX_DATE])
    basis = [one for one in str(row.get(BASIS) or "").split() if _REFERENCE.fullmatch(one)]
    if basis:
        resource["basis"] = [{"reference": one} for one in basis]
    resource["prediction"] = [*_predict(row), *_foresee(row)]
    resource["note"] = [{"text": line} for line in (_RESEARCH, *_flag(row))]
    return resource


def _rows(piece: pa.Table) -> Iterator[dict[str, Any]]:
    yield from piece.to_pylist()


def _load_model() -> Any:
    try:
        from fhir.resources.R4B.riskassessment import RiskAssessment
    except ModuleNotFoundError as error:
        raise ConfigError(
            "RiskAssessments need fhir.resources. Install the extra: pip install 'calcirisk[fhir]'"
        ) from error

    def check(resource: dict[str, Any]) -> None:
        try:
            RiskAssessment.model_validate(resource)
        except ValueError as error:
            # what pydantic prints would show the patient
            places = sorted({".".join(map(str, one["loc"])) for one in _errors_of(error)})
            raise AssertionError(f"no valid RiskAssessment: {', '.join(places)}") from None

    return check


def _errors_of(error: Any) -> list[dict[str, Any]]:
    return error.errors() if hasattr(error, "errors") else [{"loc": ("resource",)}]


def _name_subject(patient: str) -> dict[str, Any]:
    """A reference where the identifier is an address or an id, else the identifier itself."""
    if _PATIENT.fullmatch(patient):
        return {"reference": patient}
    if _FHIR_ID.fullmatch(patient):
        return {"reference": f"Patient/{patient}"}
    return {"type": "Patient", "identifier": {"value": patient}}


def _find(pattern: re.Pattern[str], row: Mapping[str, Any]) -> dict[str, re.Match[str]]:
    found = {name: pattern.fullmatch(name) for name in row}
    return {name: match for name, match in found.items() if match}


def _foresee(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A prediction for each score that may be passed; none without a score now."""
    age = _number(row.get("age"))
    for name, match in _find(_PASSING, row).items():
        chance, threshold, years = _number(row[name]), float(match[1]), float(match[2])
        if chance is None:
            continue
        what = f"A calcium score (Agatston) above {threshold:g} at a scan after {years:g} years"
        prediction: dict[str, Any] = {
            "outcome": {"text": what},
            "probabilityDecimal": round(chance, 6),
        }
        if age is not None:
            prediction["whenRange"] = {"low": _years(age), "high": _years(age + years)}
        expected, low, high = (
            _number(row.get(f"cac_{match[2]}y{end}")) for end in ("", "_q05", "_q95")
        )
        if expected is not None and low is not None and high is not None:
            prediction["rationale"] = (
                f"Expected {expected:.0f} AU, 90 % interval {low:.0f} to {high:.0f}."
            )
        yield prediction


def _predict(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    years = {name: float(match[1]) for name, match in _find(_RISK, row).items()}
    last = max(years, key=lambda name: years[name], default="")
    for name, horizon in years.items():
        prediction: dict[str, Any] = {
            "outcome": {"text": f"The event that the model predicts, within {horizon:g} years"},
            "probabilityDecimal": round(float(row[name]), 6),
        }
        if name == last and row.get("risk_category"):
            prediction["qualitativeRisk"] = {"text": str(row["risk_category"])}
        age = _number(row.get("age"))
        if age is not None:
            prediction["whenRange"] = {"low": _years(age), "high": _years(age + horizon)}
        rationale = _explain(row, name, name == last)
        if rationale:
            prediction["rationale"] = rationale
        yield prediction


def _explain(row: Mapping[str, Any], name: str, with_reasons: bool) -> str:
    parts = []
    low, high = _number(row.get(f"{name}_low")), _number(row.get(f"{name}_high"))
    if low is not None and high is not None:
        parts.append(f"90 % interval for the true risk: {low:g} to {high:g}.")
    reasons = [_reason(row, key) for key in row if _REASON.fullmatch(key) and row[key]]
    if with_reasons and reasons:
        parts.append(f"Marked most by, in percentage points: {'; '.join(reasons)}.")
    return " ".join(parts)


def _reason(row: Mapping[str, Any], key: str) -> str:
    points = _number(row.get(f"{key}_points"))
    return str(row[key]) if points is None else f"{row[key]} {points:+.1f}"


def _flag(row: Mapping[str, Any]) -> list[str]:
    lines = []
    if row.get("missing_inputs"):
        lines.append(f"Important inputs that are missing: {int(row['missing_inputs'])}.")
    if row.get("imputed_cac"):
        lines.append("The calcium score is not known and was filled in.")
    if row.get("outside_training"):
        lines.append(f"Outside the range of the training: {row['outside_training']}.")
    if row.get("change_verdict"):
        lines.append(f"Change since the earlier scan: {SENTENCES[str(row['change_verdict'])]}.")
    if row.get("volume_verdict") and row["volume_verdict"] != UNKNOWN:
        lines.append(f"Of the calcium volume: {SENTENCES[str(row['volume_verdict'])]}.")
    if row.get("densified"):
        lines.append(f"Of this rise: {DENSIFIED}.")
    if row.get(VANISHED):
        lines.append(f"To be checked: {SEEN_BEFORE}.")
    return lines


def _years(value: float) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": "years", "system": _UCUM, "code": "a"}


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found else None
