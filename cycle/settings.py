"""One module for all environments: reads the environment, works with nothing set, starts nothing.

DATABASE_URL (or DATABASE_WORK_URL) means production, unless OCOP_PRODUCTION=0. In production
SECRET_KEY and ALLOWED_HOSTS are required: without one of them the start ends with a sentence. What
else is read stands in docs/operating.md. Who starts our own PostgreSQL and Redis:
cycle/running/starting.py.
"""

import os
import sys
from pathlib import Path

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF

from cycle.running import embedded, logs
from cycle.running.environment import (
    is_production,
    networks,
    number,
    postgres,
    required,
    switch,
)

BASE_DIR = Path(__file__).resolve().parent.parent

PRODUCTION = is_production(os.environ)
DEBUG = False
SECRET_KEY = required(os.environ, "SECRET_KEY", otherwise="demo-only-" * 8)
ALLOWED_HOSTS = required(os.environ, "ALLOWED_HOSTS", otherwise="*").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "cycle",
    "dossiers",
    "councils",
    "notifications",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "viewflow",
    "viewflow.workflow",
    "django_fsm",
    "rules",
    "pgtrigger",
    "django_htmx",
    "bootstrap",
    "django_structlog",
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    # Outside all others: whatever fails in one of them is logged with the number of its request.
    "cycle.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Outside whitenoise: where nothing was compressed beforehand, static files are compressed here.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "cycle.middleware.SchemaMiddleware",
    "cycle.middleware.TextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cycle.middleware.UserLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cycle.middleware.TypedMiddleware",
    "cycle.middleware.LogMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "cycle.middleware.UnstoredMiddleware",
    "cycle.middleware.TwiceMiddleware",
]

SITE_NAME = os.environ.get("SITE_NAME", "OCOP")
#: Where this installation offers its source, as AGPL-3.0 asks; shown at the foot of each page.
SOURCE_URL = os.environ.get("SOURCE_URL", "")

ROOT_URLCONF = "cycle.urls"
WSGI_APPLICATION = "cycle.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Services: given by URL, or our own from wheels (see cycle/running/embedded.py) ----------
for _name in ("DATABASE_URL", "DATABASE_WORK_URL", "DATABASE_OWNER_URL"):
    if os.environ.get(_name):
        postgres(_name, os.environ[_name])
services = embedded.urls()
# Web pages come in through these modules; workers, the beat and commands do not.
_serves = "cycle.wsgi" in sys.modules or "cycle.asgi" in sys.modules
DATABASES = {
    # The application's own rights: no DDL, and it can never rewrite history. A page is stopped
    # sooner than other work: see the roles in cycle/running/embedded.py.
    "default": dj_database_url.parse(
        services.web if _serves else services.work, conn_max_age=600, conn_health_checks=True
    ),
    # The owning role: migrations, backup, and the flush of the test database.
    "owner": dj_database_url.parse(services.owner),
}
for _database in DATABASES.values():
    # libpq notices within a minute that a server has vanished. Settings for the server itself stand
    # with its roles: not every pooler passes on what a client asks for.
    _database["OPTIONS"] = {
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    } | _database.get("OPTIONS", {})
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
#: Who signs in for the application: for web pages, and for all other work.
APPLICATION_LOGINS = {dj_database_url.parse(url)["USER"] for url in (services.web, services.work)}
#: The role that holds the application's rights, which migrations take from it: its logins are
#: members. An installation of before has one login, which holds them itself.
APPLICATION_ROLE = (
    embedded.APPLICATION
    if len(APPLICATION_LOGINS) > 1 or {embedded.WEB, embedded.WORK} >= APPLICATION_LOGINS
    else next(iter(APPLICATION_LOGINS))
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = services.redis
# A worker takes no more than it does at once, and leaves the rest to the others.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "Asia/Ho_Chi_Minh"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long Redis is away, worker and beat wait for it.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A request that wakes a worker never waits for Redis: the beat finds what a lost message forgot.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    # Acknowledging over a lost connection would end the worker.
    "ack_emulation": False,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    # Every minute, and harmless at any number of beats: the database claims each rung once.
    "keep-time": {
        "task": "notifications.jobs.keep_time",
        "schedule": 60,
        # A message that no worker took in 55 s expires: the next beat does all the work.
        "options": {"expires": 55},
    },
    "send-letters": {
        "task": "notifications.jobs.send_letters",
        "schedule": 60,
        "options": {"expires": 55},
    },
    "run-jobs": {"task": "cycle.jobs.run_jobs", "schedule": 30},
    "forget-visitors": {
        "task": "cycle.jobs.forget_visitors",
        "schedule": 60,
        "options": {"expires": 55},
    },
    # Every five minutes: the administrators are written to of what is wrong, and when it is over.
    "watch": {
        "task": "notifications.jobs.watch",
        "schedule": 300,
        "options": {"expires": 290},
    },
    "clear-sessions": {"task": "cycle.jobs.clear_sessions", "schedule": crontab(hour=3, minute=10)},
    "verify-history": {"task": "cycle.jobs.verify_history", "schedule": crontab(hour=3, minute=30)},
    "collect-files": {
        "task": "notifications.jobs.collect_files",
        "schedule": crontab(hour=3, minute=50),
    },
}

