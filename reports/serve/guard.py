"""Who may ask: this machine only, under its own name, and for changes only the page itself."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request

TOKEN = "X-Paiban-Token"
OWN_NAMES = ("127.0.0.1", "localhost", "::1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def guard(app: Flask) -> str:
    """Refuse strangers, other host names and changes from other pages; return the page's token.

    The host name is checked because another site's name may be made to point at this machine (DNS rebinding).
    """
    token = secrets.token_urlsafe(32)

    @app.before_request
    def check() -> None:
        if not is_loopback(request.remote_addr) or not is_own_name(request.host):
            abort(403)
        if request.method not in ("GET", "HEAD") and not _is_ours(request, token):
            abort(403)

    @app.after_request
    def sealed(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return token


def is_loopback(address: str | None) -> bool:
    """Return whether an address is this machine's own.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("192.168.1.7"), is_loopback(None)
    (True, False, False)
    """
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def is_own_name(host: str) -> bool:
    """Return whether a Host header names this machine.

    Examples
    --------
    >>> is_own_name("localhost:8765"), is_own_name("[::1]:8765"), is_own_name("shop.example:8765")
    (True, True, False)
    """
    try:
        return urlsplit(f"//{host}").hostname in OWN_NAMES
    except ValueError:
        return False


def _is_ours(asked: Request, token: str) -> bool:
    """Return whether a change comes from the page: its token, and no other page's origin."""
    origin = asked.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != asked.host:
        return False
    return hmac.compare_digest(asked.headers.get(TOKEN, "").encode(), token.encode())
