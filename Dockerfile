# The sidecar's image: everything locked by hash, no compiler, no secret, nobody's root.
# `docker compose build` makes it; see docker-compose.yml. To pin the base for good, give PYTHON a digest:
#   docker compose build --build-arg PYTHON=python:3.12-slim-bookworm@sha256:…
ARG PYTHON=python:3.12-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-build.lock requirements-npm.lock requirements.lock ./
RUN python -m venv /build && /build/bin/pip install --quiet --require-hashes -r requirements-build.lock -r requirements-npm.lock
RUN python -m venv /opt/sidecar && /opt/sidecar/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
COPY . .
RUN /build/bin/python -m hatchling build --target wheel --directory /wheels
RUN /opt/sidecar/bin/pip install --quiet --no-deps --no-index /wheels/*.whl && /opt/sidecar/bin/pip check

FROM build AS build-browser
COPY requirements-browser.lock ./
RUN /opt/sidecar/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements-browser.lock && /opt/sidecar/bin/pip check

# The image of the worker that looks at courses in a browser: `docker compose --profile browser build`.
FROM ${PYTHON} AS browser
RUN apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 sidecar \
  && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin sidecar \
  && install --directory --owner 10001 --group 10001 --mode 0700 /data /data/tmp
COPY --from=build-browser /opt/sidecar /opt/sidecar
ENV PATH=/opt/sidecar/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TMPDIR=/tmp \
  SIDECAR_DATA=/data SIDECAR_PRODUCTION=1
USER 10001:10001
WORKDIR /data
VOLUME /data
CMD ["sidecar", "worker", "--browser"]

# The image of everything else.
FROM ${PYTHON} AS service
RUN groupadd --gid 10001 sidecar \
  && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin sidecar \
  && install --directory --owner 10001 --group 10001 --mode 0700 /data /data/tmp
COPY --from=build /opt/sidecar /opt/sidecar
ENV PATH=/opt/sidecar/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TMPDIR=/data/tmp \
  SIDECAR_DATA=/data SIDECAR_PRODUCTION=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["sidecar", "web", "--host", "0.0.0.0"]
