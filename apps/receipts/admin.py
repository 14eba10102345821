"""受信ファイルの一覧. A file's own screens are in views.py."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accesslog.middleware import note
from apps.calendars.templatetags.shown import figure, moment
from apps.organization.admin import DayFilter, ScopedAdmin, VisibleBusinessFilter

from .models import ReceiptFile
from .templatetags.receipt_words import badge, received_by


class ReceivedFilter(DayFilter):
    title = "受信日"
    field = "received_at"
    names = ("received_from", "received_to")


@admin.register(ReceiptFile)
class ReceiptFileAdmin(ScopedAdmin):
    purpose = (
        "代行会社から届いた収納データのファイルです。開くと、検証の結果と次にすることが分かります。"
    )
    empty = "この条件の受信ファイルはありません。"
    first_step = ("receipts:upload", "受信ファイルを取り込む")
    list_display = [
        "file_name",
        "for_business",
        "layout",
        "in_state",
        "all_lines",
        "of_accepted",
        "of_duplicate",
        "of_rejected",
        "received",
        "by",
    ]
    list_display_links = ["file_name"]
    list_select_related = ["business"]
    list_filter = ["state", VisibleBusinessFilter, ReceivedFilter]
    list_per_page = 50
    sortable_by = ()
    search_fields = ["name", "=sha256"]
    search_help_text = "ファイル名の一部か、SHA-256 の全体で探します。"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if found := getattr(response, "context_data", {}).get("cl"):
            note(request, shown=len(found.result_list), searched=bool(found.query))
        return response

    @admin.display(description="ファイル名")
    def file_name(self, file: ReceiptFile) -> str:
        return file.name

    @admin.display(description="業務")
    def for_business(self, file: ReceiptFile) -> str:
        return file.business.short_name if file.business else "読み取れず"

    @admin.display(description="レイアウト")
    def layout(self, file: ReceiptFile) -> str:
        return file.layout_code or "読み取れず"

    @admin.display(description="状態")
    def in_state(self, file: ReceiptFile) -> SafeString:
        return badge(file.state, file.get_state_display())

    @admin.display(description="行数")
    def all_lines(self, file: ReceiptFile) -> SafeString:
        return _number(file.lines)

    @admin.display(description="登録")
    def of_accepted(self, file: ReceiptFile) -> SafeString:
        return _number(file.accepted)

    @admin.display(description="重複")
    def of_duplicate(self, file: ReceiptFile) -> SafeString:
        return _number(file.duplicate)

    @admin.display(description="エラー")
    def of_rejected(self, file: ReceiptFile) -> SafeString:
        return _number(file.rejected)

    @admin.display(description="受信日時")
    def received(self, file: ReceiptFile) -> str:
        return moment(file.received_at)

    @admin.display(description="受信者")
    def by(self, file: ReceiptFile) -> str:
        return received_by(file)


def _number(value: int) -> SafeString:
    return format_html('<span class="number">{}</span>', figure(value))
