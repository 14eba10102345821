"""The net: one record per request, refusals and errors too, written before the answer leaves."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from .services import Actor, RecordNotWritten, acting_as, record

logger = logging.getLogger(__name__)

_RESULT = {401: "拒否", 403: "拒否", 404: "不存在", 405: "拒否", 409: "不成立"}


def note(request: HttpRequest, **detail: Any) -> None:
    """A view says what it shows or does; it goes into the request's record."""
    request.__dict__.setdefault("access_detail", {}).update(detail)


class AccessRecordMiddleware:
    """No record, no answer (design.md 5): when the record cannot be written the page is 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = _actor_of(request)
        with acting_as(before):
            response = self.get_response(request)
        if request.path.startswith("/static/"):
            return response
        # A login makes the person known during the request, a logout forgets him: name whoever was known.
        after = _actor_of(request)
        try:
            record(
                f"{request.method}",
                request.path,
                _result(response.status_code),
                actor=after if after.staff_id else before,
                status=response.status_code,
                **request.__dict__.get("access_detail", {}),
            )
        except RecordNotWritten:
            logger.exception("access record not written, answer withheld")
            response.close()
            return HttpResponse(render_to_string("accesslog/not_recorded.html"), status=503)
        return response


def _actor_of(request: HttpRequest) -> Actor:
    terminal = request.META.get("REMOTE_ADDR", "")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Actor("（未ログイン）", terminal=terminal)
    return Actor(str(user), user.pk, str(user.department or ""), terminal)


def _result(status: int) -> str:
    if status < 400:
        return "成功"
    return _RESULT.get(status, "失敗")
