# syntax=docker/dockerfile:1
# Causeway as a container: serves what DB_* names, as a user without rights, on port 8055.
#
#   docker build -t causeway .
#   docker run -p 8055:8055 -v causeway:/var/lib/causeway causeway       embedded SQLite in the volume
#
# Configuration comes from the environment (docs/reference/configuration.md). The start makes the system tables where
# there are none; the password of the administrator, unless ADMIN_PASSWORD sets it, is in the log of the first start.

ARG PYTHON=3.13
ARG NODE=24

# ---- the explorer page
FROM node:${NODE}-slim AS explorer
WORKDIR /src
COPY web/package.json web/package-lock.json web/
RUN npm --prefix web ci --no-audit --no-fund
COPY web web
RUN npm --prefix web run build

# ---- the environment
FROM python:${PYTHON}-slim AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv --without-pip /opt/causeway
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/causeway install --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY schema_gen schema_gen
COPY resolvers resolvers
COPY rest_bridge rest_bridge
COPY --from=explorer /src/gateway/static/graphiql gateway/static/graphiql
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/build/bin/pip --python /opt/causeway install --no-deps --no-index /tmp/wheel/*.whl

# ---- what runs
FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin causeway \
 && install -d -o causeway -g causeway /var/lib/causeway
COPY --from=environment /opt/causeway /opt/causeway
ENV PATH=/opt/causeway/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8055 \
    DB_FILENAME=/var/lib/causeway/causeway.sqlite \
    STORAGE_LOCAL_ROOT=/var/lib/causeway/uploads
WORKDIR /var/lib/causeway
VOLUME /var/lib/causeway
USER 10001
EXPOSE 8055
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/server/ping\", timeout=2)"]
CMD ["sh", "-c", "causeway bootstrap && exec causeway serve"]
