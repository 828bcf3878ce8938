"""Whether the figures lean on censoring that tells nothing of the patient."""

from __future__ import annotations

from models.report.comparison import main_evaluation
from models.report.material import Material
from models.report.table import Table, format_number
from models.report.words import Words

TELLS = 0.55
"""C-index of the follow-up by the covariates above which they tell something of it."""

_COLUMNS = ("evaluation", "horizon", "metric", "one_curve", "by_covariates", "follow_up_c")


def censoring_table(material: Material) -> Table:
    """The model's figures with one curve of the censoring, and with one in each stratum."""
    words = Words.load()
    rows = []
    for row in _rows(material):
        metric = words.metric(str(row["metric"]))
        rows.append(
            (
                f"{metric.label}, {row['horizon']:g} years",
                format_number(row["one_curve"], metric.decimals),
                format_number(row["by_covariates"], metric.decimals),
            )
        )
    names = ("metric", "one_curve", "by_covariates")
    return Table(tuple(words.of("columns", name) for name in names), tuple(rows))


def describe_censoring(material: Material) -> str:
    """What the length of follow-up tells of the patients, and what follows for the figures."""
    rows = _rows(material)
    if not rows:
        return ""
    told = float(str(rows[0]["follow_up_c"]))
    figure = f"C-index of the time of censoring {format_number(told, 2)}, 0.5 is nothing"
    if told < TELLS:
        return (
            "The covariates tell next to nothing of how long a patient was followed "
            f"({figure}), so that one curve of the censoring serves everybody."
        )
    return (
        f"The covariates tell how long a patient was followed ({figure}). Observed risks and "
        "weights that take one curve of the censoring for everybody lean with it; the table shows "
        "what they become with a curve in each stratum of expected follow-up."
    )


def _rows(material: Material) -> list[dict[str, object]]:
    table = material.table("dependent_censoring", *_COLUMNS)
    chosen = table[table["evaluation"] == main_evaluation(material)]
    return [{str(key): value for key, value in row.items()} for row in chosen.to_dict("records")]
