"""Published scores beside the model's risk, or why a patient has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from models.reference_scores.reference_score import Finding, Inputs, ReferenceScore
from models.reference_scores.registry import REFERENCE_SCORES, build_scores

HORIZON = 10.0
_SHOWN_ABSENT = 4
SHOWN = ("mesa_chd_cac", "mesa_chd", "prevent_base_total_cvd", "pce", "score2", "score2_op")


@dataclass(frozen=True)
class ReferenceRisk:
    """One score: its risk by ten years as a fraction, or None and ``why``."""

    title: str
    outcome: str
    citation: str
    risk: float | None
    why: str
    assumed: tuple[str, ...]


@cache
def guideline_scores() -> Mapping[str, ReferenceScore]:
    """The scores that guidelines sort people by: PREVENT of atherosclerotic disease among them."""
    return build_scores(("ascvd",))


def compute_references(
    inputs: Inputs,
    dictionary: Dictionary,
    texts: PageTexts,
    scores: Mapping[str, ReferenceScore] = REFERENCE_SCORES,
) -> list[ReferenceRisk]:
    """Every shown score for one patient (1, variables)."""
    return [_compute(scores[name], inputs, dictionary, texts) for name in SHOWN]


def _compute(
    score: ReferenceScore, inputs: Inputs, dictionary: Dictionary, texts: PageTexts
) -> ReferenceRisk:
    found = [finding for finding in score.find(inputs, HORIZON) if finding.patients[0]]
    excluded = any(finding.excludes for finding in found)
    risk = np.nan if excluded else float(score.predict_risk(inputs, [HORIZON])[0, 0])
    return ReferenceRisk(
        texts.phrase(score.title),
        texts.phrase(score.publication.outcome),
        score.publication.citation,
        None if np.isnan(risk) else risk,
        _explain([f for f in found if f.excludes], dictionary, texts),
        tuple(texts.phrase(f.rule) for f in found if not f.excludes),
    )


def _explain(findings: Sequence[Finding], dictionary: Dictionary, texts: PageTexts) -> str:
    """Why a patient has no score: whom it was made for, else its ranges, else what it needs."""
    made_for = [texts.phrase(f.rule) for f in findings if f.kind == "not for these patients"]
    said = [texts("references.made_for", rule=rule) for rule in made_for]
    for finding in findings if not said else ():
        if finding.limits is not None:
            low, high, unit = finding.limits
            said.append(
                texts(
                    "references.between",
                    name=texts.label(dictionary[finding.variable]),
                    low=texts.write.general(low),
                    high=texts.write.general(high),
                    unit=texts.unit(unit),
                ).rstrip()
            )
    absent = [f.variable for f in findings if f.kind == "input absent"]
    if absent and not said:
        named = [texts.label(dictionary[name]) if name in dictionary else name for name in absent]
        rest = len(named) - _SHOWN_ABSENT
        more = texts("list.more", n=rest) if rest > 0 else ""
        listed = ", ".join(named[:_SHOWN_ABSENT])
        said.append(texts("references.absent", list=f"{listed} {more}".strip()))
    return "; ".join(said)
