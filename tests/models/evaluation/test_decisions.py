from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.comparisons.decisions import (
    TREAT_ALL,
    TREAT_NONE,
    decision_curve,
    reclassify,
)
from models.metrics.decisions.net_benefit import net_benefit
from models.metrics.decisions.reclassification import CAVEATS
from models.metrics.follow_up import FollowUp
from tests.models.metrics.simulated import Simulated, simulate


@pytest.fixture(scope="module")
def cohort() -> Simulated:
    return simulate(300, seed=71)


def test_every_curve_stands_beside_treating_all_and_none(cohort: Simulated) -> None:
    table = decision_curve(cohort.endpoint, {"m": cohort.risk(8)}, 8, [0.1, 0.2], 1, 20)
    assert list(dict.fromkeys(table["model"])) == ["m", TREAT_ALL, TREAT_NONE]
    expected = net_benefit(FollowUp.of(cohort.endpoint), cohort.risk(8), 8, [0.1, 0.2])
    own = table[table["model"] == "m"]
    assert own["net_benefit"].tolist() == pytest.approx(expected.tolist())
    assert (own["lower"] < own["net_benefit"]).all()
    assert table.loc[table["model"] == TREAT_NONE, "net_benefit"].eq(0).all()


def test_where_few_patients_lie_beyond_a_threshold_nothing_tells_of_them(
    cohort: Simulated,
) -> None:
    # 5 lie below 5 %, 4 above 40 %, nobody above 60 %
    risk = np.r_[np.full(5, 0.01), np.full(291, 0.2), np.full(4, 0.5)]
    limits = [0.005, 0.05, 0.1, 0.3, 0.4, 0.6]
    table = decision_curve(cohort.endpoint, {"m": risk}, 8, limits, 1, 20)
    own = table[table["model"] == "m"].set_index("threshold")
    told = own[["net_benefit", "lower", "upper"]].notna()
    assert told.all(axis=1).to_dict() == {
        0.005: True, 0.05: False, 0.1: False, 0.3: False, 0.4: False, 0.6: True,
    }  # fmt: skip
    assert not told[~told.all(axis=1)].any(axis=None)
    assert own["net_benefit"].iloc[-1] == 0


def test_reclassification_is_of_the_patients_known_to_both_and_carries_its_caveat(
    cohort: Simulated,
) -> None:
    reference = np.where(np.arange(300) < 250, 0.2, np.nan)
    table = reclassify(cohort.endpoint, cohort.risk(8), reference, 8, [0.1, 0.2], 1, 20)
    assert table["metric"].tolist() == list(CAVEATS)
    assert (table["n"] == 250).all()
    assert table["caveat"].str.len().gt(20).all()
    # against the same risk for everyone, a good model moves events up and others down
    assert (table.loc[table["metric"].str.startswith("continuous"), "lower"] > 0).all()
