"""What the screens of a receipt file share."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.urls import reverse

from apps.accesslog.middleware import note
from apps.organization.models import Staff

from .. import layouts, selectors, services
from ..models import ReceiptFile

may_view = permission_required("receipts.view_receiptfile", raise_exception=True)
may_upload = permission_required("receipts.add_receiptfile", raise_exception=True)
may_change = permission_required("receipts.change_receiptfile", raise_exception=True)


def person_of(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)


def visible_file(request: HttpRequest, pk: int) -> ReceiptFile:
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


def layout_of(file: ReceiptFile) -> layouts.Layout | None:
    return layouts.all_layouts().get(file.layout_code)


def address_of(file: ReceiptFile) -> str:
    return reverse("receipts:file", args=[file.pk])


def progress_of(file: ReceiptFile, request: HttpRequest) -> dict[str, Any]:
    """How far a file is; with the way to the earlier file of the same content, if this person has one."""
    earlier = selectors.taken_in_before(file, person_of(request))
    return {
        "url": address_of(file),
        "earlier": {"url": address_of(earlier)} if earlier else None,
        **selectors.progress(file),
    }


def started(file: ReceiptFile) -> ReceiptFile:
    """Queue what was taken in; a file refused at the door has nothing to run."""
    if file.state == ReceiptFile.State.RECEIVED:
        services.start(file)
        file.refresh_from_db()
    return file
