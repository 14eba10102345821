"""Column-wise primitives: what is wrong in a column of many rows, and what it says."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

from .blocks import Bytes

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_ZERO, _SPACE = 48, 32
_PRINTABLE = np.zeros(256, np.bool_)
_PRINTABLE[0x20:0x7F] = True
_KANA = _PRINTABLE.copy()
_KANA[0xA1:0xE0] = True  # half-width katakana, one byte in cp932

_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
_MONTH_DAY = np.zeros(10_000, np.bool_)
for _month, _days in enumerate(_DAYS, start=1):
    _MONTH_DAY[_month * 100 + 1 : _month * 100 + _days + 1] = True
FIRST_YEAR, LAST_YEAR = 2000, 2099
NO_DAY = np.int64(-(2**31))
"""Stands for an absent date in columns of day numbers."""


def not_digits(cells: Bytes) -> Mask:
    return np.asarray((cells - np.uint8(_ZERO) > 9).any(axis=1))


def number(cells: Bytes) -> Ints:
    """Value of each row of digits; meaningless where not_digits."""
    value = np.zeros(len(cells), np.int64)
    for column in range(cells.shape[1]):
        value *= 10
        value += cells[:, column] - np.uint8(_ZERO)
    return value


def blank(cells: Bytes) -> Mask:
    """Rows of spaces or of zeros: how files write an absent date."""
    return np.asarray((cells == _SPACE).all(axis=1) | (cells == _ZERO).all(axis=1))


def not_text(cells: Bytes) -> Mask:
    """Rows with something other than printable ASCII, or with nothing at all."""
    return np.asarray(~_PRINTABLE[cells].all(axis=1) | (cells == _SPACE).all(axis=1))


def suspicious(cells: Bytes) -> Mask:
    """Rows holding a byte that is neither printable ASCII nor half-width kana."""
    return np.asarray(~_KANA[cells].all(axis=1))


def not_date(cells: Bytes, digits_wrong: Mask) -> Mask:
    """Rows that are not a day YYYYMMDD between 2000 and 2099."""
    value = number(cells)
    year, month_day = np.divmod(value, 10_000)
    wrong = digits_wrong | (year < FIRST_YEAR) | (year > LAST_YEAR)
    wrong |= ~_MONTH_DAY[np.clip(month_day, 0, 9999)]
    # 2000 to 2099 holds no century exception, so a leap year is a multiple of four.
    wrong |= (month_day == 229) & (year % 4 != 0)
    return np.asarray(wrong)


def days(cells: Bytes) -> Ints:
    """Days since 2000-01-01 (PostgreSQL's day number) of valid dates."""
    value = number(cells)
    year, month_day = np.divmod(value, 10_000)
    month, day = np.divmod(month_day, 100)
    # Civil-from-days arithmetic with the year beginning in March, so that the leap day comes last.
    shifted = year - (month <= 2)
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    return np.asarray(shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 730_425)


def optional_days(cells: Bytes) -> Ints:
    return np.where(blank(cells), NO_DAY, days(cells))


def not_time(cells: Bytes) -> Mask:
    value = number(cells)
    return np.asarray(not_digits(cells) | (value >= 2400) | (value % 100 >= 60))


def take(cells: Bytes, wanted: Mask) -> Bytes:
    """The rows of a mask, without copying when it is all of them."""
    return cells if wanted.all() else cells[wanted]


def day_number(day: datetime.date) -> int:
    """Days since 2000-01-01."""
    return (day - datetime.date(2000, 1, 1)).days
