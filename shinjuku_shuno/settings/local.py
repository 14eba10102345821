"""The embedded default: SQLite, everything under var/, one command, no server to install."""

import os
import secrets
from pathlib import Path

from shinjuku_shuno import environment

from .base import *  # noqa: F403
from .base import BASE_DIR, TRUSTED_PROXY_COUNT_HELP
from .databases import database

ENVIRONMENT_NAME = "手元の試用環境"
DEMONSTRATION = True

SHUNO_DATA_DIR = Path(
    environment.text(
        "SHUNO_DATA_DIR", "データベース・鍵・受信ファイルを置くフォルダ。", str(BASE_DIR / "var")
    )
)
SHUNO_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


def _local_secret(name: str) -> str:
    """A secret made once for this machine and kept beside its data."""
    path = SHUNO_DATA_DIR / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    value = secrets.token_hex(32)
    with os.fdopen(descriptor, "w") as target:
        target.write(value)
    return value


DEBUG = False
SECRET_KEY = _local_secret("secret_key")
RECEIPT_STORE_KEY = _local_secret("receipt_store_key")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]

DATABASES = {
    "default": database(
        environment.text(
            "DATABASE_URL",
            "業務データベースの接続先。",
            f"sqlite:///{SHUNO_DATA_DIR / 'shuno.sqlite3'}",
        )
    ),
    "accesslog": database(
        environment.text(
            "ACCESSLOG_DATABASE_URL",
            "アクセス記録のデータベースの接続先（業務と別にする）。",
            f"sqlite:///{SHUNO_DATA_DIR / 'accesslog.sqlite3'}",
        )
    ),
}

REDIS_URL = environment.text(
    "REDIS_URL", "ブローカとキャッシュの Redis。空なら処理は Web の中で行う。", ""
)
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXY_COUNT", TRUSTED_PROXY_COUNT_HELP, 0)

RECEIPTS_DIR = SHUNO_DATA_DIR / "receipts"
RECEIPTS_INBOX = RECEIPTS_DIR / "inbox"
WHITENOISE_USE_FINDERS = True
# Nothing is collected here: the files are served from where they lie. A folder that is not there
# would make WhiteNoise warn at every start.
STATIC_ROOT = None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
