"""Figures of the documentation, drawn from the tables that stand beside them.

    python benchmarks/figures.py

Reads docs/coverage.md and docs/benchmarks-explanation.md, writes docs/images/.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from models.plots.style import (
    BLUE,
    GREY,
    INK,
    MARKERS,
    PALE,
    SERIES,
    label_axes,
    new_figure,
    styled,
    write_svg,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
Rows = list[dict[str, str]]


def read_tables(path: Path) -> list[Rows]:
    """Every Markdown table of a page, a dict per row by the heads of its columns."""
    tables: list[list[list[str]]] = [[]]
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif tables[-1]:
            tables.append([])
    return [[dict(zip(one[0], row, strict=True)) for row in one[2:]] for one in tables if one]


def draw_coverage(rows: Rows) -> Figure:
    """Coverage of the intervals in use by calcium group, a series per number of patients."""
    groups = [name for name in rows[0] if name in ("all", "0", "1-99", "100-399", "400 and above")]
    used = [row for row in rows if row["intervals"] == "posterior"]
    with styled():
        figure = new_figure(7.2, 3.8)
        axes = figure.subplots()
        axes.axhspan(85, 95, color=PALE, alpha=0.5, linewidth=0, label="85 to 95 %")
        axes.axhline(90, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        for k, row in enumerate(used):
            means, errors = np.array([_mean_and_error(row[name]) for name in groups]).T
            axes.errorbar(
                np.arange(len(groups)) + 0.16 * (k - (len(used) - 1) / 2),
                means,
                1.96 * errors,
                fmt=MARKERS[k],
                color=SERIES[k],
                capsize=3,
                label=f"{row['patients']} patients, {row['cohorts']} cohorts",
            )
        axes.set_xticks(range(len(groups)), groups)
        axes.set_ylim(80, 100)
        axes.legend(loc="lower left", ncols=2)
        label_axes(
            axes, "True risk inside its 90 % interval", "Calcium score", "Per cent of patients"
        )
    return figure


def _mean_and_error(cell: str) -> tuple[float, float]:
    mean, error = cell.partition(" (")[0].split(" ± ")
    return float(mean), float(error)


def draw_speed(tables: list[Rows]) -> Figure:
    """Rows a second of every method, one booster above, whole explanations below."""
    with styled():
        figure = new_figure(8.2, 4.8)
        parts = figure.subplots(2, 1, height_ratios=[len(rows) for rows in tables], sharex=True)
        titles = ("One booster's margin", "A whole explanation in absolute risk")
        for axes, rows, title in zip(parts, tables, titles, strict=True):
            rates = _rates(rows)
            names = [row[""] for row in rows]
            own = [any(word in name for word in ("ours", "whole", "same")) for name in names]
            axes.barh(names, rates, color=[BLUE if one else GREY for one in own], height=0.62)
            for place, rate in enumerate(rates):
                axes.annotate(
                    f"{rate:,.0f}", (rate, place), xytext=(4, 0), textcoords="offset points",
                    va="center", fontsize=9, color=INK,
                )  # fmt: skip
            axes.invert_yaxis()
            axes.set_xscale("log")
            axes.set_xlim(5_000, 3_000_000)
            label_axes(axes, title, "", "")
        parts[-1].set_xlabel("Patients a second (logarithmic)")
    return figure


def _rates(rows: Rows) -> npt.NDArray[np.float64]:
    return np.array([float(row["rows/s"].replace(",", "")) for row in rows])


def main() -> None:
    """Draw both."""
    coverage = read_tables(DOCS / "coverage.md")[0]
    title = "Coverage of 90 % intervals by calcium score and number of patients"
    write_svg(draw_coverage(coverage), DOCS / "images" / "coverage.svg", title)
    speed = read_tables(DOCS / "benchmarks-explanation.md")[:2]
    title = "Patients explained a second"
    write_svg(draw_speed(speed), DOCS / "images" / "explanation-speed.svg", title)


if __name__ == "__main__":
    main()
