"""Do 95 % intervals of the metrics hold their true values? Simulated cohorts, truth known.

    python benchmarks/metric_intervals.py [table.md] [trials]

Draws cohorts with competing death and heavy censoring, judges risks that are right, or wrong in
three ways, and counts how often each interval holds the value that a cohort of 400,000 without
censoring gives. For the calibration errors the percentile and the basic bootstrap stand beside.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.evaluation.metric import DISTANCES, METRICS
from models.evaluation.prediction import PreparedRisk
from models.metrics.bootstrap import distance_interval, percentile_interval, resample_counts
from models.metrics.follow_up import FollowUp
from models.metrics.resampled.resamples import Resamples

HORIZON, COMPETING, CENSORING, N_BOOTSTRAP, N_TRUTH = 8.0, 0.03, 0.06, 200, 400_000
SIZES = (500, 2000)
# observed complementary log-log risk to the predicted one: slope, intercept
RISKS = {
    "right": (1.0, 0.0),
    "a little too flat": (0.9, 0.05),
    "shifted": (1.0, 0.25),
    "too extreme": (1.5, 0.3),
}
SHOWN = ("c_index", "uno_c", "auc", "brier", "ipa", "observed_over_expected", "calibration_slope")


def draw(n: int, seed: int, censoring: float) -> tuple[Endpoint, FloatArray]:
    """Cohort with constant hazards, and its true risk by the horizon."""
    rng = np.random.default_rng(seed)
    hazard = 0.03 * np.exp(0.9 * rng.normal(size=n))
    event, other = rng.exponential(1 / hazard), rng.exponential(1 / COMPETING, n)
    lost = rng.exponential(1 / censoring, n) if censoring else np.full(n, np.inf)
    time = np.minimum(event, other)
    code = np.where(lost < time, 0, np.where(event <= other, 1, 2)).astype(np.int8)
    both = hazard + COMPETING
    return Endpoint(np.minimum(time, lost), code), hazard / both * -np.expm1(-both * HORIZON)


def distort(risk: FloatArray, slope: float, intercept: float) -> FloatArray:
    """Risks that are wrong by this much on the complementary log-log scale."""
    return -np.expm1(-np.exp(slope * np.log(-np.log1p(-risk)) + intercept))


def true_values(slope: float, intercept: float) -> dict[str, float]:
    """Metrics of the risks where everything is known; calibration errors from the true risks."""
    endpoint, risk = draw(N_TRUTH, 7, 0.0)
    given = distort(risk, slope, intercept)
    follow_up = FollowUp.of(endpoint)
    figures = PreparedRisk.of(follow_up, given, HORIZON).measure()[0]
    known = dict(zip([metric.name for metric in METRICS], figures.tolist(), strict=True))
    gap = np.abs(given - risk)
    errors = {"ici": gap.mean(), "e50": np.median(gap), "e90": np.quantile(gap, 0.9)}
    return known | {name: float(value) for name, value in errors.items()}


def try_once(n: int, seed: int) -> dict[str, dict[tuple[str, str], FloatArray]]:
    """Limits (2,) of each kind of risks by metric and method, all on the same resamples."""
    endpoint, risk = draw(n, seed, CENSORING)
    follow_up = FollowUp.of(endpoint)
    prepared = {
        kind: PreparedRisk.of(follow_up, distort(risk, *wrong), HORIZON)
        for kind, wrong in RISKS.items()
    }
    moved: dict[str, list[FloatArray]] = {kind: [] for kind in RISKS}
    own: dict[str, list[FloatArray]] = {kind: [] for kind in RISKS}
    for some in Resamples.deal(resample_counts(endpoint, N_BOOTSTRAP, seed)):
        resamples = Resamples.of(follow_up, some)
        for kind, one in prepared.items():
            moved[kind].append(one.measure_resamples(resamples)[0])
            own[kind] += [measure_distances(one, resamples.sample(b)) for b in range(len(some))]
    return {
        kind: find_limits(one.measure()[0], np.concatenate(moved[kind]), np.array(own[kind]))
        for kind, one in prepared.items()
    }


def measure_distances(one: PreparedRisk, sample: FollowUp) -> FloatArray:
    """(3,) DISTANCES of the resample's curve from the risks, as other software draws them."""
    found = one.basis.distances(sample, one.basis.fit(sample, HORIZON))
    return np.array([found.ici, found.e50, found.e90])


def find_limits(
    estimate: FloatArray, moved: FloatArray, own: FloatArray
) -> dict[tuple[str, str], FloatArray]:
    """Limits (2,) by metric and method."""
    percentile, (near, far) = percentile_interval(moved), distance_interval(estimate, moved)
    limits: dict[tuple[str, str], FloatArray] = {}
    for k, metric in enumerate(METRICS):
        if metric.name not in DISTANCES:
            limits[metric.name, "percentile"] = np.array([side[k] for side in percentile])
            continue
        low, high = (
            float(side) for side in percentile_interval(own[:, DISTANCES.index(metric.name)])
        )
        turned = np.maximum(2 * estimate[k] - np.array([high, low]), 0.0)
        limits[metric.name, "percentile"] = np.array([low, high])
        limits[metric.name, "basic"] = turned
        limits[metric.name, "distance"] = np.array([near[k], far[k]])
    return limits


def measure_coverage(n: int, trials: int) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
    """Share of intervals that hold the truth, and their mean width, by kind of risks."""
    truth = {kind: true_values(*wrong) for kind, wrong in RISKS.items()}
    held: dict[str, dict[tuple[str, str], list[bool]]] = {kind: defaultdict(list) for kind in RISKS}
    width: dict[str, dict[tuple[str, str], list[float]]] = {
        kind: defaultdict(list) for kind in RISKS
    }
    for trial in range(trials):
        for kind, limits in try_once(n, 1000 + trial).items():
            for key, (lower, upper) in limits.items():
                if np.isfinite([lower, upper]).all():
                    held[kind][key].append(bool(lower <= truth[kind][key[0]] <= upper))
                    width[kind][key].append(float(upper - lower))
    return {
        kind: {key: (float(np.mean(one[key])), float(np.mean(width[kind][key]))) for key in one}
        for kind, one in held.items()
    }


def main(path: Path, trials: int) -> None:
    """Write the two tables."""
    found = {(n, kind): one for n in SIZES for kind, one in measure_coverage(n, trials).items()}
    columns = [("ici", way) for way in ("distance", "percentile", "basic")]
    columns += [(name, "distance") for name in ("e50", "e90")]
    tables = []
    for title, shown in (
        ("Calibration errors: per cent that hold the truth (mean width)", columns),
        ("Other metrics: per cent that hold the truth", [(name, "percentile") for name in SHOWN]),
    ):
        heads = [f"{name}, {way}" if way != "percentile" or name in DISTANCES else name
                 for name, way in shown]  # fmt: skip
        lines = [f"## {title}", "", f"| patients | risks | {' | '.join(heads)} |"]
        lines.append("|" + "---|" * (len(heads) + 2))
        for (n, kind), one in found.items():
            widths = [f" ({one[key][1]:.3f})" if key[0] in DISTANCES else "" for key in shown]
            held = [f"{100 * one[key][0]:.0f}" for key in shown]
            cells = [share + width for share, width in zip(held, widths, strict=True)]
            lines.append(f"| {n:,} | {kind} | {' | '.join(cells)} |")
        tables.append("\n".join(lines))
    path.write_text("\n\n".join(tables) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
