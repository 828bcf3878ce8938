from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clinic.scored_patients.store import PatientStore
from clinic.scored_patients.store_writing import bring_store_up_to_date, write_store
from features.errors import ConfigError
from models.scorer import Scorer
from tests.clinic.conftest import HOSTILE_NAME


def _walk(store: PatientStore, sort: str, descending: bool, size: int) -> list[str]:
    page = store.list_patients(sort, descending, size)
    names = [patient.patient_id for patient in page.patients]
    while page.after:
        page = store.list_patients(sort, descending, size, after=page.patients[-1].key)
        names += [patient.patient_id for patient in page.patients]
    return names


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", ["risk_10y", "risk_5y", "patient_id", "missing"])
def test_paging_shows_every_patient_once_and_in_order(
    store: PatientStore, scores: Path, sort: str, descending: bool
) -> None:
    names = _walk(store, sort, descending, 7)
    scored = pd.read_csv(scores, dtype={"patient_id": "str"}, index_col="patient_id")
    assert sorted(names) == sorted(scored.index)
    if sort.startswith("risk"):
        risks = scored.loc[names, sort].to_numpy()
        assert (np.diff(risks) <= 0).all() if descending else (np.diff(risks) >= 0).all()


def test_paging_back_shows_the_page_before(store: PatientStore) -> None:
    first = store.list_patients("risk_10y", True, 10)
    second = store.list_patients("risk_10y", True, 10, after=first.patients[-1].key)
    again = store.list_patients("risk_10y", True, 10, before=second.patients[0].key)
    assert again.patients == first.patients
    assert (again.before, again.after) == (False, True)


def test_a_patient_is_found_by_the_beginning_of_the_identifier_in_either_case(
    store: PatientStore,
) -> None:
    assert [p.patient_id for p in store.find_patients("P0005", 10).patients] == ["p0005"]
    assert len(store.find_patients("p", 200).patients) == 119
    assert store.find_patients("p", 5).after
    assert not store.find_patients("", 5).patients


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", "\U0010ffff", "*"])
def test_signs_of_the_query_language_are_only_letters(store: PatientStore, text: str) -> None:
    assert not store.find_patients(text, 5).patients


def test_covariates_come_back_as_they_went_in(
    store: PatientStore, covariates: pd.DataFrame
) -> None:
    patient = store.find_patients(HOSTILE_NAME, 1).patients[0]
    read = store.read_covariates(patient.key)
    assert read is not None
    pd.testing.assert_frame_equal(
        read, covariates.loc[[HOSTILE_NAME]].reset_index(drop=True), check_freq=False
    )


def test_an_unknown_column_or_key_is_refused(store: PatientStore) -> None:
    for arguments in (("key", ""), ("risk_10y", "no-such-key"), ("row; DROP TABLE patients", "")):
        with pytest.raises(KeyError):
            store.list_patients(arguments[0], True, 5, after=arguments[1])


def test_only_its_owner_may_read_the_store(store: PatientStore) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_the_same_patients_have_other_keys_in_another_store(
    store: PatientStore, scores: Path, covariates: pd.DataFrame, scorer: Scorer, tmp_path: Path
) -> None:
    other = tmp_path / "patients.sqlite"
    write_store(other, scores, covariates, scorer)
    first = store.list_patients("risk_10y", True, 1).patients[0]
    second = PatientStore.open(other, scorer.dictionary).list_patients("risk_10y", True, 1)
    assert first.patient_id == second.patients[0].patient_id
    assert first.key != second.patients[0].key


def test_the_store_is_made_once_and_again_only_when_the_scores_change(
    scores: Path, scorer: Scorer, tmp_path: Path
) -> None:
    copy, store = tmp_path / "risks.csv", tmp_path / "patients.sqlite"
    copy.write_bytes(scores.read_bytes())
    bring_store_up_to_date(store, copy, None, scorer)
    made = store.stat().st_mtime_ns
    bring_store_up_to_date(store, copy, None, scorer)
    assert store.stat().st_mtime_ns == made
    copy.write_bytes(b"".join(scores.read_bytes().splitlines(keepends=True)[:10]))
    bring_store_up_to_date(store, copy, None, scorer)
    assert PatientStore.open(store, scorer.dictionary).n_patients == 9


def test_scores_of_another_model_are_refused(scores: Path, scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another model"):
        other = replace(scorer, about=replace(scorer.about, digest="00"))
        write_store(tmp_path / "patients.sqlite", scores, None, other)
    assert not list(tmp_path.iterdir())


def test_covariates_that_do_not_give_the_scored_risk_are_refused_and_the_others_shown(
    scores: Path, covariates: pd.DataFrame, scorer: Scorer, tmp_path: Path
) -> None:
    swapped = covariates.copy()
    swapped.iloc[[5, 6]] = covariates.iloc[[6, 5]].to_numpy()
    write_store(tmp_path / "patients.sqlite", scores, swapped, scorer)
    store = PatientStore.open(tmp_path / "patients.sqlite", scorer.dictionary)
    found = {one.patient_id: one for one in store.list_patients("patient_id", False, 200).patients}
    refused = [name for name, one in found.items() if one.differs]
    assert sorted(refused) == sorted(covariates.index[[5, 6]])
    for name, one in found.items():
        assert (store.read_covariates(one.key) is None) == (name in refused)
    assert store.facts["n_differing"] == "2"


def test_scores_of_other_patients_under_the_same_identifiers_are_refused(
    scores: Path, covariates: pd.DataFrame, scorer: Scorer, tmp_path: Path
) -> None:
    older = covariates.assign(age=90.0)
    with pytest.raises(ConfigError, match="was not made from the covariates"):
        write_store(tmp_path / "patients.sqlite", scores, older, scorer)
    assert not list(tmp_path.iterdir())
