"""What the page says of growth."""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from clinic.patient.growth.section import GrowthSection, GrowthWriter
from clinic.patient.suppositions import known_of
from clinic.site import Site
from clinic.words.texts import load_texts
from features.derivation.catalogue import derive_features
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from models.progression import contributions
from models.progression.forecaster import Forecaster
from models.progression.next_scan import next_category
from models.progression.two_scans import change

MAN = {"age": 62.0, "sex": "male", "bmi": 27.0, "systolic_bp": 140.0}


def _section(forecaster: Forecaster | None, **values: object) -> GrowthSection:
    covariates = pd.DataFrame({name: [value] for name, value in {**MAN, **values}.items()})
    covariates["sex"] = covariates["sex"].astype("str")
    dictionary = Dictionary.load()
    columns = Columns(covariates, dictionary)
    features = derive_features(columns, dictionary)
    writer = GrowthWriter(forecaster, dictionary, load_texts())
    return writer.write(covariates, features, known_of(columns))


@pytest.mark.parametrize(
    ("earlier", "now", "said"),
    [
        (150.0, 180.0, "Neither growth nor regression"),
        (90.0, 180.0, "a real rise"),
        (0.0, 8.0, "Neither growth nor regression"),
        (0.0, 15.0, "a real rise"),
        (180.0, 120.0, "Neither growth nor regression"),
        (400.0, 100.0, "no therapy has been shown to reverse calcium"),
    ],
)
def test_a_change_is_judged_by_what_a_rescan_would_show(
    earlier: float, now: float, said: str
) -> None:
    section = _section(None, prior_cac_agatston=earlier, cac_agatston=now, prior_scan_years=3.0)
    assert said in section.change.line


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "no_earlier"),
        ({"cac_agatston": 90.0}, "no_earlier"),
        ({"cac_agatston": 90.0, "prior_cad": 1.0, "prior_pci": 0.0}, "no_earlier"),
        ({"prior_cac_agatston": 90.0}, "no_score_now"),
        ({"prior_cac_agatston": 90.0, "cac_agatston_lad": 400.0}, "no_score_now"),
        ({"cac_agatston": 90.0, "prior_cac_volume": 70.0}, "no_earlier_score"),
        ({"cac_agatston": 90.0, "prior_scan_years": 4.0}, "no_earlier_score"),
        ({"prior_scan_technique": "electron_beam"}, "no_earlier_score"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_without_two_scores_the_one_that_is_not_recorded_is_named(
    site: Site, values: dict[str, object], key: str, language: str
) -> None:
    spoken = site.speaking(language)
    table = pd.DataFrame({name: [value] for name, value in {**MAN, **values}.items()})
    covariates = table.astype({name: "str" for name in table if isinstance(table[name][0], str)})
    change = spoken.assessor.assess(covariates, spoken.assessor.horizons[-1]).growth.change
    assert change.line == ""
    assert change.without == spoken.texts(f"growth.{key}", first="90")


@pytest.mark.parametrize("weight", [45.0, 80.0, 150.0])
def test_the_limit_that_the_page_names_is_the_one_that_the_verdict_goes_by(weight: float) -> None:
    measured = {"bmi": None, "height": 175.0, "weight": weight}
    given = {"bmi": weight / 1.75**2}
    for rise in range(60, 100):
        scans = {"prior_cac_agatston": 100.0, "cac_agatston": 100.0 + rise, "prior_scan_years": 3.0}
        line = _section(None, **scans, **measured).change.line
        assert line == _section(None, **scans, **given).change.line
        found = re.search(r"up to (\d+)", line)
        assert found and ("a real rise" in line) == (rise > int(found[1])), line


def test_a_forecast_is_explained_and_a_change_is_judged_once_for_a_page(
    forecaster: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = {"prior_cac_agatston": 90.0, "cac_agatston": 180.0, "prior_scan_years": 3.0}
    before, done = _section(forecaster, **scans), list[str]()

    def count(module: ModuleType, name: str) -> None:
        work = getattr(module, name)

        def counted(*given: object) -> object:
            done.append(name)
            return work(*given)

        monkeypatch.setattr(module, name, counted)

    count(contributions, "_follow")
    count(change, "_judge")
    assert _section(forecaster, **scans) == before
    assert len(before.pace) == 2
    assert sorted(done) == ["_follow", "_judge"]


def test_scans_that_were_not_taken_alike_are_not_compared() -> None:
    scans = {"prior_cac_agatston": 90.0, "cac_agatston": 180.0, "prior_scan_years": 3.0}
    for now, before, said in ((3.0, 1.5, "not comparable"), (3.0, 3.0, "a real rise")):
        made = {"slice_thickness": now, "prior_slice_thickness": before}
        assert said in _section(None, **scans, **made).change.line
    assert "a real rise" in _section(None, **scans, tube_voltage=120.0).change.line
    for alike, said in ((0.0, "not comparable"), (1.0, "a real rise")):
        assert said in _section(None, **scans, prior_scan_comparable=alike).change.line


@pytest.mark.parametrize(
    ("values", "judged"),
    [
        ({"prior_cac_agatston": 90.0, "cac_agatston": 180.0}, True),
        ({"prior_cac_agatston": 90.0, "cac_agatston": 180.0, "prior_scan_comparable": 0.0}, False),
        ({"prior_cac_agatston": 90.0}, False),
        ({"cac_agatston": 180.0}, False),
        ({"prior_cac_volume": 90.0, "cac_volume": 400.0}, True),
        ({"prior_cac_volume": 90.0, "cac_volume": 400.0, "prior_scan_comparable": 0.0}, False),
    ],
)
def test_what_is_judged_by_the_limits_of_a_rescan_says_so_and_nothing_else(
    values: dict[str, float], judged: bool
) -> None:
    change = _section(None, prior_scan_years=3.0, **values).change
    assert change.is_judged == judged
    said = f"{change.line} {change.volume}"
    assert any(word in said for word in ("rise", "fall", "rescan")) == judged


def test_the_page_says_in_what_two_scans_were_made_differently_and_works_nothing_out_of_them(
    forecaster: Forecaster,
) -> None:
    scans = {"prior_cac_agatston": 90.0, "cac_agatston": 180.0, "prior_scan_years": 3.0}
    made = {
        "slice_thickness": 3.0,
        "prior_slice_thickness": 1.5,
        "ecg_gating": "none",
        "prior_ecg_gating": "prospective",
        "tube_voltage": 120.0,
        "prior_tube_voltage": 120.0,
        "scan_technique": "multidetector",
    }
    section = _section(forecaster, **scans, **made, statin_intensity="high")
    assert "differently (Slice thickness 1.5 mm, now 3 mm; ECG gating prospective, now none)." in (
        section.change.line
    )
    assert section.first_screen == section.change.line
    assert section.change.rates == () and section.pace == () and section.change.volume == ""
    assert section.outlook is not None
    alike = _section(forecaster, **scans).outlook
    assert alike is not None
    # the scan of now alone is drawn
    assert str(section.outlook.fan).count("<circle") == str(alike.fan).count("<circle") - 2


@pytest.mark.parametrize(
    ("now", "rise"), [(180.0, True), (90.0, False), (95.0, False), (5.0, False)]
)
def test_only_of_a_rise_it_is_said_that_it_is_no_sign_of_a_statins_failure(
    now: float, rise: bool
) -> None:
    scans = {"prior_cac_agatston": 90.0, "cac_agatston": now, "prior_scan_years": 3.0}
    for intensity in ("none", "high"):
        section = _section(None, **scans, statin_intensity=intensity)
        said = section.first_screen.removeprefix(section.change.line)
        assert ("statin" in said) == (rise and intensity == "high")


def test_a_rise_on_a_statin_without_more_low_density_calcium_is_densification() -> None:
    scans = {
        "prior_cac_agatston": 90.0,
        "cac_agatston": 180.0,
        "prior_scan_years": 3.0,
        "prior_cac_volume_130_199": 60.0,
        "cac_volume_130_199": 50.0,
        "statin_intensity": "high",
    }
    assert _section(None, **scans).change.densified
    for other in ({"cac_volume_130_199": 70.0}, {"statin_intensity": "none"}):
        assert not _section(None, **{**scans, **other}).change.densified


def test_the_table_holds_the_forecast(forecaster: Forecaster) -> None:
    outlook = _section(forecaster, cac_agatston=150.0).outlook
    assert outlook is not None
    table = forecaster.forecast(pd.DataFrame({**{k: [v] for k, v in MAN.items()},
                                              "cac_agatston": [150.0]}))  # fmt: skip
    for row in outlook.expected:
        assert float(row.mean) == pytest.approx(table[f"cac_{row.years}y"].iloc[0], abs=0.5)
        low, high = map(float, row.interval_90.split(" to "))
        assert low == pytest.approx(table[f"cac_{row.years}y_q05"].iloc[0], abs=0.5)
        assert high == pytest.approx(table[f"cac_{row.years}y_q95"].iloc[0], abs=0.5)
    assert outlook.passing == ("Above 300", "Above 400")


def test_reasons_and_rest_sum_to_the_difference_from_people_with_the_same_score(
    forecaster: Forecaster,
) -> None:
    outlook = _section(forecaster, cac_agatston=150.0, family_history=1.0, diabetes=1.0).outlook
    assert outlook is not None
    own, others = map(float, re.findall(r": (\d+)", outlook.against))
    wide = str(outlook.bars).split("only-narrow")[0]
    shown = re.findall(r">([−+]?[\d.]+)</text>", wide)
    rest = re.findall(r"([−+]?[\d.]+) AU", outlook.rest)
    total = sum(float(one.replace("−", "-")) for one in (*shown, *rest))
    assert len(shown) >= 2
    assert total == pytest.approx(own - others, abs=1.0 + 0.05 * len(shown))


def test_a_scan_is_proposed_only_where_it_would_change_what_is_done(forecaster: Forecaster) -> None:
    for score, said in (
        (0.0, "chance of calcium"),
        (50.0, "above 100"),
        (900.0, "None is proposed"),
    ):
        outlook = _section(forecaster, cac_agatston=score).outlook
        assert outlook is not None
        assert said in " ".join(outlook.next_scan)
        assert ("None is proposed" in said) == bool(np.isnan(next_category(np.array([score]))[0]))


@pytest.mark.parametrize("disease", [{"cad_rads": "3"}, {"prior_stroke": 1.0}, {"prior_pci": 1.0}])
def test_what_is_published_of_a_score_of_0_is_not_said_of_the_diseased(
    forecaster: Forecaster, disease: dict[str, object]
) -> None:
    for values in ({}, disease):
        outlook = _section(forecaster, cac_agatston=0.0, **values).outlook
        assert outlook is not None
        assert ("one in four" in outlook.next_scan[-1]) == (not values)


@pytest.mark.parametrize("score", [90.0, 99.7, 285.0])
def test_a_limit_that_a_rescan_of_today_may_pass_is_not_said_to_be_reached_after_some_time(
    forecaster: Forecaster, score: float
) -> None:
    outlook = _section(forecaster, cac_agatston=score).outlook
    assert outlook is not None
    (said,) = outlook.next_scan
    assert "no sign of growth" in said and "years" not in said


def test_without_a_score_or_a_model_nothing_is_said_of_later_scores(forecaster: Forecaster) -> None:
    for section in (_section(forecaster), _section(None, cac_agatston=150.0)):
        assert section.outlook is None
        assert "nothing is said of later" in section.without


def test_null_results_are_shown_as_null_under_the_sentence_on_events() -> None:
    section = _section(None, vitamin_k2=180.0)
    assert "has not been shown to prevent events" in section.headline
    rows = {row.id: row for row in section.ledger}
    assert rows["vitamin_k2"].calcium == "no effect"
    assert rows["vitamin_k2"].concerned
    assert not rows["statin"].concerned


def test_the_page_shows_growth_below_its_first_screen(site: Site, client: object) -> None:
    patients = site.store.list_patients("patient_id", False, 12).patients
    pages = [client.get(f"/patients/{one.key}").text for one in patients]  # type: ignore[attr-defined]
    assert any("Neither growth nor regression" in page for page in pages)
    for page in pages:
        answer, _, below = page.partition('<details class="block" id="growth">')
        assert "has not been shown to prevent events" in below
        assert "has not been shown to prevent events" not in answer


def test_nothing_on_the_page_promises_regression(site: Site, client: object) -> None:
    patients = site.store.list_patients("patient_id", False, 4).patients
    for one in patients:
        page = client.get(f"/patients/{one.key}").text  # type: ignore[attr-defined]
        sentences = re.sub(r"<[^>]*>", " ", page).split(".")
        told = [each for each in sentences if "regress" in each or "revers" in each]
        assert told
        for each in told:
            assert re.search(r"\b(no|not|neither|nor)\b", each, re.I), each


def test_a_volume_measured_twice_is_judged_where_a_score_is_not_recorded_twice() -> None:
    volumes = {"prior_cac_volume": 100.0, "cac_volume": 300.0, "prior_scan_years": 4.0}
    for scores in ({}, {"cac_agatston": 240.0}, {"prior_cac_agatston": 90.0}):
        change = _section(None, **volumes, **scores).change
        assert (change.line, change.volume) == ("", "By volume: a real rise.")
    alone = {"cac_volume": 300.0, "prior_scan_years": 4.0}
    assert _section(None, **alone).change.volume == ""


def test_a_pace_beside_a_change_within_noise_is_said_to_be_noise() -> None:
    def within(earlier: float, now: float) -> bool:
        years = {"prior_scan_years": 0.1}
        scores = {"prior_cac_agatston": earlier, "cac_agatston": now}
        return _section(None, **scores, **years).change.within_noise

    assert within(100.0, 150.0) and within(150.0, 100.0)
    assert not within(100.0, 400.0) and not within(0.0, 0.0)


def test_whoever_had_calcium_is_told_nothing_of_people_without(forecaster: Forecaster) -> None:
    years = {"cac_agatston": 0.0, "prior_scan_years": 4.0}
    for before in ({"prior_cac_agatston": 80.0}, {"prior_cac_volume": 60.0}):
        outlook = _section(forecaster, **years, **before).outlook
        assert outlook is not None
        (said,) = outlook.next_scan
        assert "Calcium was seen on an earlier scan" in said
    never = _section(forecaster, **years, prior_cac_agatston=0.0).outlook
    assert never is not None and "one in four has calcium" in never.next_scan[-1]


def test_years_to_the_next_scan_are_written_in_tenths(site: Site) -> None:
    for score in (10.0, 60.0, 90.0, 150.0, 200.0, 250.0):
        values = {"age": [60.0], "sex": ["male"], "cac_agatston": [score]}
        view = site.assessor.assess(pd.DataFrame(values).astype({"sex": "str"}), 10.0)
        assert view.growth.outlook is not None
        for said in view.growth.outlook.next_scan:
            assert all("." in n for n in re.findall(r"about ([\d.]+) years", said))
