from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.leakage.checks.site_proxy import check_site
from models.leakage.inspected_cohort import Subject
from models.leakage.limits import Limits
from tests.models.leakage.shipped import simulated_briefly, with_column

Proxy = Callable[[np.ndarray, np.random.Generator], object]

PROXIES: dict[str, Proxy] = {
    "a code of the clinic": lambda at, draws: np.where(at, 17.0, draws.integers(1, 9, len(at))),
    "the scanner": lambda at, draws: np.where(
        at, "Siemens", draws.choice(["GE", "Philips"], len(at))
    ),
    "another unit": lambda at, draws: draws.normal(100, 15, len(at)) * np.where(at, 0.05, 1.0),
    "measured elsewhere only": lambda at, draws: np.where(at, np.nan, draws.normal(0, 1, len(at))),
}


def _two_sites(differ: bool) -> tuple[Subject, np.ndarray]:
    """A second site with one in three of those with the event, or of everyone; one in ten else."""
    subject, draws = simulated_briefly(), np.random.default_rng(6)
    share = np.where(subject.has_event & differ, 0.4, 0.1)
    at = draws.random(len(share)) < share
    site = pd.Series(np.where(at, "B", "A"), index=subject.columns.index)
    return replace(subject, site=site), at


@pytest.mark.parametrize("name", PROXIES)
def test_a_stand_in_for_a_site_with_another_event_rate_is_caught(name: str) -> None:
    subject, at = _two_sites(differ=True)
    column = PROXIES[name](at, np.random.default_rng(4))
    (leak,) = check_site(with_column(subject, "new_column", column), Limits())
    assert (leak.check, leak.column) == ("site", "new_column")


def test_where_sites_have_one_rate_nothing_is_learnt_from_a_stand_in() -> None:
    subject, at = _two_sites(differ=False)
    assert not list(check_site(with_column(subject, "new_column", at.astype(float)), Limits()))


def test_sites_that_differ_are_no_leak_as_long_as_no_column_tells_them() -> None:
    subject, _ = _two_sites(differ=True)
    assert not list(check_site(subject, Limits()))
    assert not list(check_site(replace(subject, site=None), Limits()))
