"""The folders of the project: where each stage writes and where given files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from features.dictionary.data_files import data_folder


def find_root(start: Path | None = None) -> Path:
    """The project folder: the nearest one at or above ``start`` that holds params.yaml.

    Falls back to the checkout that this package was installed from, so that commands work anywhere;
    where a wheel was installed, there is none, and ``start`` is the project.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "params.yaml").is_file() and (folder / "dvc.yaml").is_file():
            return folder
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "params.yaml").is_file() else start


def default_params() -> Path:
    """params.yaml of the project; of a wheel, the one that it was built with."""
    own = find_root() / "params.yaml"
    shipped = Path(__file__).parents[1] / "_params.yaml"
    return shipped if shipped.is_file() and not own.is_file() else own


@dataclass(frozen=True)
class Paths:
    """Where everything lies: ``outputs/<stage>/`` for what a stage writes, ``data/`` as given.

    ``outputs`` lies inside ``root`` unless it is absolute; elsewhere (option ``--out``) it lets
    the same stages work on a person's own files. ``unfinished``: where a stage that is running
    writes, until its folder is whole.
    """

    root: Path
    outputs: Path = Path("outputs")
    unfinished: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def default(cls, outputs: Path | None = None) -> Paths:
        """The paths of the project at, above or behind the current folder."""
        root = find_root()
        return cls(root) if outputs is None else cls(root, outputs.resolve())

    def stage(self, name: str) -> Path:
        """The output folder of a stage (it need not exist yet)."""
        if name in self.unfinished:
            return self.unfinished[name]
        return self.root / self.outputs / name

    @property
    def data(self) -> Path:
        """Dictionary, maps, references."""
        return self.root / "data"

    @property
    def cohort_maps(self) -> Path:
        """One map per cohort."""
        own = self.root / "data" / "cohorts"
        return own if own.is_dir() else data_folder() / "cohorts"

    @property
    def raw(self) -> Path:
        """Patient files, never committed."""
        return self.root / "data" / "raw"

    @property
    def source(self) -> Path:
        """source.json: which raw file, and its hash."""
        return self.stage("source")

    @property
    def simulate(self) -> Path:
        """cohort.csv, lesions.csv, truth.parquet."""
        return self.stage("simulate")

    @property
    def ingest(self) -> Path:
        """cohort.parquet, cohort.json, rejects.csv, report.json."""
        return self.stage("ingest")

    @property
    def featurize(self) -> Path:
        """features.parquet."""
        return self.stage("featurize")

    @property
    def features(self) -> Path:
        """The features of every patient of the cohort."""
        return self.featurize / "features.parquet"

    @property
    def train(self) -> Path:
        """model/, parts/, variants/, split.parquet, leakage.json, training.json."""
        return self.stage("train")

    @property
    def variants(self) -> dict[str, Path]:
        """The model folder of each trained variant, by name."""
        return {at.name: at for at in sorted((self.train / "variants").glob("*")) if at.is_dir()}

    @property
    def model(self) -> Path:
        """The trained model's own folder."""
        return self.train / "model"

    @property
    def split(self) -> Path:
        """Which patient belongs to which part of the split."""
        return self.train / "split.parquet"

    @property
    def evaluate(self) -> Path:
        """metrics.json, tables/, plots/."""
        return self.stage("evaluate")

    @property
    def metrics(self) -> Path:
        """The figures of the evaluation."""
        return self.evaluate / "metrics.json"

    @property
    def explain(self) -> Path:
        """Contributions of the population and of single patients."""
        return self.stage("explain")

    @property
    def progression(self) -> Path:
        """training.json and, where the cohort has later scans, model/."""
        return self.stage("progression")

    @property
    def forecast(self) -> Path:
        """metrics.json, tables/, plots/ of the forecasts of later scores."""
        return self.stage("forecast")

    @property
    def score(self) -> Path:
        """risks.csv."""
        return self.stage("score")

    @property
    def report(self) -> Path:
        """report.html and model_card.md."""
        return self.stage("report")

    @property
    def register(self) -> Path:
        """registration.json."""
        return self.stage("register")
