"""A real Chromium against a live server, with an ear on its console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from apps.home import demonstration
from apps.organization.services import load_organization
from apps.receipts.services.reference import load_codes


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("Chromium がありません。script/test が入れます（Debian の chromium）。")
    # Playwright's loop runs in this thread, where the tests also ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def ward(transactional_db: None, django_db_serialized_rollback: None) -> None:
    load_organization()
    load_codes()
    demonstration.load()


@pytest.fixture
def complaints() -> list[str]:
    """What the console said: a breach of the Content-Security-Policy is an error there."""
    return []


@pytest.fixture
def open_as(
    browser: Browser, live_server: Any, ward: None, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """open_as("tax01", ...): a page of that person, logged in through the login form."""
    contexts = []

    def opened(username: str, **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="ja-JP", **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/admin/login/")
        page.fill("#id_username", username)
        page.fill("#id_password", demonstration.PASSWORD)
        page.click("#login-form input[type=submit]")
        page.wait_for_url("**/admin/")
        return page

    yield opened
    for context in contexts:
        context.close()
