"""Command clinic: puts the pages together and serves them."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clinic.access.audit import AuditTrail
from clinic.access.guard import Guard
from clinic.access.security import Access
from clinic.app import create_app
from clinic.model_facts import describe_model
from clinic.patient.assessor import Assessor
from clinic.population import Population
from clinic.scored_patients.store import PatientStore
from clinic.scored_patients.store_writing import bring_store_up_to_date, write_store
from clinic.site import Site
from clinic.words.texts import known_languages, load_texts
from features.errors import ConfigError
from models.plain_language.texts import REFERENCE
from models.progression.forecaster import Forecaster
from models.scorer import Scorer
from models.storage.xgboost_alone import import_xgboost_alone

TOKEN_VARIABLE = "CALCIRISK_CLINIC_TOKEN"


@dataclass(frozen=True)
class ClinicRequest:
    """What to show. ``cohort_folder``: covariates of the scored patients, as `ingest` wrote them,
    or ``covariates``: the same at hand (index: identifiers).

    ``store``: the file to keep them in, made when it is not up to date; ``outputs``: the folder
    with what was measured of the model; ``version``: its number in the registry, or "";
    ``audit``: the folder of the audit trail, None for none; ``progression_folder``: of the model of
    later scores, None where there is none; ``language``: the code of the one that pages are in.
    """

    model_folder: Path
    scores: Path
    cohort_folder: Path | None
    store: Path
    outputs: Path
    version: str = ""
    covariates: pd.DataFrame | None = None
    audit: Path | None = None
    progression_folder: Path | None = None
    language: str = REFERENCE


def build_site(request: ClinicRequest, access: Access) -> Site:
    """Load the model, bring the store up to date, begin to explain the population.

    Raises ConfigError, ModelError.
    """
    language = request.language
    if language not in known_languages():
        known = ", ".join(known_languages())
        raise ConfigError(f"There are no pages in {language!r}. Known languages: {known}")
    import_xgboost_alone()
    scorer = Scorer.load(request.model_folder)
    scorer.predictor.use_one_thread()
    growth = request.progression_folder
    forecaster = None if growth is None else Forecaster.load(growth)
    facts = describe_model(scorer.about, request.version, request.outputs)
    if request.covariates is not None:
        write_store(request.store, request.scores, request.covariates, scorer)
    else:
        bring_store_up_to_date(request.store, request.scores, request.cohort_folder, scorer)
    store = PatientStore.open(request.store, scorer.dictionary)
    assessor = Assessor(scorer, load_texts(language), forecaster)
    # the first patient's page need not wait for the population
    apart = ThreadPoolExecutor(1)
    explained = apart.submit(Population.explain, assessor, store)
    apart.shutdown(wait=False)
    return Site(
        access,
        store,
        assessor,
        facts,
        explained.result,
        audit=AuditTrail(request.audit),
    )


def build_app(request: ClinicRequest, access: Access) -> Guard:
    """The application, ready for a server."""
    return create_app(build_site(request, access))


def read_token() -> str | None:
    """The token of the environment; never taken from a command line, which others can see."""
    return os.environ.get(TOKEN_VARIABLE) or None


def serve(app: Guard, access: Access) -> None:
    """Serve until stopped. No log of requests: paths would say who was looked at, and when."""
    import uvicorn

    from clinic.access.punctual import PunctualProtocol

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    uvicorn.run(
        app,
        host=access.host.strip("[]"),
        port=access.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        http=PunctualProtocol,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=16 * 1024,
    )
