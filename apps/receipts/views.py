"""The screens of a receipt file. Each finds what may be seen, notes what it shows, and renders it."""

from __future__ import annotations

import io
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from apps.accesslog.middleware import note
from apps.organization.admin import page
from apps.organization.models import Staff

from . import agencies, decoded, exports, issues, layouts, selectors, services
from .forms import CorrectionForm, LinesForm, RetryForm, UploadForm
from .models import LINES_PER_FILE, FileIssue, ReceiptFile, ReceiptLine

RECENT = 20
ISSUES_PER_PAGE = 50
LINES_PER_PAGE = 100
POLLED_AT_ONCE = 50

may_view = permission_required("receipts.view_receiptfile", raise_exception=True)
may_upload = permission_required("receipts.add_receiptfile", raise_exception=True)
may_change = permission_required("receipts.change_receiptfile", raise_exception=True)


def _person(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)


def _file(request: HttpRequest, pk: int) -> ReceiptFile:
    """The file if this person may see it; a file of another 課 does not exist for him."""
    found = (
        ReceiptFile.objects.visible_to(request.user)
        .select_related("business", "agency", "corrects")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404("受信ファイル")
    note(request, file=found.pk)
    return found


def _layout(file: ReceiptFile) -> layouts.Layout | None:
    return layouts.all_layouts().get(file.layout_code)


# 取り込む


@may_upload
def upload(request: HttpRequest) -> HttpResponse:
    """The page that takes files in. With JavaScript it is asked once per file and answers in JSON."""
    by_script = request.headers.get("Accept") == "application/json"
    if request.method != "POST":
        return _upload_page(request, UploadForm(person=_person(request)))
    form = UploadForm(request.POST, request.FILES, person=_person(request))
    if not form.is_valid():
        if by_script:
            return JsonResponse({"errors": _sentences(form)}, status=400)
        return _upload_page(request, form, status=400)
    taken = [_take_in(request, form, file) for file in form.cleaned_data["files"]]
    note(request, files=[file.pk for file in taken])
    if by_script:
        return JsonResponse({"files": [_progress(file) for file in taken]}, status=201)
    for file in taken:
        failed = file.state == ReceiptFile.State.FAILED
        told = selectors.progress(file)["message"]
        messages.add_message(
            request, messages.ERROR if failed else messages.SUCCESS, f"「{file.name}」: {told}"
        )
    return redirect(_address(taken[0]) if len(taken) == 1 else reverse("receipts:upload"))


def _take_in(request: HttpRequest, form: UploadForm, upload: UploadedFile) -> ReceiptFile:
    asked = form.cleaned_data
    return _started(
        services.take_in(
            cast(Any, upload),
            name=upload.name or "名前なし",
            door=ReceiptFile.Door.WEB,
            received_by=_person(request),
            received_by_name=str(request.user),
            layout=asked["layout"],
            business=asked["business"],
            accept_partial=asked["accept_partial"],
        )
    )


def _started(file: ReceiptFile) -> ReceiptFile:
    if file.state == ReceiptFile.State.RECEIVED:
        services.start(file)
        file.refresh_from_db()
    return file


def _sentences(form: UploadForm) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    recent = ReceiptFile.objects.visible_to(request.user).filter(
        Q(state__in=[ReceiptFile.State.RECEIVED, *ReceiptFile.RUNNING])
        | Q(received_by=_person(request), received_at__gte=midnight)
    )[:RECENT]
    note(request, files=[file.pk for file in recent])
    return page(
        request,
        "receipts/upload.html",
        "受信ファイルを取り込む",
        status=status,
        form=form,
        recent=[_progress(file) for file in recent],
        max_mb=settings.RECEIPT_UPLOAD_MAX_MB,
        max_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    )


@may_view
def progress(request: HttpRequest) -> HttpResponse:
    """How far the files named by ?file=1&file=2 are, for the pages that watch them."""
    asked = [one for one in request.GET.getlist("file") if one.isascii() and one.isdigit()]
    files = ReceiptFile.objects.visible_to(request.user).filter(
        pk__in=[int(one) for one in asked[:POLLED_AT_ONCE] if len(one) < 19]
    )
    answer = [_progress(file) for file in files]
    note(request, files=[one["id"] for one in answer])
    return JsonResponse({"files": answer})


def _progress(file: ReceiptFile) -> dict[str, Any]:
    return {"id": file.pk, "name": file.name, "url": _address(file), **selectors.progress(file)}


def _address(file: ReceiptFile) -> str:
    return reverse("receipts:file", args=[file.pk])


# 受信ファイルの画面


@may_view
def file_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _file_page(request, _file(request, pk), CorrectionForm())


def _file_page(
    request: HttpRequest, file: ReceiptFile, correction: CorrectionForm, status: int = 200
) -> HttpResponse:
    found = Paginator(file.issues.all(), ISSUES_PER_PAGE).get_page(request.GET.get("issues"))
    for issue in found:
        issue.message, issue.remedy = issues.message(issue), issues.remedy(issue)
    effects = set(file.issues.values_list("effect", flat=True).distinct())
    layout = _layout(file)
    note(request, issues=len(found))
    return page(
        request,
        "receipts/file.html",
        f"受信ファイル {file.pk}",
        status=status,
        file=file,
        layout=layout,
        progress=_progress(file),
        kinds=_totals(file),
        controls=[
            {**one, "difference": one["counted"] - one["file"]}
            for one in file.totals.get("controls", [])
        ],
        issues=found,
        has_errors=bool(effects - {FileIssue.Effect.NOTICE}),
        leave_out=_could_leave_out(file, layout, effects),
        correctable=file.rejected > 0 and file.state == ReceiptFile.State.PARTIAL,
        correction=correction,
        corrections=file.corrections.all(),
        may_change=request.user.has_perm("receipts.change_receiptfile"),
    )


def _totals(file: ReceiptFile) -> list[dict[str, Any]]:
    names = agencies.data_types()
    return [
        {"code": code, "name": names[code].name if code in names else code, **total}
        for code, total in sorted(file.totals.get("types", {}).items())
    ]


def _could_leave_out(
    file: ReceiptFile, layout: layouts.Layout | None, effects: set[str]
) -> bool:
    """Failed only because of lines that the layout's policy lets a person leave out."""
    return bool(
        file.retryable
        and layout
        and layout.partial
        and FileIssue.Effect.REJECT in effects
        and FileIssue.Effect.REFUSE not in effects
    )


@may_view
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of a file, a hundred at a time by line number, so that line 900,000 is as near as line 1."""
    file, asked = _file(request, pk), LinesForm(request.GET)
    verdict, at = asked.value("verdict"), asked.value("at")
    after = at - 1 if at else (asked.value("after") or 0)
    rows = ReceiptLine.objects.of(file).filter(pk__gt=file.first_line_id + after)
    if verdict is not None:
        rows = rows.filter(verdict=verdict)
    shown = list(rows[: LINES_PER_PAGE + 1])
    layout = _layout(file)
    note(request, lines=len(shown[:LINES_PER_PAGE]))
    return page(
        request,
        "receipts/lines.html",
        f"受信ファイル {file.pk} の行",
        file=file,
        lines=[(line, decoded.row_of(layout, line.raw)) for line in shown[:LINES_PER_PAGE]],
        next_after=shown[LINES_PER_PAGE - 1].number if len(shown) > LINES_PER_PAGE else None,
        from_start=after == 0,
        verdict=verdict,
        verdicts=ReceiptLine.Verdict.choices,
        at=at,
    )


@may_view
def line(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    file = _file(request, pk)
    found = None
    if 0 < number < LINES_PER_FILE:
        found = ReceiptLine.objects.filter(pk=file.first_line_id + number).first()
    if found is None:
        raise Http404("受信行")
    note(request, line=number)
    about = list(file.issues.filter(line=number)[:ISSUES_PER_PAGE])
    for issue in about:
        issue.message, issue.remedy = issues.message(issue), issues.remedy(issue)
    return page(
        request,
        "receipts/line.html",
        f"受信ファイル {file.pk} の {number} 行目",
        file=file,
        line=found,
        row=decoded.row_of(_layout(file), found.raw),
        raw=decoded.text_of(found.raw),
        issues=about,
        number=number,
    )


# エラー一覧と、その後にできること


@may_view
def errors(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The error list as a file. Shift_JIS first names the characters it cannot hold."""
    if kind not in exports.KINDS:
        raise Http404("エラー一覧")
    file = _file(request, pk)
    rows = exports.error_rows(file)
    note(request, export=f"errors-{kind}", lines=len(rows))
    if kind == "sjis" and "replace" not in request.GET:
        if lost := exports.unencodable(rows):
            return page(
                request, "receipts/unencodable.html", "Shift_JIS にない文字", file=file, lost=lost
            )
    return exports.error_list(file, rows, kind)


@may_change
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    file = _file(request, pk)
    if request.method == "POST":
        form = RetryForm(request.POST)
        accept = form.is_valid() and form.cleaned_data["accept_partial"]
        try:
            services.retry(file, by=_person(request), accept_partial=accept)
            messages.success(request, "もう一度取り込みを始めました。この画面を離れても進みます。")
        except services.NotPossible as refused:
            messages.error(request, str(refused))
    return redirect(_address(file))


@may_change
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """訂正行の取込: the corrected lines come in as a file of their own that names the one it corrects."""
    file = _file(request, pk)
    if request.method != "POST":
        return redirect(_address(file))
    form = CorrectionForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            records = exports.corrected_records(upload, file)
            taken = _started(
                services.take_in(
                    io.BytesIO(records),
                    name=upload.name,
                    door=ReceiptFile.Door.CORRECTION,
                    received_by=_person(request),
                    received_by_name=str(request.user),
                    layout=file.layout_code,
                    business=file.business.code if file.business else "",
                    accept_partial=form.cleaned_data["accept_partial"],
                    corrects=file,
                )
            )
        except (ValidationError, services.NotPossible) as refused:
            form.add_error("file", refused if isinstance(refused, ValidationError) else str(refused))
        else:
            note(request, correction=taken.pk)
            return redirect(_address(taken))
    return _file_page(request, file, form, status=400)
