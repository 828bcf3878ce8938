from __future__ import annotations

import doctest

import models.plain_language.numerals
from models.plain_language.numerals import Numerals


def test_the_examples_in_the_docstrings_are_true() -> None:
    tested = doctest.testmod(models.plain_language.numerals)
    assert tested.attempted > 0
    assert tested.failed == 0


def test_a_language_changes_signs_and_no_digits() -> None:
    english, german = Numerals(), Numerals(",", ".")
    for value in (0.04, 0.5, 3.14159, 99.96, 1250.0, 4_699_123.0):
        for write in ("percent", "tenths", "number", "general", "count", "whole", "signed"):
            shown, other = (getattr(one, write)(value) for one in (english, german))
            assert shown.translate({44: ".", 46: ","}) == other
