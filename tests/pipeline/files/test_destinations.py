from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from features.errors import ConfigError
from pipeline.files.destinations import take
from pipeline.files.private import hidden_beside, open_folder, open_private, require_writable_name


def test_a_file_is_taken_by_one_command_at_a_time(tmp_path: Path) -> None:
    shared, other = tmp_path / "rejects.csv", tmp_path / "other.csv"
    with (
        take([tmp_path / "a.csv", shared]),
        pytest.raises(ConfigError, match=r"in use by another job .process"),
        take([other, shared]),
    ):
        pass
    with take([other, shared]):
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            ".other.csv.lock",
            ".rejects.csv.lock",
        ]
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_never_replaced_under_whatever_name(tmp_path: Path) -> None:
    source, folder = tmp_path / "new.csv", tmp_path / "parts"
    source.write_text("age\n50\n")
    folder.mkdir()
    os.link(source, tmp_path / "linked.csv")
    (tmp_path / "same").symlink_to(tmp_path)
    for out in (source, tmp_path / "linked.csv", tmp_path / "same" / "new.csv", folder / "out.csv"):
        with (
            pytest.raises(ConfigError, match="would replace what is read"),
            take([out], [source, folder]),
        ):
            pass
    with pytest.raises(ConfigError, match="would be written twice"), take([source, source]):
        pass


def test_files_of_an_unfinished_job_are_left_to_it(tmp_path: Path) -> None:
    unfinished, shared = tmp_path / ".a.csv.unfinished", tmp_path / "rejects.csv"
    unfinished.mkdir()
    with take([tmp_path / "a.csv", shared], (), unfinished) as taken:
        taken.keep = True
    with pytest.raises(ConfigError, match="begun and not finished"), take([shared]):
        pass
    with take([tmp_path / "a.csv", shared], (), unfinished):
        pass
    with take([shared]):
        pass


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "keep.txt").write_text("mine")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / ".a.csv.lock").symlink_to(target / "keep.txt")
    with pytest.raises(ConfigError, match="no folder of ours"):
        open_folder(tmp_path / "link")
    with pytest.raises(ConfigError, match="no lock"), take([tmp_path / "a.csv"]):
        pass
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="symbolic links"):
        open_private(tmp_path / "dangling")
    assert not (tmp_path / "made").exists()
    assert (target / "keep.txt").read_text() == "mine"


def test_folders_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    os.close(open_folder(folder))
    open_private(folder / "part").close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "part").stat().st_mode) == 0o600
    folder.chmod(0o755)
    os.close(open_folder(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="may be written by others"):
        open_folder(folder)


def test_names_hold_up_to_the_limit_of_the_file_system_and_no_further(tmp_path: Path) -> None:
    longest = tmp_path / ("é" * 120 + ".csv")
    require_writable_name(longest)
    os.close(open_folder(hidden_beside(longest, "unfinished")))
    with pytest.raises(ConfigError, match=r"longer .261 bytes. than the file system allows"):
        require_writable_name(tmp_path / ("x" * 257 + ".csv"))
    with pytest.raises(ConfigError, match="cannot be written in UTF-8"):
        require_writable_name(tmp_path / "bad\udcff.csv")
