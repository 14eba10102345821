from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.organization.admin import ReadOnlyAdmin

from .models import AccessRecord


@admin.register(AccessRecord)
class AccessRecordAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "department", "terminal", "action", "target", "result"]
    list_filter = ["result", "action"]
    search_fields = ["=actor", "^target"]
    show_full_result_count = False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}
