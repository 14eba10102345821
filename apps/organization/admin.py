"""The bases every list of the office's screens stands on, and the screens of 組織."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
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


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list to look at; its rows are changed elsewhere."""

    purpose = ""  # the sentence at the top that says what the screen is for
    empty = "該当するものはありません。"
    first_step: tuple[str, str] | None = None  # (URL name, words) offered when the list is empty
    holds_payers = False
    paginator = CappedPaginator
    show_full_result_count = False
    list_max_show_all = 200
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
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


@admin.register(Staff)
class StaffAdmin(UserAdmin):
    show_facets = admin.ShowFacets.NEVER
    actions = None
    list_display = ["username", "name", "department", "is_active"]
    list_filter = ["is_active", "department"]
    search_fields = ["=username", "name"]
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
