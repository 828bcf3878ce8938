from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort import Cohort
from features.endpoint import Endpoint
from features.fingerprint import fingerprint_patients


def make(ids: list[str], event: list[int], age: float = 50.0) -> Cohort:
    covariates = pd.DataFrame({"age": age}, index=pd.Index(ids, name="patient_id", dtype="str"))
    time = np.arange(1.0, len(ids) + 1)
    return Cohort("c", covariates, Endpoint(time, np.array(event, dtype=np.int8)))


def test_the_order_of_the_patients_and_their_covariates_play_no_part() -> None:
    cohort = make(["a", "b", "c"], [0, 1, 2])
    turned = make(["a", "b", "c"], [0, 1, 2], age=60.0).take(np.array([2, 0, 1]))
    assert fingerprint_patients(cohort) == fingerprint_patients(turned)


def test_another_patient_or_another_outcome_is_another_fingerprint() -> None:
    cohorts = [make(["a", "b"], [0, 1]), make(["a", "c"], [0, 1]), make(["a", "b"], [1, 1])]
    cohorts += [make(["a"], [0]), Cohort("c", make(["a"], [0]).covariates, None)]
    assert len({fingerprint_patients(one) for one in cohorts}) == len(cohorts)
