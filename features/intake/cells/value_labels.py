"""A cohort map beside what the file itself says of its codes: labels, and codes for missing.

Cells hold codes. A map may name a code by its label; a variable without ``codes`` takes the meaning
from the labels where these are words of the dictionary; and where label and map contradict each
other, nobody can know which is right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.entries import EndpointMap, Inclusion, Occurrence, ValueSource
from features.dictionary.variable import Variable
from features.errors import MapError
from features.intake.cells.conversion import YES_NO, normal_code
from features.intake.cells.declared_codes import DeclaredCodes

Declared = Mapping[str, DeclaredCodes]


def apply_labels(
    cohort_map: CohortMap, declared: Declared, dictionary: Mapping[str, Variable]
) -> CohortMap:
    """The map with codes in place of labels, by what the file declares of its columns.

    Raises MapError where a label says the opposite of what the map makes of its code.
    """
    if not declared:
        return cohort_map
    of = {name.casefold(): codes for name, codes in declared.items()}
    where = f"{cohort_map.name}.yaml"
    variables = {
        name: _of_variable(source, of, dictionary.get(name), f"{where}: variables.{name}")
        for name, source in cohort_map.variables.items()
    }
    endpoint = cohort_map.endpoint and _of_endpoint(cohort_map.endpoint, of, f"{where}: endpoint")
    visit = cohort_map.visit
    if visit:
        (choose,) = _codes([visit.choose], of.get(visit.column.casefold()))
        visit = replace(visit, choose=choose)
    include = tuple(_of_rule(rule, of) for rule in cohort_map.include)
    survey = cohort_map.survey
    if survey and survey.case_cohort:
        drawn = _of_occurrence(survey.case_cohort.subcohort, of, f"{where}: survey.case_cohort")
        survey = replace(survey, case_cohort=replace(survey.case_cohort, subcohort=drawn))
    return replace(
        cohort_map,
        variables=variables,
        endpoint=endpoint,
        visit=visit,
        include=include,
        survey=survey,
    )


def describe_labels(cohort_map: CohortMap, declared: Declared) -> list[str]:
    """One line per column that the map reads by its codes: ``SEX: 1 = Male, 2 = Female``."""
    wanted = {name.casefold() for name in cohort_map.source_columns}
    lines = []
    for column, codes in declared.items():
        if column.casefold() in wanted and codes.labels:
            texts = [
                f"{code} = {label}{' (missing)' if _is_missing(codes, code) else ''}"
                for code, label in codes.labels.items()
            ]
            lines.append(f"{column}: {', '.join(texts)}")
    return lines


def _is_missing(codes: DeclaredCodes, code: str) -> bool:
    return codes.is_missing(code) or (len(code) == 2 and code.startswith("."))


def _codes(named: Collection[str], codes: DeclaredCodes | None) -> tuple[str, ...]:
    """What a map names, labels turned to the codes that bear them, as cells read."""
    if codes is None:
        return tuple(named)
    there = {normal_code(code): code for code in codes.labels}
    of_label = {label.casefold(): code for code, label in codes.labels.items()}
    found = (there.get(normal_code(one)) or of_label.get(one.strip().casefold()) for one in named)
    return tuple(
        codes.cell(code or (normal_code(one) if codes.is_missing(one) else one))
        for code, one in zip(found, named, strict=True)
    )


def _of_variable(
    source: ValueSource, of: Declared, variable: Variable | None, where: str
) -> ValueSource:
    known = [of[column.casefold()] for column in source.columns if column.casefold() in of]
    if not known or variable is None:
        return source
    codes = dict(source.codes)
    for declared in known:
        keys = _codes(source.codes, declared)
        codes.update(zip(keys, source.codes.values(), strict=True))
        missing = _codes(source.missing, declared)
        source = replace(source, missing=missing)
    words = _words(variable)
    if not codes and words:
        codes = _codes_of_labels(known, words)
    for declared in known:
        for code, meant in codes.items():
            label = words.get(declared.labels.get(code, "").casefold())
            if label is not None and label != words.get(normal_code(meant), meant):
                column = ", ".join(source.columns)
                raise MapError(
                    f"{where}: the file labels code {code} of {column} as {label}, the map says "
                    f"{meant}. Correct 'codes'"
                )
    return replace(source, codes=codes)


def _words(variable: Variable) -> dict[str, str]:
    """Every text that means a value of the variable, and the value; empty for numbers."""
    if variable.kind == "boolean":
        return {word: "1" if yes else "0" for word, yes in YES_NO.items()}
    return {normal_code(code): code for code in variable.codes}


def _codes_of_labels(known: Iterable[DeclaredCodes], words: Mapping[str, str]) -> dict[str, str]:
    """Codes by their labels, where any label is a word of the variable; else as they are."""
    codes: dict[str, str] = {}
    by_label = False
    for declared in known:
        for code, label in declared.labels.items():
            if _is_missing(declared, code):
                continue
            word = words.get(label.casefold())
            by_label = by_label or word is not None
            meant = word or words.get(normal_code(code))
            if meant is not None:
                codes[code] = meant
    if not by_label:
        return {}
    # "true" reads as 1: where the file's 1 is a no, no word may say otherwise
    return {**{w: meant for w, meant in words.items() if normal_code(w) not in codes}, **codes}


def _of_endpoint(endpoint: EndpointMap, of: Declared, where: str) -> EndpointMap:
    return replace(
        endpoint,
        events=tuple(_of_occurrence(one, of, where) for one in endpoint.events),
        competing=tuple(_of_occurrence(one, of, where) for one in endpoint.competing),
    )


def _of_occurrence(one: Occurrence, of: Declared, where: str) -> Occurrence:
    codes = of.get(one.column.casefold())
    if codes is None or one.present:
        return one
    happened, otherwise = _codes(one.values, codes), _codes(one.otherwise, codes)
    for named, is_yes, key in ((happened, 1.0, "is"), (otherwise, 0.0, "not")):
        for code in named:
            label = codes.labels.get(code, "")
            if YES_NO.get(label.casefold(), is_yes) != is_yes:
                raise MapError(
                    f"{where}: the file labels code {code} of {one.column} as '{label}', and "
                    f"'{key}' holds it. Name the code of a yes under 'is', that of a no under 'not'"
                )
    return replace(one, values=happened, otherwise=otherwise)


def _of_rule(rule: Inclusion, of: Declared) -> Inclusion:
    if rule.test not in ("is", "is_not"):
        return rule
    return replace(rule, values=_codes(rule.values, of.get(rule.column.casefold())))
