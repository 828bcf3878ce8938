from __future__ import annotations

from dataclasses import replace

from pipeline.promotion.risk.leaks import judge_leakage
from tests.pipeline.promotion.passing import failed, make_passing

LEAK = {"check": "too_good", "column": "heart_rate", "measured": "has a C-index of 0.97"}


def test_a_leak_without_a_reason_fails_names_the_column_and_cannot_be_forced() -> None:
    verdict = {"passed": False, "leaks": [{**LEAK, "accepted": None}]}
    challenger = replace(make_passing(), leakage=verdict)
    assert failed(challenger) == ["leakage"]
    gate = judge_leakage(challenger)
    assert "heart_rate has a C-index of 0.97" in gate.found
    assert not gate.may_be_forced


def test_an_accepted_leak_passes_and_its_reason_stands_in_the_table() -> None:
    verdict = {"passed": True, "leaks": [{**LEAK, "accepted": "measured before the scan"}]}
    gate = judge_leakage(replace(make_passing(), leakage=verdict))
    assert gate.passed
    assert gate.found == "accepted: heart_rate (measured before the scan)"


def test_a_model_whose_leakage_is_unknown_must_be_trained_again() -> None:
    gate = judge_leakage(replace(make_passing(), leakage=None))
    assert not gate.passed
    assert "calcirisk train" in gate.remedy
