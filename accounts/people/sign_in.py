"""Guarding the sign-in: the caller's address, checking passwords, and the lock-out after too many wrong ones."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.models import ApiToken, User
from accounts.refusals import Refusal


def client_address(request: HttpRequest) -> str | None:
    """
    The caller's address. Of X-Forwarded-For, the entries of TRUSTED_PROXIES proxies are believed, and none before
    them. None where there is no address, as on a Unix socket.
    """
    forwarded: list[str] = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        address = forwarded[-settings.TRUSTED_PROXIES].strip()
        if _is_address(address):
            return address
    return request.META.get("REMOTE_ADDR") or None


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def attempted_email(request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """The e-mail under which failed sign-ins are counted (AXES_USERNAME_CALLABLE): the same in any spelling."""
    email = (credentials or {}).get("username") or request.POST.get("username", "")
    return email.strip().lower()


def check_password(request: HttpRequest, email: str, password: str) -> User | None:
    """The person with this e-mail and password, or None. Raises Refusal("locked_out") after too many failures."""
    user = authenticate(request, username=email, password=password)
    if getattr(request, "axes_locked_out", False):
        raise Refusal("locked_out", _locked_out_text(), status=429)
    return user


def record_sign_in(request: HttpRequest, user: User) -> None:
    """Record a sign-in without a session: its time, and the end of the count of failures."""
    user_logged_in.send(sender=type(user), request=request, user=user)


def _locked_out_text() -> str:
    cooloff: timedelta = settings.AXES_COOLOFF_TIME
    minutes = int(cooloff.total_seconds() / 60)
    return _("Too many wrong passwords. Wait %(minutes)s minutes and try again.") % {"minutes": minutes}


def locked_out(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The response after too many wrong passwords (AXES_LOCKOUT_CALLABLE): the API's own, or a page."""
    if original_response is not None and original_response.status_code == 429:
        return original_response
    context = {
        **admin.site.each_context(request),
        "title": _("Sign-in is locked"),
        "explanation": _locked_out_text(),
    }
    return render(request, "accounts/locked_out.html", context, status=429)


def sign_everybody_out() -> None:
    """End every sign-in, in browsers and by API. Tokens made for programs stay."""
    Session.objects.all().delete()
    ApiToken.objects.filter(name="").delete()
