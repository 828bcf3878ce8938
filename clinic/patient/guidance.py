"""What guidelines say of one patient, as it is shown: apart from what the model says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clinic.words.texts import PageTexts
from features.dictionary.dictionary import Dictionary
from models.guidelines.guideline import YEARS_OF_CATEGORIES, Guideline
from models.guidelines.statements import RiskScale, Step
from models.reference_scores.reference_score import Inputs, ReferenceScore
from models.treatment_effects.conditions import (
    PERCENTILE,
    TEN_YEAR_RISK,
    AtLeast,
    Patient,
    recorded,
)

MG_PER_MMOL = 38.67  # of cholesterol, mg/dL
_DICTIONARY = Dictionary.load()


@dataclass(frozen=True)
class Guidance:
    """``rows``: topic and what is said; ``goal``: the LDL goal and gap in a line, or "".

    ``category``: by the newest thresholds, or ""; ``sources``: name, date, how it was checked.
    ``rescan``: what is said of the next scan, "" where that hangs on what is not known.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    goal: str
    category: str
    calcium_class: str
    drs: str
    sources: tuple[tuple[str, str, str], ...]
    rescan: str = ""


def read_for_rules(
    guideline: Guideline,
    patient: Mapping[str, Any],
    percentile: float | None,
    inputs: Inputs,
    scores: Mapping[str, ReferenceScore],
) -> dict[str, Any]:
    """The patient with the further numbers that rules are about, and all as rules hold them.

    ``percentile``: of the calcium score, None where there is no table.
    """
    risk = _risk_by(guideline.risk, inputs, scores)
    return {**hold(patient), PERCENTILE: percentile, TEN_YEAR_RISK: risk}


def hold(patient: Patient) -> dict[str, Any]:
    """The patient's values as they are held against limits."""
    held = dict(patient)
    for name in patient.keys() & _DICTIONARY.keys():
        if _DICTIONARY[name].kind == "number" and (value := recorded(patient, name)) is not None:
            held[name] = _DICTIONARY[name].as_held(float(value))
    return held


def advise(
    guideline: Guideline,
    patient: Patient,
    inputs: Inputs,
    scores: Mapping[str, ReferenceScore],
    texts: PageTexts,
    harmful: Collection[str] = (),
) -> Guidance:
    """The guidance of one patient as `read_for_rules` has them.

    ``harmful``: treatments that do this patient more harm than good, by name.
    """
    step = _class_of(guideline, patient)
    goal = _goal(guideline, patient, texts)
    new, category = _category(guideline.risk, guideline, inputs, scores, texts)
    old, _ = _category(guideline.earlier, guideline, inputs, scores, texts)
    rescan = texts.phrase(guideline.rescan(patient))
    enhancers = [texts.phrase(one) for one in guideline.enhancers_of(patient)]
    aspirin = texts.phrase(guideline.word_on_aspirin(patient, "aspirin" in harmful))
    rows = (
        ("category", "; ".join(said for said in (new, old) if said)),
        (
            "calcium",
            texts("guidance.class", name=texts.phrase(step.name), code=step.code) if step else "",
        ),
        ("zero", guideline.word_on_zero(patient, texts.phrase)),
        ("ldl", goal or _open(guideline.open_goal(patient), texts)),
        ("enhancers", ", ".join(enhancers)),
        ("aspirin", aspirin or _open(guideline.open_aspirin(patient), texts)),
        ("rescan", rescan or _open(guideline.open_rescan(patient), texts)),
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


def _open(missing: Collection[str], texts: PageTexts, key: str = "guidance.open") -> str:
    """On what that is not recorded a rule hangs; "" where it hangs on nothing."""
    if not missing:
        return ""
    named = [texts.label(_DICTIONARY[name]) for name in missing]
    return texts(key, list=", ".join(named))


def _goal(guideline: Guideline, patient: Mapping[str, Any], texts: PageTexts) -> str:
    goal, gap = guideline.ldl_goal(patient), guideline.ldl_gap(patient)
    if goal is None:
        return ""
    mmol = texts.write.number(round(goal.goal / MG_PER_MMOL, 1))
    said = texts(
        "guidance.goal", goal=texts.write.whole(goal.goal), mmol=mmol, why=texts.phrase(goal.why)
    )
    lower = _open(guideline.open_goal(patient), texts, "guidance.lower")
    if gap is None:
        return f"{said} {lower}".rstrip()
    key = "guidance.at_limit"
    if gap != 0:
        key = "guidance.gap" if gap > 0 else "guidance.reached"
    # one digit, but for a gap so small that none would be left
    mmol = texts.write.number(round(gap / MG_PER_MMOL, 1 if gap > 1 else 2))
    return f"{said} {texts(key, gap=texts.write.whole(gap), mmol=mmol)} {lower}".rstrip()


def _category(
    scale: RiskScale,
    guideline: Guideline,
    inputs: Inputs,
    scores: Mapping[str, ReferenceScore],
    texts: PageTexts,
) -> tuple[str, str]:
    """What is said of the category by a published score, and its name; "" where there is none."""
    risk = _risk_by(scale, inputs, scores)
    if risk is None:
        return "", ""
    name = texts(f"categories.{scale.category(risk)}")
    source = texts.phrase(guideline.sources[scale.source].name)
    return texts(
        "guidance.risk",
        name=name,
        risk=texts.write.percent(risk, scale.bounds),
        score=texts.phrase(scores[scale.score].title),
        by=source,
    ), name


def _risk_by(
    scale: RiskScale, inputs: Inputs, scores: Mapping[str, ReferenceScore]
) -> float | None:
    """The ten-year risk by the score of the scale; None where it has none."""
    risk = float(scores[scale.score].predict_risk(inputs, [YEARS_OF_CATEGORIES])[0, 0])
    return None if np.isnan(risk) else risk


def _drs(code: str, patient: Mapping[str, Any]) -> str:
    vessels = recorded(patient, "vessel_count")
    return f"CAC-DRS {code}" + (f"/N{vessels:.0f}" if vessels else "")
