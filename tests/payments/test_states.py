"""design.md 4: any order and any split of the same lines over files gives the same payments and states."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.payments.models import Payment
from tests.payments.test_duplicates import LAYOUT, data_of, good, sealed
from tests.receipts import book, door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

Import = Callable[..., door.Run]
DAY = datetime.date(2026, 4, 1)


def of_type(record: bytes, data_type: bytes) -> bytes:
    due = b"20260422" if data_type == b"02" else b" " * 8
    return record[:1] + data_type + record[3:80] + due + record[88:]


@pytest.mark.parametrize(
    ("types", "state"),
    [
        (["01"], "速報"),
        (["02"], "確報"),
        (["03"], "速報取消"),
        (["01", "02"], "確報"),
        (["01", "03"], "速報取消"),
        (["02", "03"], "要確認"),
        (["01", "02", "03"], "要確認"),
        (["77"], "要確認"),
        (["01", "77"], "要確認"),
    ],
)
def test_a_state_follows_from_the_set_whatever_the_order(
    types: list[str], state: str, import_file: Import
) -> None:
    record = data_of(good())[0]
    for order in itertools.permutations(types):
        with transaction.atomic():
            for at, data_type in enumerate(order):
                run = import_file(sealed([of_type(record, data_type.encode())]), name=f"{at}.dat")
                assert run.exit_code == 0
            payment = Payment.objects.get()
            assert payment.get_state_display() == state
            assert payment.amount == plain.line(LAYOUT, record).amount
            if "02" in types:
                assert payment.transfer_due_on == datetime.date(2026, 4, 22)
            transaction.set_rollback(True)


def test_the_same_set_in_one_file_in_any_order(import_file: Import) -> None:
    record = data_of(good())[0]
    lines = [of_type(record, code) for code in (b"01", b"02", b"03")]
    for order in itertools.permutations(lines):
        with transaction.atomic():
            run = import_file(sealed(list(order)))
            assert (run["accepted"], run["payments_created"]) == (3, 1)
            assert Payment.objects.get().get_state_display() == "要確認"
            transaction.set_rollback(True)


RECORDS = data_of(good(records=5))
LINES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([b"01", b"02", b"03"])), min_size=1, max_size=9
)


@settings(max_examples=25)
@given(lines=LINES, order=st.randoms(use_true_random=False), cut=st.integers(0, 9))
def test_any_order_and_any_split_gives_the_same_book(
    import_file: Import, lines: list[tuple[int, bytes]], order: object, cut: int
) -> None:
    # Two identical lines are two payments in one file but one over two files: keep them apart.
    lines = list(dict.fromkeys(lines))
    records = [of_type(RECORDS[which], code) for which, code in lines]
    expected = plain.Book()
    expected.post("ntt-data", [plain.line(LAYOUT, one) for one in records])
    with transaction.atomic():
        order.shuffle(records)  # type: ignore[attr-defined]
        for name, part in (("a.dat", records[:cut]), ("b.dat", records[cut:])):
            if part:
                assert import_file(sealed(part), name=name).exit_code == 0
        assert book.payments() == expected.payments()
        transaction.set_rollback(True)


@settings(max_examples=15)
@given(parts=st.lists(LINES, min_size=2, max_size=4))
def test_overlapping_files_with_doubles_follow_the_plain_book(
    import_file: Import, parts: list[list[tuple[int, bytes]]]
) -> None:
    expected = plain.Book()
    with transaction.atomic():
        for at, lines in enumerate(parts):
            data = sealed([of_type(RECORDS[which], code) for which, code in lines])
            run = import_file(data, name=f"{at}.dat")
            if run.codes == ["already-taken-in"]:
                continue
            counted = expected.post("ntt-data", plain.lines(LAYOUT, data))
            assert {key: run[key] for key in counted} == counted
        assert book.payments() == expected.payments()
        transaction.set_rollback(True)
