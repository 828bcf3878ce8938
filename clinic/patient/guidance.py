"""What guidelines say of one patient, as it is shown: apart from what the model says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clinic.words.texts import PageTexts
from models.guidelines.guideline import (
    PERCENTILE,
    YEARS_OF_CATEGORIES,
    Guideline,
    RiskScale,
    Step,
)
from models.reference_scores.reference_score import Inputs, ReferenceScore
from models.treatment_effects.conditions import AtLeast, recorded

MG_PER_MMOL = 38.67  # of cholesterol, mg/dL


@dataclass(frozen=True)
class Guidance:
    """``rows``: topic and what is said; ``goal``: the LDL goal and gap in a line, or "".

    ``category``: by the newest thresholds, or ""; ``sources``: name, date, how it was checked.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    goal: str
    category: str
    calcium_class: str
    drs: str
    sources: tuple[tuple[str, str, str], ...]
    rescan: str = ""


def advise(
    guideline: Guideline,
    patient: Mapping[str, Any],
    percentile: float | None,
    inputs: Inputs,
    scores: Mapping[str, ReferenceScore],
    texts: PageTexts,
    harmful: Collection[str] = (),
) -> Guidance:
    """The guidance of one patient; ``percentile``: None where there is no table.

    ``harmful``: treatments that do this patient more harm than good, by name.
    """
    known = {**patient, PERCENTILE: percentile}
    step = _class_of(guideline, patient)
    goal = _goal(guideline, known, texts)
    new, category = _category(guideline.risk, guideline, inputs, scores, texts)
    old, _ = _category(guideline.earlier, guideline, inputs, scores, texts)
    rescan = texts.phrase(guideline.rescan(known))
    enhancers = [texts.phrase(one) for one in guideline.enhancers_of(known)]
    aspirin = texts.phrase(guideline.word_on_aspirin(known, "aspirin" in harmful))
    rows = (
        ("category", "; ".join(said for said in (new, old) if said)),
        (
            "calcium",
            texts("guidance.class", name=texts.phrase(step.name), code=step.code) if step else "",
        ),
        ("zero", guideline.word_on_zero(known, texts.phrase)),
        ("ldl", goal),
        ("enhancers", ", ".join(enhancers)),
        ("aspirin", aspirin),
        ("rescan", rescan),
    )
    return Guidance(
        texts("guidance.title", region=texts.phrase(guideline.region)),
        tuple((texts(f"guidance.topics.{topic}"), said) for topic, said in rows if said),
        goal,
        category,
        step.name if step else "",
        _drs(step.code, patient) if step else "",
        tuple(
            (texts.phrase(s.name), texts.date(s.date), s.checked)
            for s in guideline.sources.values()
        ),
        rescan,
    )


def _class_of(guideline: Guideline, patient: Mapping[str, Any]) -> Step | None:
    """The class of the score; of one that is known in part only where any total has the same."""
    score, highest = patient.get("cac_agatston"), guideline.classes[-1]
    if isinstance(score, AtLeast):
        return highest if score.least >= highest.start else None
    known = recorded(patient, "cac_agatston")
    return None if known is None else guideline.calcium_class(float(known))


def _goal(guideline: Guideline, patient: Mapping[str, Any], texts: PageTexts) -> str:
    goal, gap = guideline.ldl_goal(patient), guideline.ldl_gap(patient)
    if goal is None:
        return ""
    mmol = texts.write.number(round(goal.goal / MG_PER_MMOL, 1))
    said = texts(
        "guidance.goal", goal=texts.write.whole(goal.goal), mmol=mmol, why=texts.phrase(goal.why)
    )
    if gap is None:
        return said
    key = "guidance.gap" if gap > 0 else "guidance.reached"
    mmol = texts.write.number(round(gap / MG_PER_MMOL, 1))
    return f"{said} {texts(key, gap=texts.write.whole(gap), mmol=mmol)}"


def _category(
    scale: RiskScale,
    guideline: Guideline,
    inputs: Inputs,
    scores: Mapping[str, ReferenceScore],
    texts: PageTexts,
) -> tuple[str, str]:
    """What is said of the category by a published score, and its name; "" where there is none."""
    score = scores[scale.score]
    risk = float(score.predict_risk(inputs, [YEARS_OF_CATEGORIES])[0, 0])
    if np.isnan(risk):
        return "", ""
    name = texts(f"categories.{scale.category(risk)}")
    source = texts.phrase(guideline.sources[scale.source].name)
    return texts(
        "guidance.risk",
        name=name,
        risk=texts.write.percent(risk),
        score=texts.phrase(score.title),
        by=source,
    ), name


def _drs(code: str, patient: Mapping[str, Any]) -> str:
    vessels = recorded(patient, "vessel_count")
    return f"CAC-DRS {code}" + (f"/N{vessels:.0f}" if vessels else "")
