"""The published figures beside what the simulation gives.

``python -m features.simulation.measured.targets`` rewrites the table in docs/simulation.md
between its two markers.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.simulation.cohort import DEFAULT_PATIENTS, SimulatedCohort, simulate_cohort
from features.simulation.measured.measures import measure

ROOT = Path(__file__).resolve().parents[3]
TARGETS = ROOT / "data" / "reference" / "simulation_targets.csv"
DOCUMENT = ROOT / "docs" / "simulation.md"
SEED = 20261
BEGIN = "<!-- targets: begin (python -m features.simulation.measured.targets) -->"
END = "<!-- targets: end -->"


def load_targets(path: Path = TARGETS) -> pd.DataFrame:
    """The published figures, one per row, as text: value, spread, source and our tolerance."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def compare(cohort: SimulatedCohort, targets: pd.DataFrame) -> pd.DataFrame:
    """The targets with columns ``simulated``, ``simulated_spread`` and ``within`` (tolerance).

    A tolerance is an absolute difference; "range" and "interval" mean inside the published one.
    """
    rows = []
    for record in targets.to_dict("records"):
        row = {str(name): str(text) for name, text in record.items()}
        value, spread = measure(cohort, row["target"], row["stratum"])
        within = _within(row, value)
        if row["spread_tolerance"] and spread is not None:
            within &= abs(spread - float(row["spread"])) <= float(row["spread_tolerance"])
        rows.append({**row, "simulated": value, "simulated_spread": spread, "within": within})
    return pd.DataFrame(rows)


def _within(row: dict[str, str], value: float) -> bool:
    if row["tolerance"] in ("range", "interval"):
        low, high = _bounds(row)
        return low <= value <= high
    return abs(value - float(row["value"])) <= float(row["tolerance"])


def _bounds(row: dict[str, str]) -> tuple[float, float]:
    low, high = row["value" if row["tolerance"] == "range" else "spread"].split("-")
    return float(low), float(high)


def render(compared: pd.DataFrame) -> str:
    """A Markdown table of the comparison."""
    lines = [
        "| target | stratum | published | simulated | tolerance | source |",
        "|---|---|---|---|---|---|",
    ]
    for row in compared.to_dict("records"):
        spread = row["simulated_spread"]
        simulated = (
            f"{row['simulated']:.3g}" if abs(row["simulated"]) < 10 else f"{row['simulated']:.1f}"
        )
        if row["spread"] and spread is not None and not pd.isna(spread):
            simulated += f" ({spread:.1f})"
        published = f"{row['value']} ({row['spread']})" if row["spread"] else row["value"]
        tolerance = row["tolerance"] + (
            f" ({row['spread_tolerance']})" if row["spread_tolerance"] else ""
        )
        cells = (
            row["target"],
            f"{row['stratum']}, {row['statistic']}",
            f"{published} {row['unit']}".strip(),
            simulated + ("" if row["within"] else " **outside**"),
            tolerance,
            row["source"] + (" (unverified)" if row["verified"] == "unverified" else ""),
        )
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def rewrite(document: Path = DOCUMENT) -> None:
    """Put the table of the default cohort between the document's markers."""
    table = render(compare(simulate_cohort(DEFAULT_PATIENTS, SEED), load_targets()))
    text = document.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    document.write_text(f"{head}{BEGIN}\n\n{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    rewrite()
