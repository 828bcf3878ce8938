from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.files.exchange import exchange


def make(folder: Path) -> dict[Path, Path | None]:
    """A file and a folder that are replaced, one that is new, one of which nothing comes."""
    new = folder / "new"
    (new / "b").mkdir(parents=True)
    for name in ("a", "b/in", "c"):
        (new / name).write_text("new")
    (folder / "b").mkdir()
    for name in ("a", "b/in", "d"):
        (folder / name).write_text("old")
    (folder / "aside").mkdir()
    return {folder / n: new / n if n != "d" else None for n in "abcd"}


def there(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    named = {path.relative_to(folder).as_posix(): path.read_text() for path in found}
    return {name: text for name, text in named.items() if name.partition("/")[0] in "abcd"}


OLD = {"a": "old", "b/in": "old", "d": "old"}
NEW = {"a": "new", "b/in": "new", "c": "new"}


def test_all_that_is_new_takes_its_place(tmp_path: Path) -> None:
    exchange(make(tmp_path), tmp_path / "aside")
    assert there(tmp_path) == NEW


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_what_fails_or_is_ended_at_any_move_leaves_all_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    moved: bool,
    error: type[BaseException],
) -> None:
    """``moved``: it is interrupted just behind a move, as a signal may do."""
    places, rename, calls = make(tmp_path), Path.rename, list[Path]()

    def fail(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) - 1 != at:
            return rename(self, target)
        if moved:
            rename(self, target)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        if at < 6:
            with pytest.raises(error):
                exchange(places, tmp_path / "aside")
        else:
            exchange(places, tmp_path / "aside")
    assert there(tmp_path) == (OLD if at < 6 else NEW)


@pytest.mark.parametrize("at", range(6))
def test_where_the_first_is_found_the_others_belong_to_it_wherever_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    places, rename, states = make(tmp_path), Path.rename, list[dict[str, str]]()

    def watch(self: Path, target: Path) -> Path:
        states.append(there(tmp_path))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watch)
    exchange(places, tmp_path / "aside")
    assert states[at].get("a") is None or states[at] in (OLD, NEW)
    assert len(states) == 6
