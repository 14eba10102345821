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
    first, last = file.line_ids
    held = b""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, raw FROM {ReceiptLine._meta.db_table}"
                " WHERE id BETWEEN %s AND %s ORDER BY id LIMIT %s",
                [first, last, _BATCH],
            )
            rows = cursor.fetchall()
        if not rows:
            break
        yield held
        held = newline.join(bytes(raw) for _, raw in rows) + newline
        first = rows[-1][0] + 1
    if newline and not file.final_newline:
        held = held[: -len(newline)]
    yield held


def sha256(file: ReceiptFile) -> str:
    digest = hashlib.sha256()
    for piece in rewritten(file):
        digest.update(piece)
    return digest.hexdigest()
