"""A line of a receipt file as a person reads it: field by field, with the layout it came in."""

from __future__ import annotations

import csv
import datetime
from dataclasses import dataclass

from apps.calendars.wareki import wareki

from . import agencies, barcode
from .layouts import Field, Layout, Record

_SCREEN = {"header": "見出し", "data": "データ", "trailer": "合計", "end": "終わり"}


@dataclass(frozen=True)
class Value:
    """One field of a line: what stands in the file, and what it means where that differs."""

    field: Field
    text: str
    meaning: str = ""


@dataclass(frozen=True)
class Row:
    """One line as lists show it. `values` holds everything, and so the payer's number too."""

    record: str
    values: tuple[Value, ...]
    data_type: str = ""
    received: str = ""
    barcode: str = ""
    amount: int | None = None


def text_of(raw: bytes | memoryview, encoding: str = "cp932") -> str:
    """A line as text; bytes that are no characters stay readable as \\x81."""
    return bytes(raw).decode(encoding, "backslashreplace")


def row_of(layout: Layout | None, raw: bytes | memoryview) -> Row:
    """Decode one line. A line that does not fit its layout gives what can be read of it."""
    if layout is None:
        return Row("ー", ())
    record = _record(layout, raw)
    if record is None:
        return Row("見出し" if layout.kind == "csv" else "不明", ())
    texts = _texts(layout, record, bytes(raw))
    values = tuple(Value(field, text, _meaning(layout, field, text)) for field, text in texts)
    if record.kind != "data":
        return Row(_SCREEN[record.kind], values)
    by_name = {value.field.name: value for value in values}
    number = _barcode(record, by_name["barcode"].text if "barcode" in by_name else "")
    received = " ".join(
        by_name[name].meaning for name in ("received_on", "received_time") if name in by_name
    )
    return Row(
        _SCREEN["data"],
        values,
        by_name["data_type"].meaning if "data_type" in by_name else "",
        received,
        number,
        int(number[barcode.AMOUNT]) if number else None,
    )


def _record(layout: Layout, raw: bytes | memoryview) -> Record | None:
    if layout.kind == "csv":
        heading = ",".join(layout.heading)
        first = text_of(raw, layout.encoding).replace('"', "")
        return None if heading and first == heading else layout.data
    code = bytes(raw[:1]).decode("ascii", "replace")
    return next((one for one in layout.records.values() if one.code == code), None)


def _texts(layout: Layout, record: Record, raw: bytes) -> list[tuple[Field, str]]:
    if layout.kind == "fixed":
        return [(field, text_of(raw[field.slice], layout.encoding)) for field in record.fields]
    columns = next(csv.reader([text_of(raw, layout.encoding).rstrip("\r\n")]), [])
    return list(zip(record.fields, columns, strict=False))


def _barcode(record: Record, text: str) -> str:
    """The 44 digits in whichever of the layout's forms they stand, or nothing."""
    text = text.removeprefix(record["barcode"].prefix)
    for form in record.barcode_forms:
        digits = "".join(
            part if isinstance(part, str) else text[part[0] : part[0] + part[1]]
            for part in form.parts
        )
        plain = len(digits) == barcode.LENGTH and digits.isascii() and digits.isdigit()
        if plain and barcode.check_digit(digits[:-1]) == digits[-1]:
            return digits
    return ""


def _meaning(layout: Layout, field: Field, text: str) -> str:
    value = text.removeprefix(field.prefix).strip()
    if field.kind == "data_type":
        known = agencies.data_types().get(layout.data_types.get(value, ""))
        return known.name if known else f"{value}（不明）"
    if field.kind == "date" and value.strip("0"):
        try:
            return wareki(datetime.datetime.strptime(value, "%Y%m%d").date())
        except ValueError:
            return f"{value}（日付として読めません）"
    if field.kind == "time" and len(value) == 4 and value.isdigit():
        return f"{value[:2]}:{value[2:]}"
    if field.kind in ("number", "amount") and value.isascii() and value.isdigit():
        return f"{int(value):,}"
    return ""
