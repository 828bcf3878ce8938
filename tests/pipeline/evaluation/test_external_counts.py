from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.endpoint import Endpoint
from models.evaluation.performance import EvaluationResult
from pipeline.commands.patients.external import Judged
from pipeline.evaluation.evaluation import Evaluation


@pytest.mark.parametrize(("planned", "told"), [(287, 287), (290, 290)])
def test_where_some_are_not_judged_the_others_are_told_in_tens(planned: int, told: int) -> None:
    nothing = pd.DataFrame()
    result = EvaluationResult(nothing, nothing, nothing, nothing)
    endpoint = Endpoint(np.full(287, 5.0), np.zeros(287, np.int8))
    evaluation = Evaluation(nothing, endpoint, (10.0,), {}, result=result)
    assert Judged(evaluation, None, (), planned).n_judged == told
