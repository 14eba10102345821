"""What a file of a day holds: which payments, as which data type.

速報 comes the next calendar day; 確報 by the brand's lag in bank business days; a 速報取消 the next
day or the day after; the post office has no 速報 (receipt-files.md d).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from zlib import crc32

import jpholiday
import numpy as np

from apps.receipts.generating import slips
from apps.receipts.generating.slips import Batch, GeneratingError, Issuer, Outlet
from apps.receipts.layouts import Layout

PRELIMINARY, FINAL, CANCEL, POSTAL, CORRECTION = "01", "02", "03", "12", "22"

CANCELLED = 0.004  # share of 速報 withdrawn later
LOST = 0.002  # share of 速報 that no 確報 ever follows
CORRECTED = 0.15  # share of post-office rows corrected later
CORRECTION_LAG = 2  # business days after the row it corrects
SHARD = 1_000_000  # rows in a group, so that no count outgrows the six digits of a total
LOOK_BACK = 45  # calendar days; no lag of business days is longer, New Year included
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """Some payments as rows of one data type (the standard code of data_types.toml)."""

    data_type: str
    batch: Batch


Groups = list[list[Part]]


@cache
def is_business_day(day: datetime.date) -> bool:
    """銀行営業日: no weekend, no holiday, not 31 December to 3 January."""
    new_year = (day.month, day.day) == (12, 31) or (day.month == 1 and day.day <= 3)
    return day.weekday() < 5 and not new_year and not jpholiday.is_holiday(day)


@cache
def business_days_after(day: datetime.date, count: int) -> datetime.date:
    """The count-th business day after `day`, which itself never counts."""
    while count:
        day += ONE_DAY
        count -= is_business_day(day)
    return day


def payout_day(confirmed: datetime.date) -> datetime.date:
    """支払予定日: 3rd business day after the 旬 (10th, 20th, month end) of the confirmation."""
    if confirmed.day <= 20:
        end = confirmed.replace(day=10 if confirmed.day <= 10 else 20)
    else:
        end = (confirmed.replace(day=28) + 4 * ONE_DAY).replace(day=1) - ONE_DAY
    return business_days_after(end, 3)


def received_days(confirmed: datetime.date, lag: int) -> tuple[datetime.date, ...]:
    """The days whose payments are confirmed on that day at a lag of so many business days."""
    days = (confirmed - number * ONE_DAY for number in range(1, LOOK_BACK))
    return tuple(day for day in days if business_days_after(day, lag) == confirmed)[::-1]


def single(layout: Layout, business: str, day: datetime.date, records: int, seed: int) -> Groups:
    """One file that stands alone, of exactly `records` data records.

    On a day without confirmations (weekend) it takes those of the last business day, so that every
    file shows every data type.
    """
    _check(records, seed)
    confirmed = day
    while not is_business_day(confirmed):
        confirmed -= ONE_DAY
    # Files of days in a row take slips in a row: no slip is paid in two of them by chance.
    since = (day - datetime.date(2020, 1, 1)).days
    issuer = slips.issuer(layout, business, seed, records, since * 2 * records % 200_000_000)
    groups, used = [], 0
    for number, (outlets, count) in enumerate(_shares(layout, records)):
        key = (*_key(layout, business, seed), 1, day.toordinal(), number)
        parts = _single_group(layout, issuer, key, outlets, count, day, confirmed, used)
        used += count
        groups.append(parts)
    return groups


def _single_group(
    layout: Layout,
    issuer: Issuer,
    key: tuple[int, ...],
    outlets: tuple[Outlet, ...],
    count: int,
    day: datetime.date,
    confirmed: datetime.date,
    slip_start: int,
) -> list[Part]:
    postal, usual = _postal(layout, outlets)
    few = count < 20
    cancels = 0 if few else max(1, round(count * CANCELLED))
    posts = 0 if few or not postal else max(1, round(count * 0.012))
    corrections = 0 if not posts else max(1, round(posts * CORRECTED))
    rest = count - cancels - posts - corrections
    finals = rest * 45 // 100
    at_once = -(-cancels // 2)
    kinds: list[Part] = []
    number, slip = 0, slip_start

    def batch(
        size: int, days: Sequence[datetime.date], at: tuple[Outlet, ...], **how: bool
    ) -> Batch:
        nonlocal number, slip
        made = Batch(issuer, (*key, number), size, tuple(days), at, slip, **how)
        number += 1
        slip += size
        return made

    by_lag = _by_lag(usual)
    weights = [sum(one.weight for one in at) for at in by_lag.values()]
    for (lag, at), size in zip(by_lag.items(), _split(finals, weights), strict=True):
        days = received_days(confirmed, lag)
        kinds.append(Part(FINAL, batch(size, days, at, doubles=True)))
    if posts:
        lag = postal[0].lags[0]
        days = received_days(confirmed, lag)
        kinds.append(Part(POSTAL, batch(posts, days, postal, postal=True)))
        days = received_days(confirmed, lag + CORRECTION_LAG)
        kinds.append(Part(CORRECTION, batch(corrections, days, postal, postal=True)))
    yesterday, before = [day - ONE_DAY], [day - 2 * ONE_DAY]
    _, tills = _tills(usual)
    kinds.append(Part(CANCEL, batch(cancels - at_once, before, tills)))
    mistaken = batch(at_once, yesterday, tills)
    kinds.append(Part(CANCEL, mistaken))
    kinds.append(Part(PRELIMINARY, mistaken))
    kinds.append(Part(PRELIMINARY, mistaken.repeated()))
    plain = batch(rest - finals - 2 * at_once, yesterday, usual, doubles=True)
    kinds.append(Part(PRELIMINARY, plain))
    return _ordered(kinds)


def following(
    layout: Layout,
    business: str,
    start: datetime.date,
    day: datetime.date,
    records: int,
    seed: int,
) -> Groups:
    """The file of `day` in a row of files that begins with `start`: nothing was paid before that.

    About `records` data records once confirmations arrive; fewer on days without business.
    """
    _check(records, seed)
    # A payment makes two records: half as many payments a day. The groups are small enough for
    # the confirmations that heap up after a row of holidays.
    shares = _shares(layout, -(-records // 2), at_most=SHARD // 12)
    stride = records + 64
    issuer = slips.issuer(layout, business, seed, 8 * stride * len(shares), 0)
    groups = []
    for number, (outlets, count) in enumerate(shares):
        parts: list[Part] = []
        received = max(start - ONE_DAY, day - LOOK_BACK * ONE_DAY)
        while received < day:
            row = (received - start).days + 1
            key = (*_key(layout, business, seed), 2, received.toordinal(), number)
            slip_start = (row * len(shares) + number) * stride
            parts += _due(layout, issuer, key, outlets, count, received, day, slip_start)
            received += ONE_DAY
        groups.append(_ordered(parts))
    return groups


def _due(
    layout: Layout,
    issuer: Issuer,
    key: tuple[int, ...],
    outlets: tuple[Outlet, ...],
    count: int,
    received: datetime.date,
    day: datetime.date,
    slip_start: int,
) -> list[Part]:
    """What of the payments received on one day comes in the file of `day`."""
    postal, usual = _postal(layout, outlets)
    home, tills = _tills(usual)
    by_lag = _by_lag(usual)
    total = sum(one.weight for one in outlets)
    ordinary = [sum(one.weight for one in at) / total for at in by_lag.values()]
    post = sum(one.weight for one in postal) / total
    shares = [*ordinary, CANCELLED / 2, CANCELLED / 2, LOST, post * (1 - CORRECTED)]
    shares.append(post * CORRECTED)
    rng = np.random.default_rng(key)
    paid = round(count * rng.uniform(0.9, 1.1))
    counts = rng.multinomial(paid, np.array(shares) / sum(shares)).tolist()
    starts = (np.cumsum([0, *counts]) + slip_start).tolist()

    def batch(number: int, at: tuple[Outlet, ...], **how: bool) -> Batch:
        return Batch(issuer, (*key, number), counts[number], (received,), at, starts[number], **how)

    lags = list(by_lag)
    made = {lag: batch(number, by_lag[lag], doubles=True) for number, lag in enumerate(lags)}
    after = len(lags)
    at_once, later = batch(after, tills), batch(after + 1, tills)
    lost = batch(after + 2, usual)
    repaid = at_once.repeated()
    parts: list[Part] = []
    if received == day - ONE_DAY:
        seen = [*made.values(), at_once, repaid, later, lost]
        parts += [Part(PRELIMINARY, one) for one in seen]
        parts.append(Part(CANCEL, at_once))
    if received == day - 2 * ONE_DAY:
        parts.append(Part(CANCEL, later))
    parts += [
        Part(FINAL, one) for lag, one in made.items() if business_days_after(received, lag) == day
    ]
    if business_days_after(received, home) == day:
        parts.append(Part(FINAL, repaid))
    if postal:
        lag = postal[0].lags[0]
        right = batch(after + 3, postal, postal=True)
        wrong = batch(after + 4, postal, postal=True)
        if business_days_after(received, lag) == day:
            parts += [Part(POSTAL, right), Part(POSTAL, wrong)]
        if business_days_after(received, lag + CORRECTION_LAG) == day:
            parts.append(Part(CORRECTION, wrong))
    return parts


def _check(records: int, seed: int) -> None:
    if records < 0 or seed < 0:
        raise GeneratingError("件数と seed は0以上の数です。")


def _key(layout: Layout, business: str, seed: int) -> tuple[int, int, int]:
    return seed, crc32(layout.code.encode()), crc32(business.encode())


def _ordered(parts: list[Part]) -> list[Part]:
    order = (PRELIMINARY, CANCEL, POSTAL, CORRECTION, FINAL)
    filled = (part for part in parts if part.batch.count)
    return sorted(filled, key=lambda part: order.index(part.data_type))


def _postal(
    layout: Layout, outlets: tuple[Outlet, ...]
) -> tuple[tuple[Outlet, ...], tuple[Outlet, ...]]:
    if not has_postal(layout):
        return (), outlets
    return (
        tuple(one for one in outlets if one.channel == "postal"),
        tuple(one for one in outlets if one.channel != "postal"),
    )


def has_postal(layout: Layout) -> bool:
    """Whether the layout has the post office's own data types."""
    return {POSTAL, CORRECTION} <= set(layout.data_types.values())


