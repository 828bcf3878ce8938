"""What a decision by the model would gain, and how it moves patients."""

from __future__ import annotations

from models.report.comparison import score_label
from models.report.material import Material
from models.report.table import Table, format_interval, format_number
from models.report.tables.performance_tables import select_main
from models.report.words import Words

SHOWN_THRESHOLDS = (0.025, 0.05, 0.075, 0.10, 0.15, 0.20)
_MOVES = ("model", "reference", "metric", "horizon", "estimate", "lower", "upper", "caveat")


def net_benefit_table(material: Material) -> Table:
    """Net benefit per 1,000 patients at some thresholds, a row per way of deciding."""
    words = Words.load()
    table = material.table("decision_curve", "horizon", "model", "threshold", "net_benefit")
    table = select_main(material, table)
    known = sorted(set(table["threshold"]))
    shown = list(
        dict.fromkeys(
            min(known, key=lambda k: abs(k - wanted))
            for wanted in SHOWN_THRESHOLDS
            if known and known[0] - 0.005 <= wanted <= known[-1] + 0.005
        )
    )
    rows = []
    for model, own in table.groupby("model", sort=False):
        by = own.drop_duplicates("threshold").set_index("threshold")["net_benefit"]
        cells = (format_number(1000 * by[t] if t in by else None, 1) for t in shown)
        rows.append((score_label(material, str(model)), *cells))
    heads = tuple(f"{100 * threshold:g} %" for threshold in shown)
    return Table((words.of("columns", "decision"), *heads), tuple(rows))


def reclassification_table(material: Material) -> Table:
    """How the model moves patients against each reference, a column per measure."""
    words, table = Words.load(), select_main(material, material.table("reclassification", *_MOVES))
    shown = list(dict.fromkeys(table["metric"]))
    rows = []
    for reference, own in table.groupby("reference", sort=False):
        by = own.drop_duplicates("metric").set_index("metric")
        cells = (
            format_interval(
                by.loc[name, "estimate"],
                by.loc[name, "lower"],
                by.loc[name, "upper"],
                words.metric(name).decimals,
            )
            if name in by.index
            else format_number(None, 0)
            for name in shown
        )
        rows.append((score_label(material, str(reference)), *cells))
    labels = (words.metric(name).label for name in shown)
    return Table((words.of("columns", "against"), *labels), tuple(rows))


def reclassification_caveats(material: Material) -> list[tuple[str, str]]:
    """(measure, caveat), each once."""
    words, table = Words.load(), material.table("reclassification", *_MOVES)
    pairs = table[["metric", "caveat"]].dropna().drop_duplicates()
    return [(words.metric(str(m)).label, str(text)) for m, text in pairs.itertuples(index=False)]
