from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.riskassessment import RiskAssessment

from features.errors import ConfigError
from features.intake.fhir.reader import read_fhir
from pipeline.commands.cli import main
from pipeline.scoring.job import score_stream
from pipeline.scoring.outputs.fhir_output import make_assessment
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.paths import Paths
from tests.features.intake.fhir.records import (
    ATC,
    RXNORM,
    SNOMED,
    Json,
    bundle,
    concept,
    condition,
    dosage,
    observation,
    patient,
    request,
    write_bundle,
    write_lines,
)

DAY = date(2020, 6, 29)
_DOSES = {
    "low": (10, "simvastatin"),
    "moderate": (20, "atorvastatin"),
    "high": (80, "atorvastatin"),
}


def _people() -> tuple[list[Json], pd.DataFrame]:
    """The same twelve patients as resources and as rows of dictionary variables."""
    resources: list[Json] = []
    rows: list[dict[str, Any]] = []
    for i in range(12):
        of = {"subject": {"reference": f"Patient/p{i}"}}
        born = date(1945 + i, 3, 1 + i)
        row: dict[str, Any] = {
            "patient_id": f"p{i}",
            "age": round((DAY - born).days / 365.25, 4),
            "sex": ("female", "male")[i % 2],
            "diabetes": float(i % 3 == 0),
            "cac_agatston": 0.0 if i < 4 else 37.5 * i,
            "ldl_cholesterol": (2.0 + 0.25 * i) * 38.67,
            "systolic_bp": 110.0 + 3 * i,
            "statin_intensity": ("none", "low", "moderate", "high")[i % 4],
        }
        rows.append(row)
        kind = SNOMED, ("44054006" if row["diabetes"] else "38341003")
        resources += [
            patient(f"p{i}", gender=row["sex"], birthDate=born.isoformat()),
            condition(*kind) | of,
            observation("x", row["cac_agatston"], "{score}")
            | {"code": concept(SNOMED, "450360000")}
            | of,
            observation("22748-8", 2.0 + 0.25 * i, "mmol/L") | of,
            observation("8480-6", row["systolic_bp"], "mm[Hg]") | of,
            request(concept(ATC, "A02BC01", "omeprazole")) | of,
        ]
        if row["statin_intensity"] != "none":
            milligrams, drug = _DOSES[row["statin_intensity"]]
            named = concept(RXNORM, "0", f"{drug} {milligrams} MG Oral Tablet")
            taken = request(named, date=None, authoredOn=DAY.isoformat())
            resources.append(taken | {"dosageInstruction": dosage(1)} | of)
    return resources, pd.DataFrame(rows)


def _score(model: Path, file: Path, out: Path, day: date | None = None, **more: Any) -> Path:
    score_stream(ScoreRequest(file, str(model), out, index_date=day, **more), Paths.default())
    return out


def test_the_same_patients_get_the_same_risk_by_csv_and_by_fhir(
    model_folder: Path, tmp_path: Path
) -> None:
    resources, rows = _people()
    read = read_fhir(write_bundle(tmp_path, *resources), DAY).frame
    # what a record knows beyond the columns of the file must be in the file as well
    more = [name for name in read if name not in rows]
    known = rows.merge(read[more], left_on="patient_id", right_index=True)
    known.to_csv(tmp_path / "rows.csv", index=False)
    by_csv = pd.read_csv(_score(model_folder, tmp_path / "rows.csv", tmp_path / "a.csv"))
    lines = write_lines(tmp_path / "export.ndjson", *resources)
    by_fhir = pd.read_csv(_score(model_folder, lines, tmp_path / "b.csv", DAY))
    assert by_fhir.pop("index_date").eq(DAY.isoformat()).all()
    same = [name for name in by_csv if name != "run_id"]
    pd.testing.assert_frame_equal(by_fhir[same], by_csv[same], rtol=1e-9, atol=0)


