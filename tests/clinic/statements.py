"""Every statement of the data and of the code below that the pages may show, by section."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clinic.patient.references import SHOWN, guideline_scores
from features.cohort_map.cohort_map import CohortMap
from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.intake.validation.combinations import COMBINATIONS
from features.yaml_file import read_yaml
from models.explanation.explanation import OTHER_CAUSES_LABEL
from models.guidelines.guideline import Guideline
from models.progression.effects import load_effects
from models.reference_scores.reference_score import Inputs
from models.reference_scores.registry import REFERENCE_SCORES
from models.treatment_effects.effects import TreatmentEffects

# A source that is more than a reference says so in one of these words.
_PROSE = (
    *("No source", "read)", "hand", "corrected", "search", "none", "review", "trial"),
    *("Harm:", "was", "Study-level"),
)


def every_statement() -> dict[str, list[str]]:
    """By section of the phrase files; a statement stands in the first section that holds it."""
    found = {
        "labels": [OTHER_CAUSES_LABEL, *(one.label for one in Dictionary.load().values())],
        "evidence": [one.evidence for one in Dictionary.load().values()],
        "sources": [one.source for one in Dictionary.load().values() if _is_prose(one.source)],
        "treatments": list(_treatments()),
        "guidelines": list(_guidelines()),
        "growth": list(_growth()),
        "scores": list(_scores()),
        "endpoints": list(_endpoints()),
        "contradictions": [text for rule in COMBINATIONS for text in (rule.name, rule.remedy)],
    }
    seen: set[str] = set()
    for section, statements in found.items():
        found[section] = [s for s in dict.fromkeys(statements) if s and s not in seen]
        seen |= set(found[section])
    return found


def _is_prose(source: str) -> bool:
    return any(word in source for word in _PROSE)


def _treatments() -> Iterable[str]:
    for option in TreatmentEffects.load().values():
        yield from (option.label, option.text, option.outcome, option.population)
        yield from (option.checked, option.recommended_by)
        if _is_prose(option.citation):
            yield option.citation
        if option.effect is not None:
            yield option.effect.per
        if option.harm is not None:
            yield from (option.harm.name, option.harm.text)
    stored = read_yaml(data_file("reference/treatment_effects.yaml"))
    yield from _whys(stored["options"])


def _whys(entry: Any) -> Iterable[str]:
    if isinstance(entry, list):
        for part in entry:
            yield from _whys(part)
    elif isinstance(entry, dict):
        if isinstance(entry.get("why"), str):
            yield entry["why"]
        for part in entry.values():
            yield from _whys(part)


def _guidelines() -> Iterable[str]:
    us = Guideline.load()
    yield us.region
    yield from (source.name for source in us.sources.values())
    yield from (step.name for step in us.classes if not step.name[:1].isdigit() or " " in step.name)
    yield from (goal.why for goal in us.goals)
    yield from (us.zero.text, us.zero_but, us.zero_open)
    for sayings in (us.enhancers, us.zero_not_for, us.zero_exceptions, us.rescans, us.aspirin):
        yield from (saying.text for saying in sayings)
    yield from (saying.outweighed for saying in us.aspirin if saying.outweighed)


def _growth() -> Iterable[str]:
    ledger = load_effects()
    yield ledger.headline
    for effect in ledger.effects:
        yield from (effect.label, effect.calcium_text, effect.events_text)
        yield from (s for s in (effect.calcium_source, effect.events_source) if _is_prose(s))


def _scores() -> Iterable[str]:
    import pandas as pd

    blank = Inputs(pd.DataFrame({"age": [60.0]}))
    shown = [REFERENCE_SCORES[name] for name in SHOWN]
    for score in (*shown, guideline_scores()["prevent_base_ascvd"], guideline_scores()["pce"]):
        yield score.title
    for score in shown:
        yield score.publication.outcome
        found = score.find(blank, 10.0)
        kinds = ("not for these patients", "assumed")
        yield from (one.rule for one in found if one.kind in kinds)


def _endpoints() -> Iterable[str]:
    for path in sorted(Path(data_file("cohorts/mesa.yaml")).parent.glob("*.yaml")):
        endpoint = CohortMap.load(path.stem).endpoint
        if endpoint is not None:
            yield endpoint.title
