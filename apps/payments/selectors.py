"""What may be read of the payments: behind a file, behind a number, by what is on the slip."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from apps.organization.models import Staff
from apps.receipts import agencies, barcode
from apps.receipts.models import LINES_PER_FILE, ReceiptFile

from .models import Payment, PaymentEntry

PREFIXES_AT_MOST = 2_000
_NUMBER = re.compile(r"(\d{1,10})-(\d{1,10})")


def payments_of(file: ReceiptFile, data_type: str = "") -> QuerySet[Payment]:
    """The payments that a file tells of, or only those of its lines of one data type."""
    return Payment.objects.filter(pk__in=_counted(file.line_ids, data_type).values("payment_id"))


def in_file(payments: QuerySet[Payment], file_id: int, data_type: str = "") -> QuerySet[Payment]:
    """Those of the payments that a file, by its number, tells of."""
    first = file_id * LINES_PER_FILE
    counted = _counted((first, first + LINES_PER_FILE - 1), data_type)
    return payments.filter(pk__in=counted.values("payment_id"))


def _counted(line_ids: tuple[int, int], data_type: str) -> QuerySet[PaymentEntry]:
    entries = _of_lines(line_ids).filter(counted=True)
    return entries.filter(data_type=data_type) if data_type else entries


def registered_totals(file: ReceiptFile) -> dict[str, dict[str, int]]:
    """件数 and 金額 by data type of what a file registered; its own totals where every line was."""
    if not (file.rejected or file.duplicate):
        totals: dict[str, dict[str, int]] = file.totals.get("types", {})
        return totals
    rows = _counted(file.line_ids, "").order_by().values("data_type")
    return {
        row["data_type"]: {"count": row["count"], "amount": row["amount"]}
        for row in rows.annotate(count=Count("pk"), amount=Sum("payment__amount"))
    }


def _of_lines(line_ids: tuple[int, int]) -> QuerySet[PaymentEntry]:
    return PaymentEntry.objects.filter(line__gte=line_ids[0], line__lte=line_ids[1])


def duplicates_of(file: ReceiptFile) -> QuerySet[PaymentEntry]:
    """The lines of a file that say what another line had said before, in the file's order."""
    return _of_lines(file.line_ids).filter(counted=False)


@dataclass(frozen=True)
class Duplicate:
    """重複: a line, and what it repeats. `payment` is None where that is another 課's to see."""

    line_number: int
    data_type: str
    payment: Payment | None
    first_file: ReceiptFile | None
    first_line_number: int


def explained(entries: list[PaymentEntry], person: Staff) -> list[Duplicate]:
    """What each of the repeating lines repeats, as far as this person may see it."""
    payments = {
        payment.pk: payment
        for payment in Payment.objects.visible_to(person).filter(
            pk__in=[entry.payment_id for entry in entries]
        )
    }
    firsts = {
        (entry.payment_id, entry.data_type): entry.line_id
        for entry in PaymentEntry.objects.filter(payment__in=payments, counted=True)
    }
    files = ReceiptFile.objects.visible_to(person).in_bulk(
        {line // LINES_PER_FILE for line in firsts.values()}
    )
    return [
        Duplicate(
            entry.line_id % LINES_PER_FILE,
            type_name(entry.data_type),
            payments.get(entry.payment_id),
            files.get(firsts.get((entry.payment_id, entry.data_type), 0) // LINES_PER_FILE),
            firsts.get((entry.payment_id, entry.data_type), 0) % LINES_PER_FILE,
        )
        for entry in entries
    ]


def type_name(data_type: str) -> str:
    known = agencies.data_types().get(data_type)
    return known.name if known else data_type


# 検索


def searched(payments: QuerySet[Payment], typed: str) -> QuerySet[Payment]:
    """The payments with exactly this number: the barcode (44 digits, scanned or typed), the free field
    (21, or 16 without the payee code), the 納付書番号 (14), or a 収納番号 like 3-17.

    Each is an index look-up however many payments there are; anything else finds nothing.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    if number := _NUMBER.fullmatch(re.sub(r"[‐‑–—−ー―]", "-", text)):
        file, line = int(number[1]), int(number[2])
        if file < 2**31 and line < LINES_PER_FILE:
            return payments.filter(pk=file * LINES_PER_FILE + line)
        return payments.none()
    # A reader may say first what kind of code it read: ]C1 is GS1-128.
    digits = re.sub(r"\D", "", re.sub(r"^\][A-Za-z]\d", "", text))
    starts = {
        21: barcode.FREE.start,
        16: barcode.PAYEE.stop,
        14: barcode.PAYEE.stop + 2,
    }
    if not digits.isascii():
        return payments.none()
    if len(digits) == barcode.LENGTH:
        return payments.filter(barcode=digits)
    if len(digits) not in starts:
        return payments.none()
    found: set[int] = set()
    for prefix in _prefixes(starts[len(digits)]):
        low = (prefix + digits).ljust(barcode.LENGTH, "0")
        high = (prefix + digits).ljust(barcode.LENGTH, "9")
        found.update(
            Payment.objects.filter(barcode__range=(low, high)).values_list("pk", flat=True)[:1000]
        )
    return payments.filter(pk__in=found)


def _prefixes(length: int) -> list[str]:
    """The different beginnings of the barcodes there are: an index look-up each, and they are few."""
    found: list[str] = []
    after = ""
    while len(found) < PREFIXES_AT_MOST:
        following = (
            Payment.objects.filter(barcode__gt=after)
            .order_by("barcode")
            .values_list("barcode", flat=True)
            .first()
        )
        if following is None:
            break
        found.append(following[:length])
        after = following[:length].ljust(barcode.LENGTH, "9")
    return found


def company_is_demonstration(payment: Payment) -> bool:
    """Whether the company code of this payment exists only for demonstration."""
    table = agencies.all_tables().get(payment.agency.code)
    if table is None:
        return False
    for code in (f"{payment.company_code}+{payment.store_code}", payment.company_code):
        if code in table.companies:
            return table.companies[code].demonstration
    return False


def entries_of(payment: Payment) -> list[PaymentEntry]:
    """Everything files said about a payment, in the order it came in.

    Asked in two parts: each has an index of its own, and the two together have none.
    """
    parts = [payment.entries.filter(counted=counted) for counted in (True, False)]
    return sorted((entry for part in parts for entry in part), key=lambda entry: entry.line_id)
