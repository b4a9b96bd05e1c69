"""Guarding the sign-in: whose address it is, and what somebody locked out is told."""

from ipaddress import ip_address

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.models import ApiToken
from accounts.refusals import Refusal


def client_address(request):
    """
    The caller's address, believing as many proxies as TRUSTED_PROXIES says and no header beyond them. None when
    there is none, as on a Unix socket.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        address = forwarded[-settings.TRUSTED_PROXIES].strip()
        if is_address(address):
            return address
    return request.META.get("REMOTE_ADDR") or None


def is_address(text):
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def attempted_email(request, credentials):
    """The e-mail under which failures are counted: however it is spelled, it is one account."""
    email = (credentials or {}).get("username") or request.POST.get("username", "")
    return email.strip().lower()


def check_password(request, email, password):
    """The person with this e-mail and password, or None. Raises Refusal("locked_out") after too many failures."""
    user = authenticate(request, username=email, password=password)
    if getattr(request, "axes_locked_out", False):
        raise Refusal("locked_out", locked_out_sentence(), status=429)
    return user


def signed_in(request, user):
    """Note that somebody signed in without a session: when, and that their failures are forgiven."""
    user_logged_in.send(sender=type(user), request=request, user=user)


def locked_out_sentence():
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    return _("Too many wrong passwords. Wait %(minutes)s minutes and try again.") % {"minutes": minutes}


def locked_out(request, original_response=None, credentials=None):
    """The answer after too many wrong passwords: the API's own, or a page."""
    if original_response is not None and original_response.status_code == 429:
        return original_response
    context = {
        **admin.site.each_context(request),
        "title": _("Sign-in is locked"),
        "explanation": locked_out_sentence(),
    }
    return render(request, "accounts/locked_out.html", context, status=429)


def sign_everybody_out():
    """Everybody signs in again: in the browser, and by API where a person signed in. Tokens of programs stay."""
    Session.objects.all().delete()
    ApiToken.objects.filter(name="").delete()
