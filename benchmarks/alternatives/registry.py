"""Every method by name: its module, its class, what it needs, and what keeps its cells valid."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.alternatives.methods.method import Method
from benchmarks.alternatives.methods.two_causes import TwoCauses
from features.yaml_file import read_yaml

ROOT = Path(__file__).parents[2]
SHARED = ("cohort.py", "scores.py", "methods/method.py", "methods/two_causes.py")
OWN_MODEL = ("models/risk", "models/learners", "features/splits.py")
WHAT_IS_KNOWN = (
    *("features/dictionary", "features/derivation", "data/variables.yaml"),
    *("data/reference/prior_sums.yaml", "data/reference/prior_modifiers.yaml"),
)


@dataclass(frozen=True)
class Entry:
    """A method: how it is called in tables, where it lives, which packages its cells depend on.

    ``competing``: it takes a competing event as it is. ``variant``: ours told more than the others
    are, for the simulated cohort only and out of the ranks. ``helpers``: further files of this
    folder that it is computed with.
    """

    name: str
    label: str
    module: str
    class_name: str
    packages: tuple[str, ...]
    helpers: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    competing: bool = False
    variant: bool = False

    def make(self, competing_event: bool) -> Method:
        """A new, unfitted method. Raises ImportError where its package is not installed."""
        module = import_module(f"benchmarks.alternatives.methods.{self.module}")

        def fresh() -> Method:
            method: Method = getattr(module, self.class_name)(**self.settings)
            return method

        return TwoCauses(fresh) if competing_event and not self.competing else fresh()

    def versions(self) -> dict[str, str]:
        """Installed versions of its packages. Raises PackageNotFoundError where one is not."""
        return {package: version(package) for package in self.packages}

    def fingerprint(self) -> str:
        """Changes with the code and the versions that its cells are computed with."""
        own = OWN_MODEL if self.module.startswith("calcirisk") else ()
        own += WHAT_IS_KNOWN if self.variant else ()
        here = Path(__file__).parent
        paths = [here / name for name in (*SHARED, f"methods/{self.module}.py")]
        paths += [here / "methods" / name for name in self.helpers]
        code = "".join(_code(path) for path in (*paths, *_files(own)))
        everything = f"{code}{sorted(self.versions().items())}{sorted(self.settings.items())}"
        return hashlib.sha256(everything.encode()).hexdigest()[:16]


def _files(names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


@cache
def _code(path: Path) -> str:
    """The code without comments and docstrings, which compute nothing; of YAML, what it holds."""
    if path.suffix != ".py":
        return repr(read_yaml(path))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body[0] = ast.Pass()
    return ast.unparse(tree)


_SKSURV = ("scikit-survival", "scikit-learn")
_LINEAR = ("imputation.py", "curves.py", "judging.py")
_ROUNDS = ("boosted_rounds.py", "curves.py")
_XGB = ("xgboost",)

METHODS = (
    Entry("calcirisk", "calcirisk", "calcirisk", "Calcirisk", _XGB, competing=True),
    Entry(
        "calcirisk-directed", "calcirisk as it ships", "calcirisk", "DirectedCalcirisk", _XGB,
        competing=True, variant=True,
    ),
    Entry("ridge-cox", "ridge Cox", "scikit_survival", "RidgeCox", _SKSURV, _LINEAR),
    Entry("spline-cox", "spline Cox", "scikit_survival", "SplineCox", _SKSURV, _LINEAR),
    Entry("elastic-net", "elastic net", "scikit_survival", "ElasticNet", _SKSURV, _LINEAR),
    Entry(
        "xgb-cox-default", "XGBoost Cox, untuned", "xgboost_survival", "XGBoostCoxUntuned", _XGB,
        _ROUNDS,
    ),
    Entry("xgb-cox", "XGBoost Cox", "xgboost_survival", "XGBoostCox", _XGB, _ROUNDS),
    Entry("xgb-aft", "XGBoost AFT", "xgboost_survival", "XGBoostAFT", _XGB, _ROUNDS),
    Entry(
        "xgb-ipcw", "XGBoost IPCW", "xgboost_ipcw", "XGBoostIPCW", _XGB,
        (*_ROUNDS, "xgboost_survival.py"), competing=True,
    ),
    Entry("catboost", "CatBoost Cox", "catboost_cox", "CatBoostCox", ("catboost",), _ROUNDS),
    Entry("forest", "survival forest", "scikit_survival", "Forest", _SKSURV, _LINEAR),
    Entry("sksurv-boosting", "sksurv boosting", "scikit_survival", "Boosting", _SKSURV, _LINEAR),
    Entry(
        "hazardous", "SurvivalBoost", "hazardous_boosting", "SurvivalBoosting",
        ("hazardous", "scikit-learn"), ("judging.py",), competing=True,
    ),
    Entry(
        "xgbse", "XGBSE", "xgbse_curves", "DebiasedBCE", ("xgbse", "xgboost"),
        ("curves.py", "judging.py", "scikit_survival.py"),
    ),
    Entry(
        "ebm", "EBM, stacked", "explainable_boosting", "ExplainableBoosting",
        ("interpret-core",), ("curves.py", "judging.py"),
    ),
)  # fmt: skip
BY_NAME = {entry.name: entry for entry in METHODS}
