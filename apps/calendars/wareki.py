"""和暦: how days are written for people."""

import datetime

_ERAS = [
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
]


def wareki(day: datetime.date) -> str:
    """令和7年7月1日; 元年 for the first year; the 西暦 before 昭和."""
    for first, era in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def fiscal_year(day: datetime.date) -> int:
    """年度: the 西暦 year whose April begins it."""
    return day.year if day.month >= 4 else day.year - 1
