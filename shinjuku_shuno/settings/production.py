"""Production: PostgreSQL, Redis, behind a proxy with TLS. Nothing secret has a default."""

from pathlib import Path

from shinjuku_shuno import environment

from .base import *  # noqa: F403
from .base import TRUSTED_PROXY_COUNT_HELP
from .brokers import broker_options, verified
from .databases import database

ENVIRONMENT_NAME = environment.text("ENVIRONMENT_NAME", "画面の上に出す環境の名前。", "本番")
DEMONSTRATION = False
DEBUG = False

SECRET_KEY = environment.text("SECRET_KEY", "Django の署名鍵（50字以上の乱数）。")
RECEIPT_STORE_KEY = environment.text(
    "RECEIPT_STORE_KEY", "受信ファイルの一時保存を暗号化する鍵（16進64桁）。"
)
ALLOWED_HOSTS = environment.listing("ALLOWED_HOSTS", "この業務の Web のホスト名（コンマ区切り）。")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]

DATABASES = {
    "default": database(
        environment.text("DATABASE_URL", "業務データベース（PostgreSQL）の接続先。")
    ),
    "accesslog": database(
        environment.text(
            "ACCESSLOG_DATABASE_URL",
            "アクセス記録のデータベース（PostgreSQL）の接続先（業務と別にする）。",
        )
    ),
}

REDIS_URL = verified(
    environment.text(
        "REDIS_URL",
        "ブローカとキャッシュの Redis（rediss:// とパスワード）。相手の証明書を必ず確かめる。",
    )
)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_USE_SSL = broker_options(REDIS_URL)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

RECEIPTS_DIR = Path(
    environment.text(
        "RECEIPTS_DIR", "受信ファイルの暗号化した一時保存と作業ファイルを置くフォルダ。"
    )
)
RECEIPTS_INBOX = Path(
    environment.text("RECEIPTS_INBOX", "受信箱のフォルダ（ここに届いたファイルを取り込む）。")
)

TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXY_COUNT", TRUSTED_PROXY_COUNT_HELP, 1)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
