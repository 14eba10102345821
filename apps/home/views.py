"""The work list on the home screen, the notices of every screen, and the pages for errors."""

from collections import defaultdict
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accesslog.middleware import note
from apps.organization.models import Business, Notice, Staff
from apps.payments import selectors as payments
from apps.receipts import agencies, selectors
from apps.receipts.models import ReceiptFile, ReceiptFileQuerySet

SHOWN = 10
FAILED_WITHOUT_COPY_FOR = timedelta(days=7)


def work_list(request: HttpRequest) -> dict[str, Any]:
    """What the home screen shows this person: decisions first, then what runs, then today's figures."""
    if not request.user.has_perm("receipts.view_receiptfile"):
        return {"sees_files": False, "today": timezone.localdate()}
    files = ReceiptFile.objects.visible_to(request.user).select_related("business")
    waiting = _waiting(files)
    running = files.filter(state__in=[ReceiptFile.State.RECEIVED, *ReceiptFile.RUNNING])
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = list(files.filter(received_at__gte=midnight))
    shown = [(file, selectors.progress(file)["message"]) for file in waiting[:SHOWN]]
    context = {
        "sees_files": True,
        "businesses": Business.objects.visible_to(request.user),
        "waiting": shown,
        "waiting_more": waiting[SHOWN : SHOWN + 1].exists(),
        "running": [(file, selectors.progress(file)) for file in running[:SHOWN]],
        "today": timezone.localdate(),
        "today_files": today[:SHOWN],
        "today_count": len(today),
        "tally": daily_tally([file for file in today if file.state in ReceiptFile.REGISTERED]),
        "anything_yet": bool(today) or files.exists(),
    }
    note(request, waiting=len(shown), today=len(today))
    return context


def _waiting(files: ReceiptFileQuerySet) -> ReceiptFileQuerySet:
    """Files somebody must decide about: failed and not come in since, or with lines to correct."""
    state = ReceiptFile.State
    came_in_after_all = ReceiptFile.objects.filter(
        sha256=OuterRef("sha256"), state__in=ReceiptFile.LIVE
    )
    corrected = ReceiptFile.objects.filter(
        corrects=OuterRef("pk"), state__in=ReceiptFile.REGISTERED
    )
    failed = Q(state=state.FAILED) & (
        ~Q(stored_as="") | Q(received_at__gte=timezone.now() - FAILED_WITHOUT_COPY_FOR)
    )
    return files.filter(
        (failed & ~Exists(came_in_after_all)) | (Q(state=state.PARTIAL) & ~Exists(corrected))
    )


def daily_tally(files: list[ReceiptFile]) -> dict[str, Any]:
    """件数 and 金額 by 業務 and データ種別, with the sum of each column; never a sum over the kinds."""
    kinds = ["01", "02", "03"]
    rows: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    sums: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for file in files:
        row = rows[file.business.short_name if file.business else "ー"]
        for kind, total in payments.registered_totals(file).items():
            if kind not in kinds:
                kinds.append(kind)
            for place in (row, sums):
                count, amount = place.get(kind, (0, 0))
                place[kind] = (count + total["count"], amount + total["amount"])
    names = agencies.data_types()
    return {
        "kinds": [names[kind].name if kind in names else kind for kind in kinds],
        "rows": [
            (name, [row.get(kind, (0, 0)) for kind in kinds]) for name, row in sorted(rows.items())
        ],
        "sums": [sums[kind] for kind in kinds],
    }


def read_notices(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Mark one notice, or all that are on the screen, as read, and go back to where the person was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = reverse("admin:index")
    if request.method == "POST":
        unread = Notice.objects.filter(staff=cast(Staff, request.user), read_at=None)
        if pk is not None:
            unread = unread.filter(pk=pk)
        note(request, notices_read=unread.update(read_at=timezone.now()))
    return HttpResponseRedirect(back)


def _error(
    request: HttpRequest, status: int, heading: str, what: str, next_step: str
) -> HttpResponse:
    """An error page that needs no database: it must appear when that is what is broken."""
    context = {
        "status": status,
        "heading": heading,
        "what": what,
        "next_step": next_step,
        "environment_name": settings.ENVIRONMENT_NAME,
        "demonstration": settings.DEMONSTRATION,
    }
    return render(None, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        400,
        "送られた内容を読み取れませんでした",
        "ブラウザから届いた内容が、この画面の形になっていませんでした。"
        f"一度に取り込めるファイルは{settings.DATA_UPLOAD_MAX_NUMBER_FILES}件までです。",
        "前の画面に戻り、入力やファイルの数を確かめて、もう一度送ってください。",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        403,
        "この画面を使う権限がありません",
        "あなたの役割では、この画面を開けません。開こうとしたことは記録されました。",
        "仕事に必要なときは、所属の係長かシステム管理者に、どの画面を使いたいかを伝えてください。",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        404,
        "見つかりませんでした",
        "番号が違うか、あなたの課の業務ではないか、画面がなくなっています。",
        "番号を確かめるか、ホームか一覧から開き直してください。",
    )


def broken(request: HttpRequest) -> HttpResponse:
    return _error(
        request,
        500,
        "処理の途中で問題が起きました",
        "この画面を作れませんでした。問題は記録されています。入力した内容は保存されていません。",
        "しばらく待ってもう一度開いてください。続くときは、何をしていたかと時刻をシステム管理者に伝えてください。",
    )
