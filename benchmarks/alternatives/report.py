"""Writes tables and figures into docs/benchmarks.md, between its markers, from the cells kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from benchmarks.alternatives import tables
from benchmarks.alternatives.cells import Limits
from benchmarks.alternatives.cohorts import SOURCES
from benchmarks.alternatives.comparison import (
    Ranking,
    mean_scores,
    rank_methods,
    read_cells,
    timed_on_one_machine,
)
from benchmarks.alternatives.figures import draw_calibration, draw_cost, draw_ranks
from benchmarks.alternatives.registry import METHODS, ROOT
from benchmarks.alternatives.ruler import ruler

MOST_COHORTS, SOME_COHORTS = 2 / 3, 1 / 3
FIGURES = {"uno_c": "Uno's C", "integrated_brier": "integrated Brier"}
PAGE, IMAGES = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "images"


def write_report(folder: Path) -> None:
    """Replace the page's marked parts and its figures. Raises FileNotFoundError without cells."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no cells in {folder}: run them first")
    fingerprints = {entry.name: entry.fingerprint() for entry in METHODS}
    cells, machine = timed_on_one_machine(current(read_cells(folder), fingerprints))
    names = {source.name for source in SOURCES}
    usual = {entry.name for entry in METHODS if not entry.variant}
    real = cells[cells["cohort"].isin(names) & cells["method"].isin(usual)]
    everywhere = comparable(real, Limits().n_folds, MOST_COHORTS)
    somewhere = comparable(real, Limits().n_folds, SOME_COHORTS)
    ranks, ranks_of_some = (
        {name: _rank(c, name) for name in FIGURES} for c in (everywhere, somewhere)
    )
    panels, panels_of_some = (_panels(some) for some in (ranks, ranks_of_some))
    draw_ranks(panels, IMAGES / "benchmarks-ranks.svg")
    order = list(ranks["uno_c"].mean_ranks.index)
    draw_cost(everywhere, panels, IMAGES / "benchmarks-cost.svg")
    draw_cost(somewhere, panels_of_some, IMAGES / "benchmarks-cost-slow.svg")
    draw_calibration(everywhere, order, IMAGES / "benchmarks-calibration.svg")
    parts = {
        "cohorts": tables.cohort_table(),
        "methods": tables.method_table(everywhere, ranks),
        "ranks": _rank_text(ranks),
        "slow-methods": tables.method_table(somewhere, ranks_of_some),
        "slow-ranks": _rank_text(ranks_of_some),
        "halves": _half_text(everywhere),
        "differences-c": tables.difference_table(real, "uno_c"),
        "differences-brier": tables.difference_table(real, "integrated_brier"),
        "losses-c": tables.loss_table(real, "uno_c"),
        "losses-brier": tables.loss_table(real, "integrated_brier"),
        "scores-c": tables.score_table(real, "uno_c"),
        "scores-brier": tables.score_table(real, "integrated_brier"),
        "simulated": tables.simulated_table(cells),
        "failures": tables.failure_table(cells),
        "coverage": _coverage_text(real),
        "versions": _versions(),
        "machine": f"{machine}; one thread per fit; seconds are those of the processor.",
    }
    PAGE.write_text(_fill(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")


def current(cells: pd.DataFrame, fingerprints: Mapping[str, str]) -> pd.DataFrame:
    """Cells computed and scored with the code as it stands, on the data most of a cohort share.

    A simulated cohort has other data in every repeat.
    """
    by_repeat = cells.groupby(["cohort", "repeat"])["data"]
    same_data = cells["data"] == by_repeat.transform(lambda one: one.mode().iloc[0])
    same_code = cells["code"] == cells["method"].map(fingerprints)
    return cells[same_data & same_code & (cells["ruler"] == ruler())]


def comparable(cells: pd.DataFrame, n_folds: int, least_share: float) -> pd.DataFrame:
    """The cells that ranks may compare: no method missing in any cohort, all on the same folds.

    A method is run in a repeat where every fold was, failures included. Methods run on this share
    of the cohorts that any method was run on are kept, then the repeats that all of these were
    run in.
    """
    counts = cells.groupby(["cohort", "repeat", "method"])["fold"].nunique().unstack("method")
    done = counts.ge(n_folds)
    cohorts = done.groupby("cohort").any()
    methods = cohorts.columns[cohorts.sum() >= least_share * len(cohorts)]
    shared = done.index[done[methods].all(axis=1)]
    places = pd.MultiIndex.from_frame(cells[["cohort", "repeat"]])
    return cells[cells["method"].isin(methods) & places.isin(shared)]


def _rank(cells: pd.DataFrame, figure: str) -> Ranking:
    return rank_methods(mean_scores(cells, figure), figure != "integrated_brier")


def _panels(ranks: dict[str, Ranking]) -> dict[str, Ranking]:
    return {"Uno's C": ranks["uno_c"], "Integrated Brier score": ranks["integrated_brier"]}


def _rank_text(ranks: dict[str, Ranking]) -> str:
    rows = [
        [
            FIGURES[name],
            str(ranking.n_cohorts),
            str(len(ranking.mean_ranks)),
            f"{ranking.p_value:.1e}",
            f"{ranking.critical_difference:.2f}",
        ]
        for name, ranking in ranks.items()
    ]
    return tables.markdown(
        ["ranked by", "cohorts", "methods", "Friedman, p", "critical difference"], rows
    )


def _half_text(cells: pd.DataFrame) -> str:
    """Our mean rank and the best other one, on the cohorts chosen on and on those confirmed on."""
    rows = []
    for half in ("choose", "confirm"):
        names = {source.name for source in SOURCES if source.half == half}
        some = cells[cells["cohort"].isin(names)]
        for figure in ("uno_c", "integrated_brier"):
            ranks = _rank(some, figure).mean_ranks
            others = ranks.drop(tables.OURS)
            best = f"{tables.label(str(others.idxmin()))}, {others.min():.2f}"
            count = str(some["cohort"].nunique())
            rows.append([half, FIGURES[figure], count, f"{ranks[tables.OURS]:.2f}", best])
    return tables.markdown(["half", "ranked by", "cohorts", "calcirisk", "best other"], rows)


def _coverage_text(real: pd.DataFrame) -> str:
    """How much of the first repeat was run on the real cohorts, and what is still to come."""
    first = real[real["repeat"] == 0]
    methods = [entry.name for entry in METHODS if not entry.variant]
    planned = len(SOURCES) * len(methods) * Limits().n_folds
    failed = int((real["error"] != "").sum())
    lines = [
        f"Of the {planned:,} cells of one repeat ({len(SOURCES)} cohorts, {len(methods)} methods, "
        f"{Limits().n_folds} folds) {len(first):,} were run so far; further repeats added "
        f"{len(real) - len(first):,}. {failed:,} of all these failed. Cohorts of {len(SOURCES)} on "
        "which each method was run:",
        "",
    ]
    counts = real.groupby("method")["cohort"].nunique()
    rows = [[tables.label(name), str(int(counts.get(name, 0)))] for name in methods]
    return "\n".join([*lines, tables.markdown(["method", "cohorts"], rows)])


def _versions() -> str:
    packages = sorted({name for entry in METHODS for name in entry.packages} | {"numpy", "pandas"})
    rows = [[name, _installed(name)] for name in packages]
    return tables.markdown(["package", "version"], rows)


def _installed(package: str) -> str:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _fill(page: str, parts: dict[str, str]) -> str:
    """The page with each part between its markers. Raises ValueError where a marker is absent."""
    for name, text in parts.items():
        pattern = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no marker {name}")
        page = pattern.sub(lambda found, t=text: f"{found[1]}\n{t}\n\n{found[2]}", page)  # type: ignore[misc]
    return page
