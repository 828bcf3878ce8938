"""What is published of effects, how far it was trusted, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from models.evaluation.published_effects import CHANCE, label_steps, with_an_effect
from models.report.material import Material
from models.report.table import ABSENT, Table, format_interval
from models.report.words import Words

_SERIES = (
    ("published", "published_width"),
    ("cohort", "cohort_error"),
    ("used", "used_error"),
)


def published_table(material: Material) -> Table:
    """Ratios published, of the cohort alone and used, with 95 % intervals, a row an effect.

    Effects that are published, and those that the cohort contradicts not having.
    """
    words = Words.load()
    columns = [name for pair in _SERIES for name in pair]
    table = material.table("published_effects", "feature", "variable", "per", *columns)
    if table.empty:
        return Table((), ())
    shown = with_an_effect(table)
    labels = label_steps(shown, material.variables)
    yes, no = (words.of("columns", name) for name in ("conflict_yes", "conflict_no"))
    rows = tuple(
        (
            labels[str(row["feature"])],
            *(_ratio(row, mean, width) for mean, width in _SERIES),
            yes if row["contradicts"] else no,
        )
        for row in shown.to_dict("records")
    )
    heads = ("effect", "published_ratio", "cohort_ratio", "used_ratio", "conflict")
    return Table(tuple(words.of("columns", name) for name in heads), rows, (4,))


def describe_prior(material: Material) -> list[str]:
    """Sentences on where the linear part starts from and how far that was trusted, by cause."""
    words = Words.load()
    told = [
        words.of("trust", sentence).format(cause=words.of("trust", f"of_{name}"), **linear)
        for name, cause in material.training["causes"].items()
        if (kind := _kind_of_trust(linear := cause.get("linear", {})))
        for sentence in ([kind, "sparse"] if linear.get("sparse") else [kind])
    ]
    share = material.training["known_disease"]
    kind = "recurrent_alone" if share == 1.0 else "recurrent"
    if _linear_of_event(material).get("first_events"):
        kind = "first_events"
    between = [words.of("trust", kind).format(percent=100 * share)] if share else []
    if material.training["any_death"]:
        between.append(words.of("trust", "any_death"))
    return [words.of("trust", "starts"), *between, *told] if told else []


def name_direction_of_shrinking(material: Material) -> str:
    """Towards what coefficients of the event are shrunk, in words; empty where it is unknown."""
    kind = _kind_of_trust(_linear_of_event(material))
    return Words.load().of("shrinking", kind) if kind else ""


def _linear_of_event(material: Material) -> Mapping[str, Any]:
    linear: Mapping[str, Any] = material.training["causes"].get("event", {}).get("linear", {})
    return linear


def _kind_of_trust(linear: Mapping[str, Any]) -> str:
    if "ridge_penalty" in linear:
        return "ridge"
    if "prior_mean" not in linear:
        return ""
    mean = linear["prior_mean"]
    return "published" if mean == 1 else "in_part" if mean else "ignored"


def _ratio(row: Mapping[Any, Any], mean: str, width: str) -> str:
    middle, reach = row[mean] * row["per"], CHANCE * row[width] * row["per"]
    if pd.isna(middle) or not np.isfinite(reach):
        return ABSENT
    low, high = np.exp(middle - reach), np.exp(middle + reach)
    return format_interval(np.exp(middle), low, high, 2)
