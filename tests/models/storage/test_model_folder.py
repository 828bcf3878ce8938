from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import ModelError
from models.storage.model_folder import About, read_about, seal_model_folder, verify_model_folder

ABOUT = About("calcirisk", "synthetic", True, (5.0, 10.0), 900, 80, 40, "ab" * 32, "c0ffee")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "predictor").mkdir()
    (tmp_path / "predictor" / "predictor.json").write_text("{}")
    return tmp_path


def test_a_sealed_folder_tells_what_was_sealed(folder: Path) -> None:
    sealed = seal_model_folder(folder, ABOUT)
    assert replace(sealed, digest="") == ABOUT
    assert verify_model_folder(folder) == read_about(folder) == sealed
    assert len(sealed.digest) == 64


def test_sealing_twice_gives_the_same_bytes(folder: Path) -> None:
    seal_model_folder(folder, ABOUT)
    first = (folder / "about.json").read_bytes()
    seal_model_folder(folder, ABOUT)
    assert (folder / "about.json").read_bytes() == first


@pytest.mark.parametrize("change", ["file", "name", "about"])
def test_any_change_is_noticed(folder: Path, change: str) -> None:
    seal_model_folder(folder, ABOUT)
    inner = folder / "predictor" / "predictor.json"
    if change == "file":
        inner.write_text("{ }")
    elif change == "name":
        inner.rename(folder / "predictor.json")
    else:
        about = folder / "about.json"
        about.write_text(about.read_text().replace("synthetic", "mesa"))
    with pytest.raises(ModelError, match="damaged"):
        verify_model_folder(folder)


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is not the folder of a model"):
        read_about(tmp_path / "nowhere")


def test_a_strange_about_is_an_error_a_person_can_read(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text('{"horizons": [1], "colour": "red"}')
    with pytest.raises(ModelError, match=r"about\.json was not written by this version"):
        read_about(tmp_path)
