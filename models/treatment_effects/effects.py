"""The shipped evidence, ``data/reference/treatment_effects.yaml``, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from features.dictionary.data_files import data_file
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.yaml_file import read_yaml
from models.treatment_effects.amount import Amount
from models.treatment_effects.eligibility import Requirement, Rule

Status = Literal["randomised", "observational", "withheld", "not_established"]
GRADES = ("RCT", "meta-analysis of RCTs", "Mendelian/cohort", "mechanistic", "none")
CHECKED = ("read in source", "partly read in source", "unverified")
_TEXTS = ("label", "status", "evidence", "checked", "outcome", "population", "citation", "text")
_KEYS = (*_TEXTS, "variables", "effect", "amount", "pathway", "eligibility", "harm")


@dataclass(frozen=True)
class RelativeEffect:
    """Relative effect on the hazard with its 95 % interval, ``per`` unit of treatment."""

    estimate: float
    low: float
    high: float
    per: str


@dataclass(frozen=True)
class TreatmentEffect:
    """One entry. ``effect`` is there only where its figures were read in the source."""

    name: str
    label: str
    variables: tuple[str, ...]
    status: Status
    evidence: str
    checked: str
    outcome: str
    population: str
    citation: str
    text: str
    effect: RelativeEffect | None = None
    amount: Amount = field(default_factory=Amount)
    pathway: str | None = None
    requirements: tuple[Requirement, ...] = ()
    harm: str | None = None


@dataclass(frozen=True)
class TreatmentEffects(Mapping[str, TreatmentEffect]):
    """All entries by name, and the strongest relative effect that a combination may have."""

    options: Mapping[str, TreatmentEffect]
    strongest: float
    strongest_source: str

    def __getitem__(self, name: str) -> TreatmentEffect:
        return self.options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.options)

    def __len__(self) -> int:
        return len(self.options)

    @classmethod
    def load(cls, path: Path | None = None) -> TreatmentEffects:
        """The shipped entries, or those of this file. Raises MapError naming entry and key."""
        path = path or data_file("reference/treatment_effects.yaml")
        try:
            stored = read_yaml(path)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise MapError(f"{path.name}: {error}") from error
        try:
            _only(stored, ("combination", "statin_reductions", "options"), "file")
            bound = stored["combination"]
            _only(bound, ("strongest_relative_effect", "source"), "combination")
            strongest = _number(bound["strongest_relative_effect"])
            if not 0 < strongest < 1:
                raise ValueError("combination: the bound must lie between 0 and 1")
            shares = {k: _number(v) for k, v in stored["statin_reductions"]["shares"].items()}
            known = Dictionary.load()
            options = {
                name: _option(name, entry, known, shares)
                for name, entry in stored["options"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MapError(f"{path.name}: {error}") from error
        return cls(options, strongest, str(bound["source"]))


def _option(
    name: str, entry: Mapping[str, Any], known: Dictionary, shares: Mapping[str, float]
) -> TreatmentEffect:
    _only(entry, _KEYS, name)
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ValueError(f"{name}: key {key!r} must be a text")
    _one_of(entry["status"], get_args(Status), name)
    _one_of(entry["evidence"], GRADES, name)
    _one_of(entry["checked"], CHECKED, name)
    has_effect = entry["status"] in ("randomised", "observational")
    if has_effect != ("effect" in entry):
        raise ValueError(f"{name}: an effect belongs to the randomised and the observational only")
    if has_effect and entry["checked"] != "read in source":
        raise ValueError(f"{name}: figures that were not read in the source must not be shown")
    if (entry["status"] == "randomised") != (has_effect and "RCT" in entry["evidence"]):
        raise ValueError(f"{name}: status and evidence do not agree")
    requirements = tuple(_requirement(name, rule, known) for rule in entry.get("eligibility", ()))
    amount = _amount(name, entry.get("amount", {}), known)
    option = TreatmentEffect(
        name,
        variables=tuple(_variable(name, variable, known) for variable in entry["variables"]),
        effect=_effect(name, entry["effect"]) if has_effect else None,
        amount=replace(amount, shares=shares) if amount.kind == "lower_share" else amount,
        pathway=entry.get("pathway"),
        requirements=requirements,
        harm=entry.get("harm"),
        **{key: entry[key] for key in _TEXTS},
    )
    if amount.to and amount.to not in shares:
        raise ValueError(f"{name}: level {amount.to!r} has no share")
    return option


def _effect(name: str, entry: Mapping[str, Any]) -> RelativeEffect:
    _only(entry, ("estimate", "low", "high", "per"), name)
    low, estimate, high = (_number(entry[key]) for key in ("low", "estimate", "high"))
    if not 0 < low < estimate < high:
        raise ValueError(f"{name}: the interval must hold the estimate, all above zero")
    return RelativeEffect(estimate, low, high, str(entry["per"]))


def _amount(name: str, entry: Mapping[str, Any], known: Dictionary) -> Amount:
    _only(entry, [key for key in Amount.__dataclass_fields__ if key != "shares"], name)
    for key in ("variable", "present"):
        if key in entry:
            _variable(name, entry[key], known)
    values: dict[str, Any] = {
        key: value if isinstance(value, str) else _number(value) for key, value in entry.items()
    }
    amount = Amount(**values)
    _one_of(amount.kind, ("once", "lower_by", "lower_share", "raise_to"), name)
    if amount.per <= 0 or (amount.kind != "once") != bool(amount.variable):
        raise ValueError(f"{name}: an amount is of a variable, per something above zero")
    return amount


def _requirement(name: str, entry: Mapping[str, Any], known: Dictionary) -> Requirement:
    if "any" in entry:
        _only(entry, ("any", "why"), name)
        return Requirement(tuple(_rule(name, rule, known) for rule in entry["any"]), entry["why"])
    return Requirement((_rule(name, entry, known),), entry["why"])


def _rule(name: str, entry: Mapping[str, Any], known: Dictionary) -> Rule:
    _only(entry, ("variable", "in", "is", "at_least", "below", "why"), name)
    variable = known[_variable(name, entry["variable"], known)]
    at_least, below = (_number(entry[key]) if key in entry else None for key in _LIMITS)
    if variable.kind == "boolean":
        if not isinstance(entry["is"], bool):
            raise ValueError(f"{name}: {variable.name} is a yes or no")
        return Rule(variable.name, values=(float(entry["is"]),))
    if variable.kind == "category":
        for code in entry["in"]:
            _one_of(code, variable.codes, name)
        return Rule(variable.name, values=tuple(entry["in"]))
    if at_least is None and below is None:
        raise ValueError(f"{name}: {variable.name} needs 'at_least' or 'below'")
    return Rule(variable.name, at_least=at_least, below=below)


_LIMITS = ("at_least", "below")


def _only(entry: Mapping[str, Any], keys: Any, name: str) -> None:
    for key in entry:
        if key not in keys:
            raise ValueError(f"{name}: key {key!r} is not known (known: {', '.join(keys)})")


def _one_of(value: object, known: tuple[str, ...], name: str) -> None:
    if value not in known:
        raise ValueError(f"{name}: {value!r} must be one of {', '.join(known)}")


def _variable(name: str, variable: str, known: Dictionary) -> str:
    if variable not in known:
        raise ValueError(f"{name}: {variable!r} is not in the data dictionary")
    return variable


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} must be a number")
    return float(value)
