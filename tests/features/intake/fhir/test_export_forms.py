"""However an export is laid out, it is read as a whole, or refused with a sentence."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from features.errors import CohortError
from features.intake.fhir.export.export_files import is_fhir, list_files
from features.intake.fhir.reader import FhirExport, read_fhir
from tests.fast_part import fast_only
from tests.features.intake.fhir.records import (
    ATC,
    DAY,
    ICD10,
    SNOMED,
    Json,
    bundle,
    concept,
    condition,
    observation,
    patient,
    request,
    write_lines,
)

HDL = observation("2085-9", 50, "mg/dL")
PEOPLE = [patient(), HDL, condition(SNOMED, "44054006")]


def _hdl(path: Path) -> list[float]:
    return list(read_fhir(path, DAY).frame["hdl_cholesterol"])


def _json(value: Json) -> bytes:
    return json.dumps(value).encode()


def test_files_in_subfolders_of_any_depth_are_read_and_named(tmp_path: Path) -> None:
    for number, one in enumerate(PEOPLE):
        folder = tmp_path / "a" / str(number) / one["resourceType"]
        folder.mkdir(parents=True)
        write_lines(folder / "part-000.ndjson", one)
    (tmp_path / "a" / "broken.ndjson").write_text("{")
    assert is_fhir(tmp_path)
    assert len(list_files(tmp_path)) == 4
    found = read_fhir(tmp_path, DAY)
    assert found.frame.loc["p1", "diabetes"] == 1.0
    assert found.rejects["column"].tolist() == ["a/broken.ndjson line 1"]


def test_files_of_other_kinds_are_named_as_not_read(tmp_path: Path) -> None:
    write_lines(tmp_path / "all.ndjson", *PEOPLE)
    (tmp_path / "Condition.ndjson.zip").write_bytes(b"PK")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    left_out = read_fhir(tmp_path, DAY).left_out
    assert left_out["reason"].tolist() == ["not read: neither .json nor .ndjson"]
    assert left_out["detail"].tolist() == [".zip"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("all.ndjson", b"\n".join(_json(bundle(one)) for one in PEOPLE)),
        ("all.ndjson", _json(bundle(bundle(*PEOPLE)))),
        ("all.ndjson", json.dumps(bundle(*PEOPLE), indent=2).encode()),
        ("all.ndjson", b"\n".join(json.dumps(one, indent=1).encode() for one in PEOPLE)),
        ("all.jsonl", b"\xef\xbb\xbf" + b"\r\n\r\n".join(map(_json, PEOPLE))),
        ("all.json", b"\n".join(map(_json, PEOPLE))),
        ("all.json", b" ".join(map(_json, PEOPLE))),
        ("all.json", b"\n\n" + json.dumps(bundle(*PEOPLE), indent=2).encode() + b"\n\n"),
        ("all.json.gz", gzip.compress(_json(bundle(*PEOPLE)))),
        ("all.ndjson.gz", gzip.compress(_json(PEOPLE[0])) + gzip.compress(b"\n" + _json(HDL))),
    ],
)
def test_bundles_in_lines_and_json_over_lines_are_read(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    found = read_fhir(tmp_path / name, DAY)
    assert found.frame["hdl_cholesterol"].tolist() == [50.0]
    assert found.rejects.empty


@pytest.mark.parametrize("first", ["null", "[]", "7", "{", "nonsense"])
def test_a_first_line_that_is_no_resource_is_one_reject(tmp_path: Path, first: str) -> None:
    path = write_lines(tmp_path / "all.ndjson", *PEOPLE)
    path.write_text(f"{first}\n{path.read_text()}")
    found = read_fhir(path, DAY)
    assert found.frame["hdl_cholesterol"].tolist() == [50.0]
    assert found.rejects["column"].tolist() == ["all.ndjson line 1"]


def test_every_person_of_a_bundle_a_line_is_read(tmp_path: Path) -> None:
    of = {"subject": {"reference": "Patient/p2"}}
    lines = bundle(patient(), HDL), bundle(patient("p2"), observation("2085-9", 61, "mg/dL") | of)
    assert _hdl(write_lines(tmp_path / "all.ndjson", *lines)) == [50.0, 61.0]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (json.dumps(bundle(*PEOPLE), indent=2)[:-40], "no JSON: cut off or damaged"),
        ('{"resourceType": "Bundle", "entry": [', "is no JSON"),
        (json.dumps(PEOPLE), "is no FHIR resource"),
        ("", "is no JSON"),
        ('{"resourceType": "Patient", "id": "1", "id": "2"}', "is no JSON"),
        ("null", "is no FHIR resource"),
    ],
)
def test_json_that_is_cut_off_or_no_resource_is_refused_as_a_whole(
    tmp_path: Path, content: str, rule: str
) -> None:
    (tmp_path / "all.json").write_text(content)
    with pytest.raises(CohortError, match=rule):
        read_fhir(tmp_path / "all.json", DAY)


def test_a_pretty_bundle_cut_off_is_one_message_also_under_the_name_of_lines(
    tmp_path: Path,
) -> None:
    path = tmp_path / "all.ndjson"
    path.write_text(json.dumps(bundle(*PEOPLE), indent=2)[:-40])
    with pytest.raises(CohortError, match="over several lines"):
        read_fhir(path, DAY)


def _page(here: str, following: str | None, *resources: Json, total: int = 3) -> Json:
    links = [{"relation": "self", "url": here}]
    links += [{"relation": "next", "url": following}] if following else []
    return bundle(*resources) | {"type": "searchset", "total": total, "link": links}


def test_pages_of_a_search_are_read_together_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    first = _page("https://a.org?page=1", "https://a.org?page=2", *PEOPLE[:2])
    (tmp_path / "z.json").write_bytes(_json(first))
    with pytest.raises(CohortError, match="has a next page that is not in the export"):
        read_fhir(tmp_path, DAY)
    (tmp_path / "a.json").write_bytes(_json(_page("https://a.org?page=2", None, PEOPLE[2])))
    assert read_fhir(tmp_path, DAY).frame.loc["p1", "diabetes"] == 1.0


def test_a_search_that_found_more_than_is_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(_json(_page("https://a.org", None, *PEOPLE, total=57)))
    with pytest.raises(CohortError, match="57 were found, 3 are here"):
        read_fhir(tmp_path, DAY)


def test_an_export_with_fewer_resources_than_its_manifest_lists_is_refused(tmp_path: Path) -> None:
    manifest = {"transactionTime": "2020-06-01", "request": "https://a.org/$export"}
    output = [{"type": "Condition", "url": f"https://a.org/{i}", "count": 1} for i in range(2)]
    (tmp_path / "m.json").write_bytes(_json(manifest | {"output": output}))
    write_lines(tmp_path / "all.ndjson", *PEOPLE)
    with pytest.raises(CohortError, match="lists 2 Condition, 1 are here"):
        read_fhir(tmp_path, DAY)
    errors = [{"type": "OperationOutcome", "url": "https://a.org/e"}]
    (tmp_path / "m.json").write_bytes(_json(manifest | {"output": output[1:], "error": errors}))
    frame = read_fhir(tmp_path, DAY).frame
    assert frame.loc["p1", "diabetes"] == 1.0
    assert "prior_cad" not in frame


@pytest.mark.parametrize(
    "partial",
    [
        b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}',
        b'{"resourceType": "Condition", "id": "c", "code": {"text"',
        _json(condition(SNOMED, "44054006", subject={"identifier": {"value": "7"}})),
    ],
)
def test_where_a_part_of_the_export_is_missing_no_list_is_whole(
    tmp_path: Path, partial: bytes
) -> None:
    path = write_lines(tmp_path / "all.ndjson", patient(), HDL, condition(ICD10, "J45.9"))
    assert "diabetes" in read_fhir(path, DAY).frame
    with path.open("ab") as file:
        file.write(partial)
    assert "diabetes" not in read_fhir(path, DAY).frame


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        ('{"resourceType": "Encounter", "id"', True),
        ('{"resourceType": "Observation", "id"', True),
        ('{"resourceType": "Bundle", "entry"', False),
        ('{"resourceT', False),
    ],
)
def test_a_line_cut_off_harms_the_lists_if_it_may_have_been_on_one(
    tmp_path: Path, cut: str, whole: bool
) -> None:
    path = write_lines(tmp_path / "all.ndjson", patient(), HDL, condition(ICD10, "J45.9"))
    path.write_text(path.read_text() + cut)
    assert ("diabetes" in read_fhir(path, DAY).frame) == whole


def test_a_line_cut_off_opens_the_lists_of_the_patient_it_names_alone(tmp_path: Path) -> None:
    of = {"subject": {"reference": "Patient/p2"}}
    healthy = [condition(ICD10, "J45.9"), condition(ICD10, "J45.9") | of, patient("p2"), patient()]
    path = write_lines(tmp_path / "all.ndjson", *healthy, request(concept(ATC, "A02BC01")) | of)
    with path.open("a") as file:
        file.write('{"resourceType": "Condition", "subject": {"reference": "Patient/p2"}, "co')
    frame = read_fhir(path, DAY).frame
    assert frame["diabetes"].dropna().to_dict() == {"p1": 0.0}
    assert frame.loc["p2", "insulin"] == 0.0


@pytest.mark.parametrize(
    ("change", "version"),
    [
        (lambda: condition(SNOMED, "44054006", patient={}) | {"subject": None}, "DSTU2"),
        (lambda: {"resourceType": "MedicationOrder", "id": "1"}, "DSTU2"),
        (lambda: request(None, medication={"concept": concept(ATC, "C10AA05")}), "R5"),
    ],
)
def test_other_versions_of_fhir_are_refused_by_name(
    tmp_path: Path, change: object, version: str
) -> None:
    made = change()  # type: ignore[operator]
    made = {key: value for key, value in made.items() if value is not None}
    with pytest.raises(CohortError, match=version):
        read_fhir(write_lines(tmp_path / "all.ndjson", patient(), made), DAY)


@pytest.mark.parametrize("name", fast_only(["bomb.ndjson.gz"], ["bomb.json.gz", "bomb.ndjson.gz"]))
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_early(tmp_path: Path, name: str) -> None:
    path, block = tmp_path / name, b" " * (1 << 20)
    if name == "bomb.ndjson.gz":
        block = b"\n".join([b" " * 1023] * 1024)
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(100):
            file.write(block)
    assert path.stat().st_size < 300_000
    tracemalloc.start()
    with pytest.raises(CohortError, match=r"64 MiB|times its size"):
        FhirExport(path, DAY)
    assert tracemalloc.get_traced_memory()[1] < 300e6
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["long.json", "long.ndjson"])
def test_a_line_or_a_bundle_of_more_than_64_mib_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b'{"resourceType": "Patient", "id": "p1", "x": "')
        file.write(b"x" * (1 << 26))
        file.write(b'"}\n')
    with pytest.raises(CohortError, match="64 MiB"):
        FhirExport(path, DAY)
