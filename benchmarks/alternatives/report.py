"""Writes tables and figures into docs/benchmarks.md, between its markers, from the cells kept."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from benchmarks.alternatives import tables
from benchmarks.alternatives.cohorts import SOURCES
from benchmarks.alternatives.comparison import Ranking, mean_scores, rank_methods, read_cells
from benchmarks.alternatives.figures import draw_calibration, draw_cost, draw_ranks
from benchmarks.alternatives.registry import METHODS, ROOT

PAGE, IMAGES = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "images"
SHARE_OF_COHORTS = 1.0


def write_report(folder: Path) -> None:
    """Replace the page's marked parts and its figures. Raises FileNotFoundError without cells."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no cells in {folder}: run them first")
    cells = read_cells(folder)
    names = {source.name for source in SOURCES}
    real = _comparable(cells[cells["cohort"].isin(names)])
    ranked = sorted_methods(real)
    everywhere = real[real["method"].isin(ranked)]
    ranks = {
        "uno_c": _rank(everywhere, "uno_c"),
        "integrated_brier": _rank(everywhere, "integrated_brier"),
    }
    draw_ranks(
        {"Uno's C": ranks["uno_c"], "Integrated Brier score": ranks["integrated_brier"]},
        IMAGES / "benchmarks-ranks.svg",
    )
    order = list(ranks["uno_c"].mean_ranks.index)
    draw_cost(everywhere, IMAGES / "benchmarks-cost.svg")
    draw_calibration(everywhere, order, IMAGES / "benchmarks-calibration.svg")
    parts = {
        "cohorts": tables.cohort_table(),
        "methods": tables.method_table(everywhere, ranks),
        "ranks": _rank_text(ranks),
        "differences-c": tables.difference_table(real, "uno_c"),
        "differences-brier": tables.difference_table(real, "integrated_brier"),
        "scores-c": tables.score_table(real, "uno_c"),
        "scores-brier": tables.score_table(real, "integrated_brier"),
        "simulated": tables.simulated_table(cells),
        "failures": tables.failure_table(cells),
        "coverage": _coverage_text(cells),
        "versions": _versions(),
    }
    PAGE.write_text(_fill(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")


def _comparable(cells: pd.DataFrame) -> pd.DataFrame:
    """Only cells of a (repeat, fold) that hold for the current data: those of the newest data."""
    newest = cells.groupby("cohort")["data"].agg(lambda data: data.mode().iloc[0])
    return cells[cells["data"] == cells["cohort"].map(newest)]


def sorted_methods(cells: pd.DataFrame) -> list[str]:
    """Methods that were run, or failed, in every cohort: those that ranks can compare."""
    n_cohorts = cells["cohort"].nunique()
    covered = cells.groupby("method")["cohort"].nunique()
    wanted = {entry.name for entry in METHODS if not entry.variant}
    return [name for name in covered.index if covered[name] == n_cohorts and name in wanted]


def _rank(cells: pd.DataFrame, figure: str) -> Ranking:
    return rank_methods(mean_scores(cells, figure), figure != "integrated_brier")


def _rank_text(ranks: dict[str, Ranking]) -> str:
    rows = [
        [
            {"uno_c": "Uno's C", "integrated_brier": "integrated Brier"}[name],
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


def _coverage_text(cells: pd.DataFrame) -> str:
    failed = int((cells["error"] != "").sum())
    return f"{len(cells):,} cells were run; {failed:,} of them failed and are listed below."


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
