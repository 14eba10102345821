"""アクセス記録の一覧: to look at, by those whose duty it is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.calendars.templatetags.shown import instant
from apps.organization.admin import DayFilter, ReadOnlyAdmin

from . import words
from .models import AccessRecord
from .templatetags.record_words import result_badge


class DeedFilter(admin.SimpleListFilter):
    title = "操作"
    parameter_name = "deed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("read", "閲覧"), ("send", "送信"), ("work", "処理の記録")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "read":
            return queryset.filter(action__in=words.READING)
        if self.value() == "send":
            return queryset.filter(action__in=words.SENDING)
        if self.value() == "work":
            return queryset.exclude(action__in=[*words.METHODS, *words.OTHER_METHODS])
        return queryset


class ResultFilter(admin.SimpleListFilter):
    title = "結果"
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one, one) for one in words.RESULTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(result=self.value()) if self.value() else queryset


class MomentFilter(DayFilter):
    title = "日付"
    field = "at"
    names = ("from", "to")


@admin.register(AccessRecord)
class AccessRecordAdmin(ReadOnlyAdmin):
    purpose = "だれが、いつ、どの端末から、何を見たか、変えたかの記録です。変えることも消すこともできません。"
    empty = "この条件の記録はありません。"
    list_display = ["when", "who", "department", "terminal", "deed", "on_what", "how"]
    list_display_links = ["when"]
    list_filter = [DeedFilter, ResultFilter, MomentFilter]
    sortable_by = ()
    search_fields = ["actor", "^target"]
    search_help_text = "利用者の一部か、対象（「受信ファイル 30」やアドレス）のはじめで探します。"
    change_form_template = "accesslog/record.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record = context["original"]
        read = {
            "title": f"アクセス記録 {record.pk}",
            "deed": words.deed(record),
            "on_what": words.on_what(record),
            "facts": words.facts(record.detail),
            "of_request": words.of_request(record),
        }
        return super().render_change_form(request, {**context, **read}, *args, **kwargs)

    @admin.display(description="日時")
    def when(self, record: AccessRecord) -> str:
        return instant(record.at)

    @admin.display(description="利用者")
    def who(self, record: AccessRecord) -> str:
        return words.who(record.actor)

    @admin.display(description="操作")
    def deed(self, record: AccessRecord) -> str:
        return words.deed(record)

    @admin.display(description="対象")
    def on_what(self, record: AccessRecord) -> str | SafeString:
        said = words.on_what(record)
        if said != record.target or not words.of_request(record):
            return said
        return format_html('<span class="code">{}</span>', said)

    @admin.display(description="結果")
    def how(self, record: AccessRecord) -> SafeString:
        return result_badge(record.result)
