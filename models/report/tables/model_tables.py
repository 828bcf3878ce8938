"""What the model is: weights of the stack, settings, terms, variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.derivation.catalogue import catalogue_of
from features.derivation.columns import RECORDED
from models.report.material import Material
from models.report.table import ABSENT, Table, format_number
from models.report.words import Words

_PRODUCT = "first", "second", "mean"
_LINEAR = "weight", "prior_mean", "prior_width", "ridge_penalty", "terms", "bends", "products"


def stack_table(material: Material) -> Table:
    """What cross-validation chose for each cause: a row per quantity, a column per cause."""
    words, causes = Words.load(), material.training["causes"]
    rows = []
    for part, names in (
        ("linear", _LINEAR),
        ("boosted", ("weight", "rounds", "out_of_fold_loss")),
    ):
        for name in names:
            cells = tuple(_chosen(cause.get(part, {}), name) for cause in causes.values())
            if set(cells) != {ABSENT}:
                label = f"{part}_{name}"
                if material.is_fixed_horizon and f"{label}_fixed" in words.content["stack"]:
                    label += "_fixed"
                rows.append((words.of("stack", label), *cells))
    settings = dict.fromkeys(
        key for cause in causes.values() for key in cause.get("boosted", {}).get("settings", {})
    )
    for key in settings:
        found = (cause.get("boosted", {}).get("settings", {}) for cause in causes.values())
        rows.append((words.of("settings", key), *(_chosen(one, key) for one in found)))
    heads = tuple(words.of("causes", name) for name in causes)
    return Table((words.of("columns", "quantity"), *heads), tuple(rows))


def name_unlearnt(material: Material) -> list[str]:
    """Features in which too few patients differ for the model to hold a coefficient of them."""
    names = material.predictor["feature_names"]
    learnt = {names[i] for i in material.predictor["completion"]["used"]}
    learnt.add(material.predictor.get("clock"))
    return [
        material.variables[feature.variable].label
        + ("" if feature.meaning == RECORDED else f" ({feature.meaning})")
        for feature in catalogue_of(material.variables)
        if feature.name in {*names} - learnt
    ]


def settings_table(material: Material) -> Table:
    """Every hyper-parameter as it stood in params.yaml."""
    words = Words.load()
    rows = tuple((name, _written(value)) for name, value in material.settings.items())
    return Table((words.of("columns", "setting"), words.of("columns", "value")), rows, (1,))


def terms_table(material: Material) -> Table:
    """Terms of the linear part: mean, scale and coefficient for each cause.

    A feature's straight term, its bent one, its product with another, before it was centred, and
    its missing indicator, whose mean is the share with it.
    """
    words, causes = Words.load(), material.predictor.get("causes", ())
    found: dict[str, dict[str, Any]] = {}
    for cause in causes:
        linear = cause.get("linear") or {}
        terms = zip(_name_terms(material, linear), linear.get("coefficients", ()), strict=True)
        for (name, mean, scale), coefficient in terms:
            row = found.setdefault(name, {"mean": mean, "scale": scale})
            row[cause["name"]] = coefficient
    heads = [words.of("columns", name) for name in ("feature", "mean", "scale")]
    heads += [words.of("causes", cause["name"]) for cause in causes]
    rows = tuple(
        (
            name,
            *(_chosen(row, key) for key in ("mean", "scale")),
            *(format_number(row.get(cause["name"]), 4) for cause in causes),
        )
        for name, row in found.items()
    )
    return Table(tuple(heads), rows)


def _name_terms(
    material: Material, linear: Mapping[str, Any]
) -> list[tuple[str, float | None, float | None]]:
    """Name, mean and scale of each term, in the order of the coefficients."""
    if not linear:
        return []
    words, names = Words.load(), material.predictor["feature_names"]
    completion = material.predictor["completion"]
    used = [names[i] for i in completion["used"]]
    straight = zip(used, completion["mean"], completion["scale"], strict=True)
    bent = (words.of("columns", "bent").format(used[i]) for i in linear["bends"]["columns"])
    products = (
        (words.of("columns", "product").format(used[first], used[second]), mean, None)
        for first, second, mean in zip(*(linear["products"][key] for key in _PRODUCT), strict=True)
    )
    gaps = (words.of("columns", "is_missing").format(names[i]) for i in linear["indicated"])
    indicators = ((name, share, None) for name, share in zip(gaps, linear["share"], strict=True))
    return [*straight, *((name, None, None) for name in bent), *products, *indicators]


def bends_table(material: Material) -> Table:
    """What the bent terms are made with: knots, intercept, slope and scale, of the first cause."""
    words, causes = Words.load(), material.predictor.get("causes", ())
    linear = next((cause["linear"] for cause in causes if cause.get("linear")), None)
    if linear is None:
        return Table((), ())
    names = material.predictor["feature_names"]
    used = [names[i] for i in material.predictor["completion"]["used"]]
    bends = linear["bends"]
    rows = tuple(
        (used[place], *map(_significant, (*bends["knots"][k], *own)))
        for k, (place, *own) in enumerate(
            zip(*(bends[key] for key in ("columns", "intercept", "slope", "scale")), strict=True)
        )
    )
    heads = ("feature", "first_knot", "middle_knot", "last_knot", "intercept", "slope", "divisor")
    return Table(tuple(words.of("columns", name) for name in heads), rows)


def variables_table(material: Material) -> Table:
    """Every variable that the cohort has: unit, direction imposed, evidence and its source."""
    words = Words.load()
    rows = []
    for name in material.ingest.get("missing_share", {}):
        variable = material.variables.get(name)
        if variable is None:
            continue
        unit = variable.unit or ", ".join(variable.codes) or words.of("columns", "yes_no")
        direction = words.of("directions", str(variable.monotone))
        evidence = f"{variable.evidence} ({variable.source})"
        rows.append((variable.label, variable.group, unit, direction, evidence))
    heads = ("variable", "group", "unit", "direction", "evidence")
    return Table(tuple(words.of("columns", name) for name in heads), tuple(rows), (1, 2, 3, 4))


def group_table(material: Material) -> Table:
    """Mean size of the contributions of each group of variables."""
    words = Words.load()
    table = material.table("groups", "group", "mean_size_points")
    rows = tuple(
        (str(row["group"]).capitalize(), format_number(row["mean_size_points"], 2))
        for row in table.to_dict("records")
    )
    return Table((words.of("columns", "group"), words.of("columns", "points")), rows)


def other_causes_table(material: Material, most: int = 10) -> Table:
    """The variables by which other causes of death come first, as the risk of the event sees it."""
    words = Words.load()
    sizes = ("mean_size_points", "lowest_5_percent_points", "highest_5_percent_points")
    table = material.table("other_causes", "label", *sizes)
    rows = tuple(
        (str(row["label"]), *(format_number(row[name], 2) for name in sizes))
        for row in table.head(most).to_dict("records")
    )
    heads = ("variable", "size_points", "lowest_points", "highest_points")
    return Table(tuple(words.of("columns", name) for name in heads), rows)


def marker_table(material: Material, most: int = 15) -> Table:
    """The variables that mark most risk, with direction and caution."""
    words = Words.load()
    table = material.table(
        "variables", "label", "group", "mean_size_points", "direction", "caution"
    )
    rows = tuple(
        (
            str(row["label"]),
            format_number(row["mean_size_points"], 2),
            str(row["direction"]),
            "" if row["caution"] != row["caution"] else str(row["caution"]),
        )
        for row in table.head(most).to_dict("records")
    )
    heads = ("variable", "points", "direction_seen", "caution")
    return Table(tuple(words.of("columns", name) for name in heads), rows, (2, 3))


def _chosen(part: Any, name: str) -> str:
    value = part.get(name)
    return ABSENT if value is None else _significant(value)


def _significant(value: float) -> str:
    return f"{value:.4g}"


def _written(value: Any) -> str:
    if value and isinstance(value, list | tuple):
        return ", ".join(map(_written, value))
    if value is None or value in ((), {}):
        return Words.load().of("columns", "none")
    return f"{value:g}" if isinstance(value, float) else str(value)
