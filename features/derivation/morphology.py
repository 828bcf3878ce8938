"""Morphology: how many lesions, in how many vessels, how spotty, how large and dense.

Density says something only at a given burden, so volume and density are separate features that
may act in opposite directions. Without calcium there is neither share nor density: shares are
then 0 and densities stand at the middle of their scale, so that the absence of calcium is
credited to the score and not to the density.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from features.array_types import FloatArray
from features.derivation.calcium import (
    BANDS,
    agatston,
    vessel_scores,
    volume,
    zero_without_calcium,
)
from features.derivation.columns import (
    Columns,
    Derivation,
    first_known,
    log_plus_one,
    logged,
    ratio,
    where,
)

SLICE_MM = 3.0
MIDDLE_SCORE, MIDDLE_HU = 2.5, 250.0
SMALL_VOLUME_MM3 = 130.0
# A standard deviation of ln volume, 1.6, goes with .75 of one of the factor, 0.7, in those with
# calcium: Criqui MH et al. JAMA 2014;311:271-278 (MESA); correlation: Foldyna B et al. Eur Radiol
# 2019;29:6140-6148 (Framingham)
FACTOR_PER_LN_VOLUME = 0.75 * 0.7 / 1.6
DIFFUSE_BELOW = float(np.log1p(300.0))
_ROUNDING = 0.01

_CAD_RADS = ("0", "1", "2", "3", "4a", "4b", "5")

_CURY = "Cury RC et al. J Cardiovasc Comput Tomogr 2022;16:536-557 (CAD-RADS 2.0; unverified)"
_DUDUM = "Dudum R et al. Coronary artery calcium dispersion and cause-specific mortality (abstract)"
_CRIQUI = "Criqui MH et al. JAMA 2014;311:271-278"


def vessel_count(columns: Columns) -> FloatArray:
    """Number of calcified vessels, 0 to 4, (n,): as recorded, else from the vessels' scores."""
    scores = vessel_scores(columns)
    counted = where(np.isnan(scores).any(axis=0), np.nan, (scores > 0).sum(axis=0))
    return first_known(columns["vessel_count"], counted)


def diffuse_score(columns: Columns) -> FloatArray:
    """ln(Agatston + 1), (n,), a further calcified vessel counting as a doubling up to 300 units.

    At one score more vessels go with more risk below 300 units and with no other from there on
    (Dudum R et al., CAC Consortium). Written so, more calcium or a further vessel never lowers it.
    """
    score = log_plus_one(columns.derived(agatston))
    further = np.log(2.0) * np.maximum(columns.derived(vessel_count) - 1.0, 0.0)
    return where(score == 0, 0.0, np.maximum(score, np.minimum(score + further, DIFFUSE_BELOW)))


def diffusion(columns: Columns) -> FloatArray:
    """Index of diffusion, 0 to 0.75, (n,): 1 - score of the most affected vessel / total.

    0 without calcium or with one calcified vessel.
    Source: Dudum R et al. Coronary artery calcium dispersion and cause-specific mortality (CAC
    Consortium, abstract); first in Blaha MJ et al. JACC Cardiovasc Imaging 2016;9:1407 (not read).
    """
    scores = vessel_scores(columns)
    total = scores.sum(axis=0)
    spread = 1.0 - ratio(scores.max(axis=0), total)
    return where((total == 0) | (columns["vessel_count"] <= 1), 0.0, spread)


def density_score(columns: Columns) -> FloatArray:
    """Mean Agatston density factor, 1 to 4, (n,), as recorded; 2.5 without calcium.

    Not from score and volume: at a given volume a higher score would then be a denser one, and
    lower a risk that the score may only raise.
    Source: Criqui MH et al. JAMA 2014;311:271-278.
    """
    return where(columns.derived(agatston) == 0, MIDDLE_SCORE, columns["cac_density_score"])


def density_for_volume(columns: Columns) -> FloatArray:
    """Density factor less the one that is usual at the patient's volume, (n,); 0 without calcium.

    The larger the volume, the denser it usually is, so that a plain factor would credit to density
    what volume says. Usual is the middle of the scale at the volume by which MESA split patients.
    A volume that is not recorded follows from score and factor.
    """
    factor, score = columns["cac_density_score"], columns.derived(agatston)
    size = first_known(columns.derived(volume), ratio(SLICE_MM * score, factor))
    usual = MIDDLE_SCORE + FACTOR_PER_LN_VOLUME * np.log(np.maximum(size, 1.0) / SMALL_VOLUME_MM3)
    return where(score == 0, 0.0, factor - usual)


def possible_density_score(score: FloatArray) -> FloatArray:
    """The factors, (n,); NaN outside 1 to 4, for which 1 % is allowed as rounding."""
    possible = (score >= 1.0 * (1 - _ROUNDING)) & (score <= 4.0 * (1 + _ROUNDING))
    return where(possible, np.clip(score, 1.0, 4.0), np.nan)


def density_at_small_volume(columns: Columns) -> FloatArray:
    """Density score minus 2.5 where the volume is 130 mm3 or less, else 0, (n,).

    Source: "Coronary Artery Calcium Density and Cardiovascular Events by Volume Level: The MESA",
    Circ Cardiovasc Imaging 2023: HR 0.57 per unit at 130 mm3 or less, 0.82 (0.55-1.22) above.
    """
    size, density = columns.derived(volume), columns.derived(density_score)
    known = ~np.isnan(size) & ~np.isnan(density)
    here = where(size <= SMALL_VOLUME_MM3, density - MIDDLE_SCORE, 0.0)
    return where(known, here, np.nan)


