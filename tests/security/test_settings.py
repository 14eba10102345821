"""What production insists on, and whose address the record names."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from kombu import Connection

from apps.accesslog.terminal import address_of
from shinjuku_shuno.settings.brokers import broker_options, verified

ROOT = Path(django_settings.BASE_DIR)
PRODUCTION = {
    "SECRET_KEY": "k" * 60,
    "RECEIPT_STORE_KEY": "00" * 32,
    "ALLOWED_HOSTS": "shuno.example.jp",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/shuno",
    "ACCESSLOG_DATABASE_URL": "postgres://nobody@127.0.0.1:1/accesslog",
    "REDIS_URL": "rediss://:secret@redis.invalid:6379/0",
    "RECEIPTS_DIR": "/nonexistent/receipts",
    "RECEIPTS_INBOX": "/nonexistent/inbox",
}


def python(module: str, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python under these settings alone, warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import django; django.setup()\n{code}"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONUTF8": "1",
            "DJANGO_SETTINGS_MODULE": f"shinjuku_shuno.settings.{module}",
            **environment,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestRedis:
    @pytest.mark.parametrize(
        "url",
        [
            "rediss://:p%2Fw@redis:6379/0",
            "rediss://:p%2Fw@redis:6379/0?ssl_ca_certs=/run/secrets/redis_ca",
            "rediss://:p%2Fw@redis:6379/0?ssl_cert_reqs=required&ssl_ca_certs=/run/secrets/redis_ca",
            "rediss://:p%2Fw@redis:6379/0?ssl_cert_reqs=CERT_REQUIRED",
        ],
    )
    def test_everyone_who_connects_verifies_the_certificate(self, url: str) -> None:
        safe = verified(url)
        connection = Connection(safe, ssl=broker_options(safe))
        options = cast(dict[str, Any], connection.ssl)
        assert options["ssl_cert_reqs"] == ssl.CERT_REQUIRED
        assert connection.password == "p/w" and connection.virtual_host == "0"
        if "ssl_ca_certs" in url:
            assert options["ssl_ca_certs"] == "/run/secrets/redis_ca"
        import redis

        pool = redis.ConnectionPool.from_url(safe)
        made = pool.connection_class(**pool.connection_kwargs)
        assert made.cert_reqs == ssl.CERT_REQUIRED and made.check_hostname
        assert made.password == "p/w"

    @pytest.mark.parametrize(
        "url",
        [
            "redis://:p@redis:6379/0",
            "rediss://redis/0?ssl_cert_reqs=none",
            "rediss://redis/0?ssl_cert_reqs=CERT_NONE",
            "rediss://redis/0?ssl_cert_reqs=optional",
            "rediss://redis/0?ssl_cert_reqs=required&ssl_check_hostname=false",
            "memory://",
        ],
    )
    def test_anything_less_is_refused_in_a_sentence(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
            verified(url)

    def test_the_trap_is_still_there(self) -> None:
        """The day kombu verifies by itself, brokers.py can become simpler."""
        assert Connection("rediss://redis/0").ssl == {"ssl_cert_reqs": ssl.CERT_NONE}


class TestProduction:
    def test_has_what_it_must(self) -> None:
        code = """
import json, ssl
from django.conf import settings
from shinjuku_shuno.celery import app
with app.connection_for_write() as broker:
    required = broker.ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED
print(json.dumps({"broker": required, "cache": settings.CACHES["default"]["LOCATION"],
    "proxies": settings.TRUSTED_PROXY_COUNT, "debug": settings.DEBUG,
    "cookies": settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE,
    "first": settings.MIDDLEWARE[0], "eager": app.conf.task_always_eager}))
