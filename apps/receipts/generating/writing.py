"""Records and control totals of a layout, as bytes. Places come from the layout, never from here."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from functools import cache
from typing import BinaryIO

import numpy as np

from apps.receipts import agencies, barcode
from apps.receipts.generating import days, slips
from apps.receipts.generating.days import Groups, Part
from apps.receipts.generating.slips import MIDNIGHT, Bytes, GeneratingError, Payments
from apps.receipts.layouts import BarcodeForm, Field, Layout, Record

Writer = Callable[[BinaryIO], None]

NEWLINES = {"crlf": b"\r\n", "lf": b"\n", "none": b""}
STANDS = {"usage": "1", "payee_name": "", "collection_kind": "1", "settlement_kind": "00"}


class Tally:
    """What was written since the last trailer: count and amount by data type."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.amounts: dict[str, int] = {}

    def add(self, data_type: str, count: int, amount: int) -> None:
        self.counts[data_type] = self.counts.get(data_type, 0) + count
        self.amounts[data_type] = self.amounts.get(data_type, 0) + amount

    def join(self, other: Tally) -> None:
        for data_type, count in other.counts.items():
            self.add(data_type, count, other.amounts[data_type])


def newline_of(layout: Layout, name: str | None) -> str:
    """The newline to write: the one asked for if the layout allows it, else the layout's first."""
    if name is None:
        return layout.newlines[0]
    if name not in layout.newlines:
        raise GeneratingError(
            f"{layout.code} の改行は {'、'.join(layout.newlines)} のどれかです（{name}）。"
        )
    return name


def write(
    target: BinaryIO,
    layout: Layout,
    business: str,
    day: datetime.date,
    groups: Groups,
    newline: str,
) -> None:
    """Write a whole good file, block by block."""
    if layout.kind == "csv":
        _write_csv(target, layout, day, groups, NEWLINES[newline].decode())
    else:
        _write_fixed(target, layout, business, day, groups, NEWLINES[newline])


def _write_fixed(
    target: BinaryIO,
    layout: Layout,
    business: str,
    day: datetime.date,
    groups: Groups,
    newline: bytes,
) -> None:
    header = structure_record(layout, "header", _header_values(layout, business, day)) + newline
    after_trailer = layout.structure["trailer"]
    if len(groups) > 1 and not {"header", "data"} & set(after_trailer):
        # One trailer for all: the groups are only a way to divide the payments.
        groups = [[part for parts in groups for part in parts]]
    whole, records = Tally(), 0
    for number, parts in enumerate(groups):
        if number == 0 or "header" in after_trailer:
            target.write(header)
            records += 1
        tally = Tally()
        for part in parts:
            _write_part(target, layout, day, part, newline, tally)
        records += sum(tally.counts.values()) + 1
        totals = total_values(layout.records["trailer"], tally, records)
        target.write(structure_record(layout, "trailer", totals) + newline)
        whole.join(tally)
    records += 1
    totals = total_values(layout.records["end"], whole, records)
    target.write(structure_record(layout, "end", totals) + newline)


def structure_record(layout: Layout, kind: str, values: Mapping[str, str]) -> bytes:
    """A header, trailer or end record of the layout with these values, the rest empty."""
    record = layout.records[kind]
    return b"".join(_padded(one, _usual(one, record, values), layout) for one in record.fields)


def total_values(record: Record, tally: Tally, records: int) -> dict[str, str]:
    """The control totals of a record as digits; `records` counts all of the file, itself too."""
    values = {}
    for total in record.totals:
        if total.of == "records":
            number = records
        else:
            of = tally.counts if total.of == "count" else tally.amounts
            number = of.get(total.type, 0) if total.type else sum(of.values())
        length = record[total.field].length
        digits = str(number).rjust(length, "0")
        if len(digits) > length:
            raise GeneratingError(f"{total.field} の{length}桁に {number} は入りません。")
        values[total.field] = digits
    return values


def _header_values(layout: Layout, business: str, day: datetime.date) -> dict[str, str]:
    agency = agencies.all_tables()[layout.agency]
    profiles = slips.profiles()
    return {
        "created_on": f"{day:%Y%m%d}",
        "agent_code": (*agency.agent_codes, profiles["agent_code"])[0],
        "payee_code": slips.issuer(layout, business, 0, 0, 0).payee_code,
        "payee_name": profiles["payee_name"],
    }


def _usual(one: Field, record: Record, values: Mapping[str, str]) -> str:
    if one.kind == "type":
        return record.code
    if one.name in values:
        return values[one.name]
    if one.name in STANDS:
        return STANDS[one.name]
    return "0" * one.length if one.kind in ("digits", "number", "amount") else ""


def _padded(one: Field, value: str, layout: Layout) -> bytes:
    raw = value.encode(layout.encoding)
    if len(raw) > one.length:
        raise GeneratingError(f"{one.label}（{one.length}バイト）に「{value}」は入りません。")
    return raw.ljust(one.length)


def dates_of(data_type: str, day: datetime.date) -> dict[str, str]:
    """The date fields that depend on the file's day alone; a 支払予定日 stands in 確報 only."""
    due = data_type in (days.FINAL, days.POSTAL, days.CORRECTION)
    return {
        "obtained_on": f"{day:%Y%m%d}",
        "accounted_on": f"{day:%Y%m%d}",
        "created_on": f"{day:%Y%m%d}",
        "transfer_due_on": f"{days.payout_day(day):%Y%m%d}" if due else "",
    }


