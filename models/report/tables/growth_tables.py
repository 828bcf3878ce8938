"""How good forecasts of later calcium scores are: what the report says of the progression model."""

from __future__ import annotations

from models.report.material import Material
from models.report.table import Table, format_number

_GROUPS = ("all", "first score 0", "first score 1-99", "first score 100-399",
           "first score 400 and over")  # fmt: skip


def growth_error_table(material: Material) -> Table:
    """Mean CRPS in AU of held-out scans, by forecast and first score; nothing without forecasts."""
    found = material.table("growth_crps", "forecast", "all")
    groups = [name for name in _GROUPS if name in found]
    rows = tuple(
        (str(row["forecast"]), *(format_number(row[name], 1) for name in groups))
        for _, row in found.iterrows()
    )
    return Table(("Forecast", *(name.capitalize() for name in groups)), rows)


def growth_coverage_table(material: Material) -> Table:
    """Percent of held-out scans inside the intervals, by group; groups below ten scans left out."""
    found = material.table(
        "growth_coverage", "group", "scans", "inside_50", "inside_80", "inside_90"
    )
    rows = tuple(
        (
            str(row["group"]),
            f"{int(row['scans']):,}",
            *(format_number(100 * row[f"inside_{level}"], 1) for level in (50, 80, 90)),
        )
        for _, row in found[found["scans"] >= 10].iterrows()
    )
    return Table(("Group", "Scans", "50 % interval", "80 % interval", "90 % interval"), rows)


def growth_change_table(material: Material) -> Table:
    """How often each verdict on the change of held-out scans was given; none on fewer than ten."""
    found = material.table("growth_changes", "judged", "verdict", "scans", "percent")
    rows = tuple(
        (
            str(row["judged"]).capitalize(),
            str(row["verdict"]).replace("_", " "),
            f"{int(row['scans']):,}",
            format_number(row["percent"], 1),
        )
        for _, row in found.iterrows()
    )
    return Table(("Judged", "Verdict", "Scans", "Percent"), rows)
