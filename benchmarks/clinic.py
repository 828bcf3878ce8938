"""How fast the clinician's pages are: server time, first paint, and a list of a million patients.

Run after `calcirisk run`: python -m benchmarks.clinic [--patients 1000000] [--browser CHROMIUM]
"""

from __future__ import annotations

import argparse
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import uvicorn
from starlette.testclient import TestClient

from clinic.access.guard import Guard
from clinic.access.limits import RateLimit
from clinic.access.security import Access
from clinic.app import create_app
from clinic.server import ClinicRequest, build_site
from features.cohort import Cohort

BASE = "http://127.0.0.1:8400"


def main() -> None:
    """Measure and print a table."""
    options = _parse()
    with tempfile.TemporaryDirectory() as folder:
        outputs, store = Path(options.outputs), Path(folder) / "patients.sqlite"
        scores, cohort = outputs / "score" / "risks.csv", outputs / "ingest"
        if options.patients:
            scores, cohort = _multiply(scores, cohort, options.patients, Path(folder))
        start = time.perf_counter()
        request = ClinicRequest(outputs / "train" / "model", scores, cohort, store, outputs)
        site = build_site(request, Access())
        _say("patients in the store", f"{site.store.n_patients:,}")
        _say("store made and pages ready", f"{time.perf_counter() - start:.1f} s")
        _say("size of the store", f"{store.stat().st_size / 1e6:,.0f} MB")
        guard = create_app(site)
        guard.rate = RateLimit(1e6, 1_000_000)
        _measure_server(guard)
        if options.browser:
            _measure_paint(guard, options.browser)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", default="outputs")
    parser.add_argument("--patients", type=int, default=0, help="repeat the scored ones to so many")
    parser.add_argument("--browser", default="", help="path of a Chromium")
    return parser.parse_args()


def _multiply(scores: Path, cohort: Path, n: int, folder: Path) -> tuple[Path, Path]:
    """The scored patients again and again, with risks moved a little and names of their own."""
    table = pd.read_csv(scores, dtype={"patient_id": "str"}, keep_default_na=False)
    covariates = Cohort.read(cohort).covariates.loc[table["patient_id"]]
    rows = np.arange(n) % len(table)
    rng = np.random.default_rng(1)
    many = table.iloc[rows].reset_index(drop=True)
    many["patient_id"] = [f"{i:07d}" for i in rng.permutation(n)]
    for name in many.filter(regex=r"^risk_[\d.]+y$"):
        many[name] *= rng.uniform(0.9, 1.1, n)
    many.to_csv(folder / "risks.csv", index=False)
    covariates = covariates.iloc[rows]
    covariates.index = pd.Index(many["patient_id"], name="patient_id")
    Cohort("many", covariates).write(folder / "cohort")
    return folder / "risks.csv", folder / "cohort"


def _measure_server(guard: Guard) -> None:
    client = TestClient(guard, base_url=BASE)
    first = client.get("/patients")
    keys = _keys(first.text)
    for key in keys[:5]:
        client.get(f"/patients/{key}")
    _time("patient's page, server", lambda i: client.get(f"/patients/{keys[i % 50]}"), 100)
    _say("  its size", f"{len(client.get(f'/patients/{keys[0]}').content) / 1000:.0f} kB")
    _time("sheet for printing, server", lambda i: client.get(f"/patients/{keys[i]}/print"), 30)
    _time("population page, server", lambda i: client.get("/population"), 20)
    csrf = re.findall(r'name="csrf" value="(\w+)"', first.text)[0]
    for sort in ("risk_10y", "risk_5y", "patient_id", "missing"):
        order = "up" if sort == "patient_id" else ""
        url = f"/patients?sort={sort}&order={order}"
        _time(f"list by {sort}, first page", _ask(client, url), 20)
        after = _keys(client.get(url).text)[-1]
        for _ in range(5):
            after = _keys(client.get(f"{url}&after={after}").text)[-1]
        deep = f"{url}&after={after}"
        _time(f"list by {sort}, seventh page", _ask(client, deep), 20)
    sent = {"csrf": csrf, "identifier": "00012"}
    _time("search", lambda i: client.post("/patients", data=sent), 20)
    entry = {"csrf": csrf, "age": "61", "sex": "male", "cac_agatston": "120"}
    _time("new patient", lambda i: client.post("/new", data=entry), 30)


def _measure_paint(guard: Guard, browser: str) -> None:
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(guard, port=port, access_log=False, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{port}/patients")
        keys = _keys(page.content())
        paints = []
        for key in keys[:21]:
            page.goto(f"http://127.0.0.1:{port}/patients/{key}")
            page.wait_for_timeout(300)
            painted = page.evaluate(
                "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
            )
            paints += painted
        chromium.close()
    server.should_exit = True
    _report("patient's page, first paint", np.array(paints[1:]))


def _ask(client: TestClient, url: str) -> Callable[[int], object]:
    return lambda _: client.get(url)


def _time(what: str, act: Callable[[int], object], times: int) -> None:
    taken = []
    for i in range(times):
        start = time.perf_counter()
        act(i)
        taken.append(1000 * (time.perf_counter() - start))
    _report(what, np.array(taken))


def _report(what: str, taken: np.ndarray) -> None:
    median, high = np.percentile(taken, [50, 95])
    _say(what, f"median {median:.0f} ms, 95th percentile {high:.0f} ms ({len(taken)} times)")


def _keys(page: str) -> list[str]:
    return re.findall(r'href="/patients/([0-9a-f]{24})"', page)


def _say(what: str, figure: str) -> None:
    print(f"{what:32} {figure}")  # noqa: T201


if __name__ == "__main__":
    main()
