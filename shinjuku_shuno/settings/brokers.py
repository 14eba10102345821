"""Redis over TLS, with the other side's certificate verified by everyone who connects."""

import ssl
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

_REQUIRED = {"required", "CERT_REQUIRED"}


def verified(url: str) -> str:
    """The same URL, saying that the certificate is required: bare rediss:// is not verified by kombu.

    Raises ImproperlyConfigured for a connection without TLS, or that asks not to verify.
    """
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        raise ImproperlyConfigured(
            "REDIS_URL は rediss:// で書いてください。TLS のない Redis には、本番ではつなぎません。"
        )
    query = dict(parse_qsl(parts.query))
    if query.get("ssl_cert_reqs", "required") not in _REQUIRED:
        raise ImproperlyConfigured(
            "REDIS_URL の ssl_cert_reqs は required だけです。証明書を確かめない接続は、なりすましに気付けません。"
        )
    if query.get("ssl_check_hostname", "true").lower() in {"false", "0", "no"}:
        raise ImproperlyConfigured("REDIS_URL の ssl_check_hostname は外せません。")
    query["ssl_cert_reqs"] = "required"
    return urlunsplit(parts._replace(query=urlencode(query, safe="/")))


def broker_options(url: str) -> dict[str, object]:
    """The same for Celery, whose own option the URL's overrides as a whole where it has any."""
    named = dict(parse_qsl(urlsplit(url).query))
    options: dict[str, object] = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    for key in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if key in named:
            options[key] = named[key]
    return options
