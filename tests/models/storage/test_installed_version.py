from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

from features.errors import ConfigError
from models.storage.installed_version import version_if_installed, version_of

ROOT = Path(__file__).parents[3]


def test_an_installed_version_is_what_python_says() -> None:
    assert version_of("numpy") == version("numpy") == version_if_installed("numpy")


def test_a_package_that_is_not_there_is_an_error_where_it_is_needed() -> None:
    assert version_if_installed("no-such-package") is None
    with pytest.raises(ConfigError, match="no-such-package is not installed here"):
        version_of("no-such-package")


@pytest.mark.parametrize("with_backport", [False, True])
@pytest.mark.parametrize("metadata", [None, "", "Name: half\n"])
def test_a_version_that_cannot_be_read_is_an_error_and_not_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str | None, with_backport: bool
) -> None:
    folder = tmp_path / "half-1.0.dist-info"
    folder.mkdir()
    if metadata is not None:
        (folder / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(str(tmp_path))
    if with_backport:
        pytest.importorskip("importlib_metadata")  # takes the place of Python's own finder
    with pytest.raises(ConfigError, match="The version of half cannot be read"):
        version_of("half")


def test_nothing_asks_python_for_a_version_but_this_one_module() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for package in ("clinic", "features", "models", "pipeline")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "importlib.metadata"
    ]
    assert asking == ["models/storage/installed_version.py"]
