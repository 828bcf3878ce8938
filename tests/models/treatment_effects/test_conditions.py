from __future__ import annotations

import pytest

from models.treatment_effects.conditions import AtLeast, Rule, Several, recorded

LEASTS = (0.0, 1.0, 99.9, 100.0, 250.0, 300.0, 5000.0)
RULES = (
    Rule("cac_agatston", at_least=100.0),
    Rule("cac_agatston", below=100.0),
    Rule("cac_agatston", below=1.0),
    Rule("cac_agatston", at_least=100.0, below=300.0),
)


@pytest.mark.parametrize("least", LEASTS)
@pytest.mark.parametrize("rule", RULES)
def test_a_least_decides_what_every_number_from_there_on_decides_alike(
    rule: Rule, least: float
) -> None:
    found = {rule.holds({"cac_agatston": number}) for number in LEASTS if number >= least}
    found.add(rule.holds({"cac_agatston": 1e9}))
    patient = {"cac_agatston": AtLeast(least)}
    expected = found.pop() if len(found) == 1 else None
    assert rule.holds(patient) is expected
    assert rule.missing(patient) == (("cac_agatston",) if expected is None else ())
    opposite = Several("none", (rule,)).holds(patient)
    assert opposite is (None if expected is None else not expected)


def test_a_least_is_no_number_and_open_where_it_does_not_decide_though_missing_means_no() -> None:
    patient = {"cac_agatston": AtLeast(50.0)}
    assert recorded(patient, "cac_agatston") is None
    rule = Rule("cac_agatston", at_least=100.0, if_missing=False)
    assert rule.holds(patient) is None
    assert rule.holds({"cac_agatston": None}) is False
