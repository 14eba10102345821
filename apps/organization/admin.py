"""The bases every list of the office's screens stands on, and the screens of 組織."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ALL_VAR
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import DateTimeField, Field, ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property

from .models import Business, Department, Staff

admin.site.unregister(Group)


def page(
    request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any
) -> TemplateResponse:
    """A screen of our own inside the admin's frame."""
    frame = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, frame, status=status)


class CappedPaginator(Paginator):
    """Counts at most `cap` rows over the primary key, so that a list of millions opens at once.

    Beyond the cap it says so (`capped`), and the person narrows the list; it is never an estimate.
    """

    cap = 10_000

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.cap + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.cap)

    @property
    def capped(self) -> bool:
        return self._counted > self.cap


class DayFilter(admin.ListFilter):
    """A day from and to, as two date inputs; a day that is none is not a condition."""

    field: str
    names: tuple[str, str]
    template = "admin/search_form.html"  # where the list's one form asks for it

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.moments = isinstance(model._meta.get_field(self.field), DateTimeField)
        for name in self.names:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def choices(self, changelist: Any) -> Any:
        return iter(())

    @property
    def days(self) -> list[tuple[str, str]]:
        return [(name, str(self.used_parameters.get(name, ""))) for name in self.names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ends = (("gte", datetime.time.min), ("lte", datetime.time.max))
        for (_, typed), (lookup, time) in zip(self.days, ends, strict=True):
            try:
                day = datetime.date.fromisoformat(str(typed))
            except ValueError:
                continue
            if not 1900 <= day.year < 3000:
                continue
            end = timezone.make_aware(datetime.datetime.combine(day, time)) if self.moments else day
            queryset = queryset.filter(**{f"{self.field}__{lookup}": end})
        return queryset


class ListScreen(admin.ModelAdmin):
    """What every list has: a sentence that says what it is for, and conditions in one form."""

    purpose = ""
    empty = "該当するものはありません。"
    first_step: tuple[str, str] | None = None  # (URL name, words) offered when the list is empty
    holds_payers = False
    search_method = "get"  # post where what is typed is a payer's number
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # A form sends the fields that were left empty too; to the admin they would be conditions.
        asked = request.GET.copy()
        for name in [one for one, value in asked.items() if not value and one != ALL_VAR]:
            del asked[name]
        request.GET = asked  # type: ignore[assignment]
        if "e" in request.GET:
            messages.warning(
                request, "条件を読み取れなかったので、条件なしの一覧を表示しています。"
            )
        context = {
            "title": f"{self.opts.verbose_name}一覧",
            "purpose": self.purpose,
            "empty": self.empty,
            "first_step": self.first_step,
            "holds_payers": self.holds_payers,
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})


class ReadOnlyAdmin(ListScreen):
    """A list to look at; its rows are changed elsewhere."""

    paginator = CappedPaginator
    list_max_show_all = 200

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ScopedAdmin(ReadOnlyAdmin):
    """Rows of the businesses the person may see, and no trace of the others.

    Outside the role: 403. Outside the scope: 404, the same as a row that does not exist.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.objects.visible_to(request.user)
        return rows

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        # A scanner's or typist's 30 digits are not a database error.
        if len(object_id) > 19:
            return None
        found: Model | None = super().get_object(request, object_id, from_field)
        return found

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The admin's own form would show every field as it is, whatever address led to it.

        A row's page is a view of its own app, which masks the payer's numbers and records the asking.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        raise Http404(f"{self.opts.verbose_name} {object_id}")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # The admin looks for the row first, and would tell a role without this screen whether it is there.
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404(f"{opts.verbose_name} {object_id}")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        kwargs.setdefault("queryset", _visible(db_field, request))
        field: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(
            db_field, request, **kwargs
        )
        return field


def _visible(db_field: Field[Any, Any], request: HttpRequest) -> QuerySet[Any]:
    """The rows of a related model that may be offered to this person."""
    rows = db_field.related_model._default_manager  # type: ignore[union-attr]
    visible_to = getattr(rows, "visible_to", None)
    return visible_to(request.user) if visible_to else rows.all()


class VisibleBusinessFilter(admin.SimpleListFilter):
    """登録業務 as a filter that names only those the person may see."""

    title = "業務"
    parameter_name = "business"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = Business.objects.visible_to(request.user)
        return [(business.code, business.short_name) for business in seen]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(business__code=self.value()) if self.value() else queryset


@admin.register(Department)
class DepartmentAdmin(ReadOnlyAdmin):
    purpose = "収納を所管する課です。課ごとに、見られる業務が決まります。"
    list_display = ["name", "division", "code"]


@admin.register(Business)
class BusinessAdmin(ReadOnlyAdmin):
    purpose = "個人情報の登録業務です。受信ファイルと収納を見る権利は、すべて業務に付きます。"
    list_display = ["name", "short_name", "department", "starts_on"]
    list_select_related = ["department"]


class DepartmentFilter(admin.SimpleListFilter):
    title = "課"
    parameter_name = "department"
    none = "none"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            *Department.objects.values_list("code", "name"),
            (self.none, "課に属さない"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self.none:
            return queryset.filter(department=None)
        return queryset.filter(department__code=self.value()) if self.value() else queryset


@admin.register(Staff)
class StaffAdmin(ListScreen, UserAdmin):
    purpose = "この業務を使う職員です。所属の課と役割で、使える画面と見られる業務が決まります。"
    list_display = ["username", "name", "department", "is_active"]
    list_filter = ["is_active", DepartmentFilter]
    search_fields = ["=username", "name"]
    search_help_text = "職員番号の全体か、氏名の一部で探します。"
    ordering = ["username"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("職員", {"fields": ["name", "department", "email"]}),
        ("権限", {"fields": ["is_active", "is_staff", "groups"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "department", "password1", "password2"]}),
    ]
    filter_horizontal = ["groups"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """An account that may do everything is not within reach of those who may not: not its password."""
        allowed: bool = super().has_change_permission(request, obj)
        above = isinstance(obj, Staff) and obj.is_superuser
        return allowed and (not above or getattr(request.user, "is_superuser", False))

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        """Nobody gives rights to himself."""
        own = isinstance(obj, Staff) and obj.pk == request.user.pk
        return ["department", "is_active", "is_staff", "groups"] if own else []

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
