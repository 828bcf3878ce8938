"""What a person declares about a scan where the file does not say, or says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from features.errors import ConfigError

PATIENT_SIZES = ("small", "medium", "large")


@dataclass(frozen=True)
class Declaration:
    """``kvp``: tube voltage; ``no_contrast``: nothing was injected; ``hu_factor``: what turns the
    Hounsfield units of another voltage into those of 120 kVp; ``mass_factor``: mg per cm3 and HU;
    ``patient_size``: which of the device's three mass factors holds; ``series``: SeriesNumber.

    Raises ConfigError where one makes no sense.
    """

    kvp: float | None = None
    no_contrast: bool = False
    hu_factor: float | None = None
    mass_factor: float | None = None
    patient_size: str | None = None
    series: int | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError naming the option."""
        for name in ("kvp", "hu_factor", "mass_factor"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name}: must be above 0")
        if self.patient_size not in (None, *PATIENT_SIZES):
            raise ConfigError(f"patient_size: must be {', '.join(PATIENT_SIZES)}")
