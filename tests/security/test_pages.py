"""What a page may load and run: only what is ours, and nothing written into the page itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.security.conftest import Ward
from tests.security.test_urls import address_of
from tests.security.urls_table import EXPECTED

ROOT = Path(settings.BASE_DIR)
TEMPLATES = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("apps/**/templates/**/*.html")]
STATIC = [
    path
    for path in [*ROOT.glob("static/**/*"), *ROOT.glob("apps/**/static/**/*")]
    if path.is_file()
]
OUTSIDE = re.compile(r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}""", re.IGNORECASE)
# A namespace is a name, not an address that anything is fetched from.
NAMES = {"//www.w3.org"}
INLINE = {
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc\s*=)", re.IGNORECASE),
    "an on… attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
}
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def outside(text: str) -> list[str]:
    found = [one for one in OUTSIDE.findall(text) if one.lower().split(":")[-1] not in NAMES]
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_code_and_no_foreign_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert outside(text) == []
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []
    assert "|safe" not in text and "autoescape off" not in text


@pytest.mark.parametrize("path", STATIC, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_static_file_asks_for_nothing_outside(path: Path) -> None:
    if path.suffix in (".csv", ".txt"):
        pytest.skip("a sample and its licence are text that nothing loads from")
    text = path.read_text(encoding="utf-8")
    assert outside(text) == []
    if path.suffix == ".js":
        assert not re.search(
            r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text
        )


def test_python_marks_nothing_as_safe_by_hand() -> None:
    marked = [
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("apps/**/*.py"), *ROOT.glob("shinjuku_shuno/**/*.py")]
        if re.search(
            r"\bmark_safe\b|csrf_exempt|csp_exempt|login_not_required", path.read_text("utf-8")
        )
    ]
    assert marked == []


@pytest.mark.django_db(databases="__all__")
def test_every_page_forbids_everything_else(ward: Ward) -> None:
    clients = {role: ward.client(role) for role in ("anonymous", "own", "system", "privacy")}
    for name in EXPECTED:
        if name == "admin:logout":
            continue
        for role, client in clients.items():
            response = client.get(address_of(name, ward))
            said = f"{role} {name}"
            policy = {
                part.split(None, 1)[0]: part.split(None, 1)[1]
                for part in response["Content-Security-Policy"].split("; ")
            }
            assert policy == POLICY, said
            assert response["X-Frame-Options"] == "DENY", said
            assert response["X-Content-Type-Options"] == "nosniff", said
            if response.status_code != 200 or "text/html" not in response["Content-Type"]:
                continue
            page = response.content.decode()
            assert [what for what, pattern in INLINE.items() if pattern.search(page)] == [], said
            loaded = re.findall(r'(?:src|href|action)="([^"]*)"', page)
            assert not [one for one in loaded if OUTSIDE.match(one)], said


@pytest.mark.django_db(databases="__all__")
def test_error_pages_and_login_have_the_policy_too() -> None:
    for where in ("/nothing", "/admin/login/", "/static/nothing.css"):
        assert "unsafe" not in Client().get(where)["Content-Security-Policy"]
        assert "default-src 'self'" in Client().get(where)["Content-Security-Policy"]
