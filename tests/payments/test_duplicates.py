"""Overlapping files, true doubles, corrected files: each payment stands once, every line is accounted for."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable

import pytest

from apps.payments.models import Payment, PaymentEntry
from apps.receipts import generating, services
from apps.receipts.models import ReceiptFile, ReceiptLine
from tests.receipts import book, door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

Import = Callable[..., door.Run]
LAYOUT = "shinjuku-120"
DAY = datetime.date(2026, 4, 1)


def good(layout: str = LAYOUT, seed: int = 3, records: int = 20) -> bytes:
    return generating.make_file(layout, "tax", DAY, records, seed)


def sealed(records: list[bytes]) -> bytes:
    """A shinjuku-120 file of these data records with true totals, after design.md 7."""
    header = plain.records(LAYOUT, good(records=1))[0]
    counts, amounts = plain.totals(plain.line(LAYOUT, one) for one in records)
    trailer = b"8" + b"".join(
        b"%06d%012d" % (counts.get(code, 0), amounts.get(code, 0)) for code in ("01", "02", "03")
    )
    end = b"9%08d" % (len(records) + 3)
    whole = [header, *records, trailer.ljust(120), end.ljust(120)]
    return b"".join(one + b"\r\n" for one in whole)


def data_of(data: bytes) -> list[bytes]:
    return [one.raw for one in plain.lines(LAYOUT, data)]


def test_a_second_file_that_overlaps_adds_only_what_is_new(import_file: Import) -> None:
    records = data_of(good())
    first, second = sealed(records[:12]), sealed(records[6:])
    expected = plain.Book()
    for name, data in (("a.dat", first), ("b.dat", second)):
        counted = expected.post("ntt-data", plain.lines(LAYOUT, data))
        run = import_file(data, name=name)
        assert run.exit_code == 0 and {key: run[key] for key in counted} == counted
    assert run["duplicate"] == 6
    assert book.payments() == expected.payments()
    duplicates = ReceiptLine.objects.of(run.file).filter(verdict=ReceiptLine.Verdict.DUPLICATE)
    assert [one.number for one in duplicates] == [2, 3, 4, 5, 6, 7]
    for line in duplicates:  # of which payment, file and line
        entry = PaymentEntry.objects.get(pk=line.pk)
        told = entry.payment.entries.get(data_type=entry.data_type, counted=True)
        assert bytes(told.line.raw) == bytes(line.raw) and not entry.counted


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_true_identical_payments_survive_as_two_occurrences(
    layout: str, import_file: Import
) -> None:
    data = generating.make_file(layout, "tax", DAY, 20, 3, kind="duplicate-in-file")
    expected = plain.Book()
    counted = expected.post(plain.AGENCY[layout], plain.lines(layout, data))
    run = import_file(data)
    assert run["duplicate"] == 0 and {key: run[key] for key in counted} == counted
    assert book.payments() == expected.payments()
    assert Payment.objects.filter(occurrence=2).count() >= 1
    # Come again in another file, both are duplicates: there were two payments, not four.
    other = data.removesuffix(b"\r\n") if data.endswith(b"\r\n") else data + b"\r\n"
    again = import_file(other, name="b.dat")
    assert again.exit_code == 0 and (again["accepted"], again["payments_created"]) == (0, 0)
    assert again["duplicate"] == run["lines"]
    assert book.payments() == expected.payments()


def test_a_third_true_double_in_a_later_file_is_a_new_payment(import_file: Import) -> None:
    record = data_of(good())[0]
    import_file(sealed([record, record]), name="a.dat")
    run = import_file(sealed([record, record, record]), name="b.dat")
    assert (run["accepted"], run["duplicate"], run["payments_created"]) == (1, 2, 1)
    assert Payment.objects.count() == 3


def test_the_corrected_file_taken_in_again_makes_the_totals_agree(import_file: Import) -> None:
    bad = generating.make_file(LAYOUT, "tax", DAY, 20, 3, kind="check-digit")
    assert import_file(bad, name="bad.dat")["rejected"] == 1
    run = import_file(good(), name="good.dat")
    assert (run["accepted"], run["duplicate"], run["rejected"]) == (1, 19, 0)
    clean = plain.Book()
    clean.post("ntt-data", plain.lines(LAYOUT, good()))
    assert book.payments() == clean.payments()


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_corrected_lines_alone_make_the_file_whole(
    layout: str, import_file: Import, acting: object
) -> None:
    bad = generating.make_file(layout, "tax", DAY, 20, 3, kind="bad-date")
    run = import_file(bad)
    assert (run.exit_code, run["rejected"]) == (1, 1)
    number = run["errors"][0]["line"]
    fragment = plain.records(layout, good(layout))[number - 1] + b"\r\n"
    file = services.take_in(
        io.BytesIO(fragment),
        name="corrected.dat",
        door=ReceiptFile.Door.CORRECTION,
        received_by=None,
        received_by_name="試験",
        corrects=run.file,
    )
    file = services.process(file.pk)
    assert (file.state, file.lines, file.accepted) == (ReceiptFile.State.DONE, 1, 1)
    assert file.purged_at is not None and file.corrects == run.file
    clean = plain.Book()
    clean.post(plain.AGENCY[layout], plain.lines(layout, good(layout)))
    assert book.payments() == clean.payments()


def test_a_fragment_holds_data_records_only(import_file: Import, acting: object) -> None:
    run = import_file(generating.make_file(LAYOUT, "tax", DAY, 20, 3, kind="bad-date"))
    file = services.take_in(
        io.BytesIO(good()),
        name="whole.dat",
        door=ReceiptFile.Door.CORRECTION,
        received_by=None,
        received_by_name="試験",
        corrects=run.file,
    )
    file = services.process(file.pk)
    assert file.state == ReceiptFile.State.FAILED
    assert "record-order" in file.issues.values_list("code", flat=True)
    assert not ReceiptLine.objects.of(file).exists()


def test_the_same_numbers_at_another_agency_are_another_payment(import_file: Import) -> None:
    import_file(good("smbc-120"))
    before = Payment.objects.count()
    import_file(good("dsk-csv"), name="b.csv")
    assert Payment.objects.count() > before
    assert set(Payment.objects.values_list("agency__code", flat=True)) == {"smbc-fs", "dsk"}
