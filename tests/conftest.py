"""What the tests share: the ward's reference data, its staff, and the import through its real door."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model

from apps.accesslog.services import Actor, acting_as
from apps.home import demonstration
from apps.organization.models import Staff
from apps.organization.services import load_organization
from apps.receipts.services.reference import load_codes
from tests.receipts import door

_health = list(hypothesis.HealthCheck)
hypothesis.settings.register_profile(
    "quick",
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_health,
    # A failing example is small already; making it smaller would take minutes of imports.
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
# pytest --hypothesis-profile=thorough: other examples every time.
hypothesis.settings.register_profile(
    "thorough", max_examples=1000, deadline=None, suppress_health_check=_health
)
hypothesis.settings.load_profile("quick")


@pytest.fixture
def own_folders(settings: Any, tmp_path: Path) -> Path:
    """A vault and an inbox of this test alone."""
    settings.RECEIPTS_DIR = tmp_path / "receipts"
    settings.RECEIPTS_INBOX = tmp_path / "inbox"
    settings.RECEIPTS_INBOX.mkdir()
    return tmp_path


@pytest.fixture
def reference(own_folders: Path, request: pytest.FixtureRequest) -> None:
    """課, 登録業務, rights, agencies and brands, as load_reference leaves them."""
    # In a transaction rolled back after the test, unless the test's own mark asks for real commits.
    request.getfixturevalue("_django_db_helper")
    _load_reference()


def _load_reference() -> None:
    """Loading asks row by row; from the second test on the same rows go in by the table."""
    # A flush gives permissions new numbers, and then the rows kept are no longer right.
    mark = Permission.objects.order_by("pk").values_list("pk", flat=True).first()
    if (rows := _REFERENCE.get(mark)) is not None:
        with transaction.atomic():
            for model, kept in rows.items():
                model._base_manager.bulk_create(kept)
        return
    tables = apps.get_models(include_auto_created=True)
    tables = [one for one in tables if one._meta.app_label != "accesslog" and one._meta.managed]
    empty = [one for one in tables if not one._base_manager.exists()]
    load_organization()
    load_codes()
    found = {one: list(one._base_manager.all()) for one in empty}
    _REFERENCE[mark] = {one: kept for one, kept in found.items() if kept}


_REFERENCE: dict[int | None, dict[type[Model], list[Any]]] = {}


@pytest.fixture
def staff(reference: None) -> dict[str, Staff]:
    """The demonstration ward's people by account: tax01, nhi01, ltc01, elderly01, …"""
    return {one.username: one for one in demonstration.load()}


@pytest.fixture
def acting() -> Iterator[Actor]:
    """Someone acts: what writes an access record outside a request needs a name."""
    with acting_as(Actor("system:試験")) as actor:
        yield actor


@pytest.fixture
def import_file(reference: None, own_folders: Path) -> Callable[..., door.Run]:
    """import_file(content, *options, name="a.dat"): `manage.py import_receipts --json` on these bytes."""

    def run(content: bytes, *options: str, name: str = "a.dat") -> door.Run:
        path = own_folders / name
        path.write_bytes(content)
        return door.command(path, *options)

    return run


@pytest.fixture
def day() -> datetime.date:
    """The day the invented files are of: a Wednesday at the beginning of a fiscal year."""
    return datetime.date(2026, 4, 1)
