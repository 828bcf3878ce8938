"""The answer on one screen: who, how high, why, what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from clinic.drawing.bars import Bar, draw_theme_bars
from clinic.drawing.canvas import for_both_widths
from clinic.drawing.icons import draw_icons
from clinic.drawing.scale import draw_scale
from clinic.patient.guidance import Guidance
from clinic.patient.quality import find_conflicts
from clinic.patient.suppositions import NoAverage
from clinic.patient.themes import COMPETING, Theme
from clinic.patient.treatments import TreatmentPanel, TreatmentRow
from clinic.words.texts import PageTexts
from clinic.words.values import ValueWriter
from features.derivation.known_calcium import PartOfScore
from models.average_risks import WINDOW_YEARS, Average
from models.guidelines.guideline import YEARS_OF_CATEGORIES, Guideline
from models.plain_language.writing import SMALL_RISK, as_sentence
from models.treatment_effects.conditions import recorded

_BARS, _OPTIONS = 5, 3
_SMALL = 0.05


@dataclass(frozen=True)
class Overview:
    """What the first screen shows; ``who``: short facts; ``calcium``: the line on the score.

    ``average``: a fraction; ``average_note``: of whom it is the mean, or why there is none.
    ``checks``: what does not fit together in the inputs; ``contrary``: themes that lower the risk
    here though they are known to raise it; ``every_theme``: those shown and all others.
    """

    who: tuple[str, ...]
    scale: Markup
    average: float | None
    average_note: str
    calcium: tuple[str, ...]
    themes: tuple[Theme, ...]
    bars: Markup
    rest: str
    contrary: tuple[str, ...]
    checks: tuple[str, ...]
    options: tuple[TreatmentRow, ...]
    every_theme: tuple[Theme, ...]
    icons: Markup
    icons_words: str

    @property
    def calcium_sentences(self) -> str:
        """The lines on the score one after another, each closed by a full stop."""
        return " ".join(map(as_sentence, self.calcium))


@dataclass(frozen=True)
class OverviewWriter:
    """Makes the overview; holds what is the same for every patient."""

    writer: ValueWriter
    guideline: Guideline

    @property
    def texts(self) -> PageTexts:
        """The words of the page."""
        return self.writer.texts

    def write(
        self,
        patient: Mapping[str, Any],
        risk: float,
        interval: tuple[float, float] | None,
        average: Average | NoAverage,
        themes: tuple[Theme, ...],
        panel: TreatmentPanel,
        guidance: Guidance,
        percentile: str,
        trend: str,
        part: PartOfScore | None = None,
    ) -> Overview:
        """The overview of one patient; risks are fractions by the main horizon.

        ``part``: of a calcium score that is not known.
        """
        shown = [t for t in themes if abs(t.points) >= _SMALL and t.name != COMPETING][:_BARS]
        competing = [t for t in themes if t.name == COMPETING]
        rest = sum(t.points for t in themes) - sum(t.points for t in (*shown, *competing))
        icons, words = self._icons(risk, panel)
        mean = average.risk if isinstance(average, Average) else None
        return Overview(
            self._who(patient, part),
            self._scale(risk, interval, mean, panel),
            mean,
            self._average_note(average),
            self._calcium(patient, guidance, percentile, trend, part),
            (*shown, *competing),
            self._bars([*shown, *competing]),
            self.texts("overview.rest", points=self.texts.write.signed(rest)),
            tuple(t.label for t in shown if t.contrary),
            tuple(self.texts(key) for key in find_conflicts(patient)),
            one_of_each(panel.offered)[:_OPTIONS],
            themes,
            icons,
            words,
        )

    def _who(self, patient: Mapping[str, Any], part: PartOfScore | None) -> tuple[str, ...]:
        facts = []
        for name in ("age", "sex", "cac_agatston", "ldl_cholesterol", "statin_intensity"):
            value = recorded(patient, name)
            said = "–"
            if value is not None:
                said = self.writer.say(name, value)
            elif name == "cac_agatston" and part is not None and part.least > 0:
                said = f"≥ {self.writer.say(name, np.floor(part.least))}"
            facts.append(self.texts(f"overview.who.{name}", value=said))
        high, low = (recorded(patient, name) for name in ("systolic_bp", "diastolic_bp"))
        if high is not None:
            pressure = "/".join(self.texts.write.pressure(p) for p in (high, low) if p is not None)
            facts.append(self.texts("overview.who.pressure", value=pressure))
        return tuple(facts)

    def _scale(
        self,
        risk: float,
        interval: tuple[float, float] | None,
        average: float | None,
        panel: TreatmentPanel,
    ) -> Markup:
        texts = self.texts
        limits = ""
        if interval is not None:
            low, high = (self.texts.write.percent(limit) for limit in interval)
            limits = texts("overview.interval", low=low, high=high)
        said = texts("overview.scale_words", risk=self.texts.write.percent(risk), interval=limits)
        label = (
            texts("overview.average", risk=self.texts.write.percent(average))
            if average is not None
            else ""
        )
        # the categories are those of a ten-year risk of cardiovascular events, and of no other
        by_guideline = panel.horizon == YEARS_OF_CATEGORIES and not panel.on_any_death
        bounds = self.guideline.risk.bounds if by_guideline else ()
        title = texts("overview.scale_title" if by_guideline else "overview.scale_title_alone")
        return for_both_widths(
            lambda narrow: draw_scale(
                risk, interval, average, bounds, title, f"{said} {label}", label, narrow
            )
        )

    def _average_note(self, average: Average | NoAverage) -> str:
        if isinstance(average, NoAverage):
            return self.texts(f"overview.no_average.{average}")
        return self.texts(
            "overview.average_of_weighted" if average.weighted else "overview.average_of",
            n=self.texts.write.whole(average.patients),
            years=self.texts.write.general(WINDOW_YEARS),
        )

    def _calcium(
        self,
        patient: Mapping[str, Any],
        guidance: Guidance,
        percentile: str,
        trend: str,
        part: PartOfScore | None,
    ) -> tuple[str, ...]:
        score, texts = recorded(patient, "cac_agatston"), self.texts
        if part is not None:
            least = texts.write.score(part.least)
            key = "overview.earlier_calcium" if part.earlier else "overview.part_of_calcium"
            said = texts(key, score=least, known=part.known)
        elif score is None:
            # of an earlier one the line on the change says that it is recorded
            earlier = recorded(patient, "prior_cac_agatston") is not None
            said = "" if earlier and trend else texts("overview.no_calcium")
        else:
            written = texts.write.score(float(score))
            said = texts("overview.calcium", score=written, drs=guidance.drs)
        compared = percentile if score is not None else ""
        return tuple(line for line in (said, compared, trend) if line)

    def _bars(self, themes: Sequence[Theme]) -> Markup:
        rows = [Bar(theme.label, theme.points, theme.limits, theme.estimated) for theme in themes]
        words = "; ".join(f"{row.label} {self.texts.write.signed(row.points)}" for row in rows)
        description = self.texts("overview.bars_words", list=words)
        title = self.texts("overview.why")
        return for_both_widths(
            lambda narrow: draw_theme_bars(
                rows, title, description, narrow, numerals=self.texts.write
            )
        )

    def _icons(self, risk: float, panel: TreatmentPanel) -> tuple[Markup, str]:
        after = None if panel.combined is None else panel.combined.after.estimate
        events, spared, words = tell_of_hundred(risk, after, self.texts)
        return draw_icons(events, spared, self.texts("overview.icons_title"), words), words


def tell_of_hundred(risk: float, after: float | None, texts: PageTexts) -> tuple[int, int, str]:
    """Of a hundred, who has the event, who is spared it, and that in words.

    ``after``: the risk with the ticked treatments, None where none counts.
    """
    # below 1 % sentences speak of 1000 people, and a whole one of 100 would be more than they say
    events = 0 if risk < SMALL_RISK else round(100 * risk)
    spared = 0 if after is None else events - round(100 * after)
    # that nobody is left, or nobody has it at all, is what rounding says, and not the risk
    spared = 0 if spared == events else spared
    key = "overview.icons_spared" if spared else "overview.icons"
    said = texts(
        key if events else "overview.icons_few", n=events, spared=spared, left=events - spared
    )
    return events, spared, said


def one_of_each(rows: Sequence[TreatmentRow]) -> tuple[TreatmentRow, ...]:
    """Of options that exclude each other the ticked one, else the first."""
    shown: dict[str, TreatmentRow] = {}
    for row in rows:
        key = row.exclusive or row.name
        if key not in shown or row.chosen:
            shown[key] = row
    return tuple(shown.values())
