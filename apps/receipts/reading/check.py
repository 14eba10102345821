"""検証: the whole file before anything is written; every error found at once (design.md 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import agencies
from ..layouts import Field, Layout
from . import values
from .blocks import DATA, HEADER, HEADING, Block, Bytes, Shape, read_blocks
from .columns import UNREADABLE_TYPE, Brands
from .findings import Findings, TooMany
from .rows import RowChecker
from .structure import Structure, Tally
from .values import Ints


@dataclass
class Expected:
    """What the check holds the file against besides its layout."""

    today: int  # the Japanese calendar day, in days since 2000-01-01
    business: str = ""
    starts_on: int | None = None  # 外部結合の開始日, likewise


@dataclass
class Result:
    """What a check found; `totals` are the file's own lines, by data type."""

    findings: Findings
    shape: Shape
    lines: int = 0
    totals: dict[str, dict[str, int]] = field(default_factory=dict)
    controls: list[dict[str, Any]] = field(default_factory=list)
    payees: dict[str, int] = field(default_factory=dict)  # payee code to the first line with it
    business: str = ""  # the one the payee codes say, where none was expected

    @property
    def rejected(self) -> Ints:
        return np.array(sorted(self.findings.rejected), np.int64)


def check(
    chunks: Iterable[bytes],
    layout: Layout,
    expected: Expected,
    *,
    fragment: bool = False,
    progress: Callable[[int], None] = lambda records: None,
) -> Result:
    """Check a file; nothing is written anywhere. `fragment`: corrected lines, data records only."""
    findings, shape = Findings(), Shape()
    result = Result(findings, shape)
    table = agencies.all_tables()[layout.agency]
    # The check needs to know only whether a company is known, so any number but 0 will do.
    brands = Brands.of(table, dict.fromkeys(agencies.brands()["brands"], 1))
    tally = Tally()
    structure = Structure(layout, findings, fragment=fragment)
    rows = RowChecker(layout, findings, brands, today=expected.today, starts_on=expected.starts_on)
    try:
        for block in read_blocks(chunks, layout, findings, shape):
            structure.follow(block)
            _check_fixed_records(block, layout, findings, result)
            types, amounts = rows.check(block)
            result.lines += int((block.kinds == DATA).sum())
            structure.count(block, types, amounts, tally)
            progress(shape.records)
        if shape.records:
            structure.end(shape.records)
    except TooMany:
        findings.all[-1].effect = "refuse"
        findings.all[-1].params["more"] = True
    for code, line in rows.payees.items():
        result.payees.setdefault(code, line)
    result.controls = structure.controls
    result.totals = {
        "??" if number == UNREADABLE_TYPE else f"{number:02d}": {
            "count": tally.counts[number],
            "amount": tally.amounts[number],
        }
        for number in sorted(tally.counts)
        if tally.counts[number]
    }
    _check_business(result, table, expected)
    return result


def _check_fixed_records(block: Block, layout: Layout, findings: Findings, result: Result) -> None:
    """Headers, trailers and ends are few; a wrong field in one refuses the file."""
    for index in np.flatnonzero((block.kinds != DATA) & (block.kinds != HEADING)):
        kind = next(
            (
                record
                for record in layout.records.values()
                if ord(record.code or "\0") == block.rows[index][0]
            ),
            None,
        )
        if kind is None:
            continue
        row, line = block.rows[index : index + 1], int(block.numbers[index])
        for one in kind.fields:
            if code := _fault(row[:, one.slice], one):
                named: dict[str, Any] = {"encoding": "cp932"} if code == "encoding" else {}
                findings.add(
                    code,
                    line,
                    record_type=kind.code,
                    field=one.label,
                    offset=one.offset,
                    value=row[0, one.slice].tobytes().decode("cp932", "replace"),
                    effect="refuse",
                    **named,
                )
        payee = kind.get("payee_code")
        if block.kinds[index] == HEADER and payee is not None:
            result.payees.setdefault(row[0, payee.slice].tobytes().decode("ascii", "replace"), line)


def _fault(cell: Bytes, one: Field) -> str:
    """The code of what is wrong with one value of a header, trailer or end; empty if nothing."""
    digits_wrong = values.not_digits(cell)
    if one.kind == "date" and values.not_date(cell, digits_wrong)[0]:
        return "date-unreadable"
    if one.kind in ("digits", "number") and digits_wrong[0]:
        return "not-digits"
    if one.kind in ("spare", "text") and values.suspicious(cell)[0] and not _decodes(cell):
        return "encoding"
    return ""


def _decodes(cell: Bytes) -> bool:
    try:
        text = cell.tobytes().decode("cp932")
    except UnicodeDecodeError:
        return False
    return text.isprintable()


def _check_business(result: Result, table: agencies.CodeTable, expected: Expected) -> None:
    findings = result.findings
    found: set[str] = set()
    for code, line in sorted(result.payees.items(), key=lambda item: item[1]):
        payee = table.payees.get(code)
        if payee is None:
            findings.add("payee-unknown", line, value=code, agency=table.name)
        elif expected.business and expected.business not in payee.businesses:
            findings.add(
                "business-mismatch",
                line,
                value=code,
                actual=payee.business,
                expected=expected.business,
            )
        else:
            found.add(payee.business)
    if not expected.business and len(found) == 1:
        result.business = found.copy().pop()
    if not expected.business and len(found) > 1:
        findings.add("business-mixed", businesses=sorted(found))
    if not expected.business and not found and not findings.refused:
        findings.add("business-unreadable")
