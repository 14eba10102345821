"""People with a browser, as the tests of the screens see them."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.home import demonstration
from apps.organization.models import Staff
from apps.organization.services import load_organization
from apps.receipts import generating
from apps.receipts.models import ReceiptFile
from apps.receipts.services.reference import load_codes

FILES = "/admin/receipts/receiptfile/"
PAYMENTS = "/admin/payments/payment/"
UPLOAD = f"{FILES}upload/"
DAY = datetime.date(2026, 4, 1)


def open_ward() -> None:
    load_organization()
    load_codes()
    demonstration.load()


def person(username: str) -> Staff:
    return Staff.objects.get(username=username)


def client_of(username: str) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(person(username))
    return client


def made(business: str = "tax", kind: str | None = None, seed: int = 1) -> bytes:
    return generating.make_file("shinjuku-120", business, DAY, 30, seed, kind=kind)


def upload(client: Client, content: bytes, name: str = "a.dat", **fields: Any) -> ReceiptFile:
    response = client.post(
        UPLOAD,
        {"uploads": SimpleUploadedFile(name, content), **fields},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 201, response.content
    return ReceiptFile.objects.get(pk=response.json()["files"][0]["id"])


def page(client: Client, address: str, status: int = 200) -> str:
    # The admin sends an address it does not know on to a change page, which then does not exist.
    response = client.get(address, follow=status == 404)
    assert response.status_code == status, (address, response.status_code)
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


def address(file: ReceiptFile, rest: str = "change/") -> str:
    return f"{FILES}{file.pk}/{rest}"
