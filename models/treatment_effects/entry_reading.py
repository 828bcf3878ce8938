"""One entry of the shipped evidence, read strictly: ValueError names entry and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from models.treatment_effects.amount import STATIN_SHARES, Amount
from models.treatment_effects.condition_reading import ConditionReader, number, one_of, only
from models.treatment_effects.eligibility import Requirement
from models.treatment_effects.entry import (
    CHECKED,
    GRADES,
    SEEN,
    Harm,
    RelativeEffect,
    Status,
    TreatmentEffect,
)

_TEXTS = ("label", "status", "evidence", "checked", "outcome", "population", "citation", "text")
_PLAIN = ("basis", "pathway", "exclusive")
_KEYS = (
    *_TEXTS,
    *_PLAIN,
    "variables",
    "effect",
    "amount",
    "sets",
    "eligibility",
    "recommended",
    "harmful",
    "harm",
)


def read_option(name: str, entry: Mapping[str, Any], reader: ConditionReader) -> TreatmentEffect:
    """The treatment of this name."""
    only(entry, _KEYS, name)
    for key in _TEXTS:
        _text(name, entry, key)
    has_effect = _has_effect(name, entry)
    texts: dict[str, Any] = {key: entry.get(key) for key in (*_TEXTS, *_PLAIN)}
    recommended, harmful = entry.get("recommended", {}), entry.get("harmful", {})
    only(recommended, ("when", "by"), name)
    only(harmful, ("when", "why"), name)
    return TreatmentEffect(
        name,
        variables=tuple(reader.variable(name, variable) for variable in entry["variables"]),
        effect=_effect(name, entry["effect"]) if has_effect else None,
        amount=_amount(name, entry.get("amount", {}), reader),
        sets=_sets(name, entry.get("sets", {}), reader),
        requirements=tuple(
            _requirement(name, rule, reader) for rule in entry.get("eligibility", ())
        ),
        recommended=reader.read(name, recommended["when"]) if recommended else None,
        recommended_by=_text(name, recommended, "by") if recommended else "",
        harmful=reader.read(name, harmful["when"]) if harmful else None,
        harmful_why=_text(name, harmful, "why") if harmful else "",
        harm=_harm(name, entry["harm"], reader) if "harm" in entry else None,
        **texts,
    )


def _has_effect(name: str, entry: Mapping[str, Any]) -> bool:
    one_of(entry["status"], get_args(Status), name)
    one_of(entry["evidence"], GRADES, name)
    one_of(entry["checked"], CHECKED, name)
    has_effect = entry["status"] in ("randomised", "observational")
    if has_effect != ("effect" in entry):
        raise ValueError(f"{name}: an effect belongs to the randomised and the observational only")
    if has_effect and entry["checked"] not in SEEN:
        raise ValueError(f"{name}: figures that were not seen in the source must not be shown")
    if (entry["status"] == "randomised") != (has_effect and "RCT" in entry["evidence"]):
        raise ValueError(f"{name}: status and evidence do not agree")
    return has_effect


def _effect(name: str, entry: Mapping[str, Any]) -> RelativeEffect:
    only(entry, ("estimate", "low", "high", "per"), name)
    low, estimate, high = (number(entry[key]) for key in ("low", "estimate", "high"))
    if not 0 < low < estimate < high:
        raise ValueError(f"{name}: the interval must hold the estimate, all above zero")
    return RelativeEffect(estimate, low, high, str(entry["per"]))


def _amount(name: str, entry: Mapping[str, Any], reader: ConditionReader) -> Amount:
    only(entry, tuple(Amount.__dataclass_fields__), name)
    if "variable" in entry:
        reader.variable(name, entry["variable"])
    values: dict[str, Any] = {
        key: value if isinstance(value, str) else number(value) for key, value in entry.items()
    }
    amount = Amount(**values)
    one_of(amount.kind, ("once", "lower_by", "lower_share", "raise_to"), name)
    if amount.per <= 0 or (amount.kind != "once") != bool(amount.variable):
        raise ValueError(f"{name}: an amount is of a variable, per something above zero")
    if amount.to:
        one_of(amount.to, tuple(STATIN_SHARES), name)
    if amount.kind == "lower_share" and not amount.to and not 0 < amount.share < 1:
        raise ValueError(f"{name}: a share lies between 0 and 1")
    return amount


def _sets(
    name: str, entry: Mapping[str, Any], reader: ConditionReader
) -> Mapping[str, str | float]:
    for variable, value in entry.items():
        known = reader.known[reader.variable(name, variable)]
        if known.kind == "category":
            one_of(value, known.codes, name)
        elif value is not True:
            raise ValueError(f"{name}: {variable} can only be set to true")
    return {key: value if isinstance(value, str) else 1.0 for key, value in entry.items()}


def _requirement(name: str, entry: Mapping[str, Any], reader: ConditionReader) -> Requirement:
    must = entry.get("must_be_known", False)
    if not isinstance(must, bool):
        raise ValueError(f"{name}: 'must_be_known' is a yes or no")
    condition = {k: v for k, v in entry.items() if k not in ("why", "must_be_known")}
    return Requirement(reader.read(name, condition), _text(name, entry, "why"), must)


def _harm(name: str, entry: Mapping[str, Any], reader: ConditionReader) -> Harm:
    only(entry, ("text", "name", "number", "years", "outweighs", "spares"), name)
    if ("number" in entry) != ("years" in entry):
        raise ValueError(f"{name}: a number needed to harm belongs to its years")
    figures = {key: number(entry[key]) for key in ("number", "years") if key in entry}
    if any(figure <= 0 for figure in figures.values()):
        raise ValueError(f"{name}: number and years of a harm lie above zero")
    told = _text(name, entry, "text"), _text(name, entry, "name")
    outweighs: Mapping[str, Any] = entry.get("outweighs", {})
    only(outweighs, ("why",), name)
    why = _text(name, outweighs, "why") if outweighs else ""
    spares = reader.read(name, entry["spares"]) if "spares" in entry else None
    return Harm(*told, figures.get("number"), figures.get("years"), why, spares)


def _text(name: str, entry: Mapping[str, Any], key: str) -> str:
    if not isinstance(entry.get(key), str) or not entry[key].strip():
        raise ValueError(f"{name}: key {key!r} must be a text")
    return str(entry[key])