"""
        answer = python("production", code, **PRODUCTION)
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout) == {
            "broker": True,
            "cache": "rediss://:secret@redis.invalid:6379/0?ssl_cert_reqs=required",
            "proxies": 1,
            "debug": False,
            "cookies": True,
            "first": "apps.accesslog.middleware.AccessRecordMiddleware",
            "eager": False,
        }

    @pytest.mark.parametrize("name", sorted(PRODUCTION))
    def test_starts_with_nothing_missing_only(self, name: str) -> None:
        given = {key: value for key, value in PRODUCTION.items() if key != name}
        answer = python("production", "", **given)
        assert answer.returncode != 0 and name in answer.stderr


class TestOthers:
    def test_local_starts_without_a_warning(self, tmp_path: Path) -> None:
        code = "from django.core.handlers.wsgi import WSGIHandler; WSGIHandler()"
        answer = python("local", code, SHUNO_DATA_DIR=str(tmp_path))
        assert (answer.returncode, answer.stderr) == (0, "")

    def test_the_tests_leave_no_folder_behind(self, tmp_path: Path) -> None:
        code = """
import os, sys
from django.conf import settings
if os.fork() == 0:
    sys.exit()
os.wait()
assert settings.SHUNO_DATA_DIR.is_dir()
"""
        answer = python("test", code, TMPDIR=str(tmp_path))
        assert answer.returncode == 0, answer.stderr
        assert list(tmp_path.iterdir()) == []


class TestTerminal:
    """The proxy's word counts, the caller's does not."""

    def address(self, settings: Any, proxies: int, claimed: str | None, direct: str) -> str:
        settings.TRUSTED_PROXY_COUNT = proxies
        extra: dict[str, Any] = {"REMOTE_ADDR": direct}
        if claimed is not None:
            extra["HTTP_X_FORWARDED_FOR"] = claimed
        return address_of(RequestFactory().get("/", **extra))

    @pytest.mark.parametrize(
        ("proxies", "claimed", "direct", "expected"),
        [
            # No proxy: whatever is claimed, the caller is the one who called.
            (0, None, "10.0.0.9", "10.0.0.9"),
            (0, "1.1.1.1", "10.0.0.9", "10.0.0.9"),
            # One: the last entry is what the proxy itself saw.
            (1, "10.0.0.9", "172.18.0.2", "10.0.0.9"),
            (1, "1.1.1.1, 10.0.0.9", "172.18.0.2", "10.0.0.9"),
            (1, "1.1.1.1, 2.2.2.2,3.3.3.3, 10.0.0.9", "172.18.0.2", "10.0.0.9"),
            # Two: the last but one.
            (2, "1.1.1.1, 10.0.0.9, 172.18.0.3", "172.18.0.2", "10.0.0.9"),
            # Around a proxy, or nothing that is an address: the caller.
            (2, "1.1.1.1", "172.18.0.2", "172.18.0.2"),
            (1, None, "172.18.0.2", "172.18.0.2"),
            (1, "", "172.18.0.2", "172.18.0.2"),
            (1, "10.0.0.9, ", "172.18.0.2", "172.18.0.2"),
            (1, "<script>", "172.18.0.2", "172.18.0.2"),
            (1, "9" * 5000, "172.18.0.2", "172.18.0.2"),
            # As proxies write them.
            (1, "10.0.0.9:51234", "172.18.0.2", "10.0.0.9"),
            (1, "[2001:db8::9]:51234", "172.18.0.2", "2001:db8::9"),
            (1, "2001:DB8::9", "172.18.0.2", "2001:db8::9"),
            (1, "fe80::1%eth0", "172.18.0.2", "fe80::1"),
            # A Unix socket has no address.
            (1, "10.0.0.9", "", "10.0.0.9"),
            (0, None, "", ""),
        ],
    )
    def test_is_the_last_that_can_be_believed(
        self, settings: Any, proxies: int, claimed: str | None, direct: str, expected: str
    ) -> None:
        assert self.address(settings, proxies, claimed, direct) == expected

    def test_the_proxy_of_deploy_sets_it(self) -> None:
        nginx = (ROOT / "deploy/nginx/shuno.conf").read_text("utf-8")
        assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
        assert "proxy_set_header X-Forwarded-Proto https;" in nginx
        assert "$http_x_forwarded" not in nginx and "$proxy_add_x_forwarded_for" not in nginx
