"""Copies the source that scoring needs into a package whose name is unique to its content.

A process that serves a model may hold unrelated packages called ``features`` and ``models``, or
another version of this very model; under a name made from its own digest it meets neither.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from features.dictionary.data_files import data_folder
from features.errors import MapError
from models.serving.imports import (
    OWN_PACKAGES,
    SCORING_LIBRARIES,
    ForbiddenImportError,
    OwnImport,
    find_module,
    find_own_imports,
)

SOURCE_ROOT = Path(__file__).resolve().parent.parent.parent
SCORER_MODULES = ("models.scorer", "models.serving.served_model")
FORECASTER_MODULES = ("models.progression.forecaster", "models.serving.served_progression")
# Only the classes that MLflow calls may know MLflow.
_ALLOWED = {
    name: SCORING_LIBRARIES | {"mlflow"} for name in (SCORER_MODULES[1], FORECASTER_MODULES[1])
}


def vendor_package(
    folder: Path,
    data_files: Mapping[str, Path],
    root: Path = SOURCE_ROOT,
    modules: Iterable[str] = SCORER_MODULES,
) -> Path:
    """Write the package ``calcirisk_<12 hex>`` into ``folder`` and return its path.

    It holds what ``modules`` reach by their imports, and ``data_files``, each at the place that it
    is found under. Raises ForbiddenImportError.
    """
    files = {
        **rewrite_sources(collect_sources(modules, root), root),
        **{name: path.read_bytes() for name, path in data_files.items()},
    }
    package = folder / f"calcirisk_{digest_files(files)[:12]}"
    for name, content in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (package / "__init__.py").write_text('"""The code of one calcirisk model."""\n')
    return package


def find_data_files(
    root: Path = SOURCE_ROOT,
    modules: Iterable[str] = SCORER_MODULES,
    data: Path | None = None,
) -> dict[str, Path]:
    """Place in the package -> file, of all files of ``data`` that the modules reached name.

    ``data``: None for where it lies beside the modules or, out of a wheel, inside of them. The
    place is that of a checkout: "data/variables.yaml". Raises MapError where no file is found.
    """
    folder = data or data_folder()
    named = {
        name
        for path in collect_sources(modules, root).values()
        for name in _find_possible_names(path.read_text(encoding="utf-8"))
    }
    one_line = sorted(name for name in named if name.strip() == name and "\n" not in name)
    found = {f"data/{name}": folder / name for name in one_line if (folder / name).is_file()}
    if not found:
        raise MapError(f"{folder} lacks the tables that scoring reads. Install calcirisk again")
    return found


@lru_cache(maxsize=512)
def _find_possible_names(source: str) -> frozenset[str]:
    """Texts in a source that may name a file; it is read once for all models of a process."""
    return frozenset(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value
    )


def collect_sources(modules: Iterable[str], root: Path = SOURCE_ROOT) -> dict[str, Path]:
    """Module name -> file of everything that ``modules`` reach by imports, themselves included."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = find_module(root, name)
        if path is None:
            raise ForbiddenImportError(f"{name} is imported on the scoring path but has no file")
        found[name] = path
        parents = name.split(".")[:-1]
        waiting += [".".join(parents[: depth + 1]) for depth in range(len(parents))]
        for own in find_own_imports(path.read_text(encoding="utf-8"), name, _allowed(name)):
            waiting.append(own.module)
            submodules = (f"{own.module}.{child}" for child in own.names)
            waiting += [child for child in submodules if find_module(root, child)]
    return dict(sorted(found.items()))


def rewrite_sources(sources: Mapping[str, Path], root: Path = SOURCE_ROOT) -> dict[str, bytes]:
    """Path inside the package -> content, with imports of our own packages made relative."""
    return {
        path.relative_to(root).as_posix(): make_relative(
            path.read_text(encoding="utf-8"), name, is_package=path.name == "__init__.py"
        ).encode()
        for name, path in sources.items()
    }


def make_relative(source: str, module: str, is_package: bool = False) -> str:
    """The source of ``module`` with ``from features.x import y`` as ``from ..features.x import y``.

    Only the module's name in these statements changes; lines keep their numbers.
    """
    dots = "." * (len(module.split(".")) + is_package)
    lines = source.splitlines(keepends=True)
    for own in find_own_imports(source, module, _allowed(module)):
        lines[own.line - 1] = _insert_dots(lines[own.line - 1], own, dots)
    return "".join(lines)


def digest_files(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, whatever their order."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def _allowed(module: str) -> frozenset[str]:
    return _ALLOWED.get(module, SCORING_LIBRARIES)


def _insert_dots(line: str, own: OwnImport, dots: str) -> str:
    before, after = line.encode()[: own.column].decode(), line.encode()[own.column :].decode()
    keyword, name = after.split(None, 2)[:2]
    if keyword != "from" or name.split(".")[0] not in OWN_PACKAGES:
        raise ForbiddenImportError(f"`{after.strip()}` cannot be made relative")
    return before + after.replace(name, dots + name, 1)
