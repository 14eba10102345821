"""Column-wise primitives: what is wrong in a column of many rows, and what it says.

Cells come column by column in memory (numpy's Fortran order), so that every step runs along rows.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from .blocks import Bytes

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[Any]

_ZERO, _SPACE = np.uint8(48), np.uint8(32)
_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
_MONTH_DAY = np.zeros(10_000, np.bool_)
for _month, _days in enumerate(_DAYS, start=1):
    _MONTH_DAY[_month * 100 + 1 : _month * 100 + _days + 1] = True
FIRST_YEAR, LAST_YEAR = 2000, 2099
NO_DAY = np.int32(-(2**31))
"""Stands for an absent date in columns of day numbers."""


def by_column(rows: Bytes) -> Bytes:
    """The same rows with each column together in memory."""
    return np.asfortranarray(rows)


def not_digits(cells: Bytes) -> Mask:
    return np.asarray((cells - _ZERO > 9).any(axis=1))


def number(cells: Bytes) -> Ints:
    """Value of each row of digits, in the narrowest type; meaningless where not_digits."""
    width = cells.shape[1]
    kind = np.int16 if width <= 4 else np.int32 if width <= 9 else np.int64
    value: Ints = np.zeros(len(cells), kind)
    for column in range(width):
        value *= kind(10)
        value += cells[:, column] - _ZERO
    return value


def blank(cells: Bytes) -> Mask:
    """Rows of spaces or of zeros: how files write an absent date."""
    return np.asarray((cells == _SPACE).all(axis=1) | (cells == _ZERO).all(axis=1))


def _not_printable(cells: Bytes) -> Mask:
    return np.asarray(cells - _SPACE > 94)


def not_text(cells: Bytes) -> Mask:
    """Rows with something other than printable ASCII, or with nothing at all."""
    return np.asarray(_not_printable(cells).any(axis=1) | (cells == _SPACE).all(axis=1))


def suspicious(cells: Bytes) -> Mask:
    """Rows holding a byte that is neither printable ASCII nor half-width kana (one byte in cp932)."""
    strange = _not_printable(cells)
    if strange.any():
        strange &= cells - np.uint8(0xA1) > 0x3E
    return np.asarray(strange.any(axis=1))


def not_month_day(cells: Bytes) -> Mask:
    """Rows of digits that are no day MMDD of any year."""
    return np.asarray(~_MONTH_DAY[np.clip(number(cells), 0, 9999)])


def not_date(cells: Bytes, digits_wrong: Mask) -> Mask:
    """Rows that are not a day YYYYMMDD between 2000 and 2099."""
    year = number(cells[:, :4])
    wrong = digits_wrong | (year < FIRST_YEAR) | (year > LAST_YEAR) | not_month_day(cells[:, 4:])
    # 2000 to 2099 holds no century exception, so a leap year is a multiple of four.
    leap_day = (cells[:, 4:] == np.frombuffer(b"0229", np.uint8)).all(axis=1)
    if leap_day.any():
        wrong |= leap_day & (year % 4 != 0)
    return np.asarray(wrong)


def days(cells: Bytes) -> Ints:
    """Days since 2000-01-01 (PostgreSQL's day number) of valid dates."""
    year = number(cells[:, :4]).astype(np.int32)
    month, day = number(cells[:, 4:6]), number(cells[:, 6:])
    # Civil-from-days arithmetic with the year beginning in March, so that the leap day comes last.
    early = month <= 2
    year -= early
    of_year = (153 * (month + np.where(early, 9, -3)) + 2) // 5 + day - 1
    return np.asarray(year * 365 + year // 4 - year // 100 + year // 400 + of_year - 730_425)


def optional_days(cells: Bytes) -> Ints:
    return np.where(blank(cells), NO_DAY, days(cells))


def not_time(cells: Bytes) -> Mask:
    hour, minute = number(cells[:, :2]), number(cells[:, 2:])
    return np.asarray(not_digits(cells) | (hour >= 24) | (minute >= 60))


def take(cells: Bytes, wanted: Mask) -> Bytes:
    """The rows of a mask, without copying when it is all of them."""
    return cells if wanted.all() else cells[wanted]


def day_number(day: datetime.date) -> int:
    """Days since 2000-01-01."""
    return (day - datetime.date(2000, 1, 1)).days
