"""How good the model is, beside every comparator: tables of the evaluation in readers' words."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from models.report.comparison import GAIN_OVER_SCORE, compare, main_evaluation, score_label
from models.report.material import Material
from models.report.table import (
    ABSENT,
    Table,
    count,
    decimals_told,
    format_gain,
    format_interval,
    format_number,
    join_names,
)
from models.report.words import Words

MAIN_METRICS = (
    "c_index",
    "auc",
    "ipa",
    "observed_over_expected",
    "calibration_slope",
    "ici",
)
_METRICS = ("evaluation", "model", "metric", "horizon", "estimate", "lower", "upper")
_DIFFERENCES = ("evaluation", "model", "metric", "horizon", "difference", "lower", "upper")
_LIMITED = ("metric", "estimate", "lower", "upper")
_OF_SCORE = ("estimate", "lower", "upper", "model_estimate")


def performance_tables(material: Material) -> list[tuple[str, float, int, int, Table]]:
    """(evaluation, horizon, patients, events, a row per model) for each that was evaluated."""
    words, metrics = Words.load(), material.table("metrics", *_METRICS, "n", "events")
    tables, first = [], main_evaluation(material)
    for (evaluation, horizon), chosen in metrics.groupby(["evaluation", "horizon"], sort=False):
        shown = [name for name in MAIN_METRICS if name in set(chosen["metric"])]
        rows = tuple(
            (words.of("models", str(model)), *(_cell(own, name, words) for name in shown))
            for model, own in chosen.groupby("model", sort=False)
        )
        columns = (words.of("columns", "model"), *(words.metric(name).label for name in shown))
        n, events = int(chosen["n"].max()), int(chosen["events"].max())
        tables.append((str(evaluation), float(str(horizon)), n, events, Table(columns, rows)))
    return sorted(tables, key=lambda table: (table[0] != first, table[0], table[1]))


def all_metrics_table(material: Material) -> Table:
    """Every metric of the model, whatever the evaluation and horizon."""
    words, metrics = Words.load(), material.table("metrics", *_METRICS)
    names = list(dict.fromkeys(metrics["metric"]))
    places = list(dict.fromkeys(zip(metrics["evaluation"], metrics["horizon"], strict=True)))
    own = metrics[metrics["model"] == "calcirisk"]
    rows = tuple(
        (
            words.metric(name).label,
            *(
                _cell(own[(own["evaluation"] == e) & (own["horizon"] == h)], name, words)
                for e, h in places
            ),
        )
        for name in names
    )
    heads = tuple(f"{words.of('evaluations', e)}, {h:g} years" for e, h in places)
    return Table((words.of("columns", "metric"), *heads), rows)


def difference_table(material: Material) -> Table:
    """The model less each comparator at the last horizon, paired on the same patients."""
    words = Words.load()
    table = material.table("differences", *_DIFFERENCES)
    table = table[table["horizon"] == material.last_horizon]
    shown = [name for name in ("c_index", "brier", "ipa", "ici") if name in {*table.metric}]
    rows = []
    for (evaluation, model), own in table.groupby(["evaluation", "model"], sort=False):
        gains = own.assign(estimate=-own["difference"], lower=-own["upper"], upper=-own["lower"])
        cells = (_gain(gains, name, words) for name in shown)
        rows.append(
            (words.of("models", str(model)), words.of("evaluations", str(evaluation)), *cells)
        )
    heads = (words.of("columns", "comparator"), words.of("columns", "evaluation"))
    labels = tuple(words.metric(name).label for name in shown)
    return Table((*heads, *labels), tuple(rows), (1,))


def standings_table(material: Material) -> Table:
    """The model, then every comparator, main evaluation and last horizon, a row each.

    C-index, its difference, calibration. A published score is measured in the patients it covers.
    """
    words, horizon, main = Words.load(), material.last_horizon, main_evaluation(material)
    metrics = material.table("metrics", *_METRICS, "n")
    metrics = metrics[(metrics["evaluation"] == main) & (metrics["horizon"] == horizon)]
    scores = material.table("reference_scores", "score", "horizon", *_LIMITED, "n")
    scores = select_main(material, scores) if len(scores) else scores
    gains = {one.name: one for one in compare(material) if one.evaluation == main}
    own = [(str(name), words.of("models", str(name)), part) for name, part in _by(metrics, "model")]
    published = [
        (str(name), score_label(material, str(name)), part) for name, part in _by(scores, "score")
    ]
    rows = []
    for name, label, part in (*own, *published):
        gain = gains.get(name)
        rows.append(
            (
                label,
                count(part["n"].max()),
                _cell(part, "c_index", words),
                format_gain(gain.gain, gain.lower, gain.upper, 3) if gain else ABSENT,
                _cell(part, "observed_over_expected", words),
                _cell(part, "calibration_slope", words),
            )
        )
    heads = (
        words.of("columns", "model"),
        words.of("columns", "n_patients"),
        words.metric("c_index").label,
        words.of("columns", "delta_c"),
        words.metric("observed_over_expected").label,
        words.metric("calibration_slope").label,
    )
    return Table(heads, tuple(rows))


def _by(table: pd.DataFrame, column: str) -> Iterator[tuple[object, pd.DataFrame]]:
    return iter(table.groupby(column, sort=False))


def select_main(material: Material, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last horizon and of the evaluation with most patients that is in it."""
    if "horizon" in table.columns:
        table = table[table["horizon"] == material.last_horizon]
    if "evaluation" in table.columns and len(table):
        present = list(table["evaluation"].unique())
        main = main_evaluation(material)
        table = table[table["evaluation"] == (main if main in present else present[0])]
    return table


