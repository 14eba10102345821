"""Every kind of bad file, by layout: refused, rejected or kept as it should be, and never an exception."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator

import pytest

from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts.generating import breaking
from apps.receipts.models import ReceiptLine
from apps.receipts.registering import rewrite
from tests.receipts import door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

FIXED = ("shinjuku-120", "smbc-120", "mufj-120", "atpayment-97")
CSV = ("dsk-csv",)
ALL = FIXED + CSV
TIMED = tuple(layout for layout in ALL if layout != "atpayment-97")
AMOUNT_COLUMN = ("atpayment-97", "dsk-csv")

# kind, layouts, exit code, codes of the errors (each at least once, and no other). The layout is
# chosen as well as the business: detection by itself is another test's.
TABLE: list[tuple[str, tuple[str, ...], int, set[str]]] = [
    ("empty", ALL, 2, {"empty-file"}),
    ("truncated", FIXED, 2, {"truncated", "end-missing"}),
    ("truncated", CSV, 2, {"truncated-line"}),
    ("not-a-receipt", FIXED, 2, {"truncated"}),
    ("not-a-receipt", CSV, 2, {"heading-missing", "column-count"}),
    ("utf16", ("smbc-120", "atpayment-97"), 2, {"record-length", "truncated"}),
    ("utf16", CSV, 2, {"encoding", "line-unreadable", "heading-missing"}),
    ("utf8-bom", FIXED, 2, {"record-length", "header-missing"}),
    ("utf8-bom", CSV, 2, {"encoding", "heading-missing"}),
    ("encoding", ALL, 2, {"encoding"}),
    ("mixed-newline", ALL, 2, {"newline-mixed"}),
    ("blank-lines", ("shinjuku-120", "atpayment-97"), 2, {"record-length", "total-mismatch"}),
    ("blank-lines", ("smbc-120", "mufj-120"), 2, {"record-length"}),
    ("blank-lines", CSV, 1, {"column-count"}),
    ("eof-mark", FIXED, 2, {"truncated"}),
    ("eof-mark", CSV, 1, {"value-too-long"}),
    ("provider-error", CSV, 2, {"provider-error"}),
    ("short-record", ("shinjuku-120", "atpayment-97"), 2, {"record-length", "total-mismatch"}),
    ("short-record", ("smbc-120", "mufj-120"), 2, {"record-length"}),
    ("long-record", ("shinjuku-120", "atpayment-97"), 2, {"record-length", "total-mismatch"}),
    ("long-record", ("smbc-120", "mufj-120"), 2, {"record-length"}),
    ("record-type", FIXED, 2, {"record-type-unknown"}),
    ("missing-header", FIXED, 2, {"header-missing"}),
    ("missing-header", CSV, 2, {"heading-missing"}),
    ("missing-trailer", FIXED, 2, {"trailer-missing"}),
    ("missing-end", FIXED, 2, {"end-missing"}),
    ("extra-after-end", FIXED, 2, {"extra-after-end"}),
    ("data-after-trailer", FIXED[:3], 2, {"header-missing", "trailer-missing"}),
    ("data-after-trailer", ("atpayment-97",), 2, {"trailer-missing"}),
    ("wrong-order", FIXED, 2, {"header-missing", "record-order"}),
    ("wrong-order", CSV, 2, {"heading-missing", "value-too-long"}),
    ("header-only", FIXED, 2, {"end-missing"}),
    ("header-only", CSV, 0, set()),
    ("total-count", ("shinjuku-120", "atpayment-97"), 2, {"total-mismatch"}),
    ("total-amount", ("shinjuku-120",), 2, {"total-mismatch"}),
    ("end-count", ("shinjuku-120", "atpayment-97"), 2, {"total-mismatch"}),
    ("bad-date", ALL, 1, {"date-unreadable"}),
    ("bad-time", TIMED, 1, {"time-unreadable"}),
    ("check-digit", ALL, 1, {"check-digit"}),
    ("barcode-letters", ALL, 1, {"barcode-not-digits"}),
    ("zero-amount", ALL, 1, {"amount-zero"}),
    ("amount-not-digits", FIXED[:3], 1, {"barcode-not-digits"}),
    ("amount-not-digits", AMOUNT_COLUMN, 1, {"amount-unreadable"}),
    ("amount-mismatch", AMOUNT_COLUMN, 1, {"amount-mismatch"}),
    ("unknown-type", ALL, 0, set()),
    ("unknown-company", ALL, 0, set()),
    ("unknown-payee", ALL, 2, {"payee-unknown"}),
    ("other-business", ALL, 2, {"business-mismatch"}),
    ("future-date", ALL, 1, {"received-after-file"}),
    ("before-start", ALL, 0, set()),
    ("duplicate-in-file", ALL, 0, set()),
    ("heading-wrong", CSV, 2, {"heading-missing", "value-too-long"}),
    ("column-count", CSV, 1, {"column-count"}),
    ("unquoted", CSV, 1, {"column-count"}),
    ("unclosed-quote", CSV, 1, {"line-unreadable"}),
    ("lost-zeros", CSV, 1, {"data-type-unreadable"}),
    # Of these only the outcome is certain: the bytes hit the layouts differently.
    ("utf16", ("shinjuku-120", "mufj-120"), 2, {"newline-not-of-layout"}),
    ("zip", ALL, 2, set()),
    ("xlsx", ALL, 2, set()),
    (breaking.LONG_LINE, FIXED, 2, set()),
    (breaking.LONG_LINE, CSV, 2, {"line-too-long"}),
]
NOTICES = {
    "unknown-type": "data-type-unknown",
    "unknown-company": "company-unknown",
    "before-start": "before-start",
}
LOOSE = {"zip", "xlsx", "utf16", "utf8-bom", "lost-zeros", breaking.LONG_LINE}


def rows() -> Iterator[tuple[str, str, int, set[str]]]:
    for kind, codes_of, code, errors in TABLE:
        for layout in codes_of:
            yield kind, layout, code, errors


def line_broken(layout: str, kind: str, data: bytes, day: datetime.date) -> set[int]:
    """The numbers of the lines in which the bad file differs from the good one."""
    good = plain.records(layout, generating.make_file(layout, "tax", day, 20, 3))
    bad = plain.records(layout, data)
    if kind == "blank-lines":
        return {bad.index(b"") + 1}
    return {
        number
        for number, (one, other) in enumerate(zip(good, bad, strict=True), start=1)
        if one != other and (layout == "dsk-csv" or other[:1] == b"2")
    }


def test_the_table_has_every_kind() -> None:
    assert {kind for kind, *_ in TABLE} == set(breaking.KINDS)


@pytest.mark.parametrize(("kind", "layout", "exit_code", "errors"), list(rows()))
def test_a_broken_file(
    kind: str,
    layout: str,
    exit_code: int,
    errors: set[str],
    import_file: Callable[..., door.Run],
    day: datetime.date,
) -> None:
    data = generating.make_file(layout, "tax", day, 20, 3, kind=kind)
    run = import_file(data, "--layout", layout, "--business", "tax")
    assert run.exit_code == exit_code, run["errors"][:3]
    if kind in LOOSE:
        assert run.codes and errors <= set(run.codes)
    else:
        assert set(run.codes) == errors
    if kind in NOTICES:
        assert NOTICES[kind] in run.notices
    for one in [*run["errors"], *run["notices"]]:
        assert one["message"] and one["remedy"]
        assert "{" not in one["message"] + one["remedy"], one
    assert (
        list(run.file.issues.exclude(effect="notice").values_list("code", flat=True)) == run.codes
    )
    if exit_code == 2:
        assert_nothing_written(run)
    else:
        assert_registered(run, layout, data)
    if exit_code == 1 and kind != "lost-zeros":
        assert run["state"] == "一部エラー"
        assert {one["line"] for one in run["errors"]} == line_broken(layout, kind, data, day)


def assert_nothing_written(run: door.Run) -> None:
    assert run["state"] == "失敗" and run["payments_created"] == run["accepted"] == 0
    assert not Payment.objects.exists() and not ReceiptLine.objects.exists()
    assert door.in_vault() == [], "a copy of no further use"


def assert_registered(run: door.Run, layout: str, data: bytes) -> None:
    """Every data line of the bytes is accounted for; exactly the rejected ones are marked so."""
    file = run.file
    wrong = {one["line"] for one in run["errors"]}
    heads = {1} if layout == "dsk-csv" else set()
    numbers = {
        number
        for number, raw in enumerate(plain.records(layout, data), start=1)
        if number not in heads and (layout == "dsk-csv" or raw[:1] == b"2")
    }
    assert run["lines"] == len(numbers) == run["accepted"] + run["duplicate"] + run["rejected"]
    rejected = ReceiptLine.objects.of(file).filter(verdict=ReceiptLine.Verdict.REJECTED)
    assert {one.number for one in rejected} == wrong and run["rejected"] == len(wrong)
    accepted = [plain.line(layout, raw) for raw in _raws(file, wrong, heads, layout)]
    assert sum(Payment.objects.values_list("amount", flat=True)) == sum(
        {(one.key, at): one.amount for at, one in _occurrences(accepted)}.values()
    )
    assert b"".join(rewrite.rewritten(file)) == data
    assert file.purged_sha256 == hashlib.sha256(data).hexdigest() and door.in_vault() == []


def _raws(file: object, wrong: set[int], heads: set[int], layout: str) -> Iterator[bytes]:
    for one in ReceiptLine.objects.of(file):  # type: ignore[arg-type]
        if one.number not in wrong | heads and (layout == "dsk-csv" or bytes(one.raw)[:1] == b"2"):
            yield bytes(one.raw)


def _occurrences(found: list[plain.Line]) -> Iterator[tuple[int, plain.Line]]:
    seen: dict[tuple[object, ...], int] = {}
    for one in found:
        seen[(one.key, one.data_type)] = seen.get((one.key, one.data_type), 0) + 1
        yield seen[(one.key, one.data_type)], one


@pytest.mark.parametrize(
    ("kind", "layout"),
    [
        *((kind, layout) for kind in ("mixed-newline", "truncated") for layout in ALL),
        *((kind, layout) for kind in ("long-record", "short-record") for layout in FIXED),
    ],
)
def test_a_file_damaged_in_the_middle_is_still_known_by_its_beginning(
    kind: str, layout: str, import_file: Callable[..., door.Run], day: datetime.date
) -> None:
    run = import_file(generating.make_file(layout, "tax", day, 20, 3, kind=kind))
    assert run["layout"] == layout and "layout-unknown" not in run.codes


def test_an_unknown_type_and_company_are_kept_and_flagged(
    import_file: Callable[..., door.Run], day: datetime.date
) -> None:
    data = generating.make_file("shinjuku-120", "tax", day, 20, 3, kind="unknown-type")
    run = import_file(data)
    kept = [one for one in plain.lines("shinjuku-120", data) if one.data_type == "77"]
    payment = Payment.objects.get(pk=run.file.first_line_id + kept[0].number)
    assert payment.get_state_display() == "要確認" and payment.amount == kept[0].amount
    data = generating.make_file("shinjuku-120", "tax", day, 20, 4, kind="unknown-company")
    run = import_file(data, name="b.dat")
    notice = next(one for one in run["notices"] if one["code"] == "company-unknown")
    assert notice["occurrences"] == 1 and "符号表にありません" in notice["message"]
    strange = Payment.objects.get(pk=run.file.first_line_id + notice["line"])
    assert strange.brand is None
