# One image, several commands: web, worker, dispatcher, timetable, migrate. The chart in helm/ names them.
# Pin the base by digest where you build:  --build-arg BASE=python:3.13-slim-bookworm@sha256:...
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/goodterms
COPY requirements/runtime.lock requirements/web.lock /locks/
# web.lock carries a static file only; its Python dependencies are not wanted.
RUN /opt/goodterms/bin/pip install --require-hashes --only-binary :all: -r /locks/runtime.lock \
 && /opt/goodterms/bin/pip install --require-hashes --only-binary :all: --no-deps -r /locks/web.lock \
 && /opt/goodterms/bin/pip uninstall --yes pip \
 && find /opt/goodterms -name '*.pyc' -delete

FROM ${BASE}
# tini is process 1: it hands a signal on once, which RQ takes as "finish what you have", and it reaps children.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin goodterms
COPY --from=packages /opt/goodterms /opt/goodterms
WORKDIR /app
COPY service/ service/
COPY tenants/ tenants/
COPY jobs/ jobs/
COPY migrations/ migrations/
COPY console/ console/
# The root of the disk is read-only in the chart, so everything is compiled here; TZ because timers are kept in UTC.
RUN /opt/goodterms/bin/python -m compileall -q -j 0 /app /opt/goodterms/lib
ENV PATH=/opt/goodterms/bin:$PATH HOME=/tmp PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TZ=UTC
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["gunicorn", "service.app:create_app()", "--bind", ":8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--graceful-timeout", "35", "--worker-tmp-dir", "/dev/shm"]
