"""収納の一覧: read-only, of the person's own businesses."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accesslog.middleware import note
from apps.calendars.templatetags.shown import clock, figure, wareki
from apps.organization.admin import DayFilter, ScopedAdmin, VisibleBusinessFilter
from apps.receipts.models import Brand
from apps.receipts.templatetags.receipt_words import badge, masked

from . import selectors
from .models import Payment


class BrandFilter(admin.SimpleListFilter):
    title = "銘柄"
    parameter_name = "brand"
    unknown = "unknown"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Brand.objects.values_list("code", "name"), (self.unknown, "不明")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.unknown:
            return queryset.filter(brand=None)
        return queryset.filter(brand__code=self.value()) if self.value() else queryset


class ReceivedFilter(DayFilter):
    title = "収納日付"
    field = "received_on"
    names = ("received_from", "received_to")


class FileFilter(admin.SimpleListFilter):
    """The payments behind a file, or behind one of its totals (`?file=3-02`); offered only when in use."""

    title = "受信ファイル"
    parameter_name = "file"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get(self.parameter_name, "")
        if (found := self._asked(asked)) is None:
            return []
        file, data_type = found
        kind = f"の{selectors.type_name(data_type)}" if data_type else ""
        return [(asked, f"受信ファイル {file}{kind}")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        found = self._asked(str(self.value()))
        return selectors.in_file(queryset, *found) if found else queryset.none()

    def _asked(self, value: str) -> tuple[int, str] | None:
        file, _, data_type = value.partition("-")
        if not (file.isascii() and file.isdigit() and len(file) < 10):
            return None
        return int(file), data_type[:2]


@admin.register(Payment)
class PaymentAdmin(ScopedAdmin):
    purpose = "受信ファイルから登録された収納です。開くと、どのファイルの何行目が元かが分かります。"
    empty = "この条件の収納はありません。条件を外すか、番号を確かめてください。"
    first_step = ("receipts:upload", "受信ファイルを取り込む")
    holds_payers = True
    list_display = ["number", "slip", "for_business", "by_brand", "in_state", "when", "yen"]
    list_display_links = ["number"]
    list_select_related = ["business", "brand"]
    list_filter = ["state", VisibleBusinessFilter, BrandFilter, ReceivedFilter, FileFilter]
    list_per_page = 50
    sortable_by = ()
    search_fields = ["barcode"]
    search_method = "post"
    search_help_text = (
        "番号の全体で探します（読み取り機、全角も可）：バーコード44桁、自由使用欄21桁か16桁、"
        "納付書番号14桁、収納番号（例 3-17）。"
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (selectors.searched(queryset, search_term) if search_term else queryset), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # A payer's number must not stand in an address, where logs and browsers keep it.
        if request.method == "POST":
            asked = request.POST.copy()
            asked.pop("csrfmiddlewaretoken", None)
            request.GET = asked  # type: ignore[assignment]
        elif request.GET.get(SEARCH_VAR):
            messages.warning(request, "番号は、検索欄に入れて探してください。")
            return redirect(request.path)
        response = super().changelist_view(request, extra_context)
        if found := getattr(response, "context_data", {}).get("cl"):
            note(request, shown=len(found.result_list), searched=bool(found.query))
            if found.query and found.result_count == 1:
                # The one that was meant. Its page has the search field again, ready for the next.
                payment = found.result_list[0]
                return redirect(f"{reverse('payments:payment', args=[payment.pk])}?from=search")
        return response

    @admin.display(description="収納番号")
    def number(self, payment: Payment) -> str:
        return payment.number

    @admin.display(description="バーコード情報")
    def slip(self, payment: Payment) -> SafeString:
        return format_html('<span class="code">{}</span>', masked(payment.barcode))

    @admin.display(description="業務")
    def for_business(self, payment: Payment) -> str:
        return payment.business.short_name

    @admin.display(description="銘柄")
    def by_brand(self, payment: Payment) -> str:
        return payment.brand.name if payment.brand else f"不明（{payment.company_code}）"

    @admin.display(description="状態")
    def in_state(self, payment: Payment) -> SafeString:
        return badge(f"payment-{payment.state}", payment.get_state_display())

    @admin.display(description="収納日時")
    def when(self, payment: Payment) -> str:
        return f"{wareki(payment.received_on)} {clock(payment.received_time)}"

    @admin.display(description="金額（円）")
    def yen(self, payment: Payment) -> SafeString:
        return format_html('<span class="number">{}</span>', figure(payment.amount))
