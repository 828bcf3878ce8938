"""From a file of each program to a trained model and to scores: one cohort, one model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
import yaml
from openpyxl import Workbook
from pyarrow import feather

from pipeline.commands import cli
from tests.features.intake.sources.sas_writer import write_sas7bdat

ROOT = Path(__file__).parents[1]
N_PATIENTS = 600
LABELS: dict[str, dict[float, str]] = {
    "SEX": {1: "Male", 2: "Female", 9: "Not asked"},
    "DM": {1: "No", 2: "Yes"},
    "STAT": {0: "Alive", 1: "Infarction", 2: "Died otherwise"},
}
MAP: dict[str, Any] = {
    "title": "One cohort in many files",
    "patient_id": "PID",
    "variables": {
        "age": "AGE",
        "sex": {"column": "SEX", "codes": {1: "male", 2: "female"}},
        "diabetes": {"column": "DM", "codes": {1: "no", 2: "yes"}},
        "cac_agatston": "CAC",
        "systolic_bp": "SBP",
        "ldl_cholesterol": {"column": "LDL", "unit": "mmol/L"},
    },
    "entry": "SCAN",
    "endpoint": {
        "unit": "date",
        "time": "LAST",
        "event": {"column": "STAT", "is": 1, "not": 0},
        "competing": {"column": "STAT", "is": 2, "not": 0},
    },
}


def _draw_cohort() -> pd.DataFrame:
    """Codes 9 of SEX and 999 of LDL mean that nothing is known; dates are days since 1960."""
    draws = np.random.default_rng(3)
    age, cac = draws.uniform(45, 80, N_PATIENTS), np.round(np.exp(draws.normal(3, 2, N_PATIENTS)))
    hazard = 0.05 * np.exp(0.05 * (age - 60) + 0.3 * (np.log1p(cac) - 3))
    years = np.stack([draws.exponential(1 / hazard), draws.exponential(30, N_PATIENTS)])
    end = np.minimum(years.min(axis=0), 9.0)
    start = draws.integers(18_000, 19_000, N_PATIENTS).astype(float)
    return pd.DataFrame(
        {
            "PID": [f"{i:05d}" for i in range(N_PATIENTS)],
            "AGE": age.round(1),
            "SEX": draws.choice([1.0, 2.0, 9.0], N_PATIENTS, p=[0.5, 0.47, 0.03]),
            "DM": draws.choice([1.0, 2.0], N_PATIENTS, p=[0.85, 0.15]),
            "CAC": np.minimum(cac, 5000),
            "SBP": draws.normal(130, 12, N_PATIENTS).round(),
            "LDL": np.where(
                draws.random(N_PATIENTS) < 0.1, 999.0, draws.normal(3.2, 0.7, N_PATIENTS)
            ),
            "SCAN": start,
            "LAST": start + np.ceil(end * 365.25),
            "STAT": np.where(end < 9.0, years.argmin(axis=0) + 1.0, 0.0),
        }
    ).round({"LDL": 2})


def _blank(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        SEX=table["SEX"].where(table["SEX"] != 9), LDL=table["LDL"].where(table["LDL"] != 999)
    )


def _days(table: pd.DataFrame) -> pd.DataFrame:
    days = {
        name: (pd.Timestamp("1960-01-01") + pd.to_timedelta(table[name], "D")).dt.date
        for name in ("SCAN", "LAST")
    }
    return table.assign(**days)


def _csv(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    _days(_blank(table)).to_csv(file, index=False)
    return {}


def _sas(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    write_sas7bdat(_blank(table), file, {"SCAN": "DATE9", "LAST": "DATE9"})
    return {}


def _transport(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    pyreadstat.write_xport(_days(_blank(table)), str(file), file_format_version=5)
    return {}


def _by_labels() -> dict[str, Any]:
    """What the labels say need not stand in the map."""
    variables = {**MAP["variables"], "sex": "SEX", "diabetes": "DM"}
    event = {"column": "STAT", "is": "infarction", "not": "alive"}
    competing = {"column": "STAT", "is": "Died otherwise", "not": "Alive"}
    endpoint = {**MAP["endpoint"], "event": event, "competing": competing}
    return {"variables": variables, "endpoint": endpoint}


def _stata(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    given = _days(table)
    for name, code in (("SEX", 9), ("LDL", 999)):
        given[name] = given[name].astype("object").where(given[name] != code, "a")
    labels: Any = {**LABELS, "SEX": {1: "Male", 2: "Female", "a": "Not asked"}}
    pyreadstat.write_dta(
        given,
        str(file),
        variable_value_labels=labels,
        missing_user_values={"SEX": ["a"], "LDL": ["a"]},
    )
    return _by_labels()


def _spss(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    ranges = {"SEX": [9], "LDL": [{"lo": 990, "hi": 999}]}
    pyreadstat.write_sav(
        _days(table), str(file), variable_value_labels=LABELS, missing_ranges=ranges
    )
    return _by_labels()


def _excel(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    book = Workbook()
    codes = book.active
    codes.title = "Codes"
    codes.append(["code", "meaning"])
    sheet = book.create_sheet("Patients")
    sheet.append(["Who", None, None, None, "Scan", "Clinic", None, "Follow-up"])
    sheet.append(list(table))
    given = _days(_blank(table)).astype("object")
    for row in given.where(given.notna(), None).itertuples(index=False):
        sheet.append(list(row))
    book.save(file)
    return {"sheet": "Patients", "header_row": 2}


def _arrow(table: pd.DataFrame, file: Path) -> dict[str, Any]:
    feather.write_feather(pa.Table.from_pandas(_days(_blank(table)), preserve_index=False), file)
    return {}


FORMATS: dict[str, Callable[[pd.DataFrame, Path], dict[str, Any]]] = {
    "csv": _csv,
    "sas7bdat": _sas,
    "xpt": _transport,
    "dta": _stata,
    "sav": _spss,
    "xlsx": _excel,
    "feather": _arrow,
}


def _small_params(folder: Path) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["horizons"] = [5]
    content["train"].update(n_folds=2, minimum_events=20)
    content["train"]["boosted"].update(max_rounds=10, learning_rate=0.3)
    content["train"]["linear"].update(penalties=[0.1])
    content["explain"].update(n_strata=2, n_background=100)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _train_and_score(folder: Path, ending: str) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    file, table = folder / f"mine.{ending}", _draw_cohort()
    content = {**MAP, "name": "mine", "file": file.name, **FORMATS[ending](table, file)}
    cohort = folder / "mine.yaml"
    cohort.write_text(yaml.safe_dump(content), encoding="utf-8")
    out = ["--params", str(_small_params(folder)), "--out", str(folder)]
    named = ["--cohort", str(cohort), "--file", str(file)]
    assert cli.main(["ingest", *named, "--check"]) == 0
    assert cli.main(["ingest", *named, *out]) == 0
    assert cli.main(["featurize", *out]) == 0
    assert cli.main(["train", *out]) == 0
    model, risks = str(folder / "train" / "model"), folder / "risks.csv"
    asked = ["--cohort", str(cohort), "--model", model, "--out", str(risks), "--reasons", "0"]
    assert cli.main(["score", str(file), *asked]) == 0
    cohort_read = pd.read_parquet(folder / "ingest" / "cohort.parquet")
    return cohort_read, pd.read_csv(risks)["risk_5y"].to_numpy()


@pytest.fixture(scope="module")
def by_text(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Any]:
    """The cohort as its CSV gives it, and the risks of its patients."""
    return _train_and_score(tmp_path_factory.mktemp("csv"), "csv")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != "csv"])
def test_a_file_of_each_program_leads_to_the_model_and_the_risks_of_its_csv(
    tmp_path: Path, by_text: tuple[pd.DataFrame, Any], ending: str
) -> None:
    cohort, risks = _train_and_score(tmp_path, ending)
    pd.testing.assert_frame_equal(cohort, by_text[0], check_exact=True)
    assert len(risks) == N_PATIENTS
    np.testing.assert_array_equal(risks, by_text[1])
