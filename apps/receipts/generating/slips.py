"""納付書: invented payment slips and where and when each was paid, in numpy blocks.

A Batch names payments without holding them: the same batch gives the same payments again, which is
how a 確報 repeats its 速報 and how memory stays flat.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.receipts import agencies, barcode, free_fields
from apps.receipts.layouts import Layout

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

BLOCK = 50_000  # rows held at once
LEAST, MOST = 1_000, 300_000  # yen; above it convenience stores take no slip (receipt-files.md b.1)
MIDNIGHT = 24 * 60
AGAIN_AFTER = 6  # minutes between a mistaken payment and the right one

# Shares of rows; true double payments are rare, yet a few hundred payments should show one.
DOUBLES = 1 / 1_000
TWINS = 1 / 4_000

_FOUR = np.frombuffer(
    "".join(f"{number:04d}" for number in range(10_000)).encode(), np.uint8
).reshape(-1, 4)


class GeneratingError(ValueError):
    """What was asked for cannot be made; the text says why."""


@cache
def profiles() -> dict[str, Any]:
    """profiles.toml: weights, lags, amounts. All invented."""
    path = Path(__file__).parent / "profiles.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Outlet:
    """One company code of the agency, with what is usual for its brand."""

    company: str
    brand: str
    channel: str
    weight: float
    lags: tuple[int, ...]
    first_store: int
    stores: int


@cache
def outlets(layout_code: str, agency: str, postal_types: bool) -> tuple[Outlet, ...]:
    """The outlets a layout's files name, from the agency's code table.

    The post office is left out where the layout has no data type for it, save under a company +
    store code, which is a smartphone service.
    """
    found: dict[tuple[str, str], Outlet] = {}
    known = agencies.brands()["brands"]
    for code, company in agencies.all_tables()[agency].companies.items():
        usual = profiles()["brands"].get(company.brand)
        channel = known[company.brand]["channel"]
        name, _, store = code.partition("+")
        if usual is None or (channel == "postal" and not postal_types and not store):
            continue
        stores = profiles()["stores"]
        place = stores.get(company.brand) or stores.get(channel) or {"first": 0, "count": 1}
        outlet = Outlet(
            company=name,
            brand=company.brand,
            channel=channel,
            weight=usual["weight"],
            lags=tuple(usual["lags"]),
            first_store=int(store) if store else place["first"],
            stores=1 if store else place["count"],
        )
        # A code listed with and without leading zeros is one code: no agency mixes the two.
        key = (name.lstrip("0"), store)
        if key not in found or len(name) < len(found[key].company):
            found[key] = outlet
    if not found:
        raise GeneratingError(f"{layout_code} の代行会社の符号表に銘柄がありません。")
    return tuple(found.values())


@dataclass(frozen=True)
class Issuer:
    """Who issued the slips: everything about a business that its barcodes need."""

    business: str
    payee_code: str
    maker_code: str
    forms: int  # ways to lay out the barcode in the field
    window: int  # slips issued together are paid in any order within so many; a power of two
    first_slip: int


def issuer(layout: Layout, business: str, seed: int, window: int, first_slip: int) -> Issuer:
    """The issuer for a layout's files of a business; raises GeneratingError if it has no code."""
    payees = agencies.all_tables()[layout.agency].payees_of(business)
    payees.sort(key=lambda payee: len(payee.also))
    if not payees or business not in profiles()["businesses"]:
        raise GeneratingError(
            f"業務「{business}」は {layout.code} では作れません"
            f"（収納機関コードがあるのは {'、'.join(profiles()['businesses'])}）。"
        )
    return Issuer(
        business=business,
        payee_code=payees[0].code,
        maker_code=profiles()["maker_code"],
        forms=len(layout.data.barcode_forms),
        window=1 << max(6, (window - 1).bit_length()),
        first_slip=first_slip + seed * 7_919_003 % 40_000_000,
    )


