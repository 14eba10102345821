"""The decoded lines of one file in a temporary table, the quickest way each database has.

PostgreSQL takes them as binary COPY built by numpy, SQLite by executemany. The table is private to
the connection and empty again when the transaction ends.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from django.db import connection

from ..models import LINES_PER_FILE, ReceiptLine
from ..reading.blocks import Block
from ..reading.columns import Columns
from ..reading.values import NO_DAY, Ints

TABLE = "staged_line"
_LINES = ReceiptLine._meta.db_table
_COLUMNS = (
    "number", "key_hash", "data_type", "received_on", "received_time", "barcode",
    "company_code", "store_code", "amount", "transfer_due_on", "accounted_on", "brand_id",
)  # fmt: skip
_DAY_ZERO = datetime.date(2000, 1, 1)


class Stage(Protocol):
    """Where a file's lines go while its transaction is open."""

    def lines(self, file_id: int, block: Block, verdicts: Ints) -> None:
        """Put the raw lines of a block into the table of lines."""

    def data(self, columns: Columns) -> None:
        """Put decoded data lines into the temporary table."""


@contextmanager
def stage() -> Iterator[Stage]:
    """A fresh temporary table on the open transaction of the default connection."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(_POSTGRES if postgres else _SQLITE)
        yield _PostgresStage(cursor) if postgres else _SqliteStage(cursor)
        # Not after an error: the rollback that follows takes the table with it.
        cursor.execute(f"DROP TABLE {TABLE}")


# occurrence is filled in afterwards, where a key is there more than once.
_POSTGRES = f"""
CREATE TEMPORARY TABLE {TABLE} (
  number integer NOT NULL, key_hash bigint NOT NULL, data_type text NOT NULL, received_on date NOT NULL,
  received_time text NOT NULL, barcode text NOT NULL, company_code text NOT NULL, store_code text NOT NULL,
  amount integer NOT NULL, transfer_due_on date, accounted_on date, brand_id bigint NOT NULL,
  occurrence smallint NOT NULL DEFAULT 1
) ON COMMIT DROP"""
_SQLITE = f"""
CREATE TEMPORARY TABLE {TABLE} (
  number integer PRIMARY KEY, key_hash integer, data_type text, received_on text, received_time text,
  barcode text, company_code text, store_code text, amount integer, transfer_due_on text,
  accounted_on text, brand_id integer, occurrence integer NOT NULL DEFAULT 1
)"""


def key_hashes(columns: Columns) -> Ints:
    """64 bits of each line's identity and data type: equal keys are equal, so only repeats need a look."""
    parts = [
        columns.received_time,
        columns.company,
        columns.store,
        columns.barcode,
        columns.data_type.astype("<i4").view(np.uint8).reshape(-1, 4),
        columns.received_on.astype("<i4").view(np.uint8).reshape(-1, 4),
    ]
    words = np.ascontiguousarray(np.concatenate(parts, axis=1)).view(np.uint64)
    value = np.zeros(len(columns), np.uint64)
    for place in range(words.shape[1]):
        value = (value ^ words[:, place]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return value.view(np.int64)


def _type_codes(columns: Columns) -> np.ndarray[Any, Any]:
    """Two ASCII digits per data type."""
    pair = np.empty((len(columns), 2), np.uint8)
    pair[:, 0], pair[:, 1] = columns.data_type // 10 + 48, columns.data_type % 10 + 48
    return pair


class _PostgresStage:
    """Rows of fixed width are one numpy structure, which is the wire format of a binary COPY."""

    _SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
    _END = b"\xff\xff"

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def _copy(self, table: str, names: tuple[str, ...], values: list[tuple[str, Any]]) -> None:
        """COPY columns given as (numpy type, values); a text or bytea is a matrix of bytes."""
        fields: list[tuple[Any, ...]] = [("fields", ">i2")]
        for place, (kind, column) in enumerate(values):
            fields.append((f"n{place}", ">i4"))
            fields.append(
                (f"v{place}", "u1", (column.shape[1],)) if kind == "bytes" else (f"v{place}", kind)
            )
        rows = np.empty(len(values[0][1]), np.dtype(fields))
        rows["fields"] = len(values)
        for place, (_, column) in enumerate(values):
            rows[f"n{place}"] = rows.dtype[f"v{place}"].itemsize
            rows[f"v{place}"] = column
        with self.cursor.copy(
            f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.write(self._SIGNATURE)
            copy.write(rows.tobytes())
            copy.write(self._END)

    def lines(self, file_id: int, block: Block, verdicts: Ints) -> None:
        ids = block.numbers + file_id * LINES_PER_FILE
        names = ("id", "file_id", "verdict", "raw")
        if block.raws is None:
            files = np.full(len(ids), file_id)
            self._copy(
                _LINES,
                names,
                [(">i8", ids), (">i8", files), (">i2", verdicts), ("bytes", block.rows)],
            )
            return
        with self.cursor.copy(
            f"COPY {_LINES} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int8", "int8", "int2", "bytea"])
            for row in zip(ids.tolist(), verdicts.tolist(), block.raws, strict=True):
                copy.write_row((row[0], file_id, row[1], row[2]))

    def data(self, columns: Columns) -> None:
        # Day numbers count from 2000-01-01 as PostgreSQL's do, and its smallest one is -infinity.
        self._copy(
            TABLE,
            _COLUMNS,
            [
                (">i4", columns.number),
                (">i8", key_hashes(columns)),
                ("bytes", _type_codes(columns)),
                (">i4", columns.received_on),
                ("bytes", columns.received_time),
                ("bytes", columns.barcode),
                ("bytes", columns.company),
                ("bytes", columns.store),
                (">i4", columns.amount),
                (">i4", columns.transfer_due_on),
                (">i4", columns.accounted_on),
                (">i8", columns.brand),
            ],
        )


class _SqliteStage:
    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def lines(self, file_id: int, block: Block, verdicts: Ints) -> None:
        ids = (block.numbers + file_id * LINES_PER_FILE).tolist()
        raws = block.raws if block.raws is not None else _cut(block.rows)
        self._many(
            f"INSERT INTO {_LINES} (id, file_id, verdict, raw) VALUES (?, {int(file_id)}, ?, ?)",
            zip(ids, verdicts.tolist(), raws, strict=True),
        )

    def data(self, columns: Columns) -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        self._many(
            f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)}) VALUES ({marks})",
            zip(
                columns.number.tolist(),
                key_hashes(columns).tolist(),
                _texts(_type_codes(columns)),
                _days(columns.received_on),
                _texts(columns.received_time),
                _texts(columns.barcode),
                _texts(columns.company),
                _texts(columns.store),
                columns.amount.tolist(),
                _days(columns.transfer_due_on),
                _days(columns.accounted_on),
                columns.brand.tolist(),
                strict=True,
            ),
        )

    def _many(self, sql: str, rows: Any) -> None:
        # Past Django's wrapper, which would rewrite the place-holders of each statement.
        self.cursor.cursor.connection.executemany(sql, rows)


def _cut(rows: np.ndarray[Any, Any]) -> list[bytes]:
    width, data = rows.shape[1], rows.tobytes()
    return [data[place : place + width] for place in range(0, len(data), width)]


def _texts(cells: np.ndarray[Any, Any]) -> list[str]:
    width, data = cells.shape[1], np.ascontiguousarray(cells).tobytes().decode("latin-1")
    return [data[place : place + width].rstrip() for place in range(0, len(data), width)]


def _days(numbers: Ints) -> list[str | None]:
    """ISO dates; few different days occur, so each is written once."""
    found, place = np.unique(numbers, return_inverse=True)
    texts = [
        None if day == NO_DAY else (_DAY_ZERO + datetime.timedelta(days=int(day))).isoformat()
        for day in found
    ]
    return [texts[one] for one in place.tolist()]
