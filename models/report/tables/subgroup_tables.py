"""Every subgroup beside all patients: figures, gaps with their intervals, and what chance does."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from features.dictionary.variable import Variable
from models.evaluation.comparisons.findings import (
    count_tested,
    list_findings,
    list_too_small,
    name_subgroup,
)
from models.report.comparison import main_evaluation
from models.report.material import Material
from models.report.table import (
    ABSENT,
    Table,
    count,
    format_gain,
    format_interval,
    format_number,
)
from models.report.tables.performance_tables import read_count
from models.report.words import Words

_KEY = ["subgroup", "level"]
_SHOWN = ("c_index", "observed_over_expected", "ipa")
_FIGURES = (*_KEY, "evaluation", "metric", "horizon", "estimate", "lower", "upper", "n", "events")
_GAPS = (*_KEY, "evaluation", "metric", "horizon", "gap", "lower", "upper", "chance")


def subgroup_tables(material: Material) -> list[tuple[str, Table]]:
    """(evaluation, a row per subgroup) at the last horizon; that of most patients first.

    Sizes in tens, main metrics, and each gap from all patients with its interval, marked where it
    lies beyond chance alone and where beyond chance after all looks, or why it was not tested.
    Small groups are marked.
    """
    figures = material.table("subgroups", *_FIGURES)
    gaps = material.table("subgroup_gaps", *_GAPS)
    figures, gaps = (table[table["horizon"] == material.last_horizon] for table in (figures, gaps))
    if "model" in figures.columns:
        figures = figures[figures["model"] == "calcirisk"]
    main = main_evaluation(material)
    names = sorted(figures["evaluation"].unique(), key=lambda name: (name != main, name))
    return [
        (
            str(name),
            _tabulate(
                figures[figures["evaluation"] == name],
                gaps[gaps["evaluation"] == name],
                material.variables,
            ),
        )
        for name in names
    ]


def finding_texts(material: Material) -> list[str]:
    """Every finding of whichever evaluation and horizon, each with the patients it was made in."""
    words, main = Words.load(), main_evaluation(material)
    found = list_findings(material.table("subgroup_gaps", "finding"))
    told = [
        f"{_name_patients(one.evaluation, words)}{one.text}"
        for one in sorted(found, key=lambda one: one.evaluation != main)
    ]
    return list(dict.fromkeys(told))


def _name_patients(evaluation: str, words: Words) -> str:
    return f"In {words.of('evaluations', evaluation)}: " if evaluation else ""


def count_tests(material: Material) -> int:
    """How many gaps were tested, in all evaluations and at all horizons."""
    return count_tested(material.table("subgroup_gaps", "finding"))


def untested_groups(material: Material) -> list[str]:
    """Groups in whom nothing could be tested, as the table of subgroups names them."""
    gaps = material.table("subgroup_gaps", *_KEY, "finding")
    return [_name_group(*group, material.variables) for group in list_too_small(gaps)]


def _name_group(subgroup: str, level: str, variables: Mapping[str, Variable]) -> str:
    own = subgroup in variables and variables[subgroup].own
    told = level if own else Words.load().of("levels", level)
    return f"{name_subgroup(subgroup, variables)}: {told}"


def _tabulate(
    figures: pd.DataFrame, gaps: pd.DataFrame, variables: Mapping[str, Variable]
) -> Table:
    words = Words.load()
    shown = [name for name in _SHOWN if name in {*figures["metric"]}]
    compared = [name for name in shown if name in {*gaps["metric"]}]
    counted = [name for name in ("n", "events", "expected") if name in figures.columns]
    rows = []
    for (subgroup, level), own in figures.groupby(_KEY, sort=False):
        small = "small" in own.columns and own["small"].astype(str).eq("True").all()
        name = _name_group(str(subgroup), str(level), variables)
        mark = f" {words.of('columns', 'small_mark')}" if small else ""
        sizes = (count(read_count(own[column].iloc[0])) for column in counted)
        apart = gaps[(gaps["subgroup"] == subgroup) & (gaps["level"] == level)]
        cells = []
        for metric in shown:
            cells.append(_figure(own, metric, words))
            if metric in compared:
                cells.append(_gap(apart, metric, words))
        rows.append((name + mark, *sizes, *cells))
    heads = [words.of("columns", name) for name in ("subgroup", "patients", *counted[1:])]
    for metric in shown:
        heads.append(words.metric(metric).label)
        if metric in compared:
            heads.append(words.of("columns", "gap").format(words.metric(metric).label))
    return Table(tuple(heads), tuple(rows))


def _figure(own: pd.DataFrame, metric: str, words: Words) -> str:
    for row in own[own["metric"] == metric].to_dict("records"):
        decimals = words.metric(metric).decimals
        return format_interval(row["estimate"], row["lower"], row["upper"], decimals)
    return format_number(None, 0)


def _gap(apart: pd.DataFrame, metric: str, words: Words) -> str:
    for row in apart[apart["metric"] == metric].to_dict("records"):
        decimals = words.metric(metric).decimals
        text = format_gain(row["gap"], row["lower"], row["upper"], decimals)
        mark = words.content["chance"].get(row["chance"], "")
        reason = words.content["not_tested"].get(row.get("not_tested"))
        figure, *limits = text.split("\n")
        if figure == ABSENT and reason:
            return str(reason)
        return "\n".join([f"{figure}{mark}", *limits, *([reason] if reason else [])])
    return format_number(None, 0)
