# syntax=docker/dockerfile:1
# Built from the locks that development and CI use; runs as a user without rights.

FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/sla-engine
COPY requirements/run.txt requirements/run.txt
RUN /opt/sla-engine/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY sla_engine sla_engine
RUN /opt/sla-engine/bin/pip install --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/sla-engine --create-home sla-engine
COPY --from=build /opt/sla-engine /opt/sla-engine
# Compiled kernels are cached in the volume, so that a restart does not compile them again.
ENV PATH=/opt/sla-engine/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/lib/sla-engine/kernels \
    SLA_DATA__DIR=/var/lib/sla-engine/data \
    SLA_TELEMETRY__LOG_FORMAT=json \
    SLA_TELEMETRY__METRICS_PORT=9464
WORKDIR /var/lib/sla-engine
VOLUME /var/lib/sla-engine
USER sla-engine
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["sla-engine"]
CMD ["run"]
