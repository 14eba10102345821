"""Imports of the same file through the ORM, doing what registration does: a program a careful
Django developer would write. `bulk_create` in batches of 2,000, or one object at a time."""

from __future__ import annotations

import datetime
from collections import Counter

from django.db import transaction

from apps.organization.models import Business
from apps.payments.models import Payment, PaymentEntry
from apps.receipts import agencies, barcode
from apps.receipts.models import Agency, Brand, ReceiptFile, ReceiptLine

BATCH = 2000
KEY = ("barcode", "received_on", "received_time", "company_code", "store_code", "occurrence")
STATES = {"01": 1, "02": 2, "03": 3}


def day(text: str) -> datetime.date | None:
    return datetime.datetime.strptime(text, "%Y%m%d").date() if text.strip(" 0") else None


class Reader:
    """shinjuku-120 a record at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.repeats: Counter[tuple[object, ...]] = Counter()
        table = agencies.all_tables()["ntt-data"]
        ids = dict(Brand.objects.values_list("code", "pk"))
        self.brands = {code: ids[one.brand] for code, one in table.companies.items()}
        self.agency = Agency.objects.get(code="ntt-data")
        self.business = Business.objects.get(code="tax")
        self.file = ReceiptFile.objects.create(
            name=path, agency=self.agency, business=self.business, size=0, sha256="0" * 64,
            door="command", received_by_name="bench", state="failed",
        )  # fmt: skip

    def __iter__(self):
        with open(self.path, "rb") as source:
            for number, raw in enumerate(source, start=1):
                raw = raw.rstrip(b"\r\n")
                line = ReceiptLine(
                    id=self.file.first_line_id + number, file_id=self.file.pk,
                    verdict=1 if raw[:1] == b"2" else 0, raw=raw,
                )  # fmt: skip
                yield line, self.payment(line, raw.decode()) if raw[:1] == b"2" else None

    def payment(self, line: ReceiptLine, text: str) -> tuple[str, Payment]:
        code = text[16:60]
        if barcode.check_digit(code[:43]) != code[43]:
            raise ValueError(f"{line.number}: check digit")
        datetime.time(int(text[11:13]), int(text[13:15]))
        found = Payment(
            id=line.pk, agency=self.agency, business=self.business,
            brand_id=self.brands.get(text[96:102].strip()), state=STATES[text[1:3]],
            received_on=day(text[3:11]), received_time=text[11:15], barcode=code,
            company_code=text[96:102].strip(), store_code=text[63:70].strip(),
            amount=int(code[37:43]), transfer_due_on=day(text[80:88]), accounted_on=day(text[88:96]),
        )  # fmt: skip
        self.repeats[(text[1:3], *key(found))] += 1
        found.occurrence = self.repeats[(text[1:3], *key(found))]
        return text[1:3], found


def key(payment: Payment) -> tuple[object, ...]:
    return (
        payment.barcode, payment.received_on, payment.received_time,
        payment.company_code, payment.store_code, payment.occurrence,
    )  # fmt: skip


@transaction.atomic
def bulk(path: str) -> int:
    seen: dict[tuple[object, ...], Payment] = {}
    lines, payments, entries, changed = [], [], [], []
    count = 0

    def flush() -> None:
        ReceiptLine.objects.bulk_create(lines)
        known = {
            key(one): one
            for one in Payment.objects.filter(barcode__in=[one.barcode for one in payments])
        }
        fresh = [one for one in payments if key(one) not in known]
        Payment.objects.bulk_create(fresh)
        PaymentEntry.objects.bulk_create(entries)
        Payment.objects.bulk_update(changed, ["state"], batch_size=BATCH)
        for rows in (lines, payments, entries, changed):
            rows.clear()

    for line, found in Reader(path):
        lines.append(line)
        if found:
            count += 1
            data_type, payment = found
            earlier = seen.setdefault(key(payment), payment)
            if earlier is payment:
                payments.append(payment)
            else:
                earlier.state = payment.state
                changed.append(earlier)
            entries.append(
                PaymentEntry(
                    line_id=line.pk, payment_id=earlier.pk, data_type=data_type, counted=True
                )
            )
        if len(lines) >= BATCH:
            flush()
    flush()
    return count


@transaction.atomic
def row_by_row(path: str) -> int:
    count = 0
    for line, found in Reader(path):
        line.save(force_insert=True)
        if not found:
            continue
        count += 1
        data_type, payment = found
        values = dict(zip(KEY, key(payment), strict=True))
        known, made = Payment.objects.get_or_create(
            **values, agency=payment.agency,
            defaults={name: getattr(payment, name) for name in ("id", "business", "brand_id", "state", "amount", "transfer_due_on", "accounted_on")},
        )  # fmt: skip
        if not made:
            known.state = payment.state
            known.save()
        PaymentEntry.objects.create(
            line_id=line.pk, payment=known, data_type=data_type, counted=True
        )
    return count
