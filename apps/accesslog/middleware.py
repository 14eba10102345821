"""The net: one record per request, refusals and errors too, written before the answer leaves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from .masking import BEYOND_KEYS, SHORTEST, masked
from .services import Actor, RecordNotWritten, acting_as, write
from .terminal import address_of

logger = logging.getLogger(__name__)

NOBODY = "（未ログイン）"
UNKNOWN = "（確かめられず）"
_RESULT = {401: "拒否", 403: "拒否", 404: "不存在", 405: "拒否", 409: "不成立"}
# What the withheld answer says about how a browser may treat it holds for the 503 as well.
_PROTECTIONS = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
)


def note(request: HttpRequest, **detail: Any) -> None:
    """A view says what it shows or does; it goes into the request's record."""
    request.__dict__.setdefault("access_detail", {}).update(detail)


class AccessRecordMiddleware:
    """No record, no answer (design.md 5): when the record cannot be written the page is 503.

    The outermost, so that nothing answers around it. Who acts is found by ActorMiddleware further in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        terminal = address_of(request)
        with acting_as(Actor(NOBODY, terminal=terminal)):
            response = self.get_response(request)
        if _is_static_file(request, response):
            return response
        # A page kept by the browser would be looked at again without a record.
        add_never_cache_headers(response)
        actor = request.__dict__.get("access_actor") or _unidentified(request, terminal)
        try:
            write(
                f"{request.method}",
                _target(request),
                _result(request, response, actor),
                actor,
                {**request.__dict__.get("access_detail", {}), **_outcome(request, response)},
            )
        except RecordNotWritten:
            logger.exception("access record not written, answer withheld")
            return _withheld(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.__dict__["access_error"] = type(exception).__name__


class ActorMiddleware:
    """Names who acts, for the request's own record and for every record written on its way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        actor = request.__dict__["access_actor"] = _actor_of(request)
        with acting_as(actor):
            response = self.get_response(request)
        # A login makes the person known during the request, a logout forgets him: name whoever was known.
        after = _user_of(request)
        if after is not None and after.pk != actor.staff_id:
            request.__dict__["access_actor"] = _actor_of(request)
        return response


def _user_of(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _actor_of(request: HttpRequest) -> Actor:
    terminal, user = address_of(request), _user_of(request)
    if user is None:
        return Actor(NOBODY, terminal=terminal)
    return Actor(str(user), user.pk, str(user.department or ""), terminal)


def _unidentified(request: HttpRequest, terminal: str) -> Actor:
    """Refused or broken before anyone could be identified."""
    came_with_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    return Actor(UNKNOWN if came_with_session else NOBODY, terminal=terminal)


def _is_static_file(request: HttpRequest, response: HttpResponseBase) -> bool:
    # One that is not there is an access like any other.
    return request.path.startswith(settings.STATIC_URL) and response.status_code in (200, 206, 304)


def _target(request: HttpRequest) -> str:
    """The address without its query; a number typed into it may be a payer's."""
    match = request.resolver_match
    named = match is not None and bool({"pk", "file_id", "object_id"} & set(match.kwargs))
    return masked(request.path, BEYOND_KEYS if named else SHORTEST)


def _result(request: HttpRequest, response: HttpResponseBase, actor: Actor) -> str:
    if request.__dict__.get("access_login_failed"):
        return "失敗"
    if response.status_code >= 400:
        return _RESULT.get(response.status_code, "失敗")
    if actor.staff_id is None and response.status_code in (301, 302):
        login = resolve_url(settings.LOGIN_URL)
        if response.headers.get("Location", "").partition("?")[0] == login:
            return "拒否"
    return "成功"


def _outcome(request: HttpRequest, response: HttpResponseBase) -> dict[str, Any]:
    found: dict[str, Any] = {"status": response.status_code}
    if response.status_code >= 500 and "access_error" in request.__dict__:
        found["error"] = request.__dict__["access_error"]
    return found


def _withheld(response: HttpResponseBase) -> HttpResponse:
    response.close()
    frame = {
        "environment_name": settings.ENVIRONMENT_NAME,
        "demonstration": settings.DEMONSTRATION,
    }
    plain = HttpResponse(render_to_string("accesslog/not_recorded.html", frame), status=503)
    plain["Content-Security-Policy"] = "default-src 'self'"
    for name in _PROTECTIONS:
        if name in response.headers:
            plain[name] = response.headers[name]
    add_never_cache_headers(plain)
    return plain


@receiver(user_login_failed)
def _login_failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Which account was tried, if there is one; never what was typed, which may be a password."""
    if request is None:
        return
    request.__dict__["access_login_failed"] = True
    model = get_user_model()
    tried = str(credentials.get(model.USERNAME_FIELD) or "").replace("\0", "")
    account = model.objects.filter(**{model.USERNAME_FIELD: tried}).first()
    note(request, login_failed=True, account=account.pk if account else None)
