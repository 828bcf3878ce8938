"""Every subgroup beside all patients: figures, gaps with their intervals, and what chance does."""

from __future__ import annotations

import pandas as pd

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
from models.report.tables.performance_tables import read_count, select_main
from models.report.words import Words

_KEY = ["subgroup", "level"]
_SHOWN = ("c_index", "observed_over_expected", "ipa")
_FIGURES = (*_KEY, "evaluation", "metric", "horizon", "estimate", "lower", "upper", "n", "events")
_GAPS = (*_KEY, "evaluation", "metric", "horizon", "gap", "lower", "upper", "chance")


def subgroup_tables(material: Material) -> list[tuple[str, Table]]:
    """(evaluation, a row per subgroup) at the last horizon; that of most patients first.

    Sizes in tens, main metrics, and each gap from all patients with its interval, marked where it
    lies beyond chance alone and where beyond chance after all looks. Small groups are marked.
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
            _tabulate(figures[figures["evaluation"] == name], gaps[gaps["evaluation"] == name]),
        )
        for name in names
    ]


def finding_texts(material: Material) -> list[str]:
    """What the gaps between subgroups gave rise to say."""
    gaps = select_main(material, material.table("subgroup_gaps", "finding"))
    return [str(text) for text in gaps["finding"].dropna().unique() if str(text).strip()]


def _tabulate(figures: pd.DataFrame, gaps: pd.DataFrame) -> Table:
    words = Words.load()
    shown = [name for name in _SHOWN if name in {*figures["metric"]}]
    compared = [name for name in shown if name in {*gaps["metric"]}]
    rows = []
    for (subgroup, level), own in figures.groupby(_KEY, sort=False):
        small = "small" in own.columns and own["small"].astype(str).eq("True").any()
        name = f"{words.of('subgroups', str(subgroup))}: {words.of('levels', str(level))}"
        mark = f" {words.of('columns', 'small_mark')}" if small else ""
        sizes = (count(read_count(own[column].iloc[0])) for column in ("n", "events"))
        apart = gaps[(gaps["subgroup"] == subgroup) & (gaps["level"] == level)]
        cells = []
        for metric in shown:
            cells.append(_figure(own, metric, words))
            if metric in compared:
                cells.append(_gap(apart, metric, words))
        rows.append((name + mark, *sizes, *cells))
    heads = [words.of("columns", name) for name in ("subgroup", "patients", "events")]
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
        return text if text == ABSENT else text.replace("\n", f"{mark}\n", 1)
    return format_number(None, 0)
