"""What every page's frame shows: environment name, demonstration mark, unread notices."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from apps.organization.models import Notice


def page_frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    unread = (
        Notice.objects.filter(staff_id=user.pk, read_at=None)[:5]
        if user is not None and user.is_authenticated
        else []
    )
    return {
        "environment_name": settings.ENVIRONMENT_NAME,
        "demonstration": settings.DEMONSTRATION,
        "unread_notices": unread,
    }
