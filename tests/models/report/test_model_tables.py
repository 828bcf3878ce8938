from __future__ import annotations

from dataclasses import replace

from features.cohort_map.own_variables import read_own_variables
from features.dictionary.dictionary import Dictionary
from models.report.material import Material
from models.report.rendering import render_report
from models.report.tables.model_tables import (
    bends_table,
    name_unlearnt,
    settings_table,
    stack_table,
    terms_table,
    variables_table,
)


def test_weights_of_the_stack_stand_there_for_each_cause(material: Material) -> None:
    rows = {name: cells for name, *cells in stack_table(material).rows}
    assert rows["Weight a of the linear part"] == ["0.75", "0.75"]
    assert rows["Weight b of the boosted part"] == ["0.25", "0.25"]
    assert rows["Tree depth"] == ["3", "3"]


def test_terms_are_named_with_what_is_needed_to_apply_them(material: Material) -> None:
    assert terms_table(material).rows == (
        ("age", "60", "9", "0.5000", "0.5000"),
        ("age, spline", "–", "–", "0.1250", "0.1250"),
        ("age is missing", "0.1", "–", "−0.2500", "−0.2500"),
    )
    assert bends_table(material).rows == (("age", "-1.2", "0", "1.4", "0.6", "0.7", "0.3"),)


def test_every_setting_is_shown(material: Material) -> None:
    assert ("train.n_folds", "5") in settings_table(material).rows


def test_every_variable_of_the_cohort_has_its_evidence(material: Material) -> None:
    rows = {row[0]: row for row in variables_table(material).rows}
    assert list(rows) == ["Age", "LDL cholesterol", "HbA1c"]
    assert "doi:10.1093/clinchem/hvac172" in rows["Age"][-1]
    assert rows["Age"][3] == "increasing"


def test_what_too_few_patients_differ_in_is_said_not_to_be_in_the_model(
    material: Material,
) -> None:
    own = {"nyha": {"label": "NYHA", "kind": "category", "codes": ["I", "II", "IV"]}}
    known = Dictionary.load().extended(read_own_variables("clinic.yaml", own))
    names = ["age", "nyha:II", "nyha:IV", "hiv"]
    predictor = {**material.predictor, "feature_names": names}
    predictor["completion"] = {"used": [1], "mean": [0.3], "scale": [0.46]}
    predictor["clock"] = "age"  # by which hazards are read
    run = replace(material, predictor={**predictor, "causes": []}, variables=known)
    assert name_unlearnt(run) == [known["hiv"].label, "NYHA (IV: yes or no)"]
    assert "Not in the model, because fewer than ten" in render_report(run)
    assert "Not in the model, because fewer than ten" not in render_report(material)
