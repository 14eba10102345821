"""Every byte of a small valid file of every layout changed in turn: no crash, and never a wrong payment."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import cache

import pytest
from django.db import transaction

from apps.receipts import agencies, generating, layouts
from apps.receipts.reading import detect
from apps.receipts.reading.blocks import Shape, read_blocks
from apps.receipts.reading.check import Expected, check
from apps.receipts.reading.columns import Brands, columns
from apps.receipts.reading.findings import Findings
from apps.receipts.reading.values import day_number
from tests.receipts import door, plain
from tests.receipts.test_any_bytes import assert_sound

DAY = datetime.date(2026, 4, 1)
EXPECTED = Expected(day_number(datetime.date(2026, 4, 30)), "tax")
MASKS = (0xFF, 0x01, 0x80)


@cache
def good(layout: str) -> bytes:
    return generating.make_file(layout, "tax", DAY, 3, 3)


def flips(layout: str, step: int = 1) -> list[tuple[int, int]]:
    places = range(0, len(good(layout)))
    return [(place, mask) for place in places for mask in MASKS][::step]


def flipped(layout: str, place: int, mask: int) -> bytes:
    data = bytearray(good(layout))
    data[place] ^= mask
    return bytes(data)


def assert_true_or_named(code: str, data: bytes) -> bool:
    """The check in this process, and what would be registered; whether anything would be."""
    layout = layouts.get(code)
    result = check([data], layout, EXPECTED)
    if result.findings.refused:
        return False
    rejected = result.rejected
    brands = Brands.of(agencies.all_tables()[layout.agency], {})
    registered = 0
    for block in read_blocks([data], layout, Findings(), Shape()):
        rows = columns(block, rejected, layout, brands)
        registered += len(rows)
        raws = {int(number): block.raw(at) for at, number in enumerate(block.numbers)}
        for at in range(len(rows)):
            one = plain.line(code, raws[int(rows.number[at])])
            day = datetime.date(2000, 1, 1) + datetime.timedelta(days=int(rows.received_on[at]))
            assert rows.barcode[at].tobytes().decode() == one.bars and plain.whole(one.bars)
            assert rows.amount[at] == one.amount > 0
            assert f"{day:%Y%m%d}" == one.received_on
            assert rows.received_time[at].tobytes().decode().strip() == one.time
            assert rows.company[at].tobytes().decode().rstrip() == one.company
            assert rows.store[at].tobytes().decode().rstrip() == one.store
            assert f"{int(rows.data_type[at]):02d}" == one.data_type
    assert registered + len(rejected) == result.lines
    return True


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_every_byte_flipped_keeps_the_meaning_or_is_named(layout: str) -> None:
    kept = sum(assert_true_or_named(layout, flipped(layout, *one)) for one in flips(layout))
    assert 0 < kept < len(flips(layout))


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_every_byte_flipped_is_never_detected_as_another_layout(layout: str) -> None:
    known = layouts.all_layouts().values()
    for one in flips(layout, 7):
        found = detect.best(detect.scores(flipped(layout, *one), known))
        assert not found or layout in found


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_a_sample_of_the_flips_through_the_whole_import(
    layout: str, import_file: Callable[..., door.Run]
) -> None:
    for one in flips(layout, 97):
        data = flipped(layout, *one)
        with transaction.atomic():
            assert_sound(import_file(data), data)
            transaction.set_rollback(True)


def test_a_check_digit_catches_every_single_wrong_digit() -> None:
    bars = plain.line("shinjuku-120", plain.lines("shinjuku-120", good("shinjuku-120"))[0].raw).bars
    for place in range(44):
        for digit in "0123456789":
            other = bars[:place] + digit + bars[place + 1 :]
            assert plain.whole(other) == (other == bars)
