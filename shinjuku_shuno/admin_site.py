from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse


class ShunoAdminSite(AdminSite):
    """職員の画面。"""

    site_header = "新宿区 収納管理"
    site_title = "新宿区 収納管理"
    index_title = "今日の仕事"
    site_url = None
    enable_nav_sidebar = True
    empty_value_display = "ー"
    index_template = "home/index.html"
    apps_in_order = ("receipts", "payments", "accesslog", "organization")

    def get_urls(self) -> list[Any]:
        # Nothing here has a public page, and this door asks for a row of any table without a scope.
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # The site is made before the apps are ready, so what reads their models is named here.
        from apps.home.views import work_list

        return super().index(request, {**work_list(request), **(extra_context or {})})

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The screens in the order of the work, not of the alphabet."""
        order = {label: place for place, label in enumerate(self.apps_in_order)}
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        return sorted(apps, key=lambda app: order.get(app["app_label"], len(order)))
