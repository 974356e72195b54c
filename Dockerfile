FROM python:3.12-slim-trixie AS application
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OCOP_PRODUCTION=1 \
    OCOP_STATE=/data STATIC_ROOT=/srv/static
# For `manage.py backup` and `restore`: of the same version as the server in compose.yaml.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/ocop
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# The addresses are placeholders: collecting static files reaches no service. The files of
# viewflow's own pages, which we do not serve, name fonts that it does not ship.
RUN SECRET_KEY=build ALLOWED_HOSTS=build DATABASE_URL=postgresql://build/build \
    REDIS_URL=redis://build python manage.py collectstatic --noinput --ignore=viewflow \
    && python -m cycle.running.embedded sql > /srv/database.sql \
    && useradd --uid 10001 --create-home ocop \
    && rm -rf /data && install -d -o ocop /data
USER ocop
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "cycle.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", \
     "--worker-tmp-dir=/dev/shm", "--no-control-socket", "--access-logfile=-", \
     "--logger-class=cycle.running.access_log.AccessLog"]

# PostgreSQL with the roles, the database and their rights.
FROM postgres:17 AS database
COPY --from=application /srv/database.sql /docker-entrypoint-initdb.d/

FROM application