def _file_code(layout: Layout, data_type: str) -> str:
    return next(code for code, standard in layout.data_types.items() if standard == data_type)


def _write_part(
    target: BinaryIO,
    layout: Layout,
    day: datetime.date,
    part: Part,
    newline: bytes,
    tally: Tally,
) -> None:
    batch = part.batch
    values = {"data_type": _file_code(layout, part.data_type), **dates_of(part.data_type, day)}
    template = np.frombuffer(structure_record(layout, "data", values) + newline, np.uint8)
    # Small tables to take rows from by index: nothing is formatted row by row.
    received = slips.table([f"{one:%Y%m%d}" for one in batch.days])
    clock = _clock()
    fields = {one.name: one for one in layout.data.fields}
    company = fields["company_code"]
    companies = slips.table([one.company.ljust(company.length) for one in batch.outlets])
    methods = slips.table([days.pay_method(one) for one in batch.outlets])
    for payments in batch.blocks():
        amount = payments.amount
        if part.data_type in layout.amount_from_column:
            amount = slips.corrected(amount)
        columns: dict[str, Bytes] = {
            "received_on": received[payments.day],
            "received_time": clock[payments.minute],
            "store_code": slips.digits(payments.store, fields["store_code"].length),
            "company_code": companies[payments.outlet],
        }
        if "pay_method" in fields:
            columns["pay_method"] = methods[payments.outlet]
        if "amount" in fields:
            columns["amount"] = slips.digits(amount, fields["amount"].length)
        if "barcode_kind" in fields:
            columns["barcode_kind"] = (payments.form + ord("1")).astype(np.uint8)[:, None]
        rows = np.empty((len(payments), len(template)), np.uint8)
        rows[:] = template
        for name, column in columns.items():
            if name in fields:
                rows[:, fields[name].slice] = column
        place = fields["barcode"]
        for number, form in enumerate(layout.data.barcode_forms):
            which = payments.form == number
            if which.all():
                lay_out(rows[:, place.slice], payments.barcode, form)
            elif which.any():
                laid = rows[which, place.slice]
                lay_out(laid, payments.barcode[which], form)
                rows[which, place.slice] = laid
        target.write(rows.data)
        tally.add(part.data_type, len(payments), int(amount.sum()))


@cache
def _clock() -> Bytes:
    return slips.table([f"{minute // 60:02d}{minute % 60:02d}" for minute in range(MIDNIGHT)])


def lay_out(field: Bytes, bars: Bytes, form: BarcodeForm) -> None:
    """Put 44-digit barcodes into the barcode field in one of its forms; what is unused stays."""
    place = 0
    for part in form.parts:
        if isinstance(part, str):
            place += len(part)
            continue
        offset, length = part
        field[:, offset : offset + length] = bars[:, place : place + length]
        place += length


def _write_csv(
    target: BinaryIO, layout: Layout, day: datetime.date, groups: Groups, newline: str
) -> None:
    # Each line begins with the newline of the one before: the last line has none (a.4).
    target.write(",".join(layout.heading).encode(layout.encoding))
    for parts in groups:
        for part in parts:
            for payments in part.batch.blocks():
                lines = _csv_lines(layout, day, part, payments)
                text = "".join(newline + line for line in lines)
                target.write(text.encode(layout.encoding))


def _csv_lines(layout: Layout, day: datetime.date, part: Part, payments: Payments) -> list[str]:
    batch, count = part.batch, len(payments)
    constant = {"data_type": _file_code(layout, part.data_type), **dates_of(part.data_type, day)}
    text = payments.barcode.tobytes().decode()
    bars = [text[at : at + barcode.LENGTH] for at in range(0, len(text), barcode.LENGTH)]
    amounts = payments.amount
    if part.data_type in layout.amount_from_column:
        amounts = slips.corrected(amounts)
    received = [f"{one:%Y%m%d}" for one in batch.days]
    names = _company_names(layout, batch.outlets)
    columns: list[list[str]] = []
    for one in layout.data.fields:
        if one.repeats:
            start, length = one.repeats
            column = [bar[start : start + length] for bar in bars]
        elif one.name == "barcode":
            column = bars
        elif one.name == "received_on":
            column = [received[index] for index in payments.day.tolist()]
        elif one.name == "received_time":
            column = [f"{at // 60:02d}{at % 60:02d}" for at in payments.minute.tolist()]
        elif one.name == "amount":
            column = [str(yen) for yen in amounts.tolist()]
        elif one.name == "store_code":
            # Six digits in the provider's own test file, though the column may hold seven.
            column = [f"{store:06d}" for store in payments.store.tolist()]
        elif one.name == "company_code":
            column = [batch.outlets[index].company for index in payments.outlet.tolist()]
        elif one.name == "company_name":
            column = [names[index] for index in payments.outlet.tolist()]
        else:
            column = [constant.get(one.name) or ("0" if one.zeros else "")] * count
        if one.prefix:
            column = [one.prefix + value for value in column]
        columns.append(column)
    return [",".join(row) for row in zip(*columns, strict=True)]


def _company_names(layout: Layout, outlets: tuple[slips.Outlet, ...]) -> list[str]:
    written = slips.profiles()["names"].get(layout.agency, {})
    known = agencies.brands()["brands"]
    return [f'"{written.get(one.company, known[one.brand]["name"])}"' for one in outlets]
