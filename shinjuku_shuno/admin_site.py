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

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # The site is made before the apps are ready, so what reads their models is named here.
        from apps.home.views import work_list

        return super().index(request, {**work_list(request), **(extra_context or {})})
