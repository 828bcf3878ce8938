"""Several models of one cohort: trained, judged side by side, scored and registered by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from models.scorer import Scorer
from pipeline.commands.command_line import run_stage
from pipeline.settings.params import Params, Paths, TrainParams, VariantParams
from pipeline.tracking import Tracking
from pipeline.training.variants import find_left_out

VARIANTS = {
    "without_calcium": VariantParams(("calcium", "morphology"), ("linear",)),
    "ridge": VariantParams((), ("linear",)),
    "trees": VariantParams((), ("boosted",)),
}


@pytest.fixture(scope="module")
def params() -> Params:
    given = Params.load()
    return replace(
        given,
        simulate=replace(given.simulate, n_patients=1500),
        train=replace(
            given.train,
            variants=VARIANTS,
            n_folds=3,
            n_threads=1,
            boosted=replace(given.train.boosted, max_rounds=20),
        ),
        evaluate=replace(given.evaluate, n_folds=0, n_bootstrap=10),
        explain=replace(given.explain, n_background=100, n_strata=2),
        register=replace(given.register, model_name="several"),
    )


@pytest.fixture(scope="module")
def out(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("several")
    for stage in ("source", "simulate", "ingest", "featurize", "train"):
        run_stage(stage, params, out)
    return out


@pytest.fixture(scope="module")
def paths(out: Path) -> Paths:
    return Paths.default(out)


@pytest.mark.slow
def test_each_variant_is_kept_as_a_model_that_scores_by_itself(paths: Paths) -> None:
    assert list(paths.variants) == ["ridge", "trees", "without_calcium"]
    patients = pd.read_parquet(paths.ingest / "cohort.parquet")
    covariates = patients[[name for name in patients if name in Dictionary.load()]].head(20)
    for name, folder in paths.variants.items():
        scored = Scorer.load(folder).score(covariates, n_reasons=1)
        assert scored["risk_10y"].between(0, 1).all()
        # intervals come from the linear part
        assert ("risk_10y_low" in scored) == ("linear" in VARIANTS[name].parts)


@pytest.mark.slow
def test_a_variant_without_calcium_does_not_depend_on_it(paths: Paths) -> None:
    patients = pd.read_parquet(paths.ingest / "cohort.parquet")
    covariates = patients[[name for name in patients if name in Dictionary.load()]].head(50)
    lacking = covariates.drop(
        columns=[
            name
            for name, known in Dictionary.load().items()
            if name in covariates and known.group in ("calcium", "morphology")
        ]
    )
    scorer = Scorer.load(paths.variants["without_calcium"])
    whole, without = (scorer.score(one, n_reasons=0)["risk_10y"] for one in (covariates, lacking))
    assert whole.tolist() == without.tolist()


@pytest.mark.slow
def test_a_part_alone_is_the_one_that_the_main_model_is_judged_beside(paths: Paths) -> None:
    part, variant = (
        {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
        for folder in (paths.train / "parts" / "linear", paths.variants["ridge"] / "predictor")
    )
    settings, of_variant = (json.loads(one.pop("predictor.json")) for one in (part, variant))
    # only who scores files of others is told what columns that they lack move
    assert settings.pop("absences")["shifts"] is None
    assert of_variant.pop("absences")["shifts"] is not None
    assert settings == of_variant
    assert part == variant


@pytest.mark.slow
def test_variants_are_judged_beside_the_model_and_registered_under_their_names(
    params: Params, paths: Paths, out: Path, tracking_root: Path
) -> None:
    from pipeline.promotion.variant_registration import register_variants

    run_stage("evaluate", params, out)
    metrics = pd.read_csv(paths.evaluate / "tables" / "metrics.csv")
    assert {"calcirisk", *VARIANTS} <= set(metrics["model"])
    paired = pd.read_csv(paths.evaluate / "tables" / "differences.csv")
    assert set(VARIANTS) <= set(paired["model"])
    tracking = Tracking(tracking_root)
    first, again = (register_variants(tracking, params, paths) for _ in range(2))
    assert {name: one["model"] for name, one in first.items()} == {
        name: f"several-{name}" for name in VARIANTS
    }
    assert not any(one["reused"] for one in first.values())
    assert all(one["reused"] for one in again.values())
    stored = json.loads(paths.metrics.read_text())
    assert 0.5 < stored["without_calcium"]["c_index_10y"] < 1


def test_groups_are_spelt_out_and_other_names_refused() -> None:
    known = Dictionary.load()
    left_out = find_left_out("v", ["calcium", "ldl_cholesterol"], known)
    assert {"cac_agatston", "prior_cac_agatston", "ldl_cholesterol"} <= left_out
    assert "hdl_cholesterol" not in left_out
    with pytest.raises(ConfigError, match=r"variants\.v\.without: kalzium"):
        find_left_out("v", ["kalzium"], known)


@pytest.mark.parametrize(
    ("name", "parts", "named"),
    [
        ("ridge_cox", ("linear",), "ridge_cox"),
        ("With Calcium", ("linear",), "small letters"),
        ("nothing", (), "one part or both"),
    ],
)
def test_a_variant_that_cannot_be_is_refused_by_name(
    name: str, parts: tuple[str, ...], named: str
) -> None:
    train: TrainParams = Params.load().train
    with pytest.raises(ConfigError, match=named):
        replace(train, variants={name: VariantParams((), parts)})  # type: ignore[arg-type]
