"""The folder that a trained model is kept in: native files only, described and digested.

::

    predictor/      what `RiskPredictor.save` writes
    explainer/      what `Explainer.save` writes (may be absent: then there are no reasons)
    uncertainty/    what `RiskInterval.save` writes (may be absent: then there are no intervals)
    ranges.json     where the training values of each variable lay
    weights.json    how much each variable typically moves a risk (may be absent)
    averages.json   mean predicted risk by age and sex (absent in older models)
    profile.json    how they were spread, and the risks, for monitoring (may be absent)
    variables.yaml  the data dictionary it was trained with
    reference/      the published tables its features are derived from
    about.json      name, cohort, horizons, counts, hashes
    signature.json  who vouches for all of it (may be absent; `calcirisk sign` writes it)
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.errors import ModelError
from models.storage.formats import LARGEST_FILE, read_json

PREDICTOR, EXPLAINER, UNCERTAINTY = "predictor", "explainer", "uncertainty"
REFERENCE, WEIGHTS, AVERAGES = "reference", "weights.json", "averages.json"
SIGNATURE = "signature.json"
RANGES, DICTIONARY, ABOUT = "ranges.json", "variables.yaml", "about.json"


@dataclass(frozen=True)
class About:
    """What a model is: enough to know whose risk it may be asked for, and to make it again.

    ``horizons`` in years; ``n_patients``, ``n_events`` and ``n_competing`` are those trained on;
    ``any_death``: whether dying of anything was an event;
    ``data_sha256`` is of the raw cohort file, ``code_version`` a commit, "+dirty" where edited.
    """

    name: str
    cohort: str
    simulated: bool
    horizons: tuple[float, ...]
    n_patients: int
    n_events: int
    n_competing: int
    data_sha256: str
    code_version: str
    any_death: bool = False
    digest: str = ""

    def find_other_event(self, any_death: bool) -> str:
        """That this model predicts another event than an endpoint holds; "" where both agree.

        ``any_death``: whether dying of anything is an event of the endpoint.
        """
        if any_death == self.any_death:
            return ""
        if any_death:
            return "death from any cause is the event here, and the model predicts another"
        return (
            "the model predicts death from any cause, and the map of these patients does not say "
            "that any death is their event (endpoint: any_death)"
        )


def seal_model_folder(folder: Path, about: About) -> About:
    """Write ``about.json`` with the digest of everything in the folder; returns it so completed."""
    stored = {**asdict(about), "horizons": list(about.horizons)}
    stored.pop("digest")
    stored["digest"] = digest_model_folder(folder, stored)
    (folder / ABOUT).write_text(json.dumps(stored, indent=2) + "\n")
    return read_about(folder)


def read_about(folder: Path) -> About:
    """What ``about.json`` says. Raises ModelError where the folder is not that of a model."""
    try:
        stored = read_json(folder / ABOUT)
        about = About(**{**stored, "horizons": tuple(stored["horizons"])})
        _check_about(about)
        return about
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder} is not the folder of a model: it has no {ABOUT}") from None
    except (ValueError, TypeError, KeyError):
        raise ModelError(f"{folder / ABOUT} was not written by this version of calcirisk") from None


def _check_about(about: About) -> None:
    """Raises TypeError or ValueError where a field is of another kind than `About` says."""
    texts = (about.name, about.cohort, about.data_sha256, about.code_version, about.digest)
    flags = (about.simulated, about.any_death)
    counts = (about.n_patients, about.n_events, about.n_competing)
    if {type(one) for one in texts} != {str} or {type(one) for one in flags} != {bool}:
        raise TypeError("a text or a flag")
    if {type(one) for one in counts} != {int} or min(counts) < 0:
        raise TypeError("a count")
    if not about.horizons or not all(0 < one < math.inf for one in about.horizons):
        raise ValueError("a horizon")


def verify_model_folder(folder: Path) -> About:
    """`read_about`, after comparing the digest. Raises ModelError where a file has changed."""
    about = read_about(folder)
    stored = {**asdict(about), "horizons": list(about.horizons)}
    stored.pop("digest")
    if digest_model_folder(folder, stored) != about.digest:
        raise ModelError(
            f"{folder} is damaged: its files are not those that were trained (digest differs). "
            "Fetch or train the model again"
        )
    return about


def digest_model_folder(folder: Path, about: dict[str, Any]) -> str:
    """SHA-256 over every file but ``about.json`` and the signature, and over ``about``."""
    total = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ModelError(f"{folder} holds a link, a pipe or a device: no model of ours does")
        if path.stat().st_size > LARGEST_FILE:
            raise ModelError(f"{path} is larger than any file of a model")
        if path.is_file() and name not in (ABOUT, SIGNATURE):
            total.update(f"\n{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return total.hexdigest()
