"""Numbers as a language writes them: its decimal sign and its separator of thousands."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from features.derivation.calcium import read_score

_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_MOST_DIGITS = 9


@dataclass(frozen=True)
class Numerals:
    """Writes numbers.

    >>> german = Numerals(",", ".")
    >>> german.percent(0.0234), german.count(1250), german.signed(-1.25), german.number(1234.4)
    ('2,3\\xa0%', '1.250', '−1,2', '1234')
    """

    decimal: str = "."
    thousands: str = ","

    def localise(self, shown: str) -> str:
        """A number that is written in English (1,250.5) as this language writes it."""
        return shown.translate({ord("."): self.decimal, ord(","): self.thousands})

    def fixed(self, value: float, digits: int) -> str:
        """So many digits after the decimal sign, no separator of thousands."""
        return self.localise(f"{value:.{digits}f}")

    def general(self, value: float) -> str:
        """As short as six digits allow.

        >>> Numerals().general(10.0), Numerals(",").general(0.5)
        ('10', '0,5')
        """
        return self.localise(f"{value:g}")

    def count(self, value: float) -> str:
        """A whole number with separators of thousands."""
        return self.localise(f"{value:,.0f}")

    def whole(self, value: float) -> str:
        """A whole number without them; the sign of infinity where it has no end."""
        return f"{value:.0f}" if math.isfinite(value) else "∞"

    def score(self, value: float) -> str:
        """A calcium score in whole units, rounded down: what is said is of the class it is in.

        >>> Numerals().score(0.3), Numerals().score(99.7), Numerals().score(300.0)
        ('1', '99', '300')
        """
        return self.whole(math.floor(read_score(value)))

    def pressure(self, value: float) -> str:
        """A blood pressure, with a tenth where it is a mean of several.

        >>> Numerals().pressure(130.0), Numerals().pressure(129.5)
        ('130', '129.5')
        """
        return self.fixed(value, 0 if value == round(value) else 1)

    def percent(self, fraction: float, bounds: Collection[float] = ()) -> str:
        """A risk: one decimal below 10 %, none above; the sign stays on the line of its number.

        ``bounds``: where categories begin, as fractions. What is written is of the risk's category:
        it has further decimals where it would be rounded into the next.

        >>> Numerals().percent(0.0234), Numerals().percent(0.31), Numerals().percent(0.0004)
        ('2.3\\xa0%', '31\\xa0%', '<0.1\\xa0%')
        >>> Numerals().percent(0.0996, [0.05, 0.1]), Numerals().percent(0.101, [0.05, 0.1])
        ('9.96\\xa0%', '10\\xa0%')
        """
        return self._percent(fraction, 1 if 100 * fraction < 9.95 else 0, bounds)

    def tenths(self, fraction: float, bounds: Collection[float] = ()) -> str:
        """A risk with one decimal, where small differences matter; ``bounds`` as of `percent`.

        >>> Numerals().tenths(0.0234), Numerals().tenths(0.174), Numerals().tenths(0.0004)
        ('2.3\\xa0%', '17.4\\xa0%', '<0.1\\xa0%')
        """
        return self._percent(fraction, 1, bounds)

    def _percent(self, fraction: float, digits: int, bounds: Collection[float]) -> str:
        value = 100 * fraction
        if 0 < value < 0.05:
            return f"<{self.fixed(0.1, 1)}{_SPACE}%"
        passed = [bound for bound in bounds if fraction >= bound]
        while digits < _MOST_DIGITS and passed != [
            bound for bound in bounds if float(f"{value:.{digits}f}") / 100 >= bound
        ]:
            digits += 1
        return f"{self.fixed(value, digits)}{_SPACE}%"

    def number(self, value: float) -> str:
        """A number with as many digits as matter, as a field of a form would take it.

        >>> [Numerals().number(value) for value in (1234.4, 41.26, 1.503, 0.5)]
        ['1234', '41.3', '1.5', '0.5']
        """
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        shown = f"{value:.{digits}f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return self.localise(shown).replace("-", _MINUS)

    def signed(self, points: float) -> str:
        """Percentage points with a sign that is as wide as a plus.

        >>> Numerals().signed(-1.25), Numerals().signed(0.04)
        ('−1.2', '0.0')
        """
        shown = f"{points:+.1f}"
        shown = "0.0" if shown in ("+0.0", "-0.0") else shown.replace("-", _MINUS)
        return self.localise(shown)


ENGLISH = Numerals()
