"""Writing a file again from its registered lines, byte for byte (design.md 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.db import connection

from ..models import ReceiptFile, ReceiptLine
from ..reading.blocks import NEWLINES

_BATCH = 20_000


def rewritten(file: ReceiptFile) -> Iterator[bytes]:
    """The bytes of a registered file, in pieces."""
    newline = NEWLINES[file.newline]
    first = file.first_line_id + 1
    held = b""
    # Windows of ids, not LIMIT: every line has its number, and no plan can sort the rest each time.
    for start in range(first, first + file.records, _BATCH):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT raw FROM {ReceiptLine._meta.db_table}"
                " WHERE id BETWEEN %s AND %s ORDER BY id",
                [start, start + _BATCH - 1],
            )
            rows = cursor.fetchall()
        yield held
        held = newline.join(bytes(raw) for (raw,) in rows) + newline if rows else b""
    if newline and not file.final_newline:
        held = held[: -len(newline)]
    yield held


def sha256(file: ReceiptFile) -> str:
    digest = hashlib.sha256()
    for piece in rewritten(file):
        digest.update(piece)
    return digest.hexdigest()
