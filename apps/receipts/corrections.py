"""訂正行: what a person filled into an error list, as the bytes of a receipt file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import openpyxl
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from . import layouts
from .exports import CORRECTED, FORMULA
from .models import ReceiptFile

NEWLINES = {"crlf": b"\r\n", "lf": b"\n", "none": b""}
CORRECTED_AT_MOST = 100_000
_AS_NUMBER = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)


def corrected_records(upload: UploadedFile[Any], file: ReceiptFile) -> bytes:
    """The corrected lines as the bytes of a file. Raises ValidationError with every fault found.

    Takes back the error list with its column filled in (rows left empty are skipped), or a plain
    text that holds nothing but the corrected records.
    """
    content = upload.read()
    layout = layouts.all_layouts().get(file.layout_code)
    encoding = layout.encoding if layout else "cp932"
    found = _from_workbook(content) if content[:2] == b"PK" else _from_csv(content)
    if found is None:
        found = [
            (number, line)
            for number, line in enumerate(_decode(content).splitlines(), start=1)
            if line.strip()
        ]
    if not found:
        raise ValidationError(
            f"訂正した行がありません。「{CORRECTED}」の欄に、直した行をまるごと書いてから取り込んでください。"
        )
    faults, records = [], []
    for number, text in found:
        if text.startswith("'") and text[1:].startswith(FORMULA):
            text = text[1:]
        if _AS_NUMBER.fullmatch(text.strip()):
            faults.append(
                f"{number}行目は、表計算ソフトが数値（{text.strip()}）に変えています。"
                "Excel形式のエラー一覧に書き直してください。"
            )
        if layout and layout.kind == "fixed":
            text = text.ljust(layout.record_length)  # trailing spaces are easily lost in a table
        try:
            records.append(text.encode(encoding))
        except UnicodeEncodeError as error:
            faults.append(
                f"{number}行目の「{text[error.start]}」は、受信ファイルの文字コードにありません。"
                "使える文字に直してください。"
            )
    if faults:
        raise ValidationError(faults)
    newline = NEWLINES.get(file.newline, b"\r\n")
    return newline.join(records) + (newline if file.final_newline else b"")


def _from_workbook(content: bytes) -> list[tuple[int, str]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True, max_row=CORRECTED_AT_MOST)]
    except Exception as error:  # openpyxl raises whatever a damaged file makes its parts raise
        raise ValidationError(
            "Excel ファイルとして開けませんでした。ダウンロードしたエラー一覧に書き込んで、そのまま保存してください。"
        ) from error
    column = _column(rows[0] if rows else [])
    if column is None:
        raise ValidationError(
            f"「{CORRECTED}」という列が1行目にありません。ダウンロードしたエラー一覧に書き込んでください。"
        )
    return _filled(rows, column)


def _from_csv(content: bytes) -> list[tuple[int, str]] | None:
    """The filled-in column, or None when this is no error list but plain records."""
    text = _decode(content)
    if CORRECTED not in text.split("\n", 1)[0]:
        return None
    rows: list[list[Any]] = list(csv.reader(io.StringIO(text)))
    column = _column(rows[0])
    return None if column is None else _filled(rows, column)


def _column(heading: Sequence[Any]) -> int | None:
    titles = [str(title or "").strip() for title in heading]
    return titles.index(CORRECTED) if CORRECTED in titles else None


def _filled(rows: list[list[Any]], column: int) -> list[tuple[int, str]]:
    filled = []
    for number, row in enumerate(rows[1:], start=2):
        value = row[column] if column < len(row) else None
        if value is not None and str(value).strip():
            filled.append((number, f"{value:E}" if isinstance(value, float) else str(value)))
    return filled


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return content.decode("cp932")
        except UnicodeDecodeError as error:
            raise ValidationError(
                "文字コードを読み取れません。UTF-8 か Shift_JIS のファイルにしてください。"
            ) from error
