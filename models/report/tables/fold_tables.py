"""How performance spreads over folds, repeats and centres, and risks over refitted models."""

from __future__ import annotations

from models.report.material import Material
from models.report.table import Table, count, format_interval, format_number
from models.report.tables.performance_tables import read_count
from models.report.words import Words

_CHANGES = "changes_"
_REPEATED = ("c_index", "observed_over_expected", "calibration_slope")


def fold_table(material: Material) -> Table:
    """Mean, lowest and highest C-index over the folds that have one, by model and horizon.

    Empty of one fold.
    """
    words, folds = Words.load(), material.table("folds", "model", "horizon", "c_index")
    rows = []
    for (model, horizon), own in folds.groupby(["model", "horizon"], sort=False):
        known = own["c_index"].dropna()
        if len(known) < 2:
            continue
        cells = (format_number(value, 3) for value in (known.mean(), known.min(), known.max()))
        rows.append((words.of("models", str(model)), f"{horizon:g}", str(len(known)), *cells))
    names = ("model", "years", "folds", "mean", "lowest", "highest")
    return Table(tuple(words.of("columns", name) for name in names), tuple(rows))


def site_table(material: Material) -> Table:
    """The model at each site, trained on the others: sizes in tens, C-index, calibration."""
    words = Words.load()
    names = ("site", "model", "horizon", "n", "events", "c_index", "observed_over_expected")
    folds = material.table("folds", *names)
    own = folds[(folds["model"] == "calcirisk") & (folds["horizon"] == material.last_horizon)]
    rows = tuple(
        (
            str(row["site"]),
            *(count(read_count(row[name])) for name in ("n", "events")),
            format_number(row["c_index"], 3),
            format_number(row["observed_over_expected"], 2),
        )
        for row in own.to_dict("records")
    )
    heads = [words.of("columns", name) for name in ("site", "patients", "events")]
    heads += [words.metric(name).label for name in ("c_index", "observed_over_expected")]
    return Table(tuple(heads), rows)


def repeat_table(material: Material) -> Table:
    """Mean, lowest and highest of the main metrics over repeats of the folds, last horizon."""
    words = Words.load()
    table = material.table("repeats", "repeat", "model", "metric", "horizon", "estimate")
    table = table[(table["horizon"] == material.last_horizon) & table["metric"].isin(_REPEATED)]
    rows = []
    for (model, metric), own in table.groupby(["model", "metric"], sort=False):
        shown, values = words.metric(str(metric)), own["estimate"]
        spread = (values.mean(), values.min(), values.max())
        cells = (format_number(value, shown.decimals + 1) for value in spread)
        rows.append((words.of("models", str(model)), shown.label, str(len(own)), *cells))
    names = ("model", "metric", "repeats", "mean", "lowest", "highest")
    return Table(tuple(words.of("columns", name) for name in names), tuple(rows))


def instability_table(material: Material) -> Table:
    """Risks of the same patients by refitted models, in percent: everybody, then tenths of risk."""
    words = Words.load()
    names = ("horizon", "group", "refits", "risk", "error", "lower", "upper")
    table = material.table("instability", *names)
    thresholds = [name for name in table.columns if name.startswith(_CHANGES)]
    rows = []
    for row in table.to_dict("records"):
        number = int(row["group"])
        name = words.of("columns", "risk_tenth").format(number) if number else "all"
        risk, lower, upper = (100 * row[each] for each in ("risk", "lower", "upper"))
        spread = format_interval(risk, lower, upper, 1)
        shares = (format_number(100 * row[each], 1) for each in thresholds)
        rows.append(
            (words.of("levels", name), spread, format_number(100 * row["error"], 2), *shares)
        )
    heads = [words.of("columns", name) for name in ("group", "refitted_risk", "prediction_error")]
    heads += [
        words.of("columns", "changes_side").format(
            format_number(100 * float(name[len(_CHANGES) :]), 1)
        )
        for name in thresholds
    ]
    return Table(tuple(heads), tuple(rows))
