"""Which layout a file has, from its beginning (receipt-files.md a.2, telling A from B)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .. import barcode
from ..layouts import Layout, Record
from . import values
from .blocks import NEWLINES, Bytes, sniff_newline
from .columns import resolve_barcodes

HEAD = 65_536
_RECORDS = 100


def scores(head: bytes, candidates: Iterable[Layout]) -> dict[str, float]:
    """How well the beginning of a file fits each layout: bytes that fit per byte of a record.

    Fields whose content is unknown count nothing, so a layout that explains more wins.
    """
    return {layout.code: _score(head, layout) for layout in candidates}


def best(found: dict[str, float]) -> list[str]:
    """The code that fits best, several when they fit alike, none when nothing fits."""
    top = max(found.values(), default=0.0)
    return [code for code, score in found.items() if score == top] if top > 0 else []


def payee_of(head: bytes, layout: Layout) -> str:
    """The payee code of the first readable data record or header; empty when there is none."""
    records = _records(head, layout)
    header = layout.records.get("header")
    if header and (one := header.get("payee_code")):
        for row in records:
            if row[:1].tobytes() == header.code.encode():
                return row[one.slice].tobytes().decode("ascii", "replace")
    for row in records:
        if layout.kind == "csv" or row[:1].tobytes() == layout.data.code.encode():
            cell = row[layout.data["barcode"].slice].reshape(1, -1)
            found = resolve_barcodes(cell, layout.data.barcode_forms)
            if found.readable[0]:
                return found.digits[0, barcode.PAYEE].tobytes().decode("ascii")
    return ""


def _records(head: bytes, layout: Layout) -> list[Bytes]:
    if layout.kind == "csv":
        return _csv_records(head, layout)
    newline = sniff_newline(head[: layout.record_length * 2])
    stride = layout.record_length + len(NEWLINES[newline])
    if head[layout.record_length : stride] not in (NEWLINES[newline], b""):
        return []
    whole = min(len(head) // stride, _RECORDS)
    rows = np.frombuffer(head, np.uint8, whole * stride).reshape(whole, stride)
    # Only up to the first record of another length: what follows it does not tell of the layout.
    misplaced = (rows[:, layout.record_length :] != np.frombuffer(NEWLINES[newline], np.uint8)).any(
        axis=1
    )
    aligned = int(misplaced.argmax()) if misplaced.any() else whole
    found = [row[: layout.record_length] for row in rows[:aligned]]
    if not found and len(head) >= layout.record_length:
        found = [np.frombuffer(head, np.uint8, layout.record_length)]
    return found


def _csv_records(head: bytes, layout: Layout) -> list[Bytes]:
    from .blocks import Shape, read_blocks
    from .findings import Findings, TooMany

    whole = head if len(head) < HEAD else head[: head.rfind(b"\n") + 1]
    found: list[Bytes] = []
    try:
        for block in read_blocks([whole], layout, Findings(), Shape()):
            if block.broken is None:
                continue
            found += [
                row for row, broken in zip(block.rows, block.broken, strict=True) if not broken
            ]
    except TooMany:
        pass
    return found[:_RECORDS]


def _score(head: bytes, layout: Layout) -> float:
    if layout.kind == "csv":
        first = head.split(b"\n", 1)[0].decode(layout.encoding, "replace").strip()
        if layout.error_prefix and first.startswith(layout.error_prefix):
            return 1.0
        names = first.split(",")
        same = sum(name == expected for name, expected in zip(names, layout.heading, strict=False))
        return same / len(layout.heading)
    records = _records(head, layout)
    by_code = {record.code.encode(): record for record in layout.records.values()}
    fits = 0
    for row in records:
        record = by_code.get(row[:1].tobytes())
        fits += _fit(row, record) if record else -layout.record_length
    return fits / (layout.record_length * len(records)) if records else 0.0


def _fit(row: Bytes, record: Record) -> int:
    """Bytes of the record's fields that are as the layout says, less those that are not."""
    fit = 1
    for one in record.fields:
        cell, weight = row[one.slice].reshape(1, -1), one.length
        if one.kind == "barcode":
            right = bool(resolve_barcodes(cell, record.barcode_forms).readable[0])
            weight = barcode.LENGTH
        elif one.kind == "date":
            right = not values.not_date(cell, values.not_digits(cell))[0]
            if one.optional and values.blank(cell)[0]:
                continue
        elif one.kind == "time":
            right = not values.not_time(cell)[0]
        elif one.kind in ("digits", "number", "amount", "data_type"):
            right = not values.not_digits(cell)[0]
        else:
            continue
        fit += weight if right else -weight
    return fit
