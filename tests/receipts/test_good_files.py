"""Good files of every layout: registered whole, counted as a plain reading counts, written again alike."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from apps.accesslog.models import AccessRecord
from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts.models import ReceiptLine
from apps.receipts.registering import rewrite
from tests.receipts import book, door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

BUSINESS = {"shinjuku-120": "tax", "smbc-120": "nhi", "mufj-120": "ltc", "atpayment-97": "elderly"}
FORMS = [
    (layout, newline)
    for layout in door.LAYOUTS
    for newline in {
        "shinjuku-120": ("crlf", "none"),
        "smbc-120": ("crlf", "lf", "none"),
        "mufj-120": ("crlf", "none"),
        "atpayment-97": ("crlf", "lf"),
        "dsk-csv": ("crlf", "lf"),
    }[layout]
]
Import = Callable[..., door.Run]


def assert_whole(run: door.Run, layout: str, data: bytes) -> None:
    """Everything in the bytes is in the book, nothing else is, and the bytes can be had back."""
    found = plain.lines(layout, data)
    expected = plain.Book()
    counted = expected.post(plain.AGENCY[layout], found)
    assert run.exit_code == 0 and run["errors"] == []
    assert (run["state"], run["layout"]) == ("完了", layout)
    assert (run["lines"], run["rejected"]) == (len(found), 0)
    assert {key: run[key] for key in counted} == counted
    assert (run["counts"], run["amounts"]) == plain.totals(found)
    assert book.payments() == expected.payments()
    file = run.file
    assert file.records == len(plain.records(layout, data))
    assert b"".join(rewrite.rewritten(file)) == data
    assert file.purged_sha256 == run["sha256"] == hashlib.sha256(data).hexdigest()
    assert file.purged_at is not None and file.stored_as == "" and door.in_vault() == []
    record = AccessRecord.objects.filter(action="端末データ削除").latest("pk")
    assert (record.target, record.result) == (f"受信ファイル {file.pk}", "成功")
    assert record.detail == {"sha256": file.sha256, "rewritten": file.sha256}


@pytest.mark.parametrize(("layout", "newline"), FORMS)
def test_every_newline_form_is_registered_whole(
    layout: str, newline: str, import_file: Import, day: datetime.date
) -> None:
    business = BUSINESS.get(layout, "tax")
    data = generating.make_file(layout, business, day, 60, 7, newline=newline)
    assert_whole(import_file(data), layout, data)


@pytest.mark.parametrize("layout", door.LAYOUTS)
@pytest.mark.parametrize("business", ["tax", "nhi", "ltc", "elderly"])
def test_the_business_is_read_from_the_file(
    layout: str, business: str, import_file: Import, day: datetime.date
) -> None:
    run = import_file(generating.make_file(layout, business, day, 12, 3))
    assert (run.exit_code, run["business"]) == (0, business)
    assert set(Payment.objects.values_list("business__code", flat=True)) == {business}


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_days_in_a_row_pair_as_the_plain_book_says(
    layout: str, import_file: Import, day: datetime.date
) -> None:
    expected = plain.Book()
    for name, _, data in generating.make_days(
        layout, "tax", count=9, records=40, seed=5, start=day
    ):
        run = import_file(data, name=name)
        counted = expected.post(plain.AGENCY[layout], plain.lines(layout, data))
        assert run.exit_code == 0 and {key: run[key] for key in counted} == counted
    assert book.payments() == expected.payments()


def test_both_forms_of_the_smbc_barcode_are_in_one_file(
    import_file: Import, day: datetime.date
) -> None:
    data = generating.make_file("smbc-120", "tax", day, 60, 7)
    kinds = {one.raw[15:16] for one in plain.lines("smbc-120", data)}
    assert len(kinds) == 2, "the generated file must hold GS1 and legacy lines"
    assert_whole(import_file(data), "smbc-120", data)


@pytest.mark.parametrize("layout", ["shinjuku-120", "mufj-120"])
def test_several_groups_are_one_file(layout: str, import_file: Import, day: datetime.date) -> None:
    """Two files' groups one after the other, one end record."""
    first, second = (
        plain.records(layout, generating.make_file(layout, "tax", day, 20, seed)) for seed in (1, 2)
    )
    whole = [*first[:-1], *second]
    if layout == "shinjuku-120":
        whole[-1] = b"9" + b"%08d" % len(whole) + whole[-1][9:]
    data = b"".join(record + b"\r\n" for record in whole)
    assert_whole(import_file(data), layout, data)


def test_payment_methods_are_groups_of_an_atpayment_file(
    import_file: Import, day: datetime.date
) -> None:
    data = generating.make_file("atpayment-97", "tax", day, 80, 11)
    assert sum(one[:1] == b"8" for one in plain.records("atpayment-97", data)) > 1
    assert_whole(import_file(data), "atpayment-97", data)


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_a_day_without_payments_is_registered_as_zero_lines(
    layout: str, import_file: Import, day: datetime.date
) -> None:
    data = generating.make_file(layout, "tax", day, 0, 1)
    run = import_file(data, "--business", "tax")
    assert_whole(run, layout, data)
    assert run["lines"] == 0 and ReceiptLine.objects.of(run.file).count() > 0


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_without_the_last_newline_the_same_bytes_come_back(
    layout: str, import_file: Import, day: datetime.date
) -> None:
    data = generating.make_file(layout, "tax", day, 10, 1)
    data = data.removesuffix(b"\r\n") if data.endswith(b"\r\n") else data + b"\r\n"
    assert_whole(import_file(data), layout, data)


def test_more_lines_than_a_block_holds(import_file: Import, day: datetime.date) -> None:
    data = generating.make_file("shinjuku-120", "tax", day, 40_000, 1, newline="none")
    run = import_file(data)
    assert run.exit_code == 0 and run["lines"] == 40_000
    assert (run["counts"], run["amounts"]) == plain.totals(plain.lines("shinjuku-120", data))
    assert run.file.purged_at


def test_several_files_in_one_command_are_several_results(
    reference: None, own_folders: Any, day: datetime.date
) -> None:
    good, bad = own_folders / "good.dat", own_folders / "bad.dat"
    good.write_bytes(generating.make_file("shinjuku-120", "tax", day, 10, 1))
    bad.write_bytes(b"")
    run = door.command(good, bad, own_folders / "not-there.dat")
    assert run.exit_code == 2
    assert [one["state"] for one in run.printed] == ["完了", "失敗", "失敗"]
    assert [[e["code"] for e in one["errors"]] for one in run.printed] == [
        [], ["empty-file"], ["not-opened"],
    ]  # fmt: skip
