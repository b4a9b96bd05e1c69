"""All settings, read from the environment. Every variable is listed in .env.example."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from chatbot_site.operations import database_settings
from chatbot_site.operations.configuration import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(BASE_DIR)
if env.boolean("READ_DOT_ENV", default=True):
    env.read_file(BASE_DIR / ".env")
# A variable that cannot be used is read as its default; the system checks say so, and nothing starts.
CONFIGURATION_PROBLEMS = env.problems

# --- The installation ------------------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", default="")
FIELD_KEYS = env.items("FIELD_KEYS")

PUBLIC_URL = env.site_url("PUBLIC_URL", default="http://127.0.0.1:8000")
IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
ALLOWED_HOSTS = [
    *env.hosts("ALLOWED_HOSTS"),
    urlsplit(PUBLIC_URL).hostname or "",
    "localhost",
    "127.0.0.1",
]

INSTALLED_APPS = [
    "chatbot_site.apps.ChatbotSiteConfig",
    "accounts",
    "whatsapp",
    "crm",
    "bots",
    "broadcasts",
    "chatbot_site.apps.ChatbotAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "chatbot_site.apps.SignInsConfig",
    "csp",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
]

MIDDLEWARE = [
    "chatbot_site.middleware.KeepMethodMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "chatbot_site.middleware.StylesOfDocumentationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "chatbot_site.middleware.RefuseNulMiddleware",
    "chatbot_site.middleware.AppendSlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.UserPreferencesMiddleware",
    "accounts.middleware.PresenceMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "chatbot_site.urls"
WSGI_APPLICATION = "chatbot_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database and cache ----------------------------------------------------------------------------------

DATABASES = {
    "default": database_settings.completed(env.database("DATABASE_URL", default="sqlite:///chatbot.db"), BASE_DIR)
}

REDIS_URL = env.redis_url("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        }
    }

# --- People ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.people.roles.RoleBackend",
    # Of sessions that the version before began.
    "accounts.roles.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_AGE = 12 * 60 * 60

REGISTRATION = env.choice("REGISTRATION", ["open", "closed"], default="open")
REGISTRATION_RATE = env.rate("REGISTRATION_RATE", default="20/hour")
DEFAULT_PLAN = env.text("DEFAULT_PLAN", default="unlimited")

TRUSTED_PROXIES = env.count("TRUSTED_PROXIES", default=0)
AXES_USERNAME_FORM_FIELD = "username"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.people.sign_in.locked_out"
AXES_USERNAME_CALLABLE = "accounts.people.sign_in.attempted_email"
AXES_CLIENT_IP_CALLABLE = "accounts.people.sign_in.client_address"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

# --- Browser security ------------------------------------------------------------------------------------

CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "chatbot_site.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = ["^livez$", "^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A shop's other subdomains are not ours to force onto https.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# The largest webhook Meta sends is 3 MB; Django's default would refuse it (Webhooks, "Payload size").
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# The audience of a broadcast may name ten thousand customers, each of whom is a field of its form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

# --- Language and time -----------------------------------------------------------------------------------

LANGUAGE_CODE = env.choice("LANGUAGE_CODE", ["ru", "en"], default="ru")
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
TIME_ZONE = env.time_zone("TIME_ZONE", default="Europe/Moscow")
USE_TZ = True
FORMAT_MODULE_PATH = "chatbot_site.formats"

# --- Files -----------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# Where there is a folder `static`, `manage.py collectstatic` fills it with compressed copies, and those are served
# (deploy/Dockerfile); elsewhere the files of the apps are.
STATIC_ROOT = BASE_DIR / "static" if (BASE_DIR / "static").exists() else None
WHITENOISE_USE_FINDERS = not STATIC_ROOT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_ROOT = env.folder("MEDIA_ROOT", default="media")
BACKUP_DIR = env.folder("BACKUP_DIR", default="backups")

# --- E-mail ----------------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# Seconds; without it a silent mail server would hold a thread for ever.
EMAIL_TIMEOUT = 10
# Most mail servers accept no sender but the account's own address.
EMAIL_ACCOUNT = EMAIL_CONFIG["EMAIL_HOST_USER"] or ""
DEFAULT_FROM_EMAIL = env.address("EMAIL_FROM") or (EMAIL_ACCOUNT if "@" in EMAIL_ACCOUNT else "webmaster@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- API -------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The token first: it answers the anonymous with 401 instead of 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.people.authentication.RoleTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.tenancy.permissions.RolePermission"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "accounts.api.pagination.PagePagination",
    "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.Schema",
    # JSON alone: a form cannot name nested values, and would empty them. A view that takes a file names its parser.
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.StorableJSONParser"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "EXCEPTION_HANDLER": "accounts.api.errors.exception_handler",
    "NUM_PROXIES": TRUSTED_PROXIES,
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=30),
    "AUTO_REFRESH": True,
    "MIN_REFRESH_INTERVAL": 60 * 60,
}
KNOX_TOKEN_MODEL = "accounts.ApiToken"
# Its migrations would create a table for the model that ours replaces.
MIGRATION_MODULES = {"knox": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "WhatsApp for business: API",
    "DESCRIPTION": "Numbers, bots, customers, conversations and broadcasts of a business on WhatsApp.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {"BroadcastStatusEnum": "broadcasts.models.Broadcast.Status"},
}

# --- WhatsApp --------------------------------------------------------------------------------------------

META_GRAPH_URL = env.graph_url("META_GRAPH_URL", default="https://graph.facebook.com")
META_GRAPH_VERSION = env.matching("META_GRAPH_VERSION", r"v\d+\.\d+", "v25.0", default="v25.0")
META_PROXY = env.proxy_url("META_PROXY")
META_APP_ID = env.matching("META_APP_ID", r"\d*", "1234567890", default="")
META_APP_SECRET = env.text("META_APP_SECRET", default="")
META_VERIFY_TOKEN = env.text("META_VERIFY_TOKEN", default="")

# The calls upwards: whatsapp hands the changes of webhooks to the apps above it, and by what Meta knows a recipient.
WHATSAPP_EVENT_HANDLER = "chatbot_site.inbound.handle"
WHATSAPP_RECIPIENT_HANDLER = "chatbot_site.inbound.recognise"

# --- Workers ---------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A connection that was cut is opened again at once. More tries would keep requests waiting; ticks find the work.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
# On Redis a task that a killed worker held comes back after visibility_timeout, looked for every interval × throttle;
# the database's ticks find its rows long before.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
    }
    if REDIS_URL
    else {}
)
CELERY_TASK_DEFAULT_QUEUE = "housekeeping"
# Queues by promise: what waits for an answer within seconds never waits behind what may take long. `calls` are the
# services that scenarios call, `media` the files of messages; both wait for others. `files` are imports, exports,
# plans of broadcasts and deletions, each of which may take minutes and goes on in slices.
CELERY_TASK_QUEUES = {
    queue: {"exchange": queue} for queue in ("inbound", "outbound", "calls", "media", "bulk", "files", "housekeeping")
}
CELERY_TASK_ROUTES = (
    "accounts.jobs.tasks.route",
    {
        "whatsapp.webhooks.tasks.process_*": {"queue": "inbound"},
        "bots.runtime.tasks.*": {"queue": "inbound"},
        "broadcasts.tasks.*": {"queue": "bulk"},
        "whatsapp.sending.tasks.deliver*": {"queue": "outbound"},
        "whatsapp.sending.tasks.deliver_bulk": {"queue": "bulk"},
        "whatsapp.sending.tasks.settle_expired_sends": {"queue": "outbound"},
        "crm.conversations.tasks.*": {"queue": "media"},
        "crm.teamwork.tasks.mail_*": {"queue": "media"},
        "accounts.people.tasks.send_*": {"queue": "outbound"},
    },
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# For worker processes; the threads of `up` have no limits. A task must end before Redis gives it to another worker.
CELERY_TASK_SOFT_TIME_LIMIT = 600
CELERY_TASK_TIME_LIMIT = 660
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Else Celery would open a connection for each task. chatbot_site.celery replaces those that are broken or old.
CELERY_DB_REUSE_MAX = 1000

CELERY_BEAT_SCHEDULER = "chatbot_site.operations.heartbeats:BeatScheduler"
# Ticks find what is due in the database when the broker forgot it; firing one twice is harmless. Seconds. Those of the
# jobs (chatbot_site/jobs.py) are added when the apps are ready: accounts.jobs.registry.beat_schedule.
CELERY_BEAT_SCHEDULE = {
    "settle sends whose lease ran out": {"task": "whatsapp.sending.tasks.settle_expired_sends", "schedule": 10},
    "send messages that are due": {"task": "whatsapp.sending.tasks.deliver_due", "schedule": 2},
    "end broadcasts of which nothing is left": {"task": "broadcasts.tasks.finish_broadcasts", "schedule": 2},
    "start broadcasts whose time has come": {"task": "broadcasts.tasks.start_scheduled", "schedule": 5},
    "skip what is left of cancelled broadcasts": {"task": "broadcasts.tasks.skip_cancelled", "schedule": 60},
    "take bot turns that are due": {"task": "bots.runtime.tasks.take_due_turns", "schedule": 2},
    "write to people about who waits": {"task": "crm.teamwork.tasks.mail_waits", "schedule": 30},
    "write to owners about their numbers": {"task": "crm.teamwork.tasks.mail_numbers", "schedule": 5 * 60},
    "give who waits to those who are present": {"task": "crm.teamwork.tasks.assign_waiting", "schedule": 5},
    "take back what nobody answers": {"task": "crm.teamwork.tasks.return_unanswered", "schedule": 20},
    "sweep files without a row": {"task": "accounts.deletion.tasks.sweep_files", "schedule": 60 * 60},
    "forget merges of customers": {"task": "crm.customers.tasks.prune_merges", "schedule": 60 * 60},
    "delete what jobs keep no longer": {"task": "accounts.jobs.tasks.prune", "schedule": 60 * 60},
    "delete what has expired": {"task": "accounts.tasks.delete_expired", "schedule": 60 * 60},
}
for tick in CELERY_BEAT_SCHEDULE.values():
    tick["options"] = {"expires": 60}

# --- Logs ------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "accounts.logging.redaction.RedactingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "accounts.logging.repeats.GatheringHandler", "formatter": "line"}},
    "loggers": {
        # Celery notes every tick, axes every sign-in, waitress every request that waits a moment for a thread; urllib3
        # notes addresses, and some of Meta's hold a token.
        "celery": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "urllib3": {"level": "INFO"},
        "waitress.queue": {"level": "ERROR"},
        # Named, these lose the handlers of their own, which would write secrets as they are. Django's statements and
        # templates hold what people wrote, so that it says no more than INFO.
        "django": {"level": "INFO"},
        "django.server": {"propagate": True},
        "gunicorn.access": {"propagate": True},
        "gunicorn.error": {"propagate": True},
    },
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", default="INFO")},
}

# Pages with an error's source, which DEBUG shows, and what else is made of an error.
DEFAULT_EXCEPTION_REPORTER = "accounts.logging.error_reports.RedactedReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "accounts.logging.error_reports.SecretsFilter"
