"""What a page says of values beyond those of the training patients."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from clinic.patient.quality import judge_quality
from clinic.words.texts import load_texts
from clinic.words.values import ValueWriter
from features.derivation.catalogue import derive_features
from models.input_ranges import InputRanges
from models.scorer import Scorer

RANGES = InputRanges(
    {"systolic_bp": (90.0, 170.0), "hiv": (0.0, 0.0)}, (), {"smoking_status": ("former", "never")}
)
PATIENT = pd.DataFrame({"systolic_bp": [190.0], "hiv": [1.0], "smoking_status": ["current"]})


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_value_outside_is_told_beside_what_the_training_had(
    scorer: Scorer, language: str
) -> None:
    known = replace(scorer, ranges=RANGES)
    texts = load_texts(language)
    writer = ValueWriter(scorer.dictionary, texts)
    beyond = RANGES.name_outside(PATIENT, {name: name for name in RANGES.names})[0].split("; ")
    features = derive_features(PATIENT)
    outside = judge_quality(PATIENT, features, known, writer, beyond).outside
    smoked = "; ".join(texts.code(level) for level in ("former", "never"))
    spans = {label: span for label, _, span in outside}
    assert spans == {
        texts.label(scorer.dictionary["systolic_bp"]): texts(
            "quality.training", span=texts("quality.range", low="90", high="170", unit="mmHg")
        ),
        texts.label(scorer.dictionary["hiv"]): texts("quality.shared", value=texts("form.no")),
        texts.label(scorer.dictionary["smoking_status"]): texts("quality.levels", values=smoked),
    }
