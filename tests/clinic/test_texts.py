from __future__ import annotations

import re

import pandas as pd
import pytest

from clinic.site import FOLDER
from clinic.words.texts import load_texts
from models.plain_language.leaflet import load_leaflet_texts
from models.reference_scores.reference_score import Inputs
from models.reference_scores.registry import REFERENCE_SCORES


def test_every_text_that_a_template_asks_for_is_there() -> None:
    texts = load_texts().texts
    for template in (FOLDER / "templates").glob("*.html"):
        asked = re.findall(r'\bt\("([\w.]+)"[,)]', template.read_text(encoding="utf-8"))
        assert set(asked) <= set(texts), template.name


def test_every_text_is_used_somewhere() -> None:
    sources = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    everything = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    dynamic = (
        "population.directions.",
        "codes.",
        "refused.",
        "groups.names.",
        "calcium.",
        "menu.",
        "swarm.",
        "curve.",
        "themes.",
        "list.flag.",
        "list.category_name.",
        "ordinal.",
        "trend.",
        "growth.rates.",
        "growth.volume.",
        "growth.pace.",
        "growth.ledger.on_",
        "categories.",
        "guidance.topics.",
        "guidance.checked.",
        "overview.who.",
        "overview.no_average.",
        "comparison.facts.",
    )
    unused = [
        key
        for key in load_texts().texts
        if not key.startswith(dynamic)
        and f'"{key}"' not in everything
        and f"'{key}'" not in everything
        and not key.startswith("treatments.")
    ]
    assert unused == []


def test_a_template_holds_no_words_of_its_own() -> None:
    for template in (FOLDER / "templates").glob("*.html"):
        page = re.sub(r"\{[{%#].*?[}%#]\}", "", template.read_text(encoding="utf-8"), flags=re.S)
        words = re.findall(r">([^<>]*[a-z]{3,}[^<>]*)<", page)
        assert [word for word in words if word != "mmol/L"] == [], template.name


def test_whom_a_score_is_valid_for_reads_as_a_sentence() -> None:
    table = pd.DataFrame({"age": [60.0], "ethnicity": ["south_asian"], "diabetes": [1.0]})
    inputs = Inputs(table.astype({"ethnicity": "str"}))
    for score in REFERENCE_SCORES.values():
        for found in score.find(inputs, 10.0):
            if found.kind == "not for these patients":
                assert not re.match(r"must |is |needs ", found.rule), found.rule


@pytest.mark.parametrize("n", [1, 2, 40])
def test_german_counts_of_people_agree_with_their_verb(n: int) -> None:
    leaflet, plain = load_leaflet_texts("de"), load_texts("de").plain
    counted = {f"icons of {n}": load_texts("de")("overview.icons", n=n)}
    for what in ("many", "few", "many_die", "few_die"):
        counted[what] = leaflet[f"risk.{what}"].format(years=10, n=n, others=100 - n)
    for key in ("per_hundred", "per_thousand"):
        for event in ("risk", "death"):
            said = plain.say(f"{event}.{key}", n=str(n), percent="", years="10 Jahre")
            counted[f"{event} {key}"] = said
    # the event is the subject, so that one person and several stand in the same sentence
    for said in counted.values():
        assert " trifft" in said and not re.search(r"\b(haben|sterben|erleiden)\b", said)
