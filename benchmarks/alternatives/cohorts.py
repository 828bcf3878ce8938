"""The real cohorts, where each comes from, and which half it belongs to.

Fixed before anything was run: what is changed in the model is chosen on one half and has to hold
on the other. The two Framingham cohorts share people, so they share a half. Cohorts: 400 patients
or more, right-censored, one row per patient.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from benchmarks.alternatives.cohort import BenchmarkCohort, encode, judge_at, right_censored

Half = Literal["choose", "confirm"]
Table = tuple[pd.DataFrame, pd.Series, pd.Series]

FILES = Path(os.environ.get("CALCIRISK_COHORTS", Path(__file__).parents[3] / "shared" / "cohorts"))


@dataclass(frozen=True)
class Source:
    """One cohort: its endpoint in words, where it is read from, its half."""

    name: str
    endpoint: str
    cardiovascular: bool
    half: Half
    origin: str
    read: Callable[[], Table]

    def load(self) -> BenchmarkCohort:
        """Read and encode. Raises FileNotFoundError or ImportError where the source is not here."""
        covariates, time, event = self.read()
        endpoint = right_censored(time, event)
        times, horizons = judge_at(endpoint)
        return BenchmarkCohort(self.name, encode(covariates), endpoint, times, horizons)


LEFT_OUT = {
    # known only after entry: cause of death, state two months later, a stay that death ends
    "flchain": ("fac_chapter", "num_sample_yr", "fac_sample_yr"),
    "support2": ("fac_sfdm2",),
    "grace": ("num_los",),
    # the calendar of entry (in flchain, too) decides who is censored, which every figure that is
    # weighted for censoring takes to be chance
    "whas500": ("num_los", "fac_year", "num_week"),
    "prostate": ("num_sdate",),
    "rott2": ("num_year", "fac_recent"),
    "dataDIVAT1": ("num_year_tx", "fac_year_tx"),
}
"""Columns left out for every method."""


def _survset(key: str) -> Callable[[], Table]:
    def read() -> Table:
        from SurvSet.data import SurvLoader

        table = SurvLoader().load_dataset(ds_name=key)["df"]
        covariates = table.drop(columns=["pid", "event", "time", *LEFT_OUT.get(key, ())])
        return covariates, table["time"], table["event"]

    return read


def _read_smart() -> Table:
    """Pressure by the automatic device, else by hand: which of them was used tells the calendar."""
    table = pd.read_csv(FILES / "smart.csv")
    by_hand, codes = ["SYSTH", "DIASTH"], ["SEX", "SMOKING", "ALCOHOL", "ALBUMIN"]
    covariates = table.drop(columns=["TEVENT", "EVENT", *by_hand])
    covariates["SYSTBP"] = table["SYSTBP"].fillna(table["SYSTH"])
    covariates["DIASTBP"] = table["DIASTBP"].fillna(table["DIASTH"])
    covariates[codes] = covariates[codes].astype("Int64").astype("string")
    return covariates, table["TEVENT"], table["EVENT"]


def _read_framingham() -> Table:
    """First exam, no cardiovascular disease before it; death from another cause is censored."""
    table = pd.read_csv(FILES / "framingham_frmgham2.csv")
    table.columns = table.columns.str.upper()
    free = (table["PREVCHD"] == 0) & (table["PREVSTRK"] == 0)
    table = table[(table["PERIOD"] == 1) & free].reset_index(drop=True)
    known = ["SEX", "TOTCHOL", "AGE", "SYSBP", "DIABP", "CURSMOKE", "CIGPDAY", "BMI", "DIABETES"]
    known += ["BPMEDS", "HEARTRTE", "GLUCOSE", "EDUC", "PREVHYP"]
    return table[known], table["TIMECVD"], table["CVD"]


def _from_survset(
    name: str, key: str, endpoint: str, half: Half, cardiovascular: bool = False
) -> Source:
    return Source(name, endpoint, cardiovascular, half, f"SurvSet: {key}", _survset(key))


SOURCES = (
    _from_survset("whas500", "whas500", "death after infarction", "confirm", True),
    _from_survset("prostate", "prostate", "death, prostate cancer", "choose"),
    _from_survset("copenhagen-stroke", "cost", "death after stroke", "choose", True),
    _from_survset("follicular", "follic", "death, lymphoma", "confirm"),
    _from_survset("uis", "uis", "return to drugs", "confirm"),
    _from_survset("gbsg2", "GBSG2", "recurrence, breast cancer", "confirm"),
    _from_survset("colon", "colon", "death, colon cancer", "choose"),
    _from_survset("grace", "grace", "death, coronary syndrome", "choose", True),
    _from_survset("leukaemia", "LeukSurv", "death, leukaemia", "choose"),
    _from_survset("actg", "actg", "AIDS or death", "choose"),
    _from_survset("trace", "TRACE", "death after infarction", "confirm", True),
    _from_survset("aids", "Aids2", "death, AIDS", "confirm"),
    _from_survset("rotterdam", "rott2", "recurrence or death, breast cancer", "choose"),
    Source(
        "smart",
        "vascular event",
        True,
        "confirm",
        "R package hdnom: smart.csv",
        _read_smart,
    ),
    _from_survset("wilms", "nwtco", "relapse, Wilms tumour", "choose"),
    Source(
        "framingham-cvd",
        "cardiovascular event, exam 1",
        True,
        "choose",
        "R package riskCommunicator: framingham_frmgham2.csv",
        _read_framingham,
    ),
    _from_survset("framingham-chd", "Framingham", "coronary disease", "choose", True),
    _from_survset("rhc", "rhc", "death, critically ill", "confirm"),
    _from_survset("divat1", "dataDIVAT1", "graft failure or death", "confirm"),
    _from_survset("flchain", "flchain", "death, general population", "confirm"),
    _from_survset("support2", "support2", "death, seriously ill", "choose"),
    _from_survset("ovarian", "dataOvarian1", "death, ovarian cancer", "confirm"),
)
"""By size, the smallest first, but for the one with most columns."""
