from __future__ import annotations

import numpy as np

from features.endpoint import Endpoint
from features.sample.survey import Survey
from pipeline.evaluation.design_description import describe_sample


def test_clusters_alone_are_no_weights_and_a_few_of_them_are_told() -> None:
    time, event, clinic = np.arange(1.0, 61), np.arange(60) % 2, np.arange(60) % 5
    clustered = Endpoint(time, event.astype(np.int8), survey=Survey(np.ones(60), cluster=clinic))
    about = describe_sample(clustered)
    assert "weighted_to" not in about
    assert "there are 5" in about["few_clusters"]
