"""取消 of a whole import: what it alone told of is withdrawn, what others tell of too stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import F, QuerySet

from apps.organization.models import Staff
from apps.payments.models import Payment, PaymentEntry
from apps.receipts import ledger, services
from apps.receipts.models import ReceiptFile, ReceiptLine
from tests.payments.test_duplicates import LAYOUT, data_of, good, sealed
from tests.payments.test_states import of_type
from tests.receipts import book, door, plain

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("acting")]

Import = Callable[..., door.Run]
CANCELLED = ReceiptFile.State.CANCELLED


@pytest.fixture
def clerk(staff: dict[str, Staff]) -> Staff:
    return staff["tax01"]


def cancel(run: door.Run, clerk: Staff) -> ReceiptFile:
    file = ReceiptFile.objects.get(sha256=run["sha256"], state__in=ReceiptFile.REGISTERED)
    return services.cancel(file, by=clerk, reason="別の月のファイルだった")


def entries_of(file: ReceiptFile) -> QuerySet[PaymentEntry]:
    first, last = file.line_ids
    return PaymentEntry.objects.filter(line_id__gte=first, line_id__lte=last)


def assert_files_add_up() -> None:
    """Every file's figures are those of its lines and entries, cancelled or not."""
    for file in ReceiptFile.objects.filter(state__in=[*ReceiptFile.REGISTERED, CANCELLED]):
        assert file.lines == file.accepted + file.duplicate + file.rejected
        if file.state == CANCELLED:
            assert not entries_of(file).exists()
            continue
        entries = entries_of(file)
        assert file.accepted == entries.filter(counted=True).count()
        assert file.duplicate == entries.filter(counted=False).count()
        verdicts = ReceiptLine.objects.of(file)
        assert verdicts.filter(verdict=ReceiptLine.Verdict.ACCEPTED).count() == file.accepted
        assert verdicts.filter(verdict=ReceiptLine.Verdict.DUPLICATE).count() == file.duplicate


def test_payments_become_withdrawn_and_the_lines_stay(import_file: Import, clerk: Staff) -> None:
    run = import_file(good())
    effect = ledger.kept().effect_of_withdrawal(run.file)
    count, yen = Payment.objects.count(), sum(Payment.objects.values_list("amount", flat=True))
    assert effect == {"withdrawn": count, "amount": yen, "restated": 0}
    file = cancel(run, clerk)
    assert (file.state, file.cancelled_by_name, file.cancel_reason) == (
        CANCELLED, str(clerk), "別の月のファイルだった",
    )  # fmt: skip
    assert set(Payment.objects.values_list("state", flat=True)) == {Payment.State.WITHDRAWN}
    assert ReceiptLine.objects.of(file).count() == file.records
    assert_files_add_up()


def test_the_same_file_taken_in_again_revives_the_payments(
    import_file: Import, clerk: Staff
) -> None:
    before = import_file(good())
    book_before = book.payments()
    cancel(before, clerk)
    run = import_file(good(), name="again.dat")
    assert run.exit_code == 0 and (run["accepted"], run["payments_created"]) == (20, 0)
    assert book.payments() == book_before
    assert_files_add_up()


def test_duplicates_elsewhere_step_into_their_place(import_file: Import, clerk: Staff) -> None:
    records = data_of(good())
    first = import_file(sealed(records[:12]), name="a.dat")
    second = import_file(sealed(records[6:]), name="b.dat")
    effect = ledger.kept().effect_of_withdrawal(first.file)
    cancel(first, clerk)
    alone = plain.Book()
    alone.post("ntt-data", plain.lines(LAYOUT, sealed(records[6:])))
    assert book.payments() == alone.payments()
    file = ReceiptFile.objects.get(sha256=second["sha256"])
    assert (file.accepted, file.duplicate) == (14, 0)
    assert effect["withdrawn"] == Payment.objects.filter(state=Payment.State.WITHDRAWN).count()
    assert_files_add_up()


def test_a_confirmation_withdrawn_leaves_the_preliminary(import_file: Import, clerk: Staff) -> None:
    record = data_of(good())[0]
    import_file(sealed([of_type(record, b"01")]), name="a.dat")
    final = import_file(sealed([of_type(record, b"02")]), name="b.dat")
    assert ledger.kept().effect_of_withdrawal(final.file) == {
        "withdrawn": 0, "amount": 0, "restated": 1,
    }  # fmt: skip
    cancel(final, clerk)
    payment = Payment.objects.get()
    assert payment.get_state_display() == "速報"
    assert payment.transfer_due_on is None, "the date only the withdrawn line told of"


def test_the_first_of_three_files_withdrawn_and_then_the_next(
    import_file: Import, clerk: Staff
) -> None:
    records = data_of(good())
    runs = [
        import_file(sealed(records[:5] + records[at : at + 1]), name=f"{at}.dat")
        for at in (6, 7, 8)
    ]
    for left in (2, 1):
        cancel(runs[2 - left], clerk)
        assert Payment.objects.exclude(state=Payment.State.WITHDRAWN).count() == len(
            {plain.line(LAYOUT, one).key for one in records[:5] + records[8 - left + 1 : 9]}
        )
        assert_files_add_up()
    cancel(runs[2], clerk)
    assert book.payments() == {} and not PaymentEntry.objects.exists()


def test_a_file_not_registered_cannot_be_cancelled(import_file: Import, clerk: Staff) -> None:
    with pytest.raises(services.NotPossible, match="理由"):
        services.cancel(import_file(good()).file, by=clerk, reason="  ")
    file = cancel(import_file(good(seed=4), name="b.dat"), clerk)
    with pytest.raises(services.NotPossible, match="登録が済んでいる"):
        services.cancel(file, by=clerk, reason="もう一度")
    failed = import_file(b"x", name="c.dat").file
    with pytest.raises(services.NotPossible, match="登録が済んでいる"):
        services.cancel(failed, by=clerk, reason="失敗したもの")


def test_cancelling_any_of_overlapping_files_leaves_the_book_of_the_rest(
    import_file: Import, clerk: Staff
) -> None:
    """Doubles within files too: whichever goes, the rest stands as if it had come alone."""
    records = data_of(good())
    double = [records[0], records[0], records[1]]
    parts = [double, [records[0], of_type(records[1], b"03")], [*double, records[0]]]
    runs = [import_file(sealed(part), name=f"{at}.dat") for at, part in enumerate(parts)]
    left = list(range(3))
    for gone in (1, 0, 2):
        cancel(runs[gone], clerk)
        left.remove(gone)
        rest = plain.Book()
        for at in left:
            rest.post("ntt-data", [plain.line(LAYOUT, one) for one in parts[at]])
        assert book.payments() == rest.payments(), f"after file {gone} was cancelled"
        assert_files_add_up()
    assert not ReceiptFile.objects.exclude(
        lines=F("accepted") + F("duplicate") + F("rejected")
    ).exists()
