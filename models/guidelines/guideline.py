"""One region's guidelines, ``data/reference/guidelines_*.yaml``, read strictly and applied."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from features.derivation.calcium import EARLIER_CALCIUM, read_score
from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.yaml_file import read_yaml
from models.guidelines.statements import Goal, RiskScale, Saying, Source, Step, step_of
from models.treatment_effects.condition_reading import ConditionReader, number, one_of, only
from models.treatment_effects.conditions import DERIVED, Condition, Patient, Truth, recorded

_FILE = (
    "region",
    "title",
    "date",
    "sources",
    "conditions",
    "risk",
    "calcium",
    "ldl_goals",
    "enhancers",
    "zero",
    "rescan",
    "aspirin",
)
_CHECKED = ("read in source", "second hand")
YEARS_OF_CATEGORIES = 10.0
_SCORES = ("cac_agatston", *EARLIER_CALCIUM)


@dataclass(frozen=True)
class Guideline:
    """What one region's guidelines say; every method takes canonical covariates by name."""

    region: str
    title: str
    date: str
    sources: Mapping[str, Source]
    risk: RiskScale
    earlier: RiskScale
    classes: tuple[Step, ...]
    goals: tuple[Goal, ...]
    no_goal: Condition
    enhancers: tuple[Saying, ...]
    zero: Saying
    zero_but: str
    zero_open: str
    zero_not_for: tuple[Saying, ...]
    zero_exceptions: tuple[Saying, ...]
    rescans: tuple[Saying, ...]
    aspirin: tuple[Saying, ...]

    @classmethod
    def load(cls, region: str = "us", path: Path | None = None) -> Guideline:
        """The shipped guidelines of a region. Raises MapError naming the key."""
        path = path or data_file(f"reference/guidelines_{region}.yaml")
        try:
            return _read(read_yaml(path))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise MapError(f"{path.name}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MapError(f"{path.name}: {error}") from error

    def calcium_class(self, score: float) -> Step:
        """The class of an Agatston score; any calcium is not zero."""
        return step_of(self.classes, read_score(score))

    def ldl_goal(self, patient: Patient) -> Goal | None:
        """The lowest goal whose condition holds, the first of equals; None where none does.

        None, too, where what is not known could make it a lower one, unless it stands all the same,
        or mean that there is none.
        """
        patient = _classed(patient)
        if self.no_goal.holds(patient) is not False:
            return None
        found = [(goal, goal.when.holds(patient)) for goal in self.goals]
        possible = min((one.goal for one, held in found if held is None), default=math.inf)
        held = [goal for goal, holds in found if holds]
        lowest = min((one.goal for one in held), default=math.inf)
        told = (one for one in held if one.goal == lowest and (one.stands or possible >= lowest))
        return next(told, None)

    def ldl_gap(self, patient: Patient) -> float | None:
        """How far LDL cholesterol lies above its goal, mg/dL; None where either is unknown.

        Below 0 where it is reached: a goal is to be below a number. LDL cholesterol is read in
        whole mg/dL, as it is reported and said: 1.8 mmol/L are 70 mg/dL.
        """
        goal, ldl = self.ldl_goal(patient), recorded(patient, "ldl_cholesterol")
        return None if goal is None or ldl is None else round(float(ldl)) - goal.goal

    def open_goal(self, patient: Patient) -> tuple[str, ...]:
        """The variables that have to be known before there is an LDL goal, a lower, or none."""
        patient = _classed(patient)
        if self.no_goal.holds(patient) is not False:
            return self.no_goal.missing(patient)
        lowest = min((g.goal for g in self.goals if g.when.holds(patient)), default=math.inf)
        return _missing([g.when for g in self.goals if g.goal < lowest], patient)

    def enhancers_of(self, patient: Patient) -> tuple[str, ...]:
        """The risk enhancers that are there."""
        return tuple(saying.text for saying in self.enhancers if saying.when.holds(patient))

    def word_on_zero(self, patient: Patient, say: Callable[[str], str] = str) -> str:
        """What a score of 0 means here; "" without one, for the diseased and those on a statin.

        It supports deferring a statin only where every exception is known to be absent; else those
        that are not known are named. ``say``: translates a statement.
        """
        patient = _classed(patient)
        if not self.zero.when.holds(patient) or _texts(self.zero_not_for, patient, True):
            return ""
        held = _texts(self.zero_exceptions, patient, True)
        unknown = _texts((*self.zero_not_for, *self.zero_exceptions), patient, None)
        said = self.zero_but if held else self.zero_open if unknown else self.zero.text
        return say(said).format(list=", ".join(map(say, held or unknown)))

    def deferred_by_zero(self, patient: Patient, say: Callable[[str], str] = str) -> str:
        """What supports deferring a statin here, a score of 0; "" where it does not.

        Where it hangs on what is not known, that: nobody knows that it does not.
        """
        if _texts(self.zero_exceptions, _classed(patient), True):
            return ""
        return self.word_on_zero(patient, say)

    def rescan(self, patient: Patient) -> str:
        """When to look again; "" where it hangs on what is not known."""
        found = _first(self.rescans, _classed(patient))
        return "" if found is None else found.text

    def open_rescan(self, patient: Patient) -> tuple[str, ...]:
        """The variables that have to be known before anything is said of the next scan."""
        return _open(self.rescans, _classed(patient))

    def open_aspirin(self, patient: Patient) -> tuple[str, ...]:
        """The variables that have to be known before anything is said of aspirin."""
        return _open(self.aspirin, _classed(patient))

    def word_on_aspirin(self, patient: Patient, harmful: bool = False) -> str:
        """What is said of aspirin; "" where it hangs on what is not known.

        ``harmful``: by its benefit and bleeding in this patient it does more harm than good.
        """
        found = _first(self.aspirin, _classed(patient))
        if found is None:
            return ""
        return found.outweighed or found.text if harmful else found.text


def _first(sayings: Sequence[Saying], patient: Patient) -> Saying | None:
    """The first that holds; None where one before it, of another text, may hold too."""
    possible: set[str] = set()
    for saying in sayings:
        held = saying.when.holds(patient)
        if held is not False:
            possible.add(saying.text)
        if held:
            return saying if possible == {saying.text} else None
    return None


def _open(sayings: Sequence[Saying], patient: Patient) -> tuple[str, ...]:
    """What is missing where rules that may hold keep `_first` from saying anything."""
    if _first(sayings, patient) is not None:
        return ()
    held = [saying.when.holds(patient) for saying in sayings]
    last = held.index(True) if True in held else len(held)
    return _missing([saying.when for saying in sayings[:last]], patient)


def _missing(conditions: Sequence[Condition], patient: Patient) -> tuple[str, ...]:
    names = (name for condition in conditions for name in condition.missing(patient))
    return tuple(dict.fromkeys(names))


def _texts(sayings: Sequence[Saying], patient: Patient, held: Truth) -> list[str]:
    return [saying.text for saying in sayings if saying.when.holds(patient) is held]


def _classed(patient: Patient) -> Patient:
    """The patient with scores, and the volume of calcium before, as they are classed."""
    scores = {name: recorded(patient, name) for name in _SCORES}
    read = {name: read_score(float(score)) for name, score in scores.items() if score is not None}
    return {**patient, **read}


def _read(stored: Mapping[str, Any]) -> Guideline:
    only(stored, _FILE, "file")
    reader = ConditionReader(Dictionary.load(), derived=DERIVED)
    for name, entry in stored["conditions"].items():
        reader.named[name] = reader.read(name, entry)
    sources = {name: Source(**entry) for name, entry in stored["sources"].items()}
    for source in sources.values():
        one_of(source.checked, _CHECKED, "sources")
    for section in ("risk", "calcium", "ldl_goals", "enhancers", "zero", "rescan", "aspirin"):
        one_of(stored[section]["source"], tuple(sources), section)
    zero = stored["zero"]
    return Guideline(
        stored["region"],
        stored["title"],
        stored["date"],
        sources,
        _scale("risk", stored["risk"]),
        _scale("risk: earlier", stored["risk"]["earlier"]),
        _steps("calcium", stored["calcium"]["classes"]),
        tuple(_goal(entry, reader) for entry in stored["ldl_goals"]["rules"]),
        reader.read("ldl_goals", stored["ldl_goals"]["not_for"]),
        _sayings("enhancers", stored["enhancers"]["rules"], reader),
        Saying(zero["text"], reader.read("zero", zero["when"])),
        zero["but"],
        zero["open"],
        _sayings("zero", zero["not_for"], reader),
        _sayings("zero", zero["exceptions"], reader),
        _sayings("rescan", stored["rescan"]["rules"], reader),
        _sayings("aspirin", stored["aspirin"]["rules"], reader),
    )


def _scale(name: str, entry: Mapping[str, Any]) -> RiskScale:
    return RiskScale(entry["score"], entry["source"], _steps(name, entry["categories"]))


def _steps(name: str, entries: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    steps = tuple(Step(e["name"], number(e["from"]), e.get("drs", "")) for e in entries)
    starts = [step.start for step in steps]
    if not starts or starts[0] != 0 or starts != sorted(set(starts)):
        raise ValueError(f"{name}: classes begin at 0 and rise")
    return steps


def _goal(entry: Mapping[str, Any], reader: ConditionReader) -> Goal:
    only(entry, ("when", "goal", "add_on", "why", "stands"), "ldl_goals")
    add_on = number(entry["add_on"]) if "add_on" in entry else None
    when = reader.read("ldl_goals", entry["when"])
    return Goal(number(entry["goal"]), add_on, str(entry["why"]), when, entry.get("stands") is True)


def _sayings(
    name: str, entries: Sequence[Mapping[str, Any]], reader: ConditionReader
) -> tuple[Saying, ...]:
    for entry in entries:
        only(entry, ("text", "when", "outweighed"), name)
    return tuple(
        Saying(
            str(entry["text"]),
            reader.read(name, entry["when"]),
            str(entry.get("outweighed", "")),
        )
        for entry in entries
    )
