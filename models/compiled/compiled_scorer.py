"""A `Scorer` compiled by numba for many patients: the same numbers to rounding, much faster."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from features.covariate_fingerprint import Adder
from models.explanation.explainer import Explainer
from models.scorer import Scorer

# Rows that repay loading the compiled loops, which takes about a second.
FEWEST = 50_000
FEWEST_EXPLAINED = 2_000


def compile_scorer(scorer: Scorer, n_threads: int = 0) -> Scorer:
    """The scorer for batches; as it is where numba is not installed.

    Explaining takes ``n_threads``, 0 for all cores; all else is done on the caller's thread.
    """
    try:
        from models.compiled.compiled_predictor import compile_predictor
    except ImportError:
        return scorer
    predictor = compile_predictor(scorer.predictor)
    explainer, interval = scorer.explainer, scorer.interval
    return replace(
        scorer,
        predictor=predictor,
        explainer=None if explainer is None else compile_explainer(explainer, n_threads),
        interval=None if interval is None else replace(interval, predictor=predictor),
    )


def compile_explainer(explainer: Explainer, n_threads: int = 0) -> Explainer:
    """The explainer for many patients; as it is where numba is not installed."""
    try:
        from models.compiled.compiled_predictor import compile_predictor
        from models.compiled.explanation.compiled_risk import carry_risk_compiled
    except ImportError:
        return explainer
    predictor = compile_predictor(explainer.predictor)
    kernel = partial(carry_risk_compiled, n_threads=n_threads)
    return replace(explainer, predictor=predictor, kernel=kernel)


def compile_adder() -> Adder | None:
    """What adds up fingerprints of many patients; None where numba is not installed."""
    try:
        from models.compiled.compiled_fingerprint import add_numbers
    except ImportError:
        return None
    return add_numbers
