"""試験用の受信ファイル: realistic, invented, deterministic files of every layout, good and bad.

Used by the demonstration, the tests and the benchmarks. Same arguments, same bytes.

    slips      invented 納付書: barcodes, amounts, shops, times, in numpy blocks
    days       what is in the file of which day: 速報, 確報 by lag, 取消, post office, doubles
    writing    records and control totals of a layout, as bytes
    breaking   each kind of bad file
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from typing import BinaryIO

from apps.receipts import layouts
from apps.receipts.generating import breaking, days, writing
from apps.receipts.generating.slips import GeneratingError

__all__ = ["GeneratingError", "file_name", "make_days", "make_file", "write_days", "write_file"]


def write_file(
    target: BinaryIO,
    layout_code: str,
    business: str,
    day: datetime.date,
    records: int,
    seed: int,
    *,
    kind: str | None = None,
    newline: str | None = None,
    size: int | None = None,
) -> None:
    """Write one file of `day` with exactly `records` data records, in flat memory.

    It holds 速報 of the day before, 確報 of earlier days that were never seen, and a few 取消.
    `kind` breaks it (breaking.KINDS); `newline` is crlf, lf or none, where the layout allows it;
    `size` (bytes) is for the kind one-long-line.
    """
    layout = layouts.get(layout_code)
    groups = days.single(layout, business, day, records, seed)
    _write(target, layout, business, day, groups, seed, kind, newline, size)


def make_file(
    layout_code: str,
    business: str,
    day: datetime.date,
    records: int,
    seed: int,
    *,
    kind: str | None = None,
    newline: str | None = None,
    size: int | None = None,
) -> bytes:
    """The bytes that write_file would write."""
    target = io.BytesIO()
    write_file(
        target, layout_code, business, day, records, seed, kind=kind, newline=newline, size=size
    )
    return target.getvalue()


def write_days(
    layout_code: str,
    business: str,
    *,
    count: int,
    records: int,
    seed: int,
    start: datetime.date,
    kind: str | None = None,
    newline: str | None = None,
    size: int | None = None,
) -> Iterator[tuple[str, datetime.date, writing.Writer]]:
    """(name, day, writer) for `count` calendar days in a row from `start`; call writer(target).

    About `records` data records a file once the first confirmations are due: a payment makes two.
    Every 確報 but the post office's has its 速報 in an earlier file. One day alone is write_file's.
    """
    layout = layouts.get(layout_code)
    for number in range(count):
        day = start + datetime.timedelta(days=number)
        if count == 1:
            groups = days.single(layout, business, day, records, seed)
        else:
            groups = days.following(layout, business, start, day, records, seed)

        def writer(
            target: BinaryIO, day: datetime.date = day, groups: days.Groups = groups
        ) -> None:
            _write(target, layout, business, day, groups, seed, kind, newline, size)

        yield file_name(layout_code, business, day, kind), day, writer


def make_days(
    layout_code: str,
    business: str,
    *,
    count: int,
    records: int,
    seed: int,
    start: datetime.date,
    kind: str | None = None,
    newline: str | None = None,
) -> Iterator[tuple[str, datetime.date, bytes]]:
    """(name, day, bytes) of the same files."""
    for name, day, writer in write_days(
        layout_code,
        business,
        count=count,
        records=records,
        seed=seed,
        start=start,
        kind=kind,
        newline=newline,
    ):
        target = io.BytesIO()
        writer(target)
        yield name, day, target.getvalue()


def file_name(layout_code: str, business: str, day: datetime.date, kind: str | None = None) -> str:
    """shinjuku-120_tax_20260401.dat, with the kind of fault before the dot when there is one."""
    suffix = "csv" if layouts.get(layout_code).kind == "csv" else "dat"
    fault = f"_{kind}" if kind else ""
    return f"{layout_code}_{business}_{day:%Y%m%d}{fault}.{suffix}"


def _write(
    target: BinaryIO,
    layout: layouts.Layout,
    business: str,
    day: datetime.date,
    groups: days.Groups,
    seed: int,
    kind: str | None,
    newline: str | None,
    size: int | None,
) -> None:
    newline = writing.newline_of(layout, newline)
    if kind is None:
        writing.write(target, layout, business, day, groups, newline)
        return
    breaking.check_kind(kind)
    if kind == breaking.LONG_LINE:
        breaking.write_long_line(target, layout, size)
        return
    good = io.BytesIO()
    writing.write(good, layout, business, day, groups, newline)
    target.write(breaking.broken(kind, layout, business, day, good.getvalue(), newline))
