"""The checks of data records, a block at a time."""

from __future__ import annotations

import numpy as np

from .. import barcode
from ..layouts import Field, Layout
from . import columns, values
from .blocks import HEADER, Block, Bytes
from .columns import UNREADABLE_TYPE, Brands
from .findings import Findings
from .values import Ints, Mask


class RowChecker:
    """Checks the data records of blocks in file order; remembers the header that they stand under."""

    def __init__(
        self,
        layout: Layout,
        findings: Findings,
        brands: Brands,
        *,
        today: int,
        starts_on: int | None,
    ) -> None:
        self.layout = layout
        self.findings = findings
        self.brands = brands
        self.today = today
        self.starts_on = starts_on
        self.payees: dict[str, int] = {}
        self._created_on: int | None = None

    def check(self, block: Block) -> tuple[Ints, Ints]:
        """Data type and yen of each readable data record, with findings for what is wrong.

        Unreadable amounts count as 0 yen, so that the control totals still name the difference.
        """
        rows, numbers = columns.data_rows(block)
        created = self._created_per_row(block)
        if not len(rows):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._rows, self._numbers = rows, numbers
        types = self._check_types()
        for one in self.layout.data.fields:
            self._check_field(one)
        self._check_received_on(created)
        barcodes = self._check_barcodes()
        amount = self._check_amounts(barcodes, types)
        self._check_companies()
        return types, amount

    def _say(self, wrong: Mask, code: str, one: Field, cells: Bytes | None = None) -> None:
        """A rejection for every row of the mask."""
        if not wrong.any():
            return
        for index in np.flatnonzero(wrong):
            shown = (cells if cells is not None else self._rows[:, one.slice])[index]
            self.findings.add(
                code,
                int(self._numbers[index]),
                record_type=self.layout.data.code,
                field=one.label,
                offset=self._offset(one),
                value=shown.tobytes().decode("cp932", "replace"),
            )

    def _offset(self, one: Field) -> int | None:
        """Byte offset in the record; a CSV line has none that a person could count to."""
        return one.offset if self.layout.kind == "fixed" else None

    def _notice(self, where: Mask, code: str, one: Field, value: str = "") -> None:
        if count := int(where.sum()):
            self.findings.add(
                code,
                int(self._numbers[int(where.argmax())]),
                record_type=self.layout.data.code,
                field=one.label,
                offset=self._offset(one),
                value=value,
                occurrences=count,
            )

    def _check_types(self) -> Ints:
        one = self.layout.data["data_type"]
        types, unknown = columns.data_types(self._rows, self.layout)
        unreadable = types == UNREADABLE_TYPE
        self._say(unreadable, "data-type-unreadable", one)
        unknown &= ~unreadable
        if unknown.any():
            for number in np.unique(types[unknown]):
                self._notice(types == number, "data-type-unknown", one, f"{number:0{one.length}d}")
        return types

    def _check_field(self, one: Field) -> None:
        cells = self._rows[:, one.slice]
        if one.kind == "date":
            wrong = values.not_date(cells, values.not_digits(cells))
            if one.optional and wrong.any():
                wrong &= ~values.blank(cells)
            self._say(wrong, "date-unreadable", one)
        elif one.kind == "time":
            self._say(values.not_time(cells), "time-unreadable", one)
        elif one.kind == "digits":
            self._say(values.not_digits(cells), "not-digits", one)
        elif one.kind == "text":
            wrong = values.not_text(cells)
            if wrong.any() and self.layout.kind == "fixed":
                wrong &= ~self._check_encoding(one, cells)
            if one.name not in ("company_code", "store_code"):
                wrong &= (cells != 32).any(axis=1)
            self._say(wrong, "code-unreadable", one)
        elif one.kind == "sign":
            self._say(cells[:, 0] == ord("-"), "amount-negative", one)
            self._say(~np.isin(cells[:, 0], list(b" +-0")), "code-unreadable", one)
        elif one.kind == "spare" and self.layout.kind == "fixed":
            self._check_encoding(one, cells)
        if not one.item and not one.repeats and one.kind in ("date", "text", "digits"):
            self._notice(~values.blank(cells), "item-not-approved", one)

    def _check_encoding(self, one: Field, cells: Bytes) -> Mask:
        """The rows whose bytes are no characters; a wrong encoding refuses the file."""
        unreadable = np.zeros(len(cells), np.bool_)
        for index in np.flatnonzero(values.suspicious(cells)):
            data = cells[index].tobytes()
            try:
                printable = data.decode("cp932").isprintable()
            except UnicodeDecodeError:
                printable = False
            if not printable:
                unreadable[index] = True
                self.findings.add(
                    "encoding",
                    int(self._numbers[index]),
                    record_type=self.layout.data.code,
                    field=one.label,
                    offset=self._offset(one),
                    value=data.hex(" ")[:60],
                    encoding="cp932",
                )
        return unreadable

    def _created_per_row(self, block: Block) -> Ints | None:
        """The day the file (or the group) says it was made, for each readable data record."""
        if self.layout.kind == "csv" or "header" not in self.layout.records:
            return None
        one = self.layout.records["header"].get("created_on")
        if one is None:
            return None
        headers = np.flatnonzero(block.kinds == HEADER)
        created = np.full(
            len(block.kinds), values.NO_DAY if self._created_on is None else self._created_on
        )
        for place in headers:
            cell = block.rows[place : place + 1, one.slice]
            wrong = values.not_date(cell, values.not_digits(cell))[0]
            self._created_on = None if wrong else int(values.days(cell)[0])
            created[place:] = values.NO_DAY if wrong else self._created_on
        _, numbers = columns.data_rows(block)
        return created[numbers - block.numbers[0]] if _contiguous(block) else None

    def _check_received_on(self, created: Ints | None) -> None:
        one = self.layout.data["received_on"]
        cells = self._rows[:, one.slice]
        readable = ~values.not_date(cells, values.not_digits(cells))
        received = values.days(cells)
        own = self.layout.data.get("created_on")
        if own is not None:
            made = self._rows[:, own.slice]
            created = np.where(
                values.not_date(made, values.not_digits(made)), values.NO_DAY, values.days(made)
            )
        # A file that does not say when it was made was made by today.
        latest = (
            self.today
            if created is None
            else np.minimum(np.where(created == values.NO_DAY, self.today, created), self.today)
        )
        self._say(readable & (received > latest), "received-after-file", one)
        if self.starts_on is not None:
            before = readable & (received < self.starts_on)
            if self.layout.before_start == "reject":
                for index in np.flatnonzero(before):
                    self.findings.add(
                        "before-start", int(self._numbers[index]), field=one.label, effect="reject"
                    )
            else:
                self._notice(before, "before-start", one)

    def _check_barcodes(self) -> columns.Barcodes:
        record = self.layout.data
        one = record["barcode"]
        cells = self._rows[:, one.slice]
        barcodes = columns.resolve_barcodes(cells, record.barcode_forms)
        self._say(barcodes.ambiguous, "barcode-ambiguous", one)
        wrong = ~barcodes.readable & ~barcodes.ambiguous
        if wrong.any():
            digits = barcodes.digits
            not_digits = values.not_digits(digits)
            prefix = (digits[:, 0] != ord("9")) | (digits[:, 1] != ord("1"))
            self._say(wrong & not_digits, "barcode-not-digits", one)
            self._say(wrong & ~not_digits & prefix, "barcode-prefix", one)
            self._say(wrong & ~not_digits & ~prefix, "check-digit", one)
        self._check_due(barcodes, one)
        self._note_payees(barcodes)
        for other in record.fields:
            if other.repeats:
                start, length = other.repeats
                self._say(
                    barcodes.readable
                    & (
                        self._rows[:, other.slice] != barcodes.digits[:, start : start + length]
                    ).any(axis=1),
                    "differs-from-barcode",
                    other,
                )
        return barcodes

    def _check_due(self, barcodes: columns.Barcodes, one: Field) -> None:
        due = barcodes.digits[:, barcode.DUE]
        none = (due == ord("9")).all(axis=1) | (due == ord("0")).all(axis=1)
        # The century is not written, so 29 February is let pass in any year.
        wrong = barcodes.readable & ~none & values.not_month_day(due[:, 2:])
        self._say(wrong, "due-date-unreadable", one, due)

    def _note_payees(self, barcodes: columns.Barcodes) -> None:
        payees = values.number(barcodes.digits[:, barcode.PAYEE])
        lines = self._numbers
        if not barcodes.readable.all():
            payees, lines = payees[barcodes.readable], lines[barcodes.readable]
        if not len(payees) or ((payees == payees[0]).all() and f"{payees[0]:05d}" in self.payees):
            return
        for code, place in zip(*np.unique(payees, return_index=True), strict=True):
            self.payees.setdefault(f"{code:05d}", int(lines[place]))

    def _check_amounts(self, barcodes: columns.Barcodes, types: Ints) -> Ints:
        one = self.layout.data["barcode"]
        # Also of a barcode whose check digit is wrong: the file's totals count it, and only the line
        # is at fault.
        amount = columns.amounts(self._rows, barcodes.digits, types, self.layout)
        if not barcodes.readable.all():
            amount[values.not_digits(barcodes.digits[:, barcode.AMOUNT])] = 0
        column = self.layout.data.get("amount")
        if column is not None:
            cells = self._rows[:, column.slice]
            unreadable = values.not_digits(cells)
            self._say(unreadable, "amount-unreadable", column)
            amount = np.where(unreadable, 0, amount)
            own = np.isin(types, [int(code) for code in self.layout.amount_from_column])
            differs = values.number(cells) != values.number(barcodes.digits[:, barcode.AMOUNT])
            self._say(barcodes.readable & ~unreadable & ~own & differs, "amount-mismatch", column)
            self._say(barcodes.readable & ~unreadable & (amount == 0), "amount-zero", column)
        else:
            self._say(
                barcodes.readable & (amount == 0),
                "amount-zero",
                one,
                barcodes.digits[:, barcode.AMOUNT],
            )
        return amount

    def _check_companies(self) -> None:
        record = self.layout.data
        one = record["company_code"]
        company = columns.codes(self._rows[:, one.slice])
        store = columns.codes(self._rows[:, record["store_code"].slice])
        unknown = self.brands.of_rows(company, store) == 0
        if not unknown.any():
            return
        for code in np.unique(np.ascontiguousarray(company[unknown]).view("S8").ravel())[:100]:
            same = unknown & (company == np.frombuffer(code.ljust(8), np.uint8)).all(axis=1)
            self._notice(same, "company-unknown", one, code.decode("cp932", "replace").strip())


def _contiguous(block: Block) -> bool:
    return bool(block.numbers[-1] - block.numbers[0] + 1 == len(block.numbers))
