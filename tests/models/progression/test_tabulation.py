from __future__ import annotations

import numpy as np
import pandas as pd

from models.progression.two_scans.tabulation import made_alike, tabulate_verdicts


def test_only_what_is_known_of_both_scans_speaks_against_a_comparison() -> None:
    scans = pd.DataFrame(
        {
            "scanner": ["A", "A", None, "A"],
            "first_scanner": ["A", "B", "B", "A"],
            "slice_mm": [3.0, 3.0, 3.0, 3.0],
            "first_slice_mm": [3.05, 3.0, np.nan, 1.5],
        }
    )
    assert made_alike(scans).tolist() == [True, False, True, False]
    assert made_alike(scans[["scanner"]]).all()


def test_a_verdict_on_few_scans_cannot_be_worked_out_from_the_others() -> None:
    verdicts = np.array(["rise"] * 40 + ["within_noise"] * 60 + ["fall"] * 3 + [""] * 5, object)
    table = tabulate_verdicts({"change": verdicts}).set_index("verdict")
    assert set(table.index) == {"within_noise"}
    assert table.loc["within_noise", "percent"] == 100 * 60 / 103
