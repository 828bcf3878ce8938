from __future__ import annotations

from dataclasses import replace

import pandas as pd

from models.report.material import Material
from models.report.tables.decision_tables import (
    net_benefit_table,
    reclassification_caveats,
    reclassification_table,
)
from tests.models.report.test_performance_tables import with_table


def test_net_benefit_is_told_per_thousand_patients_at_the_nearest_threshold(
    material: Material,
) -> None:
    row = {"evaluation": "held_out", "horizon": 10.0}
    rows = [
        {**row, "model": model, "threshold": threshold, "net_benefit": benefit}
        for model, benefit in (("calcirisk", 0.0123), ("treat all", -0.004))
        for threshold in (0.05, 0.10)
    ]
    table = net_benefit_table(with_table(material, "decision_curve", rows))
    assert table.columns[1:] == ("5 %", "10 %")
    assert table.rows == (("calcirisk", "12.3", "12.3"), ("treat all", "−4.0", "−4.0"))


def test_reclassification_has_a_row_per_reference_and_says_its_caveat_once(
    material: Material,
) -> None:
    row = {"evaluation": "cross_validation", "horizon": 10.0, "model": "calcirisk"}
    row |= {"metric": "idi", "estimate": 0.01, "lower": 0.0, "upper": 0.02, "caveat": "Careful."}
    rows = pd.DataFrame([{**row, "reference": name} for name in ("pce", "ridge_cox")])
    material = replace(material, tables={**material.tables, "reclassification": rows})
    table = reclassification_table(material)
    assert [cells[0] for cells in table.rows] == ["pce", "its linear part alone"]
    assert reclassification_caveats(material) == [("IDI", "Careful.")]
    assert not net_benefit_table(material)
