"""What a person decides about a file: run it again, correct lines, take it all back."""

from __future__ import annotations

import io

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accesslog.middleware import note
from apps.organization.admin import page

from .. import corrections, ledger, services
from ..forms import CancelForm, CorrectionForm, RetryForm
from ..models import ReceiptFile
from .common import address_of, may_change, person_of, started, visible_file
from .reading import show_file


@may_change
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    file = visible_file(request, pk)
    if request.method == "POST":
        form = RetryForm(request.POST)
        accept = form.is_valid() and form.cleaned_data["accept_partial"]
        if file.retryable:
            services.retry(file, by=person_of(request), accept_partial=accept)
            messages.success(request, "もう一度実行しました。結果はこの画面に出ます。")
        else:
            messages.error(
                request, "このファイルは再実行できる状態ではありません。下の結果を見てください。"
            )
    return redirect(address_of(file))


@may_change
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """訂正行の取込: the corrected lines come in as a file of their own that names the one it corrects."""
    file = visible_file(request, pk)
    if request.method != "POST":
        return redirect(address_of(file))
    form = CorrectionForm(request.POST, request.FILES, label_suffix="")
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            records = corrections.corrected_records(upload, file)
        except ValidationError as refused:
            form.add_error("file", refused)
        else:
            taken = started(
                services.take_in(
                    io.BytesIO(records),
                    name=upload.name,
                    door=ReceiptFile.Door.CORRECTION,
                    received_by=person_of(request),
                    received_by_name=str(request.user),
                    accept_partial=form.cleaned_data["accept_partial"],
                    corrects=file,
                )
            )
            note(request, correction=taken.pk)
            return redirect(address_of(taken))
    return show_file(request, file, form, status=400)


@may_change
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """全体の取消: says first how many payments and yen go, and which only fall back to an earlier state."""
    file = visible_file(request, pk)
    if file.state not in ReceiptFile.REGISTERED:
        messages.error(request, "登録が済んでいるファイルだけを取り消せます。")
        return redirect(address_of(file))
    form = CancelForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            services.cancel(file, by=person_of(request), reason=form.cleaned_data["reason"])
        except services.NotPossible as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "取り消しました。収納と件数・金額から外しています。")
        return redirect(address_of(file))
    effect = ledger.kept().effect_of_withdrawal(file)
    note(request, cancel=effect)
    return page(
        request,
        "receipts/cancel.html",
        f"受信ファイル {file.name} の取消",
        status=400 if form.errors else 200,
        file=file,
        form=form,
        effect=effect,
    )
