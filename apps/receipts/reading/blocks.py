"""A stream of bytes as blocks of aligned records, whatever the layout; memory stays flat."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..layouts import Layout
from .findings import Findings

Bytes = npt.NDArray[np.uint8]
ROWS = 16_384
NEWLINES = {"crlf": b"\r\n", "lf": b"\n", "none": b""}
LINE_LIMIT = 4096
"""A CSV line longer than this many bytes is not read on."""

UNKNOWN, HEADER, DATA, TRAILER, END, HEADING = range(6)
KINDS = {"header": HEADER, "data": DATA, "trailer": TRAILER, "end": END, "heading": HEADING}


@dataclass
class Block:
    """Some records in file order: line numbers from 1, kinds, and their bytes side by side."""

    numbers: npt.NDArray[np.int64]
    kinds: Bytes
    rows: Bytes
    raws: list[bytes] | None = None  # of a CSV, whose rows are aligned copies
    broken: npt.NDArray[np.bool_] | None = None  # rows already found unreadable

    def raw(self, index: int) -> bytes:
        return self.raws[index] if self.raws is not None else self.rows[index].tobytes()


@dataclass
class Shape:
    """What reading found of the file's outer form, needed to write it again byte for byte."""

    newline: str = ""
    final_newline: bool = True
    records: int = 0


def sniff_newline(head: bytes) -> str:
    """The newline convention at the beginning of a file."""
    place = head.find(b"\n")
    if place < 0:
        return "none"
    return "crlf" if head[max(place - 1, 0) : place] == b"\r" else "lf"


def read_blocks(
    chunks: Iterable[bytes], layout: Layout, findings: Findings, shape: Shape
) -> Iterator[Block]:
    """Blocks of records; what cannot be aligned becomes a finding. Raises TooMany."""
    stream = iter(chunks)
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= LINE_LIMIT:
            break
    if not head:
        findings.add("empty-file")
        return
    shape.newline = sniff_newline(head[: max(LINE_LIMIT, layout.record_length * 2)])
    if layout.kind == "csv":
        yield from _csv_blocks(head, stream, layout, findings, shape)
    else:
        yield from _fixed_blocks(head, stream, layout, findings, shape)


