"""The settings of the tests: the product's own, on data that is thrown away.

The profile comes from the environment (`./portal test` runs both); without any it is the
embedded one, so that a single test runs with nothing started.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from accessportal.keys import ensure_keys

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
_directory = Path(tempfile.mkdtemp(prefix=f"access-portal-tests-{_worker}-"))
_owner = os.getpid()


@atexit.register
def _remove() -> None:
    if os.getpid() == _owner:  # not in a child that a test forked
        shutil.rmtree(_directory, ignore_errors=True)


ensure_keys(_directory / "keys")
(_directory / "static").mkdir()
os.environ["PORTAL_DATA_DIR"] = str(_directory)
if os.environ.get("PORTAL_REDIS_URL"):
    # One Redis database for each worker: none sees another's messages or cache.
    _number = 15 if _worker == "main" else int(_worker.removeprefix("gw"))
    _redis = urlsplit(os.environ["PORTAL_REDIS_URL"])
    os.environ["PORTAL_REDIS_URL"] = _redis._replace(path=f"/{_number}").geturl()

from accessportal.settings import *  # noqa: E402, F403
from accessportal.settings import DATABASES, EMBEDDED  # noqa: E402

if EMBEDDED:
    # A file, not SQLite's memory mode: its locks are those that a plant will see.
    DATABASES["default"]["TEST"] = {"NAME": str(_directory / "test.sqlite3")}

# Argon2 is slow on purpose; one test looks at the product's own list of hashers.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Stories have one person on several machines; the limits have a story of their own.
MAX_SESSIONS_PER_PERSON = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A host that leads nowhere: a webhook may be added for it.
WEBHOOK_HOSTS = ["ntfy.plant.example"]
# Tasks run where they are called; the fixture `task_worker` gives a test the real queue.
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# A test's browser builds the middleware anew; without this, each lists all static files.
WHITENOISE_AUTOREFRESH = True
