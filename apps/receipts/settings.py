"""The settings of this app, with their units."""

import datetime
from pathlib import Path

from django.conf import settings


def upload_limit_bytes() -> int:
    return int(settings.RECEIPT_UPLOAD_MAX_MB) * 2**20


def inbox() -> Path:
    return Path(settings.RECEIPTS_INBOX)


def lease(lines: int = 0) -> datetime.timedelta:
    """How long a run may show no progress: the set time, and more for a long final transaction."""
    return datetime.timedelta(seconds=int(settings.RECEIPT_LEASE_SECONDS) + lines / 1000)
