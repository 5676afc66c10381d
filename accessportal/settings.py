"""Settings of Access Portal, read from `PORTAL_*` environment variables.

Two profiles (architecture, 4): `embedded` is one process with SQLite, an in-memory
channel layer and an in-process worker; `production` uses PostgreSQL and Redis.
Only settings differ between them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.directory.configuration import directory_from
from accessportal.browser_policy import CONTENT, PERMISSIONS
from accessportal.environment import (
    database_from_url,
    env,
    env_bool,
    env_int,
    env_list,
    read_secret,
)

BASE_DIR = Path(__file__).resolve().parent.parent


# --- Where things are ---------------------------------------------------------------

PROFILE = env("PROFILE", "embedded")
if PROFILE not in {"embedded", "production"}:
    raise ImproperlyConfigured("PORTAL_PROFILE must be 'embedded' or 'production'.")
EMBEDDED = PROFILE == "embedded"
DEMO = env_bool("DEMO")
DEBUG = env_bool("DEBUG")

DATA_DIR = Path(env("DATA_DIR", str(BASE_DIR / "var" / "portal"))).resolve()
KEYS_DIR = Path(env("KEYS_DIR", str(DATA_DIR / "keys"))).resolve()
RECORDINGS_DIR = Path(env("RECORDINGS_DIR", str(DATA_DIR / "recordings"))).resolve()

# The key files are made by `manage.py ensure_keys`; they never live in the database.
SECRET_KEY = env("SECRET_KEY") or read_secret(KEYS_DIR / "secret_key")
SECRET_KEY = SECRET_KEY or "not-set"  # checks.py refuses to serve with this value
# What the keys before it signed stays valid; `manage.py rotate_keys secret_key` fills it.
SECRET_KEY_FALLBACKS = read_secret(KEYS_DIR / "secret_key_fallbacks").split()

PUBLIC_URL = env("PUBLIC_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or [
    urlsplit(PUBLIC_URL).hostname or "127.0.0.1",
    "127.0.0.1",
    "localhost",
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_SITE = PUBLIC_URL.startswith("https://")
# Addresses of proxies whose X-Forwarded-For is believed; empty: none is.
TRUSTED_PROXIES = env_list("TRUSTED_PROXIES")

# --- Applications -------------------------------------------------------------------

INSTALLED_APPS = [
    "accessportal",
    "accessportal.accounts",
    "accessportal.plants",
    "accessportal.audit",
    "accessportal.notifications",
    "accessportal.alerts",
    "requests",
    "sessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "channels",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "accessportal.headers.HeadersMiddleware",
    "accessportal.static_files.StaticMiddleware",
    "accessportal.compression.PageCompressionMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accessportal.accounts.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accessportal.middleware.PortalErrorMiddleware",
]

ROOT_URLCONF = "accessportal.urls"
ASGI_APPLICATION = "accessportal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "accessportal.templatetags.portal",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accessportal.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
COTTON_DIR = "cotton"

# --- Data ---------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]]
if env("DATABASE_URL"):
    DATABASES = {"default": database_from_url(env("DATABASE_URL"))}
elif EMBEDDED:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "portal.sqlite3",
            # Opening the file costs ten times what a query does, all of it Python's time:
            # the threads of the broker, the sealer and the worker keep their connections.
            # A request's thread ends with the request, and its connection with it.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL;"
                    "PRAGMA synchronous=NORMAL;"
                    "PRAGMA foreign_keys=ON;"
                ),
            },
        }
    }
else:
    raise ImproperlyConfigured("The production profile needs PORTAL_DATABASE_URL.")

REDIS_URL = env("REDIS_URL")
if not EMBEDDED and not REDIS_URL:
    raise ImproperlyConfigured("The production profile needs PORTAL_REDIS_URL.")

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": env("REDIS_PREFIX", "portal")},
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "recordings": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": RECORDINGS_DIR,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": (
            "accessportal.static_files.ModuleStorage"
            if env_bool("STATIC_MANIFEST")
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not env_bool("STATIC_MANIFEST")
WHITENOISE_AUTOREFRESH = DEBUG

# --- Tasks --------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.2} if not REDIS_URL else {}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# --- People -------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accessportal.accounts.directory.gate.DirectoryGate",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accessportal.accounts.plant_words.PlantWordsValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"

# The plant's own directory (PORTAL_OIDC_* or PORTAL_LDAP_*, docs/directory.md).
DIRECTORY = directory_from(env, keys_dir=KEYS_DIR)

OTP_TOTP_ISSUER = "Access Portal"
OTP_TOTP_THROTTLE_FACTOR = 1

# A browser takes a `__Host-` cookie only over https, for this host alone and for every path.
HOST_PREFIX = "__Host-" if SECURE_SITE else ""
SESSION_COOKIE_NAME = f"{HOST_PREFIX}portal_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE_SITE
SESSION_SAVE_EVERY_REQUEST = False
CSRF_COOKIE_NAME = f"{HOST_PREFIX}portal_csrf"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE_SITE
CSRF_FAILURE_VIEW = "accessportal.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- The browser's side of security -------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SITE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SITE
SECURE_SSL_REDIRECT = False
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # TLS ends at the reverse proxy, which redirects (deploy/)
    "security.W021",  # a plant's portal is on no list that browsers ship with
]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": CONTENT}
PERMISSIONS_POLICY = PERMISSIONS
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10

# --- Words, times -------------------------------------------------------------------

LANGUAGE_CODE = env("LANGUAGE", "en")
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "accessportal" / "locale"]
LANGUAGE_COOKIE_NAME = f"{HOST_PREFIX}portal_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SECURE_SITE
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # stored and logged in UTC; pages use the site's zone

# --- Mail ---------------------------------------------------------------------------

EMAIL_BACKEND = env("EMAIL_BACKEND") or (
    "django.core.mail.backends.smtp.EmailBackend"
    if env("EMAIL_HOST")
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env("EMAIL_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_PASSWORD") or read_secret(KEYS_DIR / "email_password")
EMAIL_USE_TLS = env_bool("EMAIL_TLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", "Access Portal <portal@localhost>")

# A plant has no way out by default: hosts that may be spoken to (accessportal.outward).
PUSH_HOSTS = env_list("PUSH_HOSTS")
WEBHOOK_HOSTS = env_list("WEBHOOK_HOSTS")
OUTWARD_PROXY = env("OUTWARD_PROXY")
OUTWARD_CA_FILE = env("OUTWARD_CA_FILE")
OUTWARD_LOOPBACK = env_bool("OUTWARD_LOOPBACK")

# --- The broker ---------------------------------------------------------------------

GUACD_ADDRESS = env("GUACD", "127.0.0.1:4822")
BROKER_NAME = env("BROKER_NAME", "broker-1")

# Policy figures.
# How long a web session lasts, by role: minutes without a person's request, hours in all.
WEB_SESSION_LIMITS = {
    "contractor": (30, 12),
    "ot_supervisor": (60, 12),
    "it_security": (30, 12),
    "compliance": (30, 12),
    "administrator": (15, 8),
    "shared_computer": (15, 2),
}
FRESH_FACTOR_SECONDS = 300
FACTOR_MAX_AGE_SECONDS = 12 * 3600
TICKET_SECONDS = 30
IDLE_FREEZE_SECONDS = env_int("IDLE_FREEZE_SECONDS", 600)
POLICY_TICK_SECONDS = 2.0
MAX_WINDOW_HOURS = 12
MIN_NOTICE_MINUTES = 0
MAX_ADVANCE_DAYS = 90
# Hosts (`calendar.plant.example`, with the port where it is not the usual one) that
# calendars may be read from; none: files only.
CALENDAR_HOSTS = [host.lower() for host in env_list("CALENDAR_HOSTS")]
INVITATION_HOURS = 72
# Accounts that nobody uses (`accounts.parking`, `accounts.services.lapsing`).
PARKED_AFTER_DAYS = 45
MAILBOX_CODE_SECONDS = 900
NEVER_USED_DAYS = 30
NO_SPONSOR_DAYS = 14
LAPSE_WARNING_DAYS = 7
# A computer that others use too (`accounts.shared`).
SHARED_IDLE_SECONDS = env_int("SHARED_IDLE_SECONDS", 900)
SHARED_BREAK_SECONDS = 300
PASSWORD_RESET_MINUTES = 30
FACTOR_RESET_HOURS = 24
# Hours in which a new second factor is set up after that (`accounts.renewal`).
FACTOR_RENEWAL_HOURS = env_int("FACTOR_RENEWAL_HOURS", 24)
SEGMENT_MAX_SECONDS = env_int("SEGMENT_MAX_SECONDS", 300)
SEGMENT_MAX_BYTES = env_int("SEGMENT_MAX_BYTES", 8 * 1024 * 1024)
REVIEW_DUE_DAYS = 15
# Sessions with control that one person may have at a time; a vendor's limit is its own.
MAX_SESSIONS_PER_PERSON = env_int("MAX_SESSIONS_PER_PERSON", 1)
# What follows from a signal where the plant wants it otherwise (sessions.risk):
# PORTAL_RISK="new_country:refuse,out_of_hours:tell".
RISK = dict(item.partition(":")[::2] for item in env_list("RISK"))
# Where a signal asks for a step-up, the second factor must be at most this old.
RISK_FACTOR_SECONDS = 60
COUNTRY_LIST = Path(env("COUNTRY_LIST")).resolve() if env("COUNTRY_LIST") else None
API_TOKEN_MAX_DAYS = 365
API_CALLS_PER_MINUTE = env_int("API_CALLS_PER_MINUTE", 120)
DELEGATION_MAX_DAYS = env_int("DELEGATION_MAX_DAYS", 31)
OVERRIDE_MAX_MINUTES = 60

# --- Logging ------------------------------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "accessportal.quiet_logs.OneLine",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "filters": {"away": {"()": "accessportal.quiet_logs.OncePerMinute"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["away"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Named one by one: `requests` is also the name of a well-known HTTP library.
        "accessportal": {"level": LOG_LEVEL},
        "requests": {"level": LOG_LEVEL},
        "sessions": {"level": LOG_LEVEL},
        # It warns that `memory://` has no host name.
        "kombu.connection": {"level": "ERROR"},
    },
}
