"""Whatever the bytes are: a named refusal with nothing written, or every line accounted for and true."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from functools import cache

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.payments.models import Payment, PaymentEntry
from apps.receipts import generating
from apps.receipts.models import ReceiptLine
from apps.receipts.reading.findings import rules
from apps.receipts.registering import rewrite
from tests.receipts import door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

Import = Callable[..., door.Run]
DAY = datetime.date(2026, 4, 1)


@cache
def good(layout: str, newline: str | None = None) -> bytes:
    return generating.make_file(layout, "tax", DAY, 6, 3, newline=newline)


def assert_sound(run: door.Run, data: bytes) -> None:
    """The invariant of every import; nothing here asks the product what is right."""
    assert set(run.codes) <= set(rules()) and "crashed" not in run.codes, run["errors"]
    assert door.in_vault() == []
    if run.exit_code == 2:
        assert run.codes and run["state"] == "失敗"
        assert not ReceiptLine.objects.exists() and not Payment.objects.exists()
        return
    file = run.file
    layout = run["layout"]
    lines = {one.number: one for one in ReceiptLine.objects.of(file)}
    verdict = ReceiptLine.Verdict
    of = {each: [n for n, one in lines.items() if one.verdict == each] for each in verdict}
    assert run["lines"] == run["accepted"] + run["duplicate"] + run["rejected"]
    assert run["lines"] + len(of[verdict.STRUCTURE]) == len(lines) == file.records
    assert run["accepted"] == len(of[verdict.ACCEPTED])
    assert run["rejected"] == len(of[verdict.REJECTED])
    if layout != "dsk-csv":
        assert run["lines"] == sum(bytes(one.raw)[:1] == b"2" for one in lines.values())
    for number in of[verdict.ACCEPTED]:
        one = plain.line(layout, bytes(lines[number].raw), number)
        entry = PaymentEntry.objects.select_related("payment").get(pk=lines[number].pk)
        payment = entry.payment
        assert plain.whole(payment.barcode) and payment.barcode == one.bars
        assert (f"{payment.received_on:%Y%m%d}", payment.received_time) == (
            one.received_on,
            one.time,
        )
        assert (payment.company_code, payment.store_code) == (one.company, one.store)
        assert payment.amount == one.amount > 0
        assert entry.data_type == one.data_type
    assert b"".join(rewrite.rewritten(file)) == data
    assert file.purged_sha256 == hashlib.sha256(data).hexdigest()


def tried(import_file: Import, data: bytes, *options: str) -> None:
    with transaction.atomic():
        assert_sound(import_file(data, *options), data)
        transaction.set_rollback(True)


@given(data=st.binary(max_size=700), layout=st.sampled_from(["auto", *door.LAYOUTS]))
def test_random_bytes(import_file: Import, data: bytes, layout: str) -> None:
    tried(import_file, data, "--layout", layout, "--business", "tax")


@given(
    data=st.text(alphabet='01289 ,"\r\n年EAN', max_size=900), layout=st.sampled_from(door.LAYOUTS)
)
def test_random_text_of_the_signs_that_files_have(
    import_file: Import, data: str, layout: str
) -> None:
    tried(import_file, data.encode("cp932"), "--layout", layout, "--business", "tax")


EDIT = st.tuples(
    st.sampled_from(["flip", "delete", "insert", "swap", "repeat", "cut"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.binary(min_size=1, max_size=3),
)


def edited(layout: str, data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, at, other, piece in edits:
        if not data:
            return data
        place = at % len(data)
        if kind == "flip":
            data = data[:place] + piece + data[place + len(piece) :]
        elif kind == "delete":
            data = data[:place] + data[place + len(piece) :]
        elif kind == "insert":
            data = data[:place] + piece + data[place:]
        elif kind == "cut":
            data = data[:place]
        else:
            lines = data.split(b"\n")
            one, two = at % len(lines), other % len(lines)
            if kind == "swap":
                lines[one], lines[two] = lines[two], lines[one]
            else:
                lines.insert(one, lines[two])
            data = b"\n".join(lines)
    return data


@pytest.mark.parametrize("layout", door.LAYOUTS)
@given(edits=st.lists(EDIT, min_size=1, max_size=3), auto=st.booleans())
def test_a_valid_file_changed_at_random(
    layout: str, import_file: Import, edits: list[tuple[str, int, int, bytes]], auto: bool
) -> None:
    data = edited(layout, good(layout), edits)
    tried(import_file, data, "--layout", "auto" if auto else layout)


@pytest.mark.parametrize("layout", ["smbc-120", "mufj-120"])
@given(edits=st.lists(EDIT, min_size=1, max_size=2))
def test_without_newlines_too(
    layout: str, import_file: Import, edits: list[tuple[str, int, int, bytes]]
) -> None:
    tried(import_file, edited(layout, good(layout, "none"), edits), "--layout", layout)


@pytest.mark.parametrize("layout", ["smbc-120", "mufj-120", "dsk-csv"])
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from(b"0123456789 ")), min_size=1, max_size=4
    )
)
def test_digits_changed_in_a_file_without_amount_totals(
    layout: str, import_file: Import, edits: list[tuple[int, int]]
) -> None:
    """Nothing but the check digit and the fields themselves protects these."""
    data = bytearray(good(layout))
    for at, digit in edits:
        place = at % len(data)
        if data[place] in b"0123456789":
            data[place] = digit
    tried(import_file, bytes(data), "--layout", layout)