def _by_lag(outlets: tuple[Outlet, ...]) -> dict[int, tuple[Outlet, ...]]:
    """Outlets by lag; one with several lags stands under each with its part of the weight."""
    lags = sorted({lag for one in outlets for lag in one.lags})
    return {
        lag: tuple(
            replace(one, weight=one.weight / len(one.lags)) for one in outlets if lag in one.lags
        )
        for lag in lags
    }


def _tills(outlets: tuple[Outlet, ...]) -> tuple[int, tuple[Outlet, ...]]:
    """Where payments are cancelled, and the one lag they have: a till rather than a telephone."""
    shops = tuple(one for one in outlets if one.channel == "convenience") or outlets
    by_lag = _by_lag(shops)
    lag = max(by_lag, key=lambda lag: sum(one.weight for one in by_lag[lag]))
    return lag, by_lag[lag]


def _shares(
    layout: Layout, count: int, at_most: int = SHARD
) -> list[tuple[tuple[Outlet, ...], int]]:
    """The groups of the file: which outlets and how many records each."""
    outlets = slips.outlets(layout.code, layout.agency, has_postal(layout))
    profiles = slips.profiles()
    rule = profiles["groups"].get(layout.code, "none")
    by_group: dict[str, list[Outlet]] = {}
    for one in outlets:
        name = ""
        if rule == "channel":
            name = one.channel
        elif rule == "pay_method":
            name = pay_method(one)
        by_group.setdefault(name, []).append(one)
    sets = [tuple(group) for group in by_group.values()]
    counts = _split(count, [sum(one.weight for one in group) for group in sets])
    found = []
    for group, size in zip(sets, counts, strict=True):
        shards = max(1, -(-size // at_most)) if _may_shard(layout) else 1
        found += [(group, part) for part in _split(size, [1.0] * shards)]
    return [share for share in found if share[1]] or found[:1]


def pay_method(outlet: Outlet) -> str:
    """アットペイメントの支払方法 of an outlet."""
    methods = slips.profiles()["pay_methods"]
    method: str = methods.get(outlet.channel, methods["default"])
    return method


def _may_shard(layout: Layout) -> bool:
    if layout.kind != "fixed" or "header" not in layout.structure["trailer"]:
        return False
    return bool(layout.records["trailer"].totals)


def _split(count: int, weights: list[float]) -> list[int]:
    """`count` in whole parts by weight, which together make `count`."""
    edges = np.cumsum([0.0, *weights]) / sum(weights) * count
    whole = [int(edge) for edge in np.rint(edges)]
    return [after - before for before, after in pairwise(whole)]
