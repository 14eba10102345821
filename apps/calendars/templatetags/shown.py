"""How days, times and numbers are written for people (features.md 1: 和暦 on the screen, ISO inside)."""

import datetime

from django import template
from django.utils import timezone

from apps.calendars import wareki as calendar

register = template.Library()


def _local_day(value: datetime.date) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


@register.filter
def wareki(value: datetime.date | None) -> str:
    """令和8年7月1日, of a day or of the Japanese day of a moment."""
    return calendar.wareki(_local_day(value)) if value else "ー"


@register.filter
def moment(value: datetime.datetime | None) -> str:
    """令和8年7月1日 13:05, Japanese time."""
    return f"{wareki(value)} {timezone.localtime(value):%H:%M}" if value else "ー"


@register.filter
def instant(value: datetime.datetime | None) -> str:
    """令和8年7月1日 13:05:09: a moment to the second, for records."""
    return f"{moment(value)}:{timezone.localtime(value):%S}" if value else "ー"


@register.filter
def clock(value: str) -> str:
    """18:15 from the 1815 of a receipt file."""
    return f"{value[:2]}:{value[2:]}" if len(value) == 4 and value.isdigit() else value or "ー"


@register.filter
def figure(value: int | None) -> str:
    """12,345"""
    return "ー" if value is None else f"{value:,}"


@register.filter
def plain(value: int) -> str:
    """A number that names something: no separators."""
    return str(value)


@register.filter
def size(value: int) -> str:
    """1.4 MB, in the powers of 1,024 that Windows shows."""
    amount, unit = float(value), "バイト"
    for larger in ("KB", "MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{value:,} バイト" if unit == "バイト" else f"{amount:,.1f} {unit}"