@pytest.mark.parametrize("ending", [".ndjson", ".json"])
def test_risk_assessments_are_valid_and_say_what_the_table_says(
    model_folder: Path, tmp_path: Path, ending: str
) -> None:
    resources, _ = _people()
    lines = write_lines(tmp_path / "export.ndjson", *resources)
    table = pd.read_csv(_score(model_folder, lines, tmp_path / "risks.csv", DAY))
    text = _score(model_folder, lines, tmp_path / f"told{ending}", DAY).read_text()
    made: list[Any]
    if ending == ".json":
        bundle: Any = Bundle.model_validate_json(text)
        made = [entry.resource for entry in bundle.entry]
    else:
        made = [RiskAssessment.model_validate_json(line) for line in text.splitlines()]
    assert len(made) == len(table) == 12
    for one, row in zip(made, table.to_dict("records"), strict=True):
        assert one.status == "final"
        assert one.subject.reference == f"Patient/{row['patient_id']}"
        assert one.occurrenceDateTime == DAY
        five, ten = one.prediction
        assert float(five.probabilityDecimal) == pytest.approx(row["risk_5y"], abs=5e-7)
        assert float(ten.probabilityDecimal) == pytest.approx(row["risk_10y"], abs=5e-7)
        assert ten.whenRange.high.value - ten.whenRange.low.value == 10
        assert ten.qualitativeRisk.text == row["risk_category"]
        assert row["reason_1"] in ten.rationale
        assert one.mitigation is None
        assert "not for care" in one.note[0].text
        assert {part.reference.split("/")[0] for part in one.basis} >= {"Observation"}


def test_an_identifier_that_cannot_be_a_reference_is_given_as_identifier() -> None:
    row = {"patient_id": "A 12/3", "risk_10y": 0.1, "model": "m"}
    made = make_assessment(row)
    assert made["subject"] == {"type": "Patient", "identifier": {"value": "A 12/3"}}
    RiskAssessment.model_validate(made)


def test_a_change_that_is_known_by_volume_alone_is_a_note() -> None:
    def notes(**verdicts: str) -> list[str]:
        row = {"patient_id": "7", "risk_10y": 0.1, "model": "m", **verdicts}
        return [one["text"] for one in make_assessment(row)["note"]]

    (_, told) = notes(change_verdict="", volume_verdict="rise")
    assert told.startswith("Of the calcium volume: a rise beyond what a rescan")
    assert len(notes(change_verdict="", volume_verdict="unknown")) == 1


def test_a_patient_of_one_of_several_servers_is_referred_to_by_address() -> None:
    address = "https://b.org/fhir/Patient/7"
    basis = "https://b.org/fhir/Observation/1 Observation/2"
    made = make_assessment(
        {"patient_id": address, "risk_10y": 0.1, "model": "m", "fhir_basis": basis}
    )
    assert made["subject"] == {"reference": address}
    assert [one["reference"] for one in made["basis"]] == basis.split()
    RiskAssessment.model_validate(made)


