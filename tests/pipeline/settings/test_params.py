from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from features.errors import ConfigError
from pipeline.settings.params import Params, Paths, find_root

ROOT = Path(__file__).parents[3]


def test_the_params_file_that_ships_is_valid() -> None:
    params = Params.load(ROOT / "params.yaml")
    assert params.cohort == "synthetic"
    assert params.horizons == (5.0, 10.0)


def _write(folder: Path, **changes: object) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}))
    return path


@pytest.mark.parametrize("horizons", [[], [10, 5], [5, 5]])
def test_horizons_must_ascend(tmp_path: Path, horizons: list[float]) -> None:
    with pytest.raises(ConfigError, match=r"params\.yaml: horizons must be .* ascending"):
        Params.load(_write(tmp_path, horizons=horizons))


def test_a_typo_names_the_key_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.n_boot is not a known key\. Did you mean"):
        Params.load(_write(tmp_path, evaluate={"n_boot": 1}))


def test_a_file_that_is_not_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 1\ncohort: [\n")
    with pytest.raises(ConfigError, match="not valid YAML near line 3"):
        Params.load(tmp_path / "params.yaml")


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 1\ningest:\n  a: 1\n\ningest:\n  a: 2\n")
    with pytest.raises(ConfigError, match=r"params\.yaml: key 'ingest' appears twice near line 5"):
        Params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize("written", ["1e-1", "1E-01", "+1e-1", "1.e-1", "0.1", "1_0e-2", "1.0e-1"])
def test_a_number_may_be_written_with_an_exponent(tmp_path: Path, written: str) -> None:
    path = _write(tmp_path)
    given = path.read_text()
    path.write_text(given.replace("max_reject_fraction: 0.1", f"max_reject_fraction: {written}"))
    if "_" in written:
        with pytest.raises(ConfigError, match="max_reject_fraction must be a number, got text"):
            Params.load(path)
    else:
        assert Params.load(path).ingest.max_reject_fraction == pytest.approx(0.1)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Params.load(tmp_path / "params.yaml")


def test_the_root_is_found_from_any_folder_below_it_and_from_elsewhere(tmp_path: Path) -> None:
    assert find_root(ROOT / "data" / "cohorts") == ROOT
    assert find_root(tmp_path) == ROOT


def test_every_stage_has_the_folder_of_its_name_under_outputs(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    for stage in ("simulate", "ingest", "featurize", "train", "evaluate", "explain", "score"):
        assert getattr(paths, stage) == tmp_path / "outputs" / stage
    assert Paths(ROOT, tmp_path).train == tmp_path / "train"
