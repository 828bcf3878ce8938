"""A person's own cohort file, named on the command line instead of in a map."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from features.cohort_map.cohort_map import CohortMap
from features.dictionary.dictionary import Dictionary
from features.errors import MapError
from features.intake.validation.outcomes import EventsNeeded
from pipeline.files.destinations import existing, map_of
from pipeline.files.stage_folder import written_whole
from pipeline.settings.params import SIMULATED, Params, Paths
from pipeline.stages.ingest import check_cohort, limits_of, run_ingest, source_folders_of
from pipeline.stages.source import describe_files, describe_simulation, write_source
from pipeline.training.readiness import find_obstacles


def check_own_cohort(
    params: Params, paths: Paths, file: Path | None = None, lesions: Path | None = None
) -> tuple[bool, str]:
    """Whether the cohort can be ingested, and all that is to be said of it. Writes nothing."""
    cohort_map = name_files(CohortMap.load(params.cohort, paths.cohort_maps), file, lesions)
    needed = EventsNeeded(params.train.minimum_events, 1 - params.train.split.test_fraction)
    limits = replace(limits_of(params), needed=needed)
    folders = source_folders_of(paths)
    return check_cohort(
        cohort_map, Dictionary.load(), limits, folders, partial(find_obstacles, params=params)
    )


def ingest_own_cohort(
    params: Params, paths: Paths, file: Path | None = None, lesions: Path | None = None
) -> None:
    """What the stages source and ingest do, for files named here. Raises CohortError, MapError."""
    cohort_map = name_files(CohortMap.load(params.cohort, paths.cohort_maps), file, lesions)
    folders = source_folders_of(paths)
    if cohort_map.name == SIMULATED:
        about = describe_simulation(params)
    else:
        about = describe_files(cohort_map, paths.root)
    sources = existing(file, lesions, map_of(params.cohort))
    with written_whole("ingest", paths, ("simulate",), True, sources, ("source",)) as staged:
        write_source(about, staged)
        run_ingest(cohort_map, Dictionary.load(), limits_of(params), staged.ingest, folders)


def name_files(cohort_map: CohortMap, file: Path | None, lesions: Path | None) -> CohortMap:
    """The map with these files in place of its own; paths relative to the current folder."""
    if file is not None:
        cohort_map = replace(cohort_map, file=str(file.resolve()))
    if lesions is None:
        return cohort_map
    if cohort_map.lesions is None:
        raise MapError(
            f"{cohort_map.name}: a lesion file is given but the map has no 'lesions'. Add it"
        )
    return replace(cohort_map, lesions=replace(cohort_map.lesions, file=str(lesions.resolve())))