def test_bundles_in_lines_are_scored_and_a_missing_page_is_refused(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources, _ = _people()
    by_line = _score(
        model_folder,
        write_lines(tmp_path / "a.ndjson", bundle(*resources)),
        tmp_path / "a.csv",
        DAY,
    )
    assert len(pd.read_csv(by_line)) == 12
    page = bundle(*resources) | {"link": [{"relation": "next", "url": "https://a.org?page=2"}]}
    lines = write_lines(tmp_path / "b.ndjson", page)
    command = ["score", str(lines), "--model", str(model_folder), "--out", str(tmp_path / "b.csv")]
    assert main(command) == 2
    assert "has a next page" in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()


def test_a_table_without_ages_and_dates_still_gives_valid_assessments(
    model_folder: Path, tmp_path: Path
) -> None:
    table = pd.DataFrame({"patient_id": ["x", "y"], "cac_agatston": [0, 400], "sex": ["male"] * 2})
    table.to_csv(tmp_path / "rows.csv", index=False)
    out = _score(model_folder, tmp_path / "rows.csv", tmp_path / "told.ndjson", n_reasons=0)
    for line in out.read_text().splitlines():
        made: Any = RiskAssessment.model_validate_json(line)
        assert made.occurrenceDateTime is None
        assert made.prediction[0].whenRange is None


def test_two_runs_write_the_same_bytes(model_folder: Path, tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "export.ndjson", *_people()[0])
    one, other = (
        _score(model_folder, lines, tmp_path / name, DAY).read_bytes()
        for name in ("one.ndjson", "other.ndjson")
    )
    assert one == other


def test_every_patient_and_every_stray_resource_is_in_scores_or_rejects(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources, _ = _people()
    lost = observation("2089-1", 100, "mg/dL") | {"subject": {"reference": "Patient/lost"}}
    high = observation("8480-6", 900, "mm[Hg]", date="2020-06-01")
    high |= {"subject": {"reference": "Patient/p3"}}
    lines = write_lines(
        tmp_path / "export.ndjson", *resources, lost, high, patient("unborn", birthDate=None)
    )
    with lines.open("a") as file:
        file.write('{"resourceType": "Patient", "id": "cut')
    out = tmp_path / "risks.csv"
    command = ["score", str(lines), "--model", str(model_folder), "--out", str(out)]
    assert main([*command, "--index-date", "2020-06-29"]) == 0
    rejects = pd.read_csv(tmp_path / "risks.rejects.csv").set_index("patient_id")["rule"]
    assert rejects["unborn"] == "no birth date"
    assert rejects["lost"] == "no Patient resource"
    assert rejects["p3"] == "systolic_bp outside 50 to 300 mmHg"
    assert rejects[rejects.index.isna()].tolist() == ["no JSON: cut off or damaged"]
    assert len(pd.read_csv(out)) == 11
    told = capsys.readouterr().out
    assert "11 of 15 rows scored" in told
    assert "Condition: snomed 38341003 has no meaning here (8)" in told


def test_batches_of_any_size_give_the_same_scores(model_folder: Path, tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "export.ndjson", *_people()[0])
    small = _score(model_folder, lines, tmp_path / "a.csv", DAY, batch_rows=5, run_id="same")
    large = _score(model_folder, lines, tmp_path / "b.csv", DAY, run_id="same")
    assert small.read_bytes() == large.read_bytes()


def test_an_index_date_belongs_to_health_records_and_must_be_one(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("patient_id,age\n1,50\n")
    with pytest.raises(ConfigError, match="health records"):
        _score(model_folder, tmp_path / "rows.csv", tmp_path / "a.csv", DAY)
    lines = write_lines(tmp_path / "export.ndjson", patient())
    assert main(["fhir", str(lines), "--index-date", "31.01.2026"]) == 2
    assert "must be a date" in capsys.readouterr().err


def test_the_command_fhir_writes_a_table_that_score_can_read(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write_lines(folder / "all.ndjson", *_people()[0])
    table = tmp_path / "patients.csv"
    command = ["fhir", str(folder), "--out", str(table), "--index-date", "2020-06-29"]
    assert main(command) == 0
    assert "12 patients read, 0 rejects" in capsys.readouterr().out
    assert main(command) == 2
    by_table = pd.read_csv(_score(model_folder, table, tmp_path / "a.csv"))
    by_fhir = pd.read_csv(_score(model_folder, folder, tmp_path / "b.csv", DAY))
    pd.testing.assert_series_equal(by_table["risk_10y"], by_fhir["risk_10y"], rtol=1e-9)
    assert len(pd.read_csv(tmp_path / "patients.unmapped.csv")) > 0


def test_a_patient_has_the_same_risk_alone_and_in_any_company(
    model_folder: Path, tmp_path: Path
) -> None:
    resources, _ = _people()
    lines = write_lines(tmp_path / "all.ndjson", *resources)
    together = pd.read_csv(_score(model_folder, lines, tmp_path / "all.csv", DAY))
    risks = together.set_index("patient_id")["risk_10y"]
    for name in ("p2", "p5"):
        own = [
            one
            for one in resources
            if one["id"] == name or one.get("subject") == {"reference": f"Patient/{name}"}
        ]
        alone = write_lines(tmp_path / f"{name}.ndjson", *own)
        scored = pd.read_csv(_score(model_folder, alone, tmp_path / f"{name}.csv", DAY))
        assert scored["risk_10y"].tolist() == pytest.approx([risks[name]], rel=1e-9)


def test_the_output_has_the_same_columns_whatever_is_on_record(
    model_folder: Path, tmp_path: Path
) -> None:
    rich = write_lines(tmp_path / "rich.ndjson", *_people()[0])
    poor = write_lines(tmp_path / "poor.ndjson", patient(), observation("8480-6", 120, "mm[Hg]"))
    nobody = write_lines(tmp_path / "nobody.ndjson", observation("8480-6", 120, "mm[Hg]"))
    first, *others = (
        pd.read_csv(_score(model_folder, lines, lines.with_suffix(".csv"), DAY))
        for lines in (rich, poor, nobody)
    )
    for other in others:
        assert other.columns.tolist() == first.columns.tolist()


def test_the_summary_speaks_of_what_is_on_record(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = write_lines(tmp_path / "nobody.ndjson", observation("8480-6", 120, "mm[Hg]"))
    out = tmp_path / "risks.csv"
    assert main(["score", str(lines), "--model", str(model_folder), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "0 of 1 rows scored" in told
    assert "none is missing" not in told
    assert "not learnt" not in told
