"""A ward with files and payments of two 課, and everyone who might ask for them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accesslog.services import Actor, acting_as
from apps.home import demonstration
from apps.organization.models import Staff
from apps.organization.services import load_organization, notify
from apps.payments.models import Payment
from apps.receipts import generating, services
from apps.receipts.models import ReceiptFile
from apps.receipts.services.reference import load_codes

DAY = datetime.date(2026, 4, 1)
OWN, OTHER = "tax01", "nhi01"


def taken_in(
    business: str, name: str, by: str, seed: int, kind: str | None = None, partial: bool = False
) -> ReceiptFile:
    """A file of that business, taken in and processed as the clerk's upload would be."""
    content = generating.make_file("shinjuku-120", business, DAY, 30, seed, kind=kind)
    person = Staff.objects.get(username=by)
    with acting_as(Actor("system:試験")):
        file = services.take_in(
            io.BytesIO(content),
            name=name,
            door=ReceiptFile.Door.WEB,
            received_by=person,
            received_by_name=str(person),
            accept_partial=partial,
        )
        return services.process(file.pk)


@dataclass
class Ward:
    """`own` and `other` are the files of 税務課 and 医療保険年金課, each one good and one refused."""

    own: list[ReceiptFile]
    other: list[ReceiptFile]
    people: dict[str, Staff] = field(default_factory=dict)

    def client(self, role: str) -> Client:
        client = Client(raise_request_exception=False)
        if role != "anonymous":
            client.force_login(self.people[role])
        if role == "stopped":
            Staff.objects.filter(pk=self.people[role].pk).update(is_active=False)
        return client

    def payments(self, code: str) -> Any:
        return Payment.objects.filter(business__code=code)


@pytest.fixture
def own_disk(settings: Any, tmp_path: Path) -> None:
    settings.RECEIPTS_DIR = tmp_path / "receipts"
    settings.RECEIPTS_INBOX = tmp_path / "inbox"


@pytest.fixture
def ward(own_disk: None, request: pytest.FixtureRequest) -> Iterator[Ward]:
    request.getfixturevalue("_django_db_helper")
    load_organization()
    load_codes()
    demonstration.load()
    ready = Ward(
        own=[
            taken_in("tax", "zeimu-good.dat", OWN, 1),
            taken_in("tax", "zeimu-bad.dat", OWN, 2, "bad-date"),
        ],
        other=[
            taken_in("nhi", "kokuho-good.dat", OTHER, 3),
            taken_in("nhi", "kokuho-bad.dat", OTHER, 4, "bad-date"),
        ],
    )
    states = [file.state for file in ready.own + ready.other]
    assert states == [ReceiptFile.State.DONE, ReceiptFile.State.FAILED] * 2
    accounts = {"own": OWN, "other": OTHER, "system": "system01", "privacy": "privacy01"}
    ready.people = {role: Staff.objects.get(username=name) for role, name in accounts.items()}
    ready.people["root"] = Staff.objects.create_superuser("root", password="x" * 16, name="全能")
    stopped = Staff.objects.create_user("stopped", password="x" * 16, name="停止", is_staff=True)
    stopped.department = ready.people["own"].department
    stopped.save()
    stopped.groups.set(ready.people["own"].groups.all())
    ready.people["stopped"] = stopped
    notify(ready.people["own"], "税務課だけのお知らせ", "/admin/")
    yield ready
