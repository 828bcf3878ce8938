"""Who the patients are and what is missing: tables in readers' words."""

from __future__ import annotations

from features.disclosure import share_of_told, tell_absent
from models.report.material import Material
from models.report.table import Table, count, format_number, plain_table
from models.report.tables.performance_tables import read_count
from models.report.words import Words


def characteristics_table(material: Material) -> Table:
    """Table 1: every variable overall and by outcome; small cells arrive as ``<10``."""
    words = Words.load()
    table = material.table("table_one", "variable", "overall")
    if table.empty:
        return Table((), ())
    labels = {name: variable.label for name, variable in material.variables.items()}
    # a read-back table knows no difference between an empty text and a missing one
    shown = table.astype("object").where(table.notna(), "")
    shown["variable"] = [labels.get(str(name), str(name)) for name in shown["variable"]]
    prose = ("level_or_unit", "statistic")
    kind = "table_one_fixed" if material.is_fixed_horizon else "table_one"
    return plain_table(shown, words.headings(kind), prose)


def missing_table(material: Material) -> Table:
    """Share of patients without a value, by variable, most missing first; counts in tens."""
    words = Words.load()
    shares = material.ingest.get("missing_share", {})
    total = material.ingest.get("patients", 0)
    rows = []
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        if share > 0:
            label = material.variables[name].label if name in material.variables else name
            count_missing = round(share * total)
            missing = tell_absent(count_missing, total)
            known = f"{int(missing):,}" if missing.isdigit() else missing
            percent = format_number(100 * share_of_told(count_missing, total), 1)
            rows.append((label, known, percent))
    heads = tuple(words.of("columns", name) for name in ("variable", "missing", "missing_percent"))
    return Table(heads, tuple(rows))


def complete_variables(material: Material) -> list[str]:
    """Labels of the variables that every patient has."""
    return [
        material.variables[name].label if name in material.variables else name
        for name, share in material.ingest.get("missing_share", {}).items()
        if share == 0
    ]


def analysis_table(material: Material) -> Table:
    """Patients and events of each analysis: tuning and fitting, held-out, cross-validation.

    Of an evaluation those who were judged, where design.json says who.
    """
    words, training, ingest = Words.load(), material.training, material.ingest
    developed, everyone = training["patients"], ingest["patients"]
    own = (developed, training["events"], training.get("competing_events", 0))
    whole = (everyone, ingest["events"], ingest.get("competing_events", 0))
    sizes = {
        "development": own,
        "held_out": tuple(all_ - some for all_, some in zip(whole, own, strict=True)),
    }
    if "cross_validation" in set(material.table("metrics", "evaluation")["evaluation"]):
        sizes["cross_validation"] = whole
    for name, account in material.design.get("judged", {}).items():
        if name in sizes:
            counts = (account[key] for key in ("patients", "events", "competing_events"))
            sizes[name] = tuple(read_count(n) for n in counts)
    rows = [(name, *counts) for name, counts in sizes.items()]
    heads = ("analysis", "patients", "events", "competing_events")
    # a yes or no knows no competing event
    shown = heads[:-1] if material.is_fixed_horizon else heads
    cells = tuple(
        (words.of("analyses", name), *map(count, counts))[: len(shown)] for name, *counts in rows
    )
    return Table(tuple(words.of("columns", name) for name in shown), cells)
