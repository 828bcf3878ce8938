from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import MapError
from models.serving.imports import ForbiddenImportError, find_own_imports
from models.serving.vendor import (
    SCORER_MODULES,
    collect_sources,
    digest_files,
    find_data_files,
    make_relative,
    vendor_package,
)

FILES = {
    "features/__init__.py": "",
    "features/scale.py": (
        "from pathlib import Path\n"
        "TABLE = Path(__file__).resolve().parent.parent / 'data' / 'factor.txt'\n"
        "def double(x: float) -> float:\n    return float(TABLE.read_text()) * x\n"
    ),
    "features/unused.py": "import sklearn\n",
    "models/__init__.py": "",
    "models/parts/__init__.py": "from models.parts.inner import inner\n",
    "models/parts/inner.py": (
        "from features import scale\n"
        "def inner(x: float) -> float:\n"
        "    from features.scale import (\n        double,\n    )\n"
        "    return double(x) + scale.double(x)\n"
    ),
    "models/scorer.py": (
        "from typing import TYPE_CHECKING\n"
        "from models.parts import inner\n"
        "if TYPE_CHECKING:\n    import sklearn\n    from features.unused import nothing\n"
        "def score(x: float) -> float:\n    return inner(x)\n"
    ),
    "data/factor.txt": "2",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def vendor(source: Path, folder: Path) -> Path:
    place = "data/factor.txt"
    return vendor_package(folder, {place: source / place}, source, ["models.scorer"])


def test_only_what_the_scorer_reaches_is_copied(source: Path) -> None:
    assert list(collect_sources(["models.scorer"], source)) == [
        "features",
        "features.scale",
        "models",
        "models.parts",
        "models.parts.inner",
        "models.scorer",
    ]


def test_the_package_computes_what_the_source_computes(source: Path, tmp_path: Path) -> None:
    package = vendor(source, tmp_path)
    code = f"from {package.name}.models.scorer import score; assert score(3) == 2 * 3 + 2 * 3"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_two_versions_and_strangers_of_our_names_live_in_one_process(
    source: Path, tmp_path: Path
) -> None:
    first = vendor(source, tmp_path)
    (source / "data" / "factor.txt").write_text("5")
    second = vendor(source, tmp_path)
    assert first.name != second.name
    code = (
        "import sys, types\n"
        "sys.modules['models'] = sys.modules['features'] = types.ModuleType('stranger')\n"
        f"from {first.name}.models.scorer import score as one\n"
        f"from {second.name}.models.scorer import score as two\n"
        "assert (one(3), two(3)) == (2 * 3 + 2 * 3, 5 * 3 + 5 * 3)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_the_same_content_has_the_same_name(source: Path, tmp_path: Path) -> None:
    assert vendor(source, tmp_path / "a").name == vendor(source, tmp_path / "b").name


def test_the_digest_ignores_order_but_not_names() -> None:
    assert digest_files({"a": b"1", "b": b"2"}) == digest_files({"b": b"2", "a": b"1"})
    assert digest_files({"a": b"1"}) != digest_files({"b": b"1"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import sklearn", "sklearn is imported on the scoring path"),
        ("def f():\n    from scipy.special import expit", "scipy is imported"),
        ("import features.units as u", "cannot be made relative"),
        ("from . import scale", "absolutely"),
        ("import importlib\nimportlib.import_module('features.x')", "at run time"),
        ("from features.gone import x", "features.gone is imported on the scoring path but has no"),
    ],
)
def test_an_import_that_could_not_be_served_stops_the_packing(
    source: Path, line: str, words: str
) -> None:
    (source / "features" / "scale.py").write_text(line + "\n")
    with pytest.raises(ForbiddenImportError, match=words):
        collect_sources(["models.scorer"], source)


def test_relative_imports_climb_out_of_the_module() -> None:
    line = "from features.units import convert\n"
    assert make_relative(line, "models.parts.inner") == "from ...features.units import convert\n"
    assert make_relative(line, "models.parts", is_package=True) == (
        "from ...features.units import convert\n"
    )


def test_what_is_imported_only_for_types_is_not_followed() -> None:
    source = "if TYPE_CHECKING:\n    import sklearn\nelse:\n    from features.x import y\n"
    found = find_own_imports(source, "models.z", frozenset())
    assert [own.module for own in found] == ["features.x"]


def test_our_own_scoring_path_can_be_served_and_takes_the_tables_it_names() -> None:
    modules = collect_sources(SCORER_MODULES)
    assert {"features.derivation.catalogue", "models.risk.predictor"} <= set(modules)
    assert "models.explanation.explainer" in modules
    assert "models.risk.risk_model" not in modules
    assert list(find_data_files()) == [
        "data/reference/hoff2001_cac_percentile_cutoffs.csv",
        "data/reference/mesa_cac_percentile_cutoffs.csv",
        "data/reference/prior_modifiers.yaml",
        "data/reference/prior_sums.yaml",
        "data/variables.yaml",
    ]


def test_tables_that_lie_inside_the_packages_get_the_same_place(
    source: Path, tmp_path: Path
) -> None:
    (source / "data").rename(source / "features" / "_data")
    scale = source / "features" / "scale.py"
    scale.write_text(scale.read_text() + "NAME = 'factor.txt'\n")
    inside = source / "features" / "_data"
    assert find_data_files(source, ["models.scorer"], inside) == {
        "data/factor.txt": inside / "factor.txt"
    }


def test_a_package_without_its_tables_is_not_made(source: Path, tmp_path: Path) -> None:
    with pytest.raises(MapError, match="lacks the tables"):
        find_data_files(source, ["models.scorer"], tmp_path)
