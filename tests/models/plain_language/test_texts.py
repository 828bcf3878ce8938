from __future__ import annotations

from pathlib import Path

import pytest

from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError
from models.plain_language.texts import Texts

TEXTS = Texts.load()


def test_every_variable_has_a_name_in_plain_words() -> None:
    named = {key.removeprefix("names.") for key in TEXTS.texts if key.startswith("names.")}
    assert named == set(Dictionary.load())


def test_every_code_has_a_plain_word() -> None:
    said = {key.removeprefix("codes.") for key in TEXTS.texts if key.startswith("codes.")}
    assert said == {code for variable in Dictionary.load().values() for code in variable.codes}


def test_a_list_reads_as_a_person_would_say_it() -> None:
    assert [TEXTS.join(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(("n", "said"), [("1", "1 year"), ("2", "2 years"), ("0.5", "0.5 years")])
def test_one_is_singular_and_all_else_plural(n: str, said: str) -> None:
    assert TEXTS.count("years", n) == said


def test_a_translation_that_lacks_a_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "texts_xx.yaml"
    path.write_text("years:\n  one: x\n  other: x\n")
    with pytest.raises(ConfigError, match="association"):
        Texts.load("xx", path)
    with pytest.raises(ConfigError):
        Texts.load("absent")


def test_a_text_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "texts_xx.yaml"
    path.write_text("years: 3\n")
    with pytest.raises(ConfigError, match="years must be a text"):
        Texts.load("xx", path)
