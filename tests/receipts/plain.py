"""Receipt files read the slow and simple way, by the byte tables of receipt-files.md and design.md 7.

Nothing here knows the product's layouts or code: it is what a person does with a ruler.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

AGENCY = {
    "shinjuku-120": "ntt-data",
    "smbc-120": "smbc-fs",
    "mufj-120": "mufj-factor",
    "atpayment-97": "atpayment",
    "dsk-csv": "dsk",
}
KNOWN_TYPES = {"01", "02", "03", "12", "22"}


@dataclass(frozen=True)
class Line:
    """One data line: its number in the file, type, identity, yen, and the bytes themselves."""

    number: int
    data_type: str
    received_on: str
    time: str
    bars: str
    company: str
    store: str
    amount: int
    due: str
    raw: bytes

    @property
    def key(self) -> tuple[str, ...]:
        return self.received_on, self.time, self.bars, self.company, self.store


def check_digit(bars: str) -> str:
    """receipt-files.md b.2, as the worked example does it."""
    weighted = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(bars[:43]))
    return str((10 - weighted % 10) % 10)


def whole(bars: str) -> bool:
    return (
        len(bars) == 44
        and bars.isascii()
        and bars.isdigit()
        and bars.startswith("91")
        and check_digit(bars) == bars[43]
    )


def _legacy(block: str) -> str:
    country, finance, check = block[0], block[1:6], block[6]
    company, first, second = block[9:14], block[14:20], block[22:33]
    stamp, due, amount = block[33], block[34:40], block[40:46]
    return "91" + country + finance + company + first + second + due + stamp + amount + check


def records(layout: str, data: bytes) -> list[bytes]:
    """Every record without its newline."""
    if b"\n" in data or layout == "dsk-csv":
        mark = b"\r\n" if b"\r\n" in data else b"\n"
        return data.removesuffix(mark).split(mark)
    length = 97 if layout == "atpayment-97" else 120
    return [data[at : at + length] for at in range(0, len(data), length)]


def lines(layout: str, data: bytes) -> list[Line]:
    """Every data line of a good file."""
    found = []
    for number, raw in enumerate(records(layout, data), start=1):
        if layout == "dsk-csv" and number == 1:
            continue
        if layout != "dsk-csv" and raw[:1] != b"2":
            continue
        found.append(line(layout, raw, number))
    return found


def line(layout: str, raw: bytes, number: int = 1) -> Line:
    text = raw.decode("cp932")
    if layout == "dsk-csv":
        one = next(csv.reader([text]))
        return Line(
            number, one[0], one[1], one[2], one[3].removeprefix("EAN"), one[8], one[10],
            int(one[7]), one[11].strip("0 "), raw,
        )  # fmt: skip
    if layout == "atpayment-97":
        return Line(
            number, "0" + text[2], text[69:77], "", text[6:50], text[85:90].rstrip(),
            text[90:97].rstrip(), int(text[60:69]), text[77:85].strip("0 "), raw,
        )  # fmt: skip
    shift = 1 if layout == "mufj-120" else 0  # frame B has no バーコード種別
    bars = text[16 - shift : 60 - shift]
    if layout == "smbc-120" and not whole(bars):
        bars = _legacy(text[16:63])
    due = text[77:85] if shift else text[80:88]
    company = text[101:105] if shift else text[96:102]
    return Line(
        number, text[1:3], text[3:11], text[11:15], bars, company.rstrip(),
        text[63 - shift : 70 - shift].rstrip(), int(bars[37:43]), due.strip("0 "), raw,
    )  # fmt: skip


def totals(found: Iterable[Line]) -> tuple[dict[str, int], dict[str, int]]:
    """件数 and 金額 by data type, as `counts` and `amounts` of the command."""
    counts: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for one in found:
        counts[one.data_type] += 1
        amounts[one.data_type] += one.amount
    return dict(sorted(counts.items())), dict(sorted(amounts.items()))


def state(types: set[str]) -> str:
    """design.md 4: what the set of a payment's data types makes of it, in whatever order they came."""
    final = types & {"02", "12", "22"}
    if types - KNOWN_TYPES or (final and "03" in types) or {"22"} < final:
        return "要確認"
    return "確報" if final else "速報取消" if "03" in types else "速報"


class Book:
    """The ledger as design.md 3 and 4 define it, in dictionaries."""

    def __init__(self) -> None:
        self.types: dict[tuple[object, ...], set[str]] = defaultdict(set)
        self.amounts: dict[tuple[object, ...], int] = {}

    def post(self, agency: str, found: Iterable[Line]) -> dict[str, int]:
        """Take in one file's lines: accepted, duplicate, payments_created."""
        seen: Counter[tuple[object, ...]] = Counter()
        made = len(self.types)
        accepted = duplicate = 0
        for one in found:
            seen[(one.key, one.data_type)] += 1
            payment = (agency, *one.key, seen[(one.key, one.data_type)])
            if one.data_type in self.types[payment]:
                duplicate += 1
                continue
            accepted += 1
            self.types[payment].add(one.data_type)
            self.amounts.setdefault(payment, one.amount)
        return {
            "accepted": accepted,
            "duplicate": duplicate,
            "payments_created": len(self.types) - made,
        }

    def payments(self) -> dict[tuple[object, ...], tuple[int, str]]:
        return {key: (self.amounts[key], state(types)) for key, types in self.types.items()}
