"""Site as a proxy: a column that gives away where the patient was seen, where rates differ.

Then a model learns the site in place of the patient, and fails where the sites are others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import chi2

from features.array_types import BoolArray
from models.leakage.association import bin_values
from models.leakage.chance import ERROR_RATE
from models.leakage.inspected_cohort import Subject, is_text, to_numbers
from models.leakage.leak import Leak
from models.leakage.limits import FEWEST_EVENTS, Limits

GIVES_AWAY = 0.95
"""Balanced accuracy for one site against the others; a coin has 0.5."""

RATES_DIFFER = ERROR_RATE
_FEWEST_PATIENTS = 50
_REMEDY = "It stands for the site: remove it, or make it the same at all sites"


def check_site(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Columns from which a site can be told, if the sites differ in their rates of events."""
    del limits
    sample = subject.sample
    if sample.site is None or sample.has_event.sum() < FEWEST_EVENTS:
        return
    site = sample.site.astype("str").reset_index(drop=True)
    sizes = site.value_counts()
    sites = [str(name) for name in sizes.index[sizes >= _FEWEST_PATIENTS]]
    if len(sizes) < 2 or not sites or rates_alike(sample, site) >= RATES_DIFFER:
        return
    for name, column in sample.columns.items():
        bins = _bins_of(column)
        best = max(accuracy_for_site(bins, (site == one).to_numpy()) for one in sites)
        if best > GIVES_AWAY:
            measured = f"tells the site ({best:.0%} right), and event rates differ between sites"
            yield Leak("site", str(name), measured, _REMEDY)


def rates_alike(sample: Subject, site: pd.Series) -> float:
    """P-value of equal event rates at all sites (Poisson likelihood ratio)."""
    table = pd.DataFrame({"events": sample.has_event, "years": sample.endpoint.time})
    sums = table.groupby(site.to_numpy()).sum()
    events = sums["events"].to_numpy(dtype=np.float64)
    expected = events.sum() * (sums["years"] / sums["years"].sum()).to_numpy()
    terms = events * np.log(np.where(events > 0, events, 1.0) / expected)
    return float(chi2.sf(2 * terms.sum(), len(events) - 1))


def accuracy_for_site(bins: pd.Series, inside: BoolArray) -> float:
    """Balanced accuracy of telling the site from the bin, learnt on the other half."""
    half = np.arange(len(bins)) % 2
    base, said = inside.mean(), np.zeros(len(bins), dtype=np.bool_)
    if base == 1:
        return 0.5
    for own in (0, 1):
        share = pd.Series(inside[half != own]).groupby(bins[half != own].to_numpy()).mean()
        said[half == own] = bins[half == own].map(share).fillna(0).to_numpy() > base
    return float((said[inside].mean() + (~said)[~inside].mean()) / 2)


def _bins_of(column: pd.Series) -> pd.Series:
    if is_text(column):
        return pd.Series(pd.factorize(column)[0])
    return bin_values(to_numbers(column), 50)
