"""端末: the address a request came from, by what a proxy of ours saw and never by what was claimed."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The nearest address that none of our own proxies has.

    Each proxy appends the address it was called from, so with N proxies of ours the N-th entry from
    the right is the last one that can be believed; all before it is the caller's own invention.
    """
    direct = _address(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXY_COUNT
    if proxies < 1:
        return direct
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    # Fewer entries than proxies: the request went around one of them, so only the caller is known.
    return (_address(hops[-proxies]) if len(hops) >= proxies else "") or direct


def _address(text: str) -> str:
    """A plain IP address, without port or brackets; empty for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return ""