def _fixed_blocks(
    head: bytes, stream: Iterator[bytes], layout: Layout, findings: Findings, shape: Shape
) -> Iterator[Block]:
    if shape.newline not in layout.newlines:
        findings.add("newline-not-of-layout", 1, value=shape.newline)
    kind_of = np.zeros(256, np.uint8)
    for kind, record in layout.records.items():
        kind_of[ord(record.code)] = KINDS[kind]
    newline = NEWLINES[shape.newline]
    length, stride = layout.record_length, layout.record_length + len(newline)
    rest = head
    ended = False
    while not ended:
        wanted = stride * ROWS
        parts, have = [rest], len(rest)
        while have < wanted and (chunk := next(stream, None)) is not None:
            parts.append(chunk)
            have += len(chunk)
        data = b"".join(parts)
        ended = have < wanted
        whole = min(have // stride, ROWS)
        rows = np.frombuffer(data, np.uint8, whole * stride).reshape(whole, stride)
        good = _aligned(data, rows, length, newline)
        if good:
            yield _block(rows[:good, :length], shape.records, kind_of)
            shape.records += good
        rest = data[good * stride :]
        if newline and good < whole:
            rest = yield from _by_line(rest, layout, findings, shape, kind_of)
            if len(rest) > LINE_LIMIT:
                findings.add("line-too-long", shape.records + 1, limit=LINE_LIMIT)
                return
    if rest:
        _end_of_fixed(rest, layout, findings, shape)
        if len(rest) == length and newline:
            row = np.frombuffer(rest, np.uint8).reshape(1, length)
            yield _block(row, shape.records, kind_of)
            shape.records += 1


def _aligned(data: bytes, rows: Bytes, length: int, newline: bytes) -> int:
    """How many rows from the first have their newline in its place, and none elsewhere."""
    if not newline:
        return len(rows)
    in_place = (rows[:, length:] == np.frombuffer(newline, np.uint8)).all()
    if in_place and data.count(b"\n", 0, rows.size) == len(rows):
        return len(rows)
    wrong = (rows[:, :length] == 10).any(axis=1)
    for offset, byte in enumerate(newline):
        wrong |= rows[:, length + offset] != byte
    return int(wrong.argmax()) if wrong.any() else len(rows)


def _block(rows: Bytes, before: int, kind_of: Bytes) -> Block:
    numbers = np.arange(before + 1, before + 1 + len(rows), dtype=np.int64)
    return Block(numbers, kind_of[rows[:, 0]], rows)


def _by_line(
    data: bytes, layout: Layout, findings: Findings, shape: Shape, kind_of: Bytes
) -> Generator[Block, None, bytes]:
    """A stretch in which some line has the wrong length: each such line is named."""
    lines = data.split(b"\n")
    rest = lines.pop()
    good, numbers = [], []
    for line in lines:
        shape.records += 1
        body = line[:-1] if shape.newline == "crlf" and line.endswith(b"\r") else line
        if shape.newline == "crlf" and not line.endswith(b"\r"):
            findings.add("newline-mixed", shape.records)
        if len(body) != layout.record_length:
            findings.add(
                "record-length",
                shape.records,
                actual=len(body),
                expected=layout.record_length,
                value=_text(body[:60]),
            )
            continue
        good.append(body)
        numbers.append(shape.records)
    if good:
        rows = np.frombuffer(b"".join(good), np.uint8).reshape(len(good), layout.record_length)
        yield Block(np.array(numbers, np.int64), kind_of[rows[:, 0]], rows)
    return rest


def _end_of_fixed(rest: bytes, layout: Layout, findings: Findings, shape: Shape) -> None:
    shape.final_newline = not NEWLINES[shape.newline]
    if len(rest) != layout.record_length or not NEWLINES[shape.newline]:
        findings.add(
            "truncated",
            shape.records + 1,
            actual=len(rest),
            expected=layout.record_length,
            value=_text(rest[:60]),
        )


def _text(data: bytes) -> str:
    return data.decode("cp932", "replace")


def _csv_blocks(
    head: bytes, stream: Iterator[bytes], layout: Layout, findings: Findings, shape: Shape
) -> Iterator[Block]:
    if layout.error_prefix and head.startswith(layout.error_prefix.encode()):
        message = head[:2000].decode(layout.encoding, "replace").split("\n", 1)
        findings.add("provider-error", 1, message="".join(message[1:]).replace("\r\n", " ").strip())
        return
    pending: list[bytes] = []
    rest = head
    while True:
        *lines, rest = rest.split(b"\n")
        pending += lines
        while len(pending) >= ROWS:
            yield _csv_block(pending[:ROWS], layout, findings, shape)
            del pending[:ROWS]
        if len(rest) > LINE_LIMIT:
            findings.add("line-too-long", shape.records + len(pending) + 1, limit=LINE_LIMIT)
            return
        chunk = next(stream, None)
        if chunk is None:
            break
        rest += chunk
    shape.final_newline = not rest
    if rest:
        # The last line came without its newline; mark it as the others so it reads the same.
        pending.append(rest + b"\r" if shape.newline == "crlf" else rest)
    if pending:
        yield _csv_block(pending, layout, findings, shape)


def _csv_block(lines: list[bytes], layout: Layout, findings: Findings, shape: Shape) -> Block:
    width = layout.data.fields[-1].end
    rows = np.full((len(lines), width), 32, np.uint8)
    broken = np.zeros(len(lines), np.bool_)
    kinds = np.full(len(lines), DATA, np.uint8)
    raws = []
    first = shape.records + 1
    for index, line in enumerate(lines):
        shape.records += 1
        if shape.newline == "crlf":
            if line.endswith(b"\r"):
                line = line[:-1]
            else:
                findings.add("newline-mixed", shape.records)
        raws.append(line)
        cells = _cells(line, layout, findings, shape.records)
        if cells is not None and shape.records == 1 and cells == list(layout.heading):
            kinds[index], broken[index] = HEADING, True
            continue
        aligned = (
            _align(
                cells,
                layout,
                findings,
                shape.records,
                unended=not shape.final_newline and index == len(lines) - 1,
            )
            if cells is not None
            else None
        )
        if aligned is None:
            broken[index] = True
        else:
            rows[index] = np.frombuffer(aligned, np.uint8)
    numbers = np.arange(first, first + len(lines), dtype=np.int64)
    return Block(numbers, kinds, rows, raws, broken)


def _cells(line: bytes, layout: Layout, findings: Findings, number: int) -> list[str] | None:
    try:
        text = line.decode(layout.encoding)
    except UnicodeDecodeError as error:
        findings.add(
            "encoding",
            number,
            offset=error.start,
            value=line[error.start : error.start + 4].hex(" "),
            encoding=layout.encoding,
        )
        return None
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        findings.add("line-unreadable", number, value=text[:60])
        return None


def _align(
    cells: list[str], layout: Layout, findings: Findings, number: int, *, unended: bool
) -> bytes | None:
    """The cells side by side in the widths of the layout, so that one checker serves all layouts."""
    fields = layout.data.fields
    if len(cells) != len(fields):
        if unended and len(cells) < len(fields):
            findings.add("truncated-line", number, actual=len(cells), expected=len(fields))
            return None
        findings.add("column-count", number, actual=len(cells), expected=len(fields))
        return None
    parts = []
    for cell, one in zip(cells, fields, strict=True):
        if one.prefix and not cell.startswith(one.prefix):
            findings.add("prefix-missing", number, field=one.label, value=cell, prefix=one.prefix)
            return None
        value = cell[len(one.prefix) :].encode(layout.encoding)
        if len(value) > one.length:
            findings.add("value-too-long", number, field=one.label, value=cell, limit=one.length)
            return None
        # An empty number stays blank: it must be found missing, not read as zero.
        parts.append(
            value.rjust(one.length, b"0") if one.zeros and value else value.ljust(one.length)
        )
    return b"".join(parts)
