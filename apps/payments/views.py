"""One payment, and the lines of a file that repeat payments."""

from __future__ import annotations

import datetime
from typing import cast

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accesslog.middleware import note
from apps.organization.admin import page
from apps.organization.models import Staff
from apps.receipts import barcode, free_fields
from apps.receipts.models import LINES_PER_FILE, ReceiptFile

from . import selectors
from .models import Payment

DUPLICATES_PER_PAGE = 100

may_view = permission_required("payments.view_payment", raise_exception=True)


@may_view
def payment_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The payer's number is not in the page until the person asks for it, and the asking is recorded."""
    payment = (
        Payment.objects.visible_to(request.user)
        .select_related("agency", "business", "brand")
        .filter(pk=pk)
        .first()
    )
    if payment is None:
        raise Http404("収納")
    revealed = request.GET.get("show") == "number"
    note(request, payment=payment.number, number_shown=revealed)
    entries = selectors.entries_of(payment)
    files = ReceiptFile.objects.visible_to(request.user).in_bulk(
        {entry.line_id // LINES_PER_FILE for entry in entries}
    )
    return page(
        request,
        "payments/payment.html",
        f"収納 {payment.number}",
        payment=payment,
        revealed=revealed,
        from_search=request.GET.get("from") == "search",
        free_field=_free_field(payment) if revealed else [],
        due_on=_due_on(payment.barcode),
        entries=[
            {
                "name": selectors.type_name(entry.data_type),
                "file": files.get(entry.line_id // LINES_PER_FILE),
                "line": entry.line_id % LINES_PER_FILE,
                "counted": entry.counted,
            }
            for entry in entries
        ],
        demonstration_company=selectors.company_is_demonstration(payment),
    )


def _free_field(payment: Payment) -> list[tuple[str, str]]:
    digits = payment.barcode[barcode.FREE]
    try:
        return list(free_fields.get(payment.business.code).labelled(digits).items())
    except (KeyError, ValueError):
        return [("自由使用欄", digits)]


def _due_on(code: str) -> datetime.date | None:
    """支払期限 of the slip; None when the barcode says there is none, or no day."""
    try:
        return datetime.datetime.strptime(code[barcode.DUE], "%y%m%d").date()
    except ValueError:
        return None


@may_view
def of_line(request: HttpRequest, file_id: int, number: int) -> HttpResponse:
    """From a line to the payment it told of, which may have been made by another line."""
    if file_id >= 2**31 or not 0 < number < LINES_PER_FILE:
        raise Http404("受信行")
    found = (
        Payment.objects.visible_to(request.user)
        .filter(entries__line_id=file_id * LINES_PER_FILE + number)
        .first()
    )
    if found is None:
        raise Http404("収納")
    note(request, file=file_id, line=number)
    return redirect("payments:payment", found.pk)


@may_view
def duplicates(request: HttpRequest, file_id: int) -> HttpResponse:
    """重複データ一覧 of a file: each line with the payment, file and line it repeats."""
    file = ReceiptFile.objects.visible_to(request.user).filter(pk=file_id).first()
    if file is None:
        raise Http404("受信ファイル")
    rows = Paginator(selectors.duplicates_of(file), DUPLICATES_PER_PAGE).get_page(
        request.GET.get("page")
    )
    explained = selectors.explained(list(rows), cast(Staff, request.user))
    note(request, file=file.pk, duplicates=len(explained))
    return page(
        request,
        "payments/duplicates.html",
        f"受信ファイル {file.name} の重複",
        file=file,
        rows=rows,
        duplicates=explained,
    )
