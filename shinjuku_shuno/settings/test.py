"""The test suite's settings: TEST_DATABASE_URL chooses the engine, everything else is throw-away."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from shinjuku_shuno import environment

from .base import *  # noqa: F403
from .databases import database

ENVIRONMENT_NAME = "試験"
DEMONSTRATION = True
DEBUG = False
SECRET_KEY = "test-only-" + "0" * 54
RECEIPT_STORE_KEY = "11" * 32
ALLOWED_HOSTS = ["*"]

SHUNO_DATA_DIR = Path(tempfile.mkdtemp(prefix="shuno-test-"))


def _remove(made_by: int) -> None:
    # A forked child that ends must not take its parent's databases away.
    if os.getpid() == made_by:
        shutil.rmtree(SHUNO_DATA_DIR, ignore_errors=True)


atexit.register(_remove, os.getpid())
_url = environment.text("TEST_DATABASE_URL", "試験に使うデータベース。空なら SQLite。", "")
DATABASES = {
    "default": database(_url or f"sqlite:///{SHUNO_DATA_DIR / 'default.sqlite3'}"),
    "accesslog": database(
        _url.rsplit("/", 1)[0] + "/accesslog"
        if _url
        else f"sqlite:///{SHUNO_DATA_DIR / 'accesslog.sqlite3'}"
    ),
}
if not _url:
    # Files, not memory: workers, commands and browsers of the tests are other processes.
    DATABASES["default"]["TEST"] = {"NAME": str(SHUNO_DATA_DIR / "test.sqlite3")}
    DATABASES["accesslog"]["TEST"] = {"NAME": str(SHUNO_DATA_DIR / "test-accesslog.sqlite3")}

REDIS_URL = environment.text("TEST_REDIS_URL", "試験に使う Redis。", "")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

RECEIPTS_DIR = SHUNO_DATA_DIR / "receipts"
RECEIPTS_INBOX = RECEIPTS_DIR / "inbox"
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
