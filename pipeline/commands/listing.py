"""Tables of what there is: the variables of the dictionary, the cohort maps."""

from __future__ import annotations

from collections.abc import Sequence

from features.errors import CalciriskError, ConfigError
from pipeline.settings.params import SIMULATED, Paths


def list_variables(group: str | None = None) -> str:
    """Name, unit or codes, range and label of every variable (of one group).

    Raises ConfigError where there is no such group.
    """
    from features.dictionary.dictionary import Dictionary
    from features.dictionary.variable import GROUPS

    if group is not None and group not in GROUPS:
        raise ConfigError(f"There is no group '{group}'. Groups: {', '.join(GROUPS)}")
    rows = [
        (v.name, v.group, v.unit or "/".join(v.codes) or "yes/no", _range(v.low, v.high), v.label)
        for v in Dictionary.load().values()
        if group in (None, v.group)
    ]
    return format_table(("variable", "group", "unit or codes", "range", "label"), rows)


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"


def list_cohorts(paths: Paths) -> str:
    """Name, title and whether the raw file is here, for every cohort map."""
    from features.cohort_map.cohort_map import CohortMap
    from features.cohort_map.map_files import known_maps

    rows = []
    for name in known_maps(paths.cohort_maps):
        cohort_map = CohortMap.load(name, paths.cohort_maps)
        rows.append((name, _presence(name, cohort_map.file, paths), cohort_map.title))
    return format_table(("cohort", "file", "title"), rows)


def _presence(cohort: str, file: str, paths: Paths) -> str:
    from features.intake.files.cohort_file import locate_source, source_folders

    if cohort == SIMULATED:
        return "simulated here"
    try:
        locate_source(file, source_folders(paths.root))
    except CalciriskError:
        return f"{file} not found"
    return "found"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, two spaces between them."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown_groups() -> str:
    """The README's table: the groups of the dictionary with the labels of their variables."""
    from features.dictionary.dictionary import Dictionary
    from features.dictionary.variable import GROUPS

    dictionary = Dictionary.load()
    lines = ["| group | variables |", "|---|---|"]
    for group in GROUPS:
        labels = [v.label for v in dictionary.values() if v.group == group]
        lines.append(f"| {group} ({len(labels)}) | {'; '.join(labels)} |")
    return "\n".join(lines)
