"""A receipt file, its lines and its error list, to look at and to take away."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from apps.accesslog.middleware import note
from apps.organization.admin import page

from .. import agencies, decoded, exports, issues
from ..forms import CorrectionForm, LinesForm
from ..models import LINES_PER_FILE, FileIssue, ReceiptFile, ReceiptLine
from .common import layout_of, may_view, progress_of, visible_file

ISSUES_PER_PAGE = 50
LINES_PER_PAGE = 100


@may_view
def file_page(request: HttpRequest, pk: int) -> HttpResponse:
    return show_file(request, visible_file(request, pk), CorrectionForm(label_suffix=""))


def show_file(
    request: HttpRequest, file: ReceiptFile, correction: CorrectionForm, status: int = 200
) -> HttpResponse:
    """The page of a file, with the form for its corrected lines as the person left it."""
    errors_first = file.issues.annotate(notice=Q(effect=FileIssue.Effect.NOTICE)).order_by(
        "notice", "line", "pk"
    )
    shown = Paginator(errors_first, ISSUES_PER_PAGE).get_page(request.GET.get("issues"))
    choice = file.issues.filter(code="partial-not-chosen").first() if file.retryable else None
    note(request, issues=len(shown))
    return page(
        request,
        "receipts/file.html",
        f"受信ファイル {file.name}",
        status=status,
        file=file,
        layout=layout_of(file),
        registered=_registered(file),
        progress=progress_of(file, request),
        kinds=_totals(file),
        every_line=not (file.rejected or file.duplicate),
        controls=[
            {**one, "difference": one["file"] - one["counted"]}
            for one in file.totals.get("controls", [])
        ],
        issues=shown,
        explained=explained(request, list(shown)),
        has_errors=file.issues.exclude(effect=FileIssue.Effect.NOTICE).exists(),
        leave_out=choice.params if choice else None,
        correctable=file.rejected > 0 and file.state == ReceiptFile.State.PARTIAL,
        correction=correction,
        corrections=(corrections := list(file.corrections.all())),
        told_of=file.accepted
        + file.duplicate
        + sum(one.accepted + one.duplicate for one in corrections if _registered(one)),
        printed_at=timezone.now(),
        may_change=request.user.has_perm("receipts.change_receiptfile"),
    )


def _registered(file: ReceiptFile) -> bool:
    return file.state in ReceiptFile.REGISTERED


def explained(request: HttpRequest, found: list[FileIssue]) -> list[dict[str, Any]]:
    """Issues with their sentences; the file an issue names only where this person may see it."""
    named = {issue.params["file_id"] for issue in found if "file_id" in issue.params}
    seen = ReceiptFile.objects.visible_to(request.user).in_bulk(named)
    return [
        {
            "issue": issue,
            "message": issues.message(issue),
            "remedy": issues.remedy(issue),
            "others": issue.occurrences - 1,
            "file": seen.get(issue.params.get("file_id")),
        }
        for issue in found
    ]


def _totals(file: ReceiptFile) -> list[dict[str, Any]]:
    names = agencies.data_types()
    return [
        {"code": code, "name": names[code].name if code in names else code, **total}
        for code, total in sorted(file.totals.get("types", {}).items())
    ]


@may_view
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """A hundred lines at a time by line number, so that line 900,000 is as near as line 1."""
    file, asked = visible_file(request, pk), LinesForm(request.GET)
    verdict, at = asked.value("verdict"), asked.value("at")
    after = at - 1 if at else (asked.value("after") or 0)
    rows = ReceiptLine.objects.of(file).filter(pk__gt=file.first_line_id + after)
    if verdict is not None:
        rows = rows.filter(verdict=verdict)
    found = list(rows[: LINES_PER_PAGE + 1])
    shown, layout = found[:LINES_PER_PAGE], layout_of(file)
    note(request, lines=len(shown))
    return page(
        request,
        "receipts/lines.html",
        f"受信ファイル {file.name} の行",
        file=file,
        kept=file.state in [*ReceiptFile.REGISTERED, ReceiptFile.State.CANCELLED],
        lines=[(line, decoded.row_of(layout, line.raw)) for line in shown],
        per_page=LINES_PER_PAGE,
        next_after=shown[-1].number if len(found) > LINES_PER_PAGE else None,
        from_start=after == 0,
        verdict=verdict,
        verdicts=ReceiptLine.Verdict.choices,
        at=at,
    )


@may_view
def line(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    file = visible_file(request, pk)
    found = None
    if 0 < number < LINES_PER_FILE:
        found = ReceiptLine.objects.filter(pk=file.first_line_id + number).first()
    if found is None:
        raise Http404("受信行")
    note(request, line=number)
    layout = layout_of(file)
    return page(
        request,
        "receipts/line.html",
        f"受信ファイル {file.name} の {number}行目",
        file=file,
        line=found,
        row=decoded.row_of(layout, found.raw),
        csv=layout is not None and layout.kind == "csv",
        raw=decoded.text_of(found.raw),
        explained=explained(request, list(file.issues.filter(line=number)[:ISSUES_PER_PAGE])),
        number=number,
    )


@may_view
def errors(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The error list as a file. Shift_JIS first names the characters it cannot hold."""
    if kind not in exports.KINDS:
        raise Http404("エラー一覧")
    file = visible_file(request, pk)
    rows = exports.error_rows(file)
    note(request, export=f"errors-{kind}", lines=len(rows))
    if kind == "sjis" and "replace" not in request.GET and (lost := exports.unencodable(rows)):
        return page(
            request, "receipts/unencodable.html", "Shift_JIS にない文字", file=file, lost=lost
        )
    return exports.error_list(file, rows, kind)
