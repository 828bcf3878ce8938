"""Where cohort maps lie, and how one is laid over another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.cohort_map.section import nearest, read_text_yaml
from features.dictionary.data_files import data_folder
from features.errors import MapError

MAPS_FOLDER = data_folder() / "cohorts"
# A file may bear one of these behind the name that the map gives.
COMPRESSED = ("", ".gz", ".zst")


def known_maps(folder: Path = MAPS_FOLDER) -> tuple[str, ...]:
    """The names of the maps in the folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find_map(name: str | Path, folder: Path = MAPS_FOLDER) -> Path:
    """The file of a map, given by name or by path. Raises MapError that lists the known maps."""
    given = Path(name)
    if given.suffix in (".yaml", ".yml"):
        if given.is_file():
            return given
        raise MapError(f"There is no cohort map at {given}")
    known = known_maps(folder)
    if str(name) in known:
        return folder / f"{name}.yaml"
    raise MapError(
        f"No cohort map is called '{name}'{nearest(str(name), known) or '.'} "
        f"Known maps: {', '.join(known) or 'none'}. For your own file give the path of its map"
    )


def find_beside(file: str, folder: Path) -> str:
    """The absolute path of the file where it lies in the folder, packed or not; else its name."""
    here = folder.resolve() / file
    there = file and any(here.with_name(here.name + end).is_file() for end in COMPRESSED)
    return str(here) if there else file


def read_with_base(path: Path, seen: tuple[Path, ...], folder: Path) -> dict[str, Any]:
    """The content of a map laid over the map that it ``extends``; mappings merge key by key."""
    content = read_text_yaml(path)
    if "extends" not in content:
        return content
    if path in seen:
        raise MapError(f"{path.name}: 'extends' leads back to itself")
    base = content.pop("extends")
    if not isinstance(base, str):
        raise MapError(f"{path.name}: 'extends' must be the name of one map")
    beside = path.with_name(f"{base}.yaml")
    base_path = beside if beside.is_file() else find_map(base, folder)
    return _merge(read_with_base(base_path, (*seen, path), folder), content)


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
