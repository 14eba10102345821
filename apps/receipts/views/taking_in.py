"""取り込む: the page that takes files in, and the progress that other pages ask for."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from apps.accesslog.middleware import note
from apps.organization.admin import page

from .. import selectors, services
from ..forms import UploadForm
from ..models import ReceiptFile
from .common import address_of, may_upload, may_view, person_of, progress_of, started

RECENT = 20
POLLED_AT_ONCE = 50


@may_upload
def upload(request: HttpRequest) -> HttpResponse:
    """With JavaScript the page is asked once per file and answers in JSON; without, once for all."""
    by_script = request.headers.get("Accept") == "application/json"
    if request.method != "POST":
        return _upload_page(request, UploadForm(person=person_of(request)))
    form = UploadForm(request.POST, request.FILES, person=person_of(request))
    if not form.is_valid():
        if by_script:
            return JsonResponse({"errors": _sentences(form)}, status=400)
        return _upload_page(request, form, status=400)
    taken = [_take_in(request, form, file) for file in form.cleaned_data["uploads"]]
    note(request, files=[file.pk for file in taken])
    if by_script:
        return JsonResponse({"files": [progress_of(file, request) for file in taken]}, status=201)
    for file in taken:
        level = messages.ERROR if file.state == ReceiptFile.State.FAILED else messages.SUCCESS
        told = selectors.progress(file)["message"]
        messages.add_message(request, level, f"「{file.name}」: {told}")
    return redirect(address_of(taken[0]) if len(taken) == 1 else reverse("receipts:upload"))


def _take_in(request: HttpRequest, form: UploadForm, upload: UploadedFile[Any]) -> ReceiptFile:
    asked = form.cleaned_data
    return started(
        services.take_in(
            cast(Any, upload),
            name=upload.name or "名前なし",
            door=ReceiptFile.Door.WEB,
            received_by=person_of(request),
            received_by_name=str(request.user),
            layout=asked["layout"],
            business=asked["business"],
            accept_partial=asked["accept_partial"],
        )
    )


def _sentences(form: UploadForm) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    recent = ReceiptFile.objects.visible_to(request.user).filter(
        Q(state__in=[ReceiptFile.State.RECEIVED, *ReceiptFile.RUNNING])
        | Q(received_by=person_of(request), received_at__gte=midnight)
    )[:RECENT]
    note(request, files=[file.pk for file in recent])
    return page(
        request,
        "receipts/upload.html",
        "受信ファイルを取り込む",
        status=status,
        form=form,
        recent=[progress_of(file, request) for file in recent],
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
    answer = [progress_of(file, request) for file in files]
    note(request, files=[one["id"] for one in answer])
    return JsonResponse({"files": answer})
