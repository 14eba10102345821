"""A payer's number is on the screens of those who may see it and nowhere else: no log, record or address."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client

from apps.accesslog.masking import MASK, MaskingFormatter, masked, masked_detail
from apps.accesslog.models import AccessRecord
from apps.accesslog.services import Actor, acting_as, record
from apps.organization.models import Notice
from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts.models import ReceiptFile
from tests.security.conftest import DAY, Ward

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

FILES = "/admin/receipts/receiptfile/"
PAYMENTS = "/admin/payments/payment/"
ROOT = Path(django_settings.BASE_DIR)
LOGS: dict[str, Any] = django_settings.LOGGING


def numbers(content: bytes) -> set[str]:
    """Every barcode of a shinjuku-120 file, with its free field whole and without the payee code."""
    found: set[str] = set()
    for line in content.decode("cp932").split("\r\n"):
        if line[:1] == "2":
            code = line[16:60]
            found |= {code, code[8:29], code[13:29], code[15:29]}
    assert len(found) > 40
    return found


def shown(response: Any) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


def upload(client: Client, content: bytes, **fields: str) -> ReceiptFile:
    response = client.post(
        f"{FILES}upload/",
        {"uploads": SimpleUploadedFile("a.dat", content), **fields},
        headers={"Accept": "application/json"},
    )
    return ReceiptFile.objects.get(pk=response.json()["files"][0]["id"])


def test_a_days_work_leaves_no_number_in_any_record_log_notice_or_address(
    ward: Ward, caplog: pytest.LogCaptureFixture, capsys: Any, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    client = ward.client("own")
    good = generating.make_file("shinjuku-120", "tax", DAY, 30, 21)
    bad = generating.make_file("shinjuku-120", "tax", DAY, 30, 22, kind="bad-date")
    wrong = generating.make_file("shinjuku-120", "tax", DAY, 30, 23, kind="total-amount")
    secret = numbers(good) | numbers(bad) | numbers(wrong)
    files = [upload(client, good), upload(client, bad, accept_partial="on"), upload(client, wrong)]
    files.append(upload(client, good))
    (tmp_path / "again.dat").write_bytes(generating.make_file("shinjuku-120", "tax", DAY, 9, 24))
    call_command("import_receipts", str(tmp_path / "again.dat"))
    printed = capsys.readouterr().out
    payment = Payment.objects.get(pk=files[0].first_line_id + 2)
    seen: set[str] = set()
    todo = ["/admin/", FILES, PAYMENTS, *(f"{FILES}{one.pk}/change/" for one in files)]
    todo += [f"{PAYMENTS}{payment.pk}/change/?show=number"]
    assert client.post(PAYMENTS, {"q": payment.barcode}).status_code in (200, 302)
    while todo and len(seen) < 120:
        where = todo.pop(0)
        seen.add(where)
        response = client.get(where)
        page = shown(response)
        links = re.findall(r'(?:href|action)="([^"#]*)"', page.replace("&amp;", "&"))
        assert not [one for one in links if any(number in one for number in secret)], where
        todo += [
            one for one in dict.fromkeys(links) if one.startswith("/admin/") and one not in seen
        ]
        todo = [one for one in todo if "logout" not in one]
    client.post(f"{FILES}{files[0].pk}/cancel/", {"reason": f"誤り {payment.barcode} の件"})
    # Typed or scanned into the wrong place.
    for number in (payment.barcode, payment.barcode[8:29]):
        client.get(f"{PAYMENTS}{number}/change/")
        client.get(f"/{number}/")
        client.get(f"/admin/{number}")
        client.get(f"{FILES}{number}/lines/")
    assert len(seen) > 60 and AccessRecord.objects.filter(target=FILES).exists()
    kept = "\n".join(
        f"{one.actor} {one.target} {json.dumps(one.detail, ensure_ascii=False)}"
        for one in AccessRecord.objects.all()
    )
    notices = "\n".join(f"{one.text} {one.url}" for one in Notice.objects.all())
    formatter = MaskingFormatter(LOGS["formatters"]["line"]["format"], style="{")
    logged = "\n".join(formatter.format(one) for one in caplog.records)
    for number in secret:
        for where, text in (("records", kept), ("notices", notices), ("log", logged)):
            assert number not in text, where
        assert number not in printed
    # Which page of a payment was opened is in the record, by the payment's own number.
    assert payment.number in kept


def test_the_applications_own_words_in_the_log_hold_no_number(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    """Before any masking: what this product's loggers say themselves."""
    client = ward.client("own")
    for kind in ("bad-date", "check-digit", "amount-zero", "truncated"):
        try:
            content = generating.make_file("shinjuku-120", "tax", DAY, 30, 31, kind=kind)
        except generating.GeneratingError:
            continue
        upload(client, content)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("apps.")]
    assert not [one for one in ours if masked(one) != one]


class TestMasking:
    @pytest.mark.parametrize("length", [14, 16, 21, 44])
    def test_long_numbers_go(self, length: int) -> None:
        for digits in ("9" * length, "９" * length):
            assert masked(f"番号（{digits}）と {digits}") == f"番号（{MASK}）と {MASK}"

    @pytest.mark.parametrize(
        "kept",
        ["4294967327", "3-17", "2026-11-22 12:00:00", "1234567890123", "0123456789abcdef" * 4,
         "a12345678901234567890b"],
    )  # fmt: skip
    def test_keys_days_and_hashes_stay(self, kept: str) -> None:
        assert masked(kept) == kept

    def test_at_any_depth(self) -> None:
        detail = {"a": ["9" * 44, {"b": ("9" * 21, 7)}], "files": [1, 2]}
        assert masked_detail(detail) == {"a": [MASK, {"b": [MASK, 7]}], "files": [1, 2]}

    def test_a_databases_error_is_masked_with_its_traceback(self) -> None:
        formatter = MaskingFormatter("%(message)s")
        try:
            raise IntegrityError(f"DETAIL: Key (barcode)=({'9' * 44}) already exists.")
        except IntegrityError:
            entry = logging.getLogger("x").makeRecord(
                "x", logging.ERROR, "f", 1, "failed", (), exc_info=sys.exc_info()
            )
        text = formatter.format(entry)
        assert "already exists" in text and MASK in text and "9" * 14 not in text

    def test_every_handler_of_the_product_uses_it(self) -> None:
        for handler in LOGS["handlers"].values():
            formatter = LOGS["formatters"][handler["formatter"]]
            assert formatter["class"] == "apps.accesslog.masking.MaskingFormatter"

    def test_a_record_is_masked_at_its_door(self) -> None:
        with acting_as(Actor("system:試験")):
            made = record("試験", f"収納 {'9' * 44}", note=f"x {'9' * 21}")
        assert made.target == f"収納 {MASK}" and made.detail == {"note": f"x {MASK}"}


def test_no_server_in_front_logs_the_query_of_an_address() -> None:
    """A search is a GET: its number stands in the request line, which web servers log by default."""
    nginx = (ROOT / "deploy/nginx/shuno.conf").read_text("utf-8")
    assert re.search(r"^\s*access_log \S+ without_query;", nginx, re.MULTILINE)
    (layout,) = re.findall(r"log_format without_query([^;]*);", nginx)
    for forbidden in (
        "$request ",
        "$request_uri",
        "$args",
        "$query_string",
        "$http_referer",
        '$request"',
    ):
        assert forbidden not in layout
    docker = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    (shape,) = re.findall(r'"--access-logformat", "((?:[^"\\]|\\.)*)"', docker)
    assert "%(U)s" in shape
    for forbidden in ("%(r)s", "%(q)s", "%(f)s"):
        assert forbidden not in shape
