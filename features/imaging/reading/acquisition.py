"""How a series was acquired: what makes it unfit for the score, and what to be warned of."""

from __future__ import annotations

import re
from typing import Any

from features.imaging.reading.declaration import Declaration
from features.imaging.reading.frames import Frame
from features.imaging.scan import Acquisition

CALCIUM_KVP = 120.0
USUAL_THICKNESS_MM = 3.0
_GATING = (
    "CardiacSynchronizationTechnique",
    "CardiacSignalSource",
    "NominalPercentageOfCardiacPhase",
    "NominalCardiacTriggerDelayTime",
    "TriggerTime",
    "HeartRate",
    "CardiacRRIntervalSpecified",
)
_SHARP = re.compile(
    r"^(bone|boneplus|lung|edge|detail|ultra|yd|yc|l$|e$|d$|fc(3\d|5\d|8\d))|"
    r"^[a-z]{1,2}([5-9]\d)"
)


def acquisition_of(frames: list[Frame], said: Declaration) -> Acquisition:
    """What the first slice records, with what was declared on top."""
    first = frames[0]
    kvp = said.kvp if said.kvp is not None else first.number_or_none("KVP")
    gated = any(first.attribute(keyword) is not None for keyword in _GATING)
    numbers = [frame.number_or_none("InstanceNumber") for frame in frames]
    counted = all(n is not None for n in numbers) and len(set(numbers)) == len(numbers)
    return Acquisition(
        kvp=kvp,
        thickness_mm=first.number_or_none("SliceThickness"),
        manufacturer=first.text("Manufacturer"),
        model=first.text("ManufacturerModelName"),
        kernel=first.text("ConvolutionKernel"),
        gated=True if gated else None,
        mass_factor=first.number_or_none("CalciumScoringMassFactorPatient"),
        device_mass_factors=_device_factors(first.attribute("CalciumScoringMassFactorDevice")),
        frame_of_reference=first.text("FrameOfReferenceUID"),
        series_uid=first.text("SeriesInstanceUID"),
        study_uid=first.text("StudyInstanceUID"),
        patient_id=first.text("PatientID"),
        date=first.text("AcquisitionDate") or first.text("SeriesDate") or first.text("StudyDate"),
        instance_numbers=tuple(int(n) for n in numbers if n is not None) if counted else (),
        declared=declared_of(said),
    )


def declared_of(said: Declaration) -> tuple[str, ...]:
    """What a person declared, for the record."""
    return tuple(
        f"{name}: {getattr(said, name)}"
        for name in ("kvp", "no_contrast", "hu_factor", "mass_factor", "patient_size")
        if getattr(said, name)
    )


def find_problems(frames: list[Frame], about: Acquisition, said: Declaration) -> list[str]:
    """Why the series must not be scored, each a sentence."""
    problems = voltage_problems(about.kvp, said)
    if not said.no_contrast and any(_has_contrast(frame) for frame in frames):
        problems.append("contrast was given, which hides and mimics calcium")
    voltages = {frame.number_or_none("KVP") for frame in frames}
    if len(voltages) > 1:
        problems.append("tube voltage differs between slices")
    kinds = {frame.text("RescaleType") or "HU" for frame in frames}
    spectral = any(frame.text("MultienergyCTAcquisition") == "YES" for frame in frames)
    if kinds - {"HU"} or spectral:
        problems.append("values are not Hounsfield units of one voltage (Rescale Type)")
    return problems


def voltage_problems(kvp: float | None, said: Declaration) -> list[str]:
    """Why the tube voltage is unfit, if it is."""
    if kvp is None:
        return ["tube voltage is not recorded; declare it with --kvp"]
    if kvp != CALCIUM_KVP and said.hu_factor is None:
        return [
            f"tube voltage is {kvp:g} kVp and the score is defined at 120; declare with "
            "--hu-factor what turns its Hounsfield units into those of 120 kVp"
        ]
    return []


def find_warnings(about: Acquisition, n_slices: int) -> list[str]:
    """What a reader of the numbers should know, each a sentence."""
    found = []
    if about.thickness_mm is None:
        found.append("slice thickness is not recorded")
    elif abs(about.thickness_mm - USUAL_THICKNESS_MM) > 0.01:
        found.append(
            f"slices are {about.thickness_mm:g} mm thick; published scores are of 2.5 or 3 mm"
        )
    if about.kernel is None:
        found.append("reconstruction kernel is not recorded")
    elif _SHARP.search(about.kernel.split("\\")[0].casefold()):
        found.append(f"kernel {about.kernel} is sharp, which raises scores")
    if about.gated is None:
        found.append("no sign of cardiac gating")
    if about.instance_numbers and (
        max(about.instance_numbers) - min(about.instance_numbers) + 1 != n_slices
        or min(about.instance_numbers) > 1
    ):
        found.append("image numbers are not 1 to the number of slices; the ends may be missing")
    return found


def _has_contrast(frame: Frame) -> bool:
    return any(
        frame.attribute(keyword) is not None
        for keyword in ("ContrastBolusAgent", "ContrastBolusAgentSequence", "ContrastBolusVolume")
    )


def _device_factors(value: Any) -> tuple[float, float, float] | None:
    try:
        small, medium, large = (float(one) for one in value)
    except (TypeError, ValueError):
        return None
    return small, medium, large