# --- Telling --------------------------------------------------------------------------------
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = number(os.environ, "EMAIL_PORT", default=25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = switch(os.environ, "EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "ocop@localhost")
WEBHOOK_URL = os.environ.get("WEBHOOK_URL", "")
WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "")
#: Networks of this house in which the gateway may stand; others inside are refused.
WEBHOOK_NETWORKS = networks(os.environ, "WEBHOOK_NETWORKS")
#: The key by which backups are encrypted, or the file that holds it.
BACKUP_KEY = os.environ.get("BACKUP_KEY", "")
BACKUP_KEY_FILE = os.environ.get("BACKUP_KEY_FILE", "")
#: Pages ask whether their data were restored and are not released yet.
QUARANTINE_SHOWN = True
#: Who reads /metrics and /healthz/deep says it as a bearer token; without one nobody does.
MONITOR_TOKEN = os.environ.get("MONITOR_TOKEN", "")
#: What a mail server bears that brings letters which came back; empty: nobody may.
BOUNCE_TOKEN = os.environ.get("BOUNCE_TOKEN", "")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- People ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "cycle.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
#: So long the code of a letter works; seconds.
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "cycle.accounts.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# Lockout is axes' business; allauth's own limit would need a shared cache.
ACCOUNT_RATE_LIMITS = {"login_failed": None}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
# By the client's address, never by the proxy's: else one could lock out everybody behind it.
AXES_CLIENT_IP_CALLABLE = "cycle.visiting.address"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
# axes stores the posted form of a failed sign-in. Mask the passwords in it, and the name too:
# people type passwords there by mistake.
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "login",
    "oldpassword",
    "password1",
    "password2",
    "code",
]
AXES_USERNAME_CALLABLE = "cycle.accounts.counted_name"
AXES_VERBOSE = False
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14

# --- Language, time, files ------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
# Day first and a decimal comma in both. Thousands are set apart by the filter `money` alone, so
# that an id or a year prints whole.
FORMAT_MODULE_PATH = "cycle.formats"
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only production collects its static files; elsewhere they come out of the packages as they are.
STATIC_ROOT = os.environ.get("STATIC_ROOT") or (embedded.static_root() if PRODUCTION else None)
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or embedded.media_root())
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
MAX_EVIDENCE_BYTES = 50 * 1024 * 1024
#: Each paper is made in a process of its own, with limits: cycle/papers/apart.py.
PAPERS_APART = True
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # All that people send, and nothing else. Another storage must overwrite: cycle/files.py.
    "files": {"BACKEND": "cycle.files.LocalFiles"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Safety ---------------------------------------------------------------------------------
CSRF_FAILURE_VIEW = "cycle.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
#: So many proxies of ours stand before us, each adding whom it answers to X-Forwarded-For. Without
#: one the header is anybody's claim.
PROXIES = number(os.environ, "PROXIES", default=1 if PRODUCTION else 0)
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_SSL_REDIRECT = switch(os.environ, "SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    # A province's other sites may speak no TLS, and a preload list is left only after months: both
    # only when asked for.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = switch(os.environ, "SECURE_HSTS_INCLUDE_SUBDOMAINS")
    SECURE_HSTS_PRELOAD = switch(os.environ, "SECURE_HSTS_PRELOAD")
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Log ------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": logs.FORMATTER},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # What a worker takes and has done.
    "loggers": {"celery": {"level": "INFO"}},
}
logs.configure()
# Of whose machine a request came is said by the log of accesses alone.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