@dataclass(frozen=True)
class Batch:
    """A set of payments: `count` of them, received on any of `days`, at `outlets` by weight."""

    issuer: Issuer
    key: tuple[int, ...]
    count: int
    days: tuple[datetime.date, ...]
    outlets: tuple[Outlet, ...]
    slip_start: int = 0
    doubles: bool = False
    again: bool = False  # the same slips paid again some minutes later
    postal: bool = False

    def repeated(self) -> Batch:
        return replace(self, again=True)

    def blocks(self) -> Iterator[Payments]:
        """The payments, at most BLOCK at a time."""
        for number in range(-(-self.count // BLOCK)):
            yield _payments(self, number)


@dataclass(frozen=True)
class Payments:
    """A block of payments as columns; `day` and `outlet` are indexes into the batch's tuples."""

    batch: Batch
    barcode: Bytes
    day: Numbers
    minute: Numbers  # of the day
    outlet: Numbers
    store: Numbers
    amount: Numbers
    form: Numbers

    def __len__(self) -> int:
        return len(self.barcode)


def corrected(amount: Numbers) -> Numbers:
    """What a 郵便振替訂正 says was really paid: about a tenth less, in tens of yen."""
    less: Numbers = np.maximum(amount - amount // 100 * 10, 10)
    return less


def digits(values: Numbers, width: int) -> Bytes:
    """Numbers as ASCII digits, n x width, zeros on the left; what does not fit is cut there."""
    fours = -(-width // 4)
    out = np.empty((len(values), fours * 4), np.uint8)
    rest = values
    for place in range(fours - 1, -1, -1):
        rest, low = np.divmod(rest, 10_000)
        out[:, place * 4 : place * 4 + 4] = _FOUR[low]
    return out[:, fours * 4 - width :]


def table(texts: list[str], encoding: str = "ascii") -> Bytes:
    """Texts of one length as rows of bytes, to be taken by index."""
    return np.frombuffer("".join(texts).encode(encoding), np.uint8).reshape(len(texts), -1)


def _payments(batch: Batch, number: int) -> Payments:
    rng = np.random.default_rng([*batch.key, number])
    count = min(BLOCK, batch.count - number * BLOCK)
    place = rng.permutation(count) + (batch.slip_start + number * BLOCK)
    slip = _mixed(place, batch.issuer)
    weights = np.cumsum([outlet.weight for outlet in batch.outlets])
    outlet = np.searchsorted(weights, rng.random(count) * weights[-1], side="right")
    day = rng.integers(len(batch.days), size=count)
    minute = np.searchsorted(_clock(), rng.random(count), side="right")
    if batch.postal:
        minute[:] = 0
    first = np.array([one.first_store for one in batch.outlets])
    stores = np.array([one.stores for one in batch.outlets])
    store = first[outlet] + (rng.random(count) ** 2 * stores[outlet]).astype(np.int64)
    amount = _amounts(rng, batch.issuer.business, count)
    form = slip // 3 % 10 * batch.issuer.forms // 10
    bars = _barcodes(rng, batch, slip, day, amount)
    if batch.again:
        minute = np.where(
            minute < MIDNIGHT - AGAIN_AFTER, minute + AGAIN_AFTER, minute - AGAIN_AFTER
        )
    if batch.doubles:
        # Rows stand in random order already, so the first and the last are any two.
        twice = min(int(count * DOUBLES + rng.random()), count // 4)
        twins = min(int(count * TWINS + rng.random()), count // 4)
        for target, source in _pairs(count, 0, twice):
            for column in (bars, day, amount, form):
                column[target] = column[source]
            minute[target] += np.where(minute[target] == minute[source], 1, 0)
            minute[target] %= MIDNIGHT
        for target, source in _pairs(count, twice, twins):
            for column in (bars, day, amount, form, minute, outlet, store):
                column[target] = column[source]
    return Payments(batch, bars, day, minute, outlet, store, amount, form)


def _pairs(count: int, skip: int, number: int) -> list[tuple[slice, slice]]:
    if not number:
        return []
    return [(slice(count - skip - number, count - skip), slice(skip, skip + number))]


def _mixed(place: Numbers, issuer: Issuer) -> Numbers:
    # An odd factor modulo a power of two is one to one, so no slip number comes twice.
    window = issuer.window
    factor = int(window * 0.618) | 1
    return place // window * window + (place * factor + 11) % window + issuer.first_slip


@cache
def _clock() -> npt.NDArray[np.float64]:
    """Cumulative share of a day's payments by minute: noon, after work, and a quiet night."""
    minutes = np.arange(MIDNIGHT)

    def around(hour: float, width: float) -> npt.NDArray[np.float64]:
        return np.exp(-(((minutes / 60 - hour) / width) ** 2))

    shares = 0.08 + around(12.3, 1.6) + 0.9 * around(18.6, 2.4) + 0.5 * around(9.5, 1.5)
    return np.cumsum(shares / shares.sum())[:-1]


def _amounts(rng: np.random.Generator, business: str, count: int) -> Numbers:
    usual = profiles()["businesses"][business]
    yen = usual["median"] * np.exp(rng.standard_normal(count) * usual["spread"])
    step = usual["step"]
    amounts: Numbers = np.clip((yen / step).astype(np.int64) * step, LEAST, MOST)
    return amounts


def _barcodes(
    rng: np.random.Generator, batch: Batch, slip: Numbers, day: Numbers, amount: Numbers
) -> Bytes:
    count = len(slip)
    bars = np.full((count, barcode.LENGTH), ord("0"), np.uint8)
    bars[:, : barcode.MAKER.start] = table([barcode.APPLICATION])
    bars[:, barcode.MAKER] = table([batch.issuer.maker_code])
    bars[:, barcode.FREE] = _free_fields(rng, batch, slip, day)
    bars[:, barcode.REISSUE] = (rng.random((count, 1)) < 0.04) + ord("0")
    later = (rng.random(count) < 0.3).astype(np.int64)
    dues = table([due for one in batch.days for due in _due_dates(one)])
    bars[:, barcode.DUE] = table([barcode.NO_DUE]) if batch.postal else dues[day * 2 + later]
    bars[:, barcode.AMOUNT] = digits(amount, barcode.AMOUNT.stop - barcode.AMOUNT.start)
    bars[:, barcode.CHECK.start] = barcode.check_digits(bars) + ord("0")
    return bars


def _free_fields(rng: np.random.Generator, batch: Batch, slip: Numbers, day: Numbers) -> Bytes:
    terms = profiles()["businesses"][batch.issuer.business]["terms"]
    year = np.array([_levy_year(one) for one in batch.days])[day] % 100
    values = {
        "process": np.ones_like(slip),
        "levy_year": year,
        "for_year": year - (rng.random(len(slip)) < 0.04),
        "year": year,
        "notice_number": slip // terms,
        "term": slip % terms + 1,
        "arrears": (rng.random(len(slip)) < 0.02).astype(np.int64),
        "slip_number": slip,
    }
    free = np.full((len(slip), free_fields.LENGTH), ord("0"), np.uint8)
    for part in free_fields.get(batch.issuer.business).parts:
        if part.name == "payee_code":
            free[:, part.slice] = table([batch.issuer.payee_code])
        elif part.name in values:
            free[:, part.slice] = digits(values[part.name], part.length)
    return free


def _levy_year(day: datetime.date) -> int:
    # The year's bills go out in June; until then the year before is still being paid.
    return day.year if day.month >= 6 else day.year - 1


def _due_dates(day: datetime.date) -> tuple[str, str]:
    """The end of this month and of the next, as YYMMDD."""

    def end_of_month(year: int, month: int) -> str:
        first = datetime.date(year + month // 12, month % 12 + 1, 1)
        return f"{first - datetime.timedelta(days=1):%y%m%d}"

    return (
        end_of_month(day.year, day.month),
        end_of_month(day.year + day.month // 12, day.month % 12 + 1),
    )
