"""The error list as a file; the column left empty in it comes back through corrections.py."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import openpyxl
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from . import issues, layouts, vault
from .decoded import text_of
from .models import FileIssue, ReceiptFile, ReceiptLine

KINDS = {"xlsx": "Excel", "csv": "CSV（Excel用）", "sjis": "CSV（Shift_JIS）"}
CORRECTED = "訂正後の原データ"
COLUMNS = [*"行番号 レコード区分 項目 値 内容 対処 原データ".split(), CORRECTED, "コード"]
WIDTHS = (8, 12, 20, 24, 50, 50, 60, 60, 22)
SUMMARIES = (
    "partial-not-chosen",
    "partial-not-allowed",
)  # they only say that there are wrong lines
SUBSTITUTE = "〓"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Not allowed in the XML of an xlsx, and nothing a person could read anyway.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class ErrorRow:
    """One wrong line with every reason, or one thing wrong with the whole file (`line` 0)."""

    line: int
    record_type: str
    fields: tuple[str, ...]
    values: tuple[str, ...]
    messages: tuple[str, ...]
    remedies: tuple[str, ...]
    raw: str
    codes: tuple[str, ...]

    def cells(self) -> list[str]:
        """As the columns stand; what a program would take for a formula is quoted."""
        several = [
            "\n".join(dict.fromkeys(part for part in one if part))
            for one in (self.fields, self.values, self.messages, self.remedies)
        ]
        line = str(self.line) if self.line else "全体"
        cells = [line, self.record_type, *several, self.raw, "", " ".join(self.codes)]
        return [neutral(cell) for cell in cells]


def neutral(text: str) -> str:
    text = _CONTROL.sub("�", text)
    return f"'{text}" if text.startswith(FORMULA) else text


def error_rows(file: ReceiptFile) -> list[ErrorRow]:
    """Exactly the lines that were not registered, and for a refused file all that is wrong with it."""
    by_line: dict[int, list[FileIssue]] = {}
    wrong = file.issues.exclude(effect=FileIssue.Effect.NOTICE).exclude(code__in=SUMMARIES)
    for issue in wrong.order_by("line", "pk"):
        by_line.setdefault(issue.line, []).append(issue)
    raws = raw_lines(file, [line for line in by_line if line])
    rows = []
    for line, found in by_line.items():
        # What concerns the whole file is a row each: those reasons have nothing to do with each other.
        for group in [found] if line else [[issue] for issue in found]:
            rows.append(
                ErrorRow(
                    line,
                    group[0].record_type,
                    tuple(issue.field for issue in group),
                    tuple(issue.value for issue in group),
                    tuple(issues.message(issue) for issue in group),
                    tuple(issues.remedy(issue) for issue in group),
                    raws.get(line, ""),
                    tuple(dict.fromkeys(issue.code for issue in group)),
                )
            )
    return rows


def raw_lines(file: ReceiptFile, numbers: Sequence[int]) -> dict[int, str]:
    """The lines as they came: from what is registered, or from the kept copy of a refused file."""
    layout = layouts.all_layouts().get(file.layout_code)
    encoding = layout.encoding if layout else "cp932"
    if file.state in ReceiptFile.REGISTERED or file.state == ReceiptFile.State.CANCELLED:
        found: dict[int, str] = {}
        for start in range(0, len(numbers), 500):
            ids = [file.first_line_id + number for number in numbers[start : start + 500]]
            for line in ReceiptLine.objects.filter(pk__in=ids):
                found[line.number] = text_of(line.raw, encoding)
        return found
    if not (file.stored_as and layout and numbers):
        return {}
    wanted, last = set(numbers), max(numbers)
    kept = {}
    try:
        for number, raw in _split(vault.read(file.stored_as), layout):
            if number in wanted:
                kept[number] = text_of(raw, encoding)
            if number >= last:
                break
    except (OSError, vault.Damaged):
        # The copy is gone or damaged: the list is still worth having without the raw lines.
        return kept
    return kept


def _split(chunks: Iterable[bytes], layout: layouts.Layout) -> Iterator[tuple[int, bytes]]:
    """Lines by number, at newlines or, where a fixed layout has none, at its record length."""
    rest, number, length, by_length = b"", 0, layout.record_length, False
    for place, chunk in enumerate(chunks):
        rest += chunk
        if place == 0 and layout.kind == "fixed":
            by_length = b"\n" not in rest[: length + 2]
        if by_length:
            whole = len(rest) - len(rest) % length
            parts = [rest[at : at + length] for at in range(0, whole, length)]
            rest = rest[whole:]
        else:
            *parts, rest = rest.split(b"\n")
        for part in parts:
            number += 1
            yield number, part.removesuffix(b"\r") if not by_length else part
    if rest.rstrip(b"\r\n\x1a"):
        yield number + 1, rest.rstrip(b"\r\n")


def unencodable(rows: Iterable[ErrorRow]) -> list[tuple[int, str, str]]:
    """(row, column, characters) that Shift_JIS cannot hold, in the order of the list."""
    lost = []
    for number, row in enumerate(rows, start=1):
        for column, cell in zip(COLUMNS, row.cells(), strict=True):
            if characters := [one for one in dict.fromkeys(cell) if not _fits(one)]:
                lost.append((number, column, "".join(characters)))
    return lost


def _fits(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def error_list(file: ReceiptFile, rows: list[ErrorRow], kind: str) -> HttpResponseBase:
    """The download: an Excel file with the column to fill in, or a CSV in either encoding."""
    stem = f"エラー一覧_{file.pk}"
    if kind == "xlsx":
        return FileResponse(
            _workbook(file, rows),
            as_attachment=True,
            filename=f"{stem}.xlsx",
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )
    encoding = "cp932" if kind == "sjis" else "utf-8"
    charset = "Shift_JIS" if kind == "sjis" else "utf-8"
    response = StreamingHttpResponse(
        _csv(rows, encoding, bom=kind == "csv"), content_type=f"text/csv; charset={charset}"
    )
    response["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(stem)}.csv"
    return response


def _workbook(file: ReceiptFile, rows: list[ErrorRow]) -> Any:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("エラー一覧")
    for letter, width in zip("ABCDEFGHI", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.HeaderFooter.oddHeader.center.text = f"エラー一覧　{file.name}".replace("&", "&&")
    sheet.HeaderFooter.oddFooter.center.text = "&P / &N"
    sheet.append([_cell(sheet, title, bold=True) for title in COLUMNS])
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row.cells()])
    target = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    book.save(target)
    target.seek(0)
    return target


def _cell(sheet: Any, text: str, *, bold: bool = False) -> Any:
    """A text cell, the empty one to fill in too: Excel must not make numbers of 120 digits."""
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if bold:
        cell.font = Font(bold=True)
    return cell


def _csv(rows: Iterable[ErrorRow], encoding: str, *, bom: bool) -> Iterator[bytes]:
    if bom:
        yield "\ufeff".encode()
    for cells in [COLUMNS, *(row.cells() for row in rows)]:
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(
            [cell.replace("\n", "／") for cell in cells]
        )
        text = line.getvalue()
        if encoding == "cp932":
            text = "".join(one if _fits(one) else SUBSTITUTE for one in text)
        yield text.encode(encoding)
