from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipeline.settings.params import STAGES, Params

ROOT = Path(__file__).parents[1]
ROOMS = ("clinic", "features", "models", "pipeline")
MAY_IMPORT = {
    "features": set(),
    "models": {"features"},
    "clinic": {"features", "models"},
    "pipeline": {"clinic", "features", "models"},
}
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every module a file imports anywhere, by full name; `from a import b` gives a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def _files() -> dict[str, Path]:
    return {_module(path): path for path in SOURCES}


def _reached(*modules: str) -> set[Path]:
    """The project's files that these modules import, directly or through others."""
    files, found, waiting = _files(), set[Path](), list(modules)
    while waiting:
        path = files.get(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += [name for name in _imports(path) if name.split(".")[0] in ROOMS]
    return found


def _top_level_packages(paths: set[Path]) -> set[str]:
    names = {name.split(".")[0] for path in paths for name in _imports(path)}
    return names - set(ROOMS) - set(sys.stdlib_module_names)


def test_imports_run_from_pipeline_to_models_to_features_and_never_back() -> None:
    others = {*ROOMS, "tests", "benchmarks"}
    backwards = {}
    for path in SOURCES:
        room = path.relative_to(ROOT).parts[0]
        rooms = {name.split(".")[0] for name in _imports(path)} & others
        backwards[_module(path)] = rooms - {room} - MAY_IMPORT[room]
    assert {name: rooms for name, rooms in backwards.items() if rooms} == {}


def _defined(path: Path) -> set[str]:
    """Names that a module binds at its top level."""
    names: set[str] = set()
    for part in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in part.names}
        else:
            bound = [node for node in ast.walk(part) if isinstance(node, ast.Name)]
            names |= {node.id for node in bound if isinstance(node.ctx, ast.Store)}
    return names


def test_what_a_benchmark_imports_of_the_project_is_there() -> None:
    benchmarks = [
        path
        for path in (ROOT / "benchmarks").rglob("*.py")
        if ".work" not in path.relative_to(ROOT).parts
    ]
    files = _files() | {_module(path): path for path in benchmarks}
    absent = {
        f"{_module(path)}: {node.module}.{alias.name}"
        for path in benchmarks
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOMS
        for alias in node.names
        if f"{node.module}.{alias.name}" not in files
        and (str(node.module) not in files or alias.name not in _defined(files[str(node.module)]))
    }
    assert absent == set()


def test_a_file_holds_one_idea_and_bears_a_telling_name() -> None:
    lines = {_module(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in lines.items() if n > 300} == {}
    assert [name for name in lines if VAGUE & set(name.split("."))] == []


def _find_circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Names that reach themselves through others, circle by circle."""
    reached: dict[str, set[str]] = {}
    for name in graph:
        found, waiting = set[str](), list(graph[name])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting += graph.get(other, ())
        reached[name] = found
    in_circle = sorted(name for name in graph if name in reached[name])
    return [[o for o in in_circle if o in reached[n] and n in reached[o]] for n in in_circle]


@pytest.mark.parametrize("room", ROOMS)
def test_no_modules_import_one_another_in_a_circle(room: str) -> None:
    names = {name for name in _files() if name.split(".")[0] == room}
    packages = {name for name in names if _files()[name].name == "__init__.py"}
    modules = names - packages
    graph = {name: set(_imports(_files()[name]) & modules) - {name} for name in modules}
    assert _find_circles(graph) == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_folders_import_one_another_in_a_circle(room: str) -> None:
    modules = {name for name in _files() if name.startswith(f"{room}.")}
    for depth in (2, 3, 4):
        graph: dict[str, set[str]] = {}
        for name in modules:
            here = ".".join(name.split(".")[:depth])
            parent = here.rpartition(".")[0]
            to = {".".join(o.split(".")[:depth]) for o in _imports(_files()[name]) & modules}
            beside = {one for one in to if one.rpartition(".")[0] == parent and one != here}
            graph.setdefault(here, set()).update(beside)
        assert _find_circles(graph) == []


def test_at_most_a_dozen_files_lie_side_by_side() -> None:
    beside = Counter(path.parent for path in SOURCES if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in beside.items() if n > 12} == {}


def test_mlflow_is_imported_by_tracking_and_serving_only() -> None:
    users = {path for path in SOURCES if any(n.split(".")[0] == "mlflow" for n in _imports(path))}
    serving = {path for path in users if path.is_relative_to(ROOT / "models" / "serving")}
    assert users - serving == {ROOT / "pipeline" / "tracking.py"}


def test_there_is_no_python_in_data_and_no_patient_file_under_version_control() -> None:
    assert not list((ROOT / "data").rglob("*.py"))
    assert "/data/raw/*" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_scoring_path_needs_only_numpy_pandas_xgboost_and_yaml() -> None:
    packages = _top_level_packages(_reached("models.scorer"))
    assert packages <= {"numpy", "pandas", "xgboost", "yaml"}


def test_a_stage_is_called_like_its_module_its_params_and_its_folder() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert tuple(stages) == STAGES
    sections = set(Params.__dataclass_fields__)
    for name, stage in stages.items():
        assert stage["cmd"] == f"calcirisk {name}"
        assert (ROOT / "pipeline" / "stages" / f"{name}.py").is_file()
        # the raw file is found by the map alone: there is nothing to set
        assert name in sections or name == "source"
        assert name == "source" or name in stage["params"]
        for out in [*stage["outs"], *stage.get("metrics", [])]:
            path = out if isinstance(out, str) else next(iter(out))
            assert Path(path).parts[:2] == ("outputs", name)


@pytest.mark.parametrize("name", [stage for stage in STAGES if stage != "source"])
def test_dvc_knows_every_file_that_a_stage_is_computed_with(name: str) -> None:
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][name]
    deps = [ROOT / dep for dep in stage["deps"]]
    # values in params.yaml are followed by `params`, so the modules that read it are not deps
    settings = {
        ROOT / "pipeline" / "settings" / f"{module}.py"
        for module in ("params", "paths", "progression_params", "strict_sections", "variant_params")
    }
    packages = {path for path in SOURCES if path.name == "__init__.py"}
    for path in _reached(f"pipeline.stages.{name}") - settings - packages:
        assert any(path == dep or path.is_relative_to(dep) for dep in deps), path


@pytest.mark.parametrize("name", STAGES)
def test_dvc_knows_every_setting_that_a_stage_reads(name: str) -> None:
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][name]
    tree = ast.parse((ROOT / "pipeline" / "stages" / f"{name}.py").read_text(encoding="utf-8"))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "params"
    }
    assert read & set(Params.__dataclass_fields__) <= set(stage["params"])


@pytest.mark.parametrize(
    "name",
    [
        *("commands/cli", "commands/command_line", "commands/run"),
        *("settings/params", "settings/paths", "settings/strict_sections"),
    ],
)
def test_nothing_heavy_is_imported_when_the_command_line_starts(name: str) -> None:
    top = ast.parse((ROOT / "pipeline" / f"{name}.py").read_text(encoding="utf-8")).body
    names = {n.module or "" for n in top if isinstance(n, ast.ImportFrom)}
    names |= {alias.name for n in top if isinstance(n, ast.Import) for alias in n.names}
    packages = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert packages <= {"typer", "features", "pipeline"}


def test_the_state_of_one_folder_is_not_under_version_control() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository")
    command = ["git", "ls-files", "dvc.lock", "outputs", "mlruns", ".venv"]
    tracked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert tracked == ""
