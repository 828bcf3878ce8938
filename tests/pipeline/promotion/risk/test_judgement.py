from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.promotion.risk.judgement import judge
from tests.pipeline.promotion.passing import (
    METRICS,
    PAIRED,
    THRESHOLDS,
    UNPAIRED,
    failed,
    make_champion,
    make_passing,
    without_table,
)


def test_a_good_model_passes_every_gate_with_and_without_a_champion() -> None:
    assert failed(make_passing()) == []
    assert failed(make_passing(), make_champion()) == []
    assert failed(make_passing(), make_champion(), UNPAIRED) == []


@pytest.mark.parametrize("name", list(METRICS))
def test_a_figure_that_was_not_measured_fails_and_says_which_stage_to_run(name: str) -> None:
    metrics = {key: value for key, value in METRICS.items() if key != name}
    challenger = replace(make_passing(), metrics=metrics)
    gates = judge(challenger, make_champion(), UNPAIRED, THRESHOLDS)
    missing = [gate for gate in gates if not gate.passed]
    assert len(missing) == 1
    assert "calcirisk evaluate" in missing[0].remedy


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("metrics", "events held out"),
        ("differences", "lead of its linear part"),
        ("reference_scores", "lead of reference scores"),
        ("subgroup_gaps", "subgroups"),
    ],
)
def test_a_table_that_was_not_logged_fails_its_gate(name: str, gate: str) -> None:
    assert failed(without_table(name)) == [gate]


def test_a_run_that_logged_nothing_fails_every_gate_that_measures() -> None:
    bare = replace(make_passing(), metrics={}, tables={}, leakage=None)
    told = failed(bare, make_champion(), UNPAIRED)
    assert len(told) == 1 + 1 + 4 + 1 + 1 + 1 + 1


def test_a_simulated_cohort_passes_and_is_named_in_capitals() -> None:
    gates = judge(replace(make_passing(), simulated=True), None, PAIRED, THRESHOLDS)
    assert gates[0].found == "SIMULATED COHORT, NOT FOR CARE"
    assert all(gate.passed for gate in gates)


def test_every_gate_can_be_written_as_json() -> None:
    gates = judge(make_passing(), make_champion(), UNPAIRED, THRESHOLDS)
    assert json.loads(json.dumps([gate.to_dict() for gate in gates]))
