"""What tests of several commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.small_project import write_project


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, model_folder: Path, progression_folder: Path
) -> Path:
    """A project in which each command has what it needs; to be copied."""
    folder = tmp_path_factory.mktemp("template") / "here"
    write_project(folder, model_folder, progression_folder)
    return folder