def incremental_table(material: Material) -> Table:
    """What each further group of variables adds at the last horizon, in the order added."""
    words = Words.load()
    table = material.table("incremental", "step", "groups", "horizon", *_LIMITED, "gain")
    table = select_main(material, table).sort_values("step", kind="stable")
    shown = [name for name in ("c_index", "ipa") if name in {*table.metric}]
    rows = []
    for groups, own in table.groupby("groups", sort=False):
        cells = []
        for name in shown:
            cells += [_cell(own, name, words), _step(own, name, words)]
        rows.append((str(groups), *cells))
    gained = words.of("columns", "gain")
    labels = [(label := words.metric(name).label, f"{label}, {gained}") for name in shown]
    heads = tuple(text for pair in labels for text in pair)
    return Table((words.of("columns", "groups"), *heads), tuple(rows))


def reference_score_table(material: Material) -> Table:
    """Every reference score beside the model on the same patients, last horizon."""
    words = Words.load()
    names = ("score", "horizon", *_LIMITED, "model_estimate", *GAIN_OVER_SCORE, "n", "events")
    table = material.table("reference_scores", *names)
    table = select_main(material, table)
    table = table[table["metric"].isin(["c_index", "brier", "observed_over_expected"])]
    rows = []
    for row in table.to_dict("records"):
        metric = words.metric(str(row["metric"]))
        estimate, lower, upper, own = (row[name] for name in _OF_SCORE)
        gain, least, most = (row[name] for name in GAIN_OVER_SCORE)
        decimals = decimals_told((estimate, lower, upper, own), metric.decimals)
        rows.append(
            (
                score_label(material, str(row["score"])),
                f"{metric.label}, {row['horizon']:g} years",
                format_interval(estimate, lower, upper, decimals),
                format_number(own, decimals),
                format_gain(gain, least, most, metric.decimals),
                f"{count(row['n'])} / {count(row['events'])}",
                format_number(_percent(row.get("coverage")), 0),
            )
        )
    columns = ("score", "metric", "score_estimate", "own_estimate", "own_less", "sizes", "coverage")
    return Table(tuple(words.of("columns", name) for name in columns), tuple(rows), (1,))


def explain_no_scores(material: Material) -> str:
    """Why no published score stands beside the model, as far as this run shows."""
    from models.reference_scores.registry import REFERENCE_SCORES

    published = sorted({h for one in REFERENCE_SCORES.values() for h in one.publication.horizons})
    judged = {float(h) for h in material.table("metrics", "horizon")["horizon"]}
    judged = judged or {float(h) for h in material.model["horizons"]}
    if judged.isdisjoint(published):
        years = join_names([f"{horizon:g}" for horizon in published])
        asked = {float(h) for h in material.settings.get("horizons", ())}
        if not asked.isdisjoint(published):
            return f"The scores are published for {years} years, which this cohort cannot answer."
        return f"The scores are published for {years} years; no such horizon was asked for."
    covered = material.table("reference_coverage", "score", "status", "patients")
    if len(covered):
        return "What keeps each score from these patients stands in the table of their coverage."
    return "The stage evaluate has not computed them."


def coverage_table(material: Material) -> Table:
    """For each reference score: how many patients it covers, and what keeps it from the others."""
    words = Words.load()
    names = ("score", "horizon", "status", "variable", "rule", "patients", "share", "outcome")
    table = material.table("reference_coverage", *names)
    table = table[table["horizon"] == material.last_horizon]
    rows = []
    for score, own in table.groupby("score", sort=False):
        is_computed = own["status"] == "computed"
        computed = own[is_computed].to_dict("records")
        reasons = [
            f"{_label(material, row['variable'])}: {row['rule']} ({_share(row['share'])})"
            for row in own[~is_computed].to_dict("records")
        ]
        n, share = (computed[0]["patients"], computed[0]["share"]) if computed else (0, 0.0)
        sizes = f"{count(read_count(n))} ({_share(share)})"
        outcome = str(own["outcome"].iloc[0])
        rows.append((score_label(material, str(score)), outcome, sizes, "; ".join(reasons)))
    columns = ("score", "outcome", "covered", "reasons")
    return Table(tuple(words.of("columns", name) for name in columns), tuple(rows), (1, 3))


def read_count(n: object) -> object:
    """A column with ``<10`` in it is read back as text."""
    return int(n) if isinstance(n, str) and n.isdigit() else n


def _label(material: Material, names: object) -> str:
    known, words = material.variables, Words.load()
    each = (name.strip() for name in str(names).split(","))
    return ", ".join(known[n].label if n in known else words.of("inputs", n) for n in each)


def _share(share: object) -> str:
    percent = _percent(share)
    if percent is None:
        return Words.load().of("columns", "few")
    return f"{format_number(percent, 0)} %"


def _percent(share: object) -> float | None:
    return 100 * share if isinstance(share, float) and share == share else None


def _row(own: pd.DataFrame, metric: str) -> pd.Series | None:
    chosen = own[own["metric"] == metric]
    return None if chosen.empty else chosen.iloc[0]


def _cell(own: pd.DataFrame, metric: str, words: Words) -> str:
    row, decimals = _row(own, metric), words.metric(metric).decimals
    if row is None:
        return format_number(None, 0)
    return format_interval(row["estimate"], row["lower"], row["upper"], decimals)


def _gain(own: pd.DataFrame, metric: str, words: Words) -> str:
    row, decimals = _row(own, metric), words.metric(metric).decimals + 1
    if row is None:
        return format_number(None, 0)
    return format_gain(row["estimate"], row["lower"], row["upper"], decimals)


def _step(own: pd.DataFrame, metric: str, words: Words) -> str:
    row, decimals = _row(own, metric), words.metric(metric).decimals + 1
    if row is None:
        return format_number(None, 0)
    return format_gain(row["gain"], row.get("gain_lower"), row.get("gain_upper"), decimals)
