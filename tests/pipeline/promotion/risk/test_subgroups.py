from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from features.errors import ConfigError
from pipeline.promotion.risk.subgroups import judge_subgroups
from tests.pipeline.promotion.passing import THRESHOLDS, failed, with_table

FINDING = with_table("subgroup_gaps", finding="risks are too low")


def test_a_finding_fails_and_names_the_subgroup() -> None:
    assert failed(FINDING) == ["subgroup sex female"]


def test_a_written_reason_lets_a_finding_stand_and_is_shown() -> None:
    reason = {"sex female": "few women, and planted by this test"}
    assert failed(FINDING, thresholds=replace(THRESHOLDS, accepted_gaps=reason)) == []
    (gate,) = judge_subgroups(FINDING, reason)
    reason_told = "accepted: few women, and planted by this test"
    assert gate.found == f"held out: risks are too low; {reason_told}"


def test_a_reason_for_another_subgroup_does_not_help() -> None:
    reason = {"sex male": "few women, and planted by this test"}
    assert not judge_subgroups(FINDING, reason)[0].passed


def test_a_reason_of_one_word_is_none() -> None:
    with pytest.raises(ConfigError, match=r"accepted_gaps.sex female: write why"):
        judge_subgroups(FINDING, {"sex female": "ok"})


def test_gaps_without_intervals_cannot_be_findings_and_so_do_not_pass() -> None:
    (gate,) = judge_subgroups(with_table("subgroup_gaps", lower=float("nan")), {})
    assert not gate.passed
    assert "n_bootstrap" in gate.remedy


def test_groups_that_were_not_tested_are_named_where_no_finding_is_told() -> None:
    passing = with_table("subgroup_gaps", not_tested=float("nan"))
    few = passing.tables["subgroup_gaps"].assign(level="male", not_tested="too few events")
    both = pd.concat([passing.tables["subgroup_gaps"], few])
    (gate,) = judge_subgroups(replace(passing, tables={"subgroup_gaps": both}), {})
    assert gate.passed
    assert gate.found == "none found in 1 tested; not tested, too few events: sex male"


def test_where_no_gap_was_tested_nothing_is_measured() -> None:
    (gate,) = judge_subgroups(with_table("subgroup_gaps", not_tested="too few events"), {})
    assert not gate.passed
    assert gate.found == "not measured"
