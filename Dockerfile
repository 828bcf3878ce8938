# The wheel and its pinned requirements, in an environment of their own.
FROM python:3.11-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements-build.lock requirements-container.lock ./
RUN python -m venv --without-pip /opt/calcirisk \
    && python -m pip install --require-hashes --only-binary :all: -r requirements-build.lock \
    && python -m pip --python /opt/calcirisk install --require-hashes --only-binary :all: --no-deps -r requirements-container.lock
COPY pyproject.toml README.md LICENSE params.yaml ./
COPY clinic clinic
COPY features features
COPY models models
COPY pipeline pipeline
COPY data data
RUN python -m hatchling build -t wheel -d /build/dist \
    && python -m pip --python /opt/calcirisk install --no-deps --no-index /build/dist/calcirisk-*.whl

# No pip, no compiler, no shell profile: an interpreter, the environment and a user without rights.
FROM python:3.11-slim AS base
RUN python -m pip uninstall --yes --quiet pip setuptools wheel \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin calcirisk
COPY --from=build /opt/calcirisk /opt/calcirisk
# What is written besides the output goes to /tmp, the one place that a read-only run has.
ENV PATH=/opt/calcirisk/bin:$PATH \
    HOME=/tmp \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 10001:10001
ENTRYPOINT ["calcirisk"]

# docker build --target clinic: the clinician's pages.
FROM base AS clinic
EXPOSE 8400
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8400/static/icon.svg', timeout=4)"]
CMD ["clinic", "--model", "/model", "--scores", "/scores/risks.csv", "--cohort-folder", "/cohort", "--host", "0.0.0.0"]

# The last stage is what `docker build` gives: scoring.
FROM base AS score
HEALTHCHECK NONE
CMD ["score", "--help"]
