# Everything runs inside .venv: `make` needs only python3, pip and this file.
.DEFAULT_GOAL := help
.ONESHELL:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := true
# images set it: every process would compile every module it imports, seconds each time
unexport PYTHONDONTWRITEBYTECODE

READY := .venv/.ready

.PHONY: help setup demo spark clinic benchmarks test slow fuzz lint lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## build .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	# some systems ship python3 without what venv needs; virtualenv brings its own
	python3 -m venv .venv || { rm -rf .venv; python3 -m pip install --quiet --target .venv/seed virtualenv; PYTHONPATH=.venv/seed python3 -m virtualenv --quiet .venv; }
	python -m pip install --quiet --disable-pip-version-check uv
	uv pip sync --quiet requirements.lock
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY) ## run the main job on the embedded cohort, then print where the results are
	@calcirisk run

spark: $(READY) ## add Spark to .venv (0.5 GB; runs on Java 17 or later)
	@uv pip install --quiet --no-deps --require-hashes --requirement requirements-spark.lock

clinic: $(READY) ## show the scored patients in a browser: http://127.0.0.1:8400
	@calcirisk clinic --cohort-folder outputs/ingest

BENCHMARKS := benchmarks/alternatives/.work/environment

benchmarks: $(BENCHMARKS)/.ready ## set the model beside every alternative: hours, resumed where it was stopped
	@PYTHONPATH=. $(BENCHMARKS)/bin/python -m benchmarks.alternatives

$(BENCHMARKS)/.ready: $(READY) requirements-benchmarks.lock
	uv venv --quiet --clear --python .venv/bin/python $(BENCHMARKS)
	VIRTUAL_ENV=$(CURDIR)/$(BENCHMARKS) uv pip sync --quiet --require-hashes requirements-benchmarks.lock
	touch $@

test: $(READY) ## run the tests (the slow ones: make slow)
	@pytest

slow: $(READY) ## run the tests marked slow
	@pytest -m slow

FUZZED := csv parquet fhir map params journal model trees dicom nifti seg contours report

fuzz: $(READY) ## search every reader for inputs that break it, a minute each (Linux)
	@uv pip install --quiet --no-deps --require-hashes --requirement requirements-fuzz.lock
	for target in $(FUZZED); do echo "-- $$target"; python -m tests.fuzz $$target $${SECONDS_EACH:-60} 2>&1 | tail -2; done

lint: $(READY) ## check style and types
	@ruff check .
	ruff format --check .
	mypy

lock: $(READY) ## resolve requirements.lock again
	@uv pip compile --quiet --universal --generate-hashes --override overrides.txt --extra sql --extra web --extra fhir --extra formats --extra imaging --group dev pyproject.toml -o requirements.lock
	@python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['spark'], sep='\n')" | uv pip compile --quiet --universal --generate-hashes --constraint requirements.lock - -o requirements-spark.lock
	@uv pip compile --quiet --universal --generate-hashes --override overrides.txt --constraint requirements.lock --group benchmarks pyproject.toml -o requirements-benchmarks.lock
	for group in container build fuzz; do uv pip compile --quiet --universal --generate-hashes --override overrides.txt --constraint requirements.lock --group $$group -o requirements-$$group.lock; done

clean: ## remove the environment and every output (patients alone: calcirisk forget --yes)
	@rm -rf .venv outputs mlflow.db .mlflow.db.lock mlruns mlartifacts dvc.lock .dvc/cache .dvc/tmp
