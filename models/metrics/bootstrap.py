"""Bootstrap over patients: percentile intervals, paired ones for differences, and of distances.

Resampling is by patient and free of strata, so that the number of events varies as it would in
another sample of the same size; of a survey it is by the clusters of its strata. Resample b depends
on the seed and b alone: whatever is measured on it, in whatever order, is measured on the same
patients, and differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.array_types import FloatArray
from features.endpoint import Endpoint


def resample_counts(endpoint: Endpoint, n_bootstrap: int, seed: int) -> Iterator[FloatArray]:
    """How often each patient stands in each resample: ``n_bootstrap`` arrays (n,).

    Of a survey, what each patient weighs in it (`features.sample.survey`).
    """
    if endpoint.survey is not None:
        yield from endpoint.survey.resample(n_bootstrap, seed)
        return
    yield from resample_rows(len(endpoint), n_bootstrap, seed)


def resample_rows(n_patients: int, n_bootstrap: int, seed: int) -> Iterator[FloatArray]:
    """How often each of so many patients stands in each resample (n,)."""
    for stream in np.random.SeedSequence(seed).spawn(n_bootstrap):
        drawn = np.random.default_rng(stream).integers(0, n_patients, n_patients)
        yield np.bincount(drawn, minlength=n_patients).astype(np.float64)


def distance_interval(
    estimate: npt.ArrayLike, draws: npt.ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Limits of a mean distance, such as the ICI, which noise alone makes positive.

    ``draws`` (n_bootstrap, ...) are the distances of what each resample shows from what all
    patients show, not from the predictions. By the triangle inequality the true distance lies no
    farther from the estimate than what was estimated lies from the truth, and the draws tell how
    far that is: estimate less and plus their 95 % quantile, never below 0. Percentiles of the
    distance itself are shifted upwards and never reach 0 (docs/decisions/0025).
    """
    given, centre = np.asarray(draws, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    # the upper limit of an interval of 2 level - 1 has this share of the draws below it
    _, reach = percentile_interval(given, 2 * level - 1)
    return np.maximum(centre - reach, 0.0), centre + reach


def percentile_interval(draws: npt.ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits over the first axis of ``draws`` (n_bootstrap, ...).

    A resample in which the figure is undefined (no event in it, say) is left out; where more
    than a tenth are, or none was drawn, the limits are NaN.
    """
    given = np.asarray(draws, dtype=np.float64)
    if not len(given):
        missing = np.full(given.shape[1:], np.nan)
        return missing, missing.copy()
    tail = (1 - level) / 2
    usable = np.isfinite(given).mean(axis=0) >= 0.9
    ready = np.where(usable, given, 0.0)
    ready[~np.isfinite(ready)] = np.nan
    lower, upper = np.nanquantile(ready, [tail, 1 - tail], axis=0)
    return np.where(usable, lower, np.nan), np.where(usable, upper, np.nan)
