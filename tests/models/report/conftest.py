from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from models.report.material import Material

SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"
 width="72pt" height="72pt" viewBox="0 0 72 72"><title>A title</title>
<metadata>machine</metadata><defs><style>*{stroke: red}</style>
<path id="tick" d="M0 0"/><clipPath id="clip"><rect/></clipPath></defs>
<g clip-path="url(#clip)" onclick="go()"><use xlink:href="#tick"/>
<image xlink:href="http://elsewhere/x.png"/></g></svg>"""


def metrics(
    c_index: float = 0.7, evaluation: str = "cross_validation", n: int = 400
) -> list[dict[str, Any]]:
    values = {
        "c_index": c_index,
        "ipa": 0.1,
        "mean_risk": 0.1,
        "observed_risk": 0.105,
        "observed_over_expected": 1.05,
    }
    row = {"evaluation": evaluation, "model": "calcirisk", "horizon": 10.0, "n": n, "events": 40}
    return [
        {**row, "metric": name, "estimate": value, "lower": value - 0.02, "upper": value + 0.02}
        for name, value in values.items()
    ]


def difference(
    model: str, gain: float, spread: float, evaluation: str = "cross_validation"
) -> dict[str, Any]:
    """A row as the stage evaluate writes it: the comparator less the model."""
    return {
        "evaluation": evaluation,
        "model": model,
        "reference": "calcirisk",
        "metric": "c_index",
        "horizon": 10.0,
        "difference": -gain,
        "lower": -gain - spread,
        "upper": -gain + spread,
        "n": 400,
        "events": 40,
    }


@pytest.fixture
def material() -> Material:
    """A model of an invented cohort of 400, with the least that a run leaves behind."""
    cause = {
        "events": 30,
        "linear": {"weight": 0.75, "penalty": 0.1, "terms": 2},
        "boosted": {"weight": 0.25, "rounds": 17, "settings": {"max_depth": 3}},
    }
    bends = {"columns": [0], "knots": [[-1.2, 0.0, 1.4]], "intercept": [0.6], "slope": [0.7]}
    linear = {
        "bends": {**bends, "scale": [0.3]},
        "products": {"first": [], "second": [], "mean": []},
        "indicated": [0],
        "share": [0.1],
        "coefficients": [0.5, 0.125, -0.25],
    }
    return Material(
        model={
            "cohort": "drawn",
            "simulated": False,
            "horizons": [5.0, 10.0],
            "n_patients": 300,
            "n_events": 45,
            "digest": "ab" * 32,
            "code_version": "0.0.0",
        },
        cohort={
            "title": "Drawn <cohort>",
            "description": "People.",
            "caveats": ["Nobody `is` real."],
            "endpoint": "Heart attack",
            "competing": True,
            "any_death": False,
            "columns": {"age": ["AGE"]},
        },
        ingest={
            "patients": 400,
            "events": 60,
            "competing_events": 20,
            "follow_up_years": 12.0,
            "flow": [
                {"step": "rows in the file", "patients": 410},
                {"step": "adults", "patients": 400},
            ],
            "rejected_rows": 0,
            "rejects": [],
            "warnings": [],
            "unconfirmed": [],
            "missing_share": {"age": 0.0, "ldl_cholesterol": 0.25, "hba1c": 0.005},
        },
        training={
            "patients": 300,
            "events": 45,
            "competing_events": 15,
            "features": 4,
            "events_per_feature": 11.25,
            "known_disease": 0.0,
            "any_death": False,
            "causes": {"event": cause, "competing": cause},
            "calibration_check": {},
            "parts": {"development": 300, "held_out": 100},
            "warnings": [],
        },
        predictor={
            "feature_names": ["age"],
            "completion": {"used": [0], "mean": [60.0], "scale": [9.0]},
            "causes": [{"name": name, "linear": linear} for name in ("event", "competing")],
        },
        variables=Dictionary.load(),
        tables={"metrics": pd.DataFrame(metrics())},
        settings={
            "train.split.design": "random",
            "train.n_folds": 5,
            "train.minimum_events": 50,
            "evaluate.n_folds": 10,
            "evaluate.n_bootstrap": 200,
        },
        hashes={"data": "cd" * 32, "model": "ab" * 32, "code": "0123abc+dirty"},
        versions={"numpy": "2.4"},
    )


@pytest.fixture
def compared(material: Material) -> Material:
    """With a comparator behind, one level and one ahead of the model."""
    rows = [
        difference("ridge_cox", 0.02, 0.01),
        difference("boosted_cox", 0.001, 0.01),
        difference("old_score", -0.03, 0.01),
    ]
    return replace(material, tables={**material.tables, "differences": pd.DataFrame(rows)})