def share_of(
    total: Callable[[Columns], FloatArray], variable: str
) -> Callable[[Columns], FloatArray]:
    """Function of columns: the variable as a share, 0 to 1, of the total; 0 where that is 0."""

    def share(columns: Columns) -> FloatArray:
        whole = columns.derived(total)
        part = zero_without_calcium(columns, columns[variable])
        return where(whole == 0, 0.0, np.minimum(ratio(part, whole), 1.0))

    return share


def _lesions(columns: Columns) -> FloatArray:
    return zero_without_calcium(columns, columns["lesion_count"])


def _density_hu(columns: Columns) -> FloatArray:
    recorded = columns["cac_density_hu"]
    return where(columns.derived(agatston) == 0, MIDDLE_HU, recorded)


def _logged(variable: str) -> Derivation:
    return Derivation(
        f"log_{variable}",
        variable,
        lambda columns: log_plus_one(zero_without_calcium(columns, columns[variable])),
        "ln(x + 1)",
        "",
    )


def _banded_volume(columns: Columns) -> FloatArray:
    bands = [zero_without_calcium(columns, columns[f"cac_volume_{band}"]) for band in BANDS]
    return np.asarray(np.sum(bands, axis=0))


def _share(
    name: str,
    variable: str,
    total: Callable[[Columns], FloatArray],
    meaning: str,
    source: str = "",
    **more: Any,
) -> Derivation:
    return Derivation(name, variable, share_of(total, variable), meaning, source, **more)


def _from_cad_rads(name: str, least: str) -> Derivation:
    def compute(columns: Columns) -> FloatArray:
        reached = _CAD_RADS[_CAD_RADS.index(least) :]
        return np.asarray(np.sum([columns.is_code("cad_rads", code) for code in reached], axis=0))

    said = f"CAD-RADS {least} or more: yes or no"
    return Derivation(f"cad_rads_{name}", "cad_rads", compute, said, _CURY)


MORPHOLOGY = (
    _logged("lesion_count"),
    Derivation("vessel_count", "vessel_count", vessel_count, "calcified vessels, 0 to 4", ""),
    Derivation(
        "log_cac_diffuse",
        # most of it is the score: of one vessel, all of it
        "cac_agatston",
        diffuse_score,
        "ln(Agatston + 1), each further vessel a doubling up to 300 units",
        _DUDUM,
    ),
    Derivation(
        "cac_diffusion",
        "vessel_count",
        diffusion,
        "1 - score of the most affected vessel / total",
        _DUDUM,
        shown_only="It falls as calcium in the most affected vessel rises",
    ),
    _share(
        "spotty_share",
        "spotty_lesion_count",
        _lesions,
        "share of lesions that are spotty",
    ),
    _share(
        "sheet_share",
        "sheet_lesion_count",
        _lesions,
        "share of lesions that are large and dense",
    ),
    Derivation(
        "cac_density_hu",
        "cac_density_hu",
        _density_hu,
        "mean density, HU; 250 without calcium",
        _CRIQUI,
    ),
    Derivation(
        "cac_density_score",
        "cac_density_score",
        lambda columns: columns.derived(density_score),
        "mean density factor, 1 to 4; 2.5 without calcium",
        _CRIQUI,
        shown_only="Of it models learn what volume does not explain",
    ),
    Derivation(
        "cac_density_for_volume",
        "cac_density_score",
        lambda columns: columns.derived(density_for_volume),
        "density factor less the usual one at that volume; 0 without calcium",
        _CRIQUI,
        monotone=-1,
        why_monotone="It falls as volume, which may only raise risk, rises",
    ),
    Derivation(
        "cac_density_small_volume",
        "cac_density_score",
        density_at_small_volume,
        "density factor minus 2.5 where volume is 130 mm3 or less",
        "Coronary Artery Calcium Density and Cardiovascular Events by Volume Level: The MESA. Circ "
        "Cardiovasc Imaging 2023 (HR 0.57 per unit at 130 mm3 or less)",
        shown_only="It leaps as volume, which may only raise risk, passes 130 mm3",
    ),
    _logged("cac_volume_130_199"),
    _share(
        "low_density_share",
        "cac_volume_130_199",
        _banded_volume,
        "share of the volume at 130-199 HU",
        source="Han D et al. JACC Adv 2025, doi:10.1016/j.jacadv.2025.102232",
    ),
    _share(
        "share_200_299",
        "cac_volume_200_299",
        _banded_volume,
        "share of the volume at 200-299 HU",
        shown_only="What the other shares leave",
    ),
    _share(
        "share_300_399",
        "cac_volume_300_399",
        _banded_volume,
        "share of the volume at 300-399 HU",
        shown_only="What the other shares leave",
    ),
    _share(
        "high_density_share",
        "cac_volume_400_plus",
        _banded_volume,
        "share of the volume at 400 HU up",
        monotone=-1,
        why_monotone="It falls as the volume at 130-199 HU rises",
    ),
    _logged("largest_lesion_volume"),
    # On a CT angiogram: any plaque, stenosis of 50 % or more; two steps, so that each may only add.
    _from_cad_rads("any", "1"),
    _from_cad_rads("obstructive", "3"),
    *logged("plaque_volume", "noncalcified_plaque_volume", "low_attenuation_burden"),
)
