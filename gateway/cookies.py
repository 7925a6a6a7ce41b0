"""Cookies in and out, nothing more than the protocol uses.

>>> read_cookies("a=1; b=2; a=3")
{'a': '1', 'b': '2'}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from gateway.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieSpec:
    """How one cookie is set. `same_site`: lax, strict or none. `secure`: sent by https alone; `by_request`:
    so is one that was set by https.
    """

    name: str
    life: timedelta
    secure: bool
    by_request: bool
    same_site: str
    domain: str | None


def session_cookie(settings: Settings) -> CookieSpec:
    return CookieSpec(
        name=settings.session_cookie_name,
        life=settings.session_cookie_ttl,
        secure=_secure(settings.session_cookie_secure, settings),
        by_request=_by_request(settings.session_cookie_secure),
        same_site=settings.session_cookie_same_site,
        domain=settings.session_cookie_domain,
    )


def refresh_cookie(settings: Settings) -> CookieSpec:
    return CookieSpec(
        name=settings.refresh_token_cookie_name,
        life=settings.refresh_token_ttl,
        secure=_secure(settings.refresh_token_cookie_secure, settings),
        by_request=_by_request(settings.refresh_token_cookie_secure),
        same_site=settings.refresh_token_cookie_same_site,
        domain=settings.refresh_token_cookie_domain,
    )


def read_cookies(header: str | None) -> dict[str, str]:
    """Of several cookies with one name the first counts: browsers send the most specific one first."""
    cookies: dict[str, str] = {}
    for part in (header or "").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name not in cookies:
            cookies[name] = value.strip('"')
    return cookies


def set_cookie(spec: CookieSpec, value: str, now: datetime, headers: Mapping[str, str]) -> tuple[str, str]:
    """The header that sets the cookie; scripts never see it. `headers` of the request."""
    if spec.by_request and came_by_https(headers):
        spec = replace(spec, secure=True)
    return _header(spec, value, int(spec.life.total_seconds()), now + spec.life)


def came_by_https(headers: Mapping[str, str]) -> bool:
    """As a proxy says that is believed: of others the header is taken away (see `gateway.shell`)."""
    return headers.get("x-forwarded-proto", "").partition(",")[0].strip() == "https"


def clear_cookie(spec: CookieSpec, now: datetime) -> tuple[str, str]:
    return _header(spec, "", 0, now - timedelta(days=1))


def _header(spec: CookieSpec, value: str, max_age: int, expires: datetime) -> tuple[str, str]:
    parts = [f"{spec.name}={value}", f"Max-Age={max_age}"]
    if spec.domain:
        parts.append(f"Domain={spec.domain}")
    parts += ["Path=/", f"Expires={format_datetime(expires, usegmt=True)}", "HttpOnly"]
    if spec.secure:
        parts.append("Secure")
    parts.append(f"SameSite={spec.same_site.capitalize()}")
    return "set-cookie", "; ".join(parts)


def _secure(setting: str, settings: Settings) -> bool:
    """`auto`: where PUBLIC_URL says that clients reach us by https. Browsers take SameSite=None only from
    secure cookies.
    """
    return setting == "true" or (setting == "auto" and urlsplit(settings.public_url).scheme == "https")


def _by_request(setting: str) -> bool:
    return setting == "auto"
