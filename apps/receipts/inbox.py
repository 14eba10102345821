"""受信箱: the folder into which files are fetched; what lies there is taken in and removed."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import time
from pathlib import Path

from django.core.cache import cache

from apps.accesslog.services import record

from . import services, vault
from .models import ReceiptFile
from .services.reception import readable
from .settings import inbox

logger = logging.getLogger(__name__)

SETTLED_SECONDS = 5.0
"""A file is still being written until it has been left alone this long."""
_SAID_FOR_SECONDS = 24 * 3600
_TEMPORARY = (".part", ".tmp", ".filepart", ".crdownload")


def scan() -> list[ReceiptFile]:
    """Take in every settled regular file; returns the rows made.

    Removed from the inbox once it is safely in the vault or refused by name; a link, a folder and
    anything not a regular file stays where it is and is recorded as refused.
    """
    folder = inbox()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix in _TEMPORARY:
            continue
        try:
            file = _take(path)
        except Exception:
            # This one stays; it must not keep the others waiting.
            logger.exception("inbox: a file could not be taken in")
            continue
        if file:
            taken.append(file)
    return taken


def _take(path: Path) -> ReceiptFile | None:
    try:
        # O_NOFOLLOW: a link put here must not make the ward read a file from elsewhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        _refuse(path, error.strerror or "開けません")
        return None
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        os.close(descriptor)
        _refuse(path, "通常のファイルではありません")
        return None
    with os.fdopen(descriptor, "rb") as stream:
        if time.time() - before.st_mtime < SETTLED_SECONDS:
            return None
        file = services.take_in(
            stream,
            name=path.name,
            door=ReceiptFile.Door.INBOX,
            received_by=None,
            received_by_name="受信箱",
        )
        after = os.fstat(descriptor)
    if file.state == ReceiptFile.State.FAILED and _not_kept(file):
        return file
    if (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
        path.unlink(missing_ok=True)
    if file.state == ReceiptFile.State.RECEIVED:
        services.start(file)
    return file


def _not_kept(file: ReceiptFile) -> bool:
    """The disk was full or broken: the inbox holds the only copy."""
    return file.issues.filter(code__in=["disk-full", "store-failed"]).exists()


def _refuse(path: Path, reason: str) -> None:
    # It stays, and the next look finds it again: once a day is enough to say so.
    known = hashlib.sha256(os.fsencode(path)).hexdigest()
    if not cache.add(f"inbox-refused:{known}", True, _SAID_FOR_SECONDS):
        return
    logger.warning("inbox: refused a file (%s)", reason)
    record("受信", f"受信箱 {readable(path.name)[:100]}", "拒否", reason=reason)


def sweep_vault() -> int:
    """Remove encrypted copies that no row knows of, left by a crash."""
    known = set(ReceiptFile.objects.exclude(stored_as="").values_list("stored_as", flat=True))
    return vault.sweep(known, older_than_seconds=3600, now=time.time())
