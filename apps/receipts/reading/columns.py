"""Data records as typed columns: what registration and pairing work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .. import barcode
from ..agencies import CodeTable
from ..layouts import BarcodeForm, Layout
from . import values
from .blocks import DATA, Block, Bytes
from .values import Ints, Mask

CODE_WIDTH = 8
"""Company and store codes are kept in columns of this many bytes, padded with spaces."""

UNREADABLE_TYPE = 100


@dataclass
class Barcodes:
    """The 44 digits of every row, however its field lays them out."""

    digits: Bytes
    readable: Mask
    ambiguous: Mask


def resolve_barcodes(cells: Bytes, forms: tuple[BarcodeForm, ...]) -> Barcodes:
    """Each row in the one form whose digits, 識別コード and check digit are right."""
    digits = _in_form(cells, forms[0])
    readable = _right(digits)
    ambiguous = np.zeros(len(cells), np.bool_)
    for form in forms[1:]:
        other = _in_form(cells, form)
        right = _right(other)
        ambiguous |= right & readable & (other != digits).any(axis=1)
        use = right & ~readable
        if use.any():
            digits = digits.copy()
            digits[use] = other[use]
            readable = readable | use
        if not readable.all():
            # Right in no form yet: the one that holds digits at all tells best what is wrong.
            better = ~readable & values.not_digits(digits) & ~values.not_digits(other)
            if better.any():
                digits = np.where(better[:, None], other, digits)
    return Barcodes(digits, readable & ~ambiguous, ambiguous)


def _in_form(cells: Bytes, form: BarcodeForm) -> Bytes:
    if form.parts == ((0, barcode.LENGTH),):
        return cells[:, : barcode.LENGTH]
    return np.column_stack(
        [
            np.broadcast_to(np.frombuffer(part.encode(), np.uint8), (len(cells), len(part)))
            if isinstance(part, str)
            else cells[:, part[0] : part[0] + part[1]]
            for part in form.parts
        ]
    )


def _right(digits: Bytes) -> Mask:
    return np.asarray(
        ~values.not_digits(digits)
        & (digits[:, 0] == ord("9"))
        & (digits[:, 1] == ord("1"))
        & barcode.check_digits_right(digits)
    )


def data_rows(block: Block) -> tuple[Bytes, Ints]:
    """The readable data records of a block, column by column, and their line numbers."""
    wanted = block.kinds == DATA
    if block.broken is not None:
        wanted &= ~block.broken
    numbers = block.numbers if wanted.all() else block.numbers[wanted]
    return values.by_column(values.take(block.rows, wanted)), numbers


def data_types(rows: Bytes, layout: Layout) -> tuple[Ints, Mask]:
    """Each row's data type as a number (UNREADABLE_TYPE if not digits), and which are not in the layout."""
    cells = rows[:, layout.data["data_type"].slice]
    said = np.where(values.not_digits(cells), UNREADABLE_TYPE, values.number(cells))
    meaning = np.arange(UNREADABLE_TYPE + 1, dtype=np.int16)
    known = np.zeros(UNREADABLE_TYPE + 1, np.bool_)
    for code, canonical in layout.data_types.items():
        meaning[int(code)] = int(canonical)
        known[int(code)] = True
    return meaning[said], ~known[said]


def amounts(rows: Bytes, digits: Bytes, types: Ints, layout: Layout) -> Ints:
    """Yen of each row: the barcode's, or the column's where the layout says that one is right."""
    amount = values.number(digits[:, barcode.AMOUNT])
    column = layout.data.get("amount")
    if column is None or not layout.amount_from_column:
        return amount
    from_column = np.isin(types, [int(code) for code in layout.amount_from_column])
    return np.where(from_column, values.number(rows[:, column.slice]), amount)


def codes(cells: Bytes) -> Bytes:
    """A code column, left-aligned in CODE_WIDTH bytes."""
    padded = np.full((len(cells), CODE_WIDTH), 32, np.uint8)
    padded[:, : cells.shape[1]] = cells
    return padded


@dataclass
class Brands:
    """Company (+ store) codes of one agency to brand ids; 0 where it knows none."""

    companies: Ints  # codes as numbers, ascending
    ids: Ints
    by_store: Mapping[bytes, int]

    @classmethod
    def of(cls, table: CodeTable, ids: Mapping[str, int]) -> Brands:
        by_company, by_store = {}, {}
        for code, company in table.companies.items():
            brand = ids.get(company.brand, 0)
            if "+" in code:
                first, store = code.split("+")
                by_store[first.ljust(CODE_WIDTH).encode() + store.encode()] = brand
            else:
                by_company[int.from_bytes(code.ljust(CODE_WIDTH).encode(), "little")] = brand
        known = sorted(by_company)
        return cls(
            np.array(known, np.uint64),
            np.array([by_company[code] for code in known], np.int64),
            by_store,
        )

    def of_rows(self, company: Bytes, store: Bytes) -> Ints:
        """Brand id of each row, 0 for an unknown company."""
        said = company.view("<u8").ravel()
        place = np.minimum(np.searchsorted(self.companies, said), len(self.companies) - 1)
        brands = np.where(self.companies[place] == said, self.ids[place], 0)
        if self.by_store:
            both = _strings(np.column_stack([company, store]))
            found, place = np.unique(both, return_inverse=True)
            known = np.array([self.by_store.get(code.rstrip(), 0) for code in found], np.int64)[
                place
            ]
            brands = np.where(known, known, brands)
        return brands


def _strings(cells: Bytes) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    return np.ascontiguousarray(cells).view(f"S{cells.shape[1]}").ravel()


@dataclass
class Columns:
    """The data records of a block that are to be registered."""

    number: Ints
    data_type: Ints
    received_on: Ints  # days since 2000-01-01
    received_time: Bytes
    barcode: Bytes
    company: Bytes
    store: Bytes
    amount: Ints
    transfer_due_on: Ints  # NO_DAY when absent
    accounted_on: Ints
    brand: Ints

    def __len__(self) -> int:
        return len(self.number)


def columns(block: Block, rejected: Ints, layout: Layout, brands: Brands) -> Columns:
    """Decode the data records of a checked block, those in `rejected` (line numbers) left out."""
    rows, numbers = data_rows(block)
    if len(rejected):
        keep = ~np.isin(numbers, rejected)
        rows, numbers = rows[keep], numbers[keep]
    record = layout.data
    digits = resolve_barcodes(rows[:, record["barcode"].slice], record.barcode_forms).digits
    types, _ = data_types(rows, layout)
    company = codes(rows[:, record["company_code"].slice])
    store = codes(rows[:, record["store_code"].slice])
    time = record.get("received_time")
    return Columns(
        number=numbers,
        data_type=types,
        received_on=values.days(rows[:, record["received_on"].slice]),
        received_time=rows[:, time.slice] if time else np.full((len(rows), 4), 32, np.uint8),
        barcode=digits,
        company=company,
        store=store,
        amount=amounts(rows, digits, types, layout),
        transfer_due_on=_days_or_none(rows, layout, "transfer_due_on"),
        accounted_on=_days_or_none(rows, layout, "accounted_on"),
        brand=brands.of_rows(company, store),
    )


def _days_or_none(rows: Bytes, layout: Layout, name: str) -> Ints:
    one = layout.data.get(name)
    if one is None:
        return np.full(len(rows), values.NO_DAY)
    return values.optional_days(rows[:, one.slice])
