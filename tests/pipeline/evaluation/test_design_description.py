from __future__ import annotations

import numpy as np

from features.endpoint import Endpoint
from features.sample.survey import Survey
from pipeline.evaluation.design_description import describe_sample, say_of_clusters


def test_clusters_alone_are_no_weights_and_a_few_of_them_are_told() -> None:
    time, event, clinic = np.arange(1.0, 61), np.arange(60) % 2, np.arange(60) % 5
    clustered = Endpoint(time, event.astype(np.int8), survey=Survey(np.ones(60), cluster=clinic))
    about = describe_sample(clustered)
    assert "weighted_to" not in about
    assert "there are 5" in about["few_clusters"]


def test_that_a_cluster_stands_on_both_sides_is_told_where_patients_are_dealt() -> None:
    time, event = np.arange(1.0, 81), (np.arange(80) % 2).astype(np.int8)
    twice = Endpoint(time, event, survey=Survey(np.ones(80), cluster=np.arange(80) // 2))
    (told,) = say_of_clusters(twice, "random")
    assert "those of one cluster stand on both sides" in told
    assert not say_of_clusters(twice, "site")
    # where each patient is a cluster nothing is shared
    assert not say_of_clusters(Endpoint(time, event, survey=Survey(np.ones(80))), "random")
    alone = Endpoint(time, event, survey=Survey(np.ones(80), cluster=np.arange(80)))
    assert not say_of_clusters(alone, "random")
