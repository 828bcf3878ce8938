from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from pipeline.commands.summary import summarise
from pipeline.evaluation.evaluation_output import VALIDATIONS, title_of
from pipeline.evaluation.judged_patients import describe_judged
from pipeline.settings.params import Params, Paths

FIGURES = {
    "c_index_5y": 0.81234,
    "c_index_5y_lower": 0.7,
    "c_index_5y_upper": 0.9,
    "observed_over_expected_5y": 1.04,
    "ridge_cox": {"c_index_5y": 0.8, "observed_over_expected_5y": 1.1},
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _endpoint(n: int) -> Endpoint:
    return Endpoint(np.full(n, 5.0), (np.arange(n) % 3).astype(np.int8))


def test_before_the_first_run_it_says_what_to_run(paths: Paths) -> None:
    assert "calcirisk run" in summarise(Params.load(), paths)


def test_figures_stand_beside_the_linear_part_with_their_interval(paths: Paths) -> None:
    _write(paths.metrics, FIGURES)
    lines = summarise(Params.load(), paths).splitlines()
    row = next(line for line in lines if line.startswith("C-index, 5 years"))
    assert row.split("years")[1].split() == ["0.812", "(0.700", "to", "0.900)", "0.800"]
    assert not any("10 years" in line for line in lines)


def test_warnings_of_the_training_are_repeated(paths: Paths) -> None:
    _write(paths.train / "training.json", {"warnings": ["few events"]})
    assert "Warning: few events" in summarise(Params.load(), paths)


def test_only_what_exists_is_shown_and_the_registered_version_is_named(paths: Paths) -> None:
    registration = {"uri": "models:/calcirisk@challenger", "version": 7}
    _write(paths.register / "registration.json", registration)
    paths.model.mkdir(parents=True)
    told = summarise(Params.load(), paths)
    assert "models:/calcirisk@challenger, version 7" in told
    assert "outputs/score" not in told


def test_a_folder_of_ones_own_is_summed_up_by_what_lies_in_it(paths: Paths) -> None:
    about = {"cohort": "clinic", "horizons": [5.0], "digest": "c1"}
    _write(paths.model / "about.json", about)
    _write(paths.metrics, FIGURES)
    told = summarise(replace(Params.load(), cohort="synthetic"), paths)
    assert "Cohort clinic," in told
    assert "synthetic" not in told
    assert "models:/" not in told
    assert "--model outputs/train/model" in told.replace(f"{paths.root}/", "")


def test_a_registration_of_an_earlier_model_is_not_taken_for_this_one(paths: Paths) -> None:
    _write(paths.model / "about.json", {"cohort": "clinic", "digest": "new"})
    registration = {"uri": "models:/calcirisk@challenger", "version": 7, "digest": "old"}
    _write(paths.register / "registration.json", registration)
    told = summarise(Params.load(), paths)
    assert "not registered" in told
    assert "models:/calcirisk@challenger" not in told


def test_before_training_the_cohort_is_the_ingested_one(paths: Paths) -> None:
    _write(paths.ingest / "report.json", {"cohort": "clinic"})
    _write(paths.metrics, FIGURES)
    assert "Cohort clinic," in summarise(Params.load(), paths)


@pytest.mark.parametrize(("simulated", "caution"), [(True, "SIMULATED"), (False, "RESEARCH")])
def test_the_last_line_is_the_caution(paths: Paths, simulated: bool, caution: str) -> None:
    _write(paths.model / "about.json", {"simulated": simulated, "horizons": [5.0]})
    last = summarise(Params.load(), paths).splitlines()[-1]
    assert last.startswith(caution)
    assert "NOT FOR CARE" in last


def test_counts_say_who_was_judged_and_who_was_left_out(paths: Paths) -> None:
    own = {"c_index_5y": 0.8}
    _write(paths.metrics, {**FIGURES, "cross_validation": {"calcirisk": own}})
    _write(paths.model / "about.json", {"horizons": [5.0]})
    judged = {"held_out": _endpoint(164), "cross_validation": _endpoint(1666)}
    planned = {"held_out": 176, "cross_validation": 1700}
    _write(paths.evaluate / "design.json", describe_judged(planned, judged))
    told = summarise(Params.load(), paths)
    assert "about 160 of 176 held-out patients, 95 % intervals" in told
    assert "in cross-validated patients (about 1,670 of 1,700 patients): calcirisk 0.800" in told
    assert told.count("are not judged") == 2


def test_where_everyone_was_judged_the_summary_says_so(paths: Paths) -> None:
    _write(paths.model / "about.json", {"horizons": [5.0]})
    for evaluation in VALIDATIONS:
        _write(paths.metrics, {**FIGURES, evaluation: {"calcirisk": {"c_index_5y": 0.8}}})
        judged = describe_judged({evaluation: 700}, {evaluation: _endpoint(700)})
        _write(paths.evaluate / "design.json", judged)
        line = f"C-index at 5 years in {title_of(evaluation)} (all 700 patients): calcirisk 0.800"
        assert line in summarise(Params.load(), paths)


def test_a_model_that_is_its_linear_part_has_no_column_beside_itself(paths: Paths) -> None:
    own = {"c_index_5y": FIGURES["c_index_5y"], "observed_over_expected_5y": 1.04}
    validated = {"calcirisk": {"c_index_5y": 0.8}, "ridge_cox": {"c_index_5y": 0.8}}
    _write(paths.metrics, {**FIGURES, "ridge_cox": own, "cross_validation": validated})
    _write(paths.model / "about.json", {"horizons": [5.0]})
    same = {"model": "ridge_cox", "difference": 0.0, "lower": 0.0, "upper": 0.0}
    differences = [{"evaluation": name, **same} for name in ("held_out", "cross_validation")]
    (paths.evaluate / "tables").mkdir()
    pd.DataFrame(differences).to_csv(paths.evaluate / "tables" / "differences.csv")
    told = summarise(Params.load(), paths)
    assert "linear part alone" not in told
    assert told.count("Boosted trees earned no weight here: the model is its linear part.") == 1
