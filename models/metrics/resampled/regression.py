"""A calibration regression that is fitted on all patients, then on many resamples of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.array_types import BoolArray, FloatArray
from models.metrics.calibration.binomial_regression import Link, fit_binomial, unlink


@dataclass(frozen=True)
class Regression:
    """Whether the event happened (n,) on ``design`` (n, p), with an ``offset`` (n,).

    ``beta`` (p,): where a fit begins to look, and, once fitted, where that of all patients ended.
    Without ``is_defined`` there is nothing to fit, and every coefficient is NaN.
    """

    design: FloatArray = field(repr=False)
    happened: BoolArray = field(repr=False)
    link: Link
    offset: FloatArray | float = field(repr=False)
    beta: FloatArray
    is_defined: bool = True

    def fit(self, weight: FloatArray) -> Regression:
        """Fitted with these weights (n,); NaN where it does not converge."""
        return replace(self, beta=self._fit_alone(weight, self.beta))

    def refit(self, weights: FloatArray) -> FloatArray:
        """Coefficients (b, p) of the resamples with these weights (b, n).

        NaN where there is no fit, and everywhere if there is none of all patients: an interval has
        to be about something.
        """
        p = len(self.beta)
        found = np.full((len(weights), p), np.nan)
        if not np.isfinite(self.beta).all():
            return found
        is_open = self._vary(weights)
        if self.link == "cloglog":
            from models.metrics.resampled.compiled_calibration import fit_cloglog

            first, line, bend, hazard = self._events_first
            n_events = int(self.happened.sum())
            change, ended = fit_cloglog(
                line, bend, hazard, n_events, p, np.take(weights, first, axis=1)
            )
            ended &= is_open
            found[ended] = self.beta + change[ended, :p]
            is_open &= ~ended
        for b in np.flatnonzero(is_open):
            found[b] = self._fit_alone(weights[b], self.beta)
        return found

    def _fit_alone(self, weight: FloatArray, start: FloatArray | None) -> FloatArray:
        if not self.is_defined:
            return np.full(len(self.beta), np.nan)
        return fit_binomial(self.design, self.happened, weight, self.link, self.offset, start)

    @cached_property
    def hazard(self) -> FloatArray:
        """(n,) minus the log of the chance to stay free of the event, by the fit."""
        return -np.log1p(-unlink(self.design @ self.beta + self.offset, self.link))

    @cached_property
    def columns(self) -> tuple[FloatArray, FloatArray]:
        """The terms beside the intercept (n,) each, 0 where there is none."""
        line, bend = np.zeros((2, len(self.design)))
        for term, column in zip((line, bend), self.design.T[1:], strict=False):
            term[:] = column
        return line, bend

    @cached_property
    def _events_first(
        self,
    ) -> tuple[npt.NDArray[np.intp], FloatArray, FloatArray, FloatArray]:
        """(n,) who had the event before who had not; columns and hazard in that order."""
        first = np.argsort(~self.happened, kind="stable")
        line, bend = self.columns
        return first, line[first], bend[first], self.hazard[first]

    def _vary(self, weights: FloatArray) -> BoolArray:
        """(b,) whether both outcomes occur in each resample."""
        happened = self.happened.astype(np.float64)
        return np.asarray((weights @ happened > 0) & (weights @ (1.0 - happened) > 0))
