"""Sentences for the results of a quick setup: how things are, and what to do about it."""

from collections import defaultdict

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.numbers.stored_json import moment
from whatsapp.phone_numbers import readable_phone

from .results import Facts, Result

STEPS = {
    "token": gettext_lazy("Access token"),
    "account": gettext_lazy("WhatsApp Business account"),
    "numbers": gettext_lazy("Numbers of the account"),
    "check": gettext_lazy("State at Meta"),
    "connect": gettext_lazy("Connecting"),
    "register": gettext_lazy("Registration"),
    "profile": gettext_lazy("Business profile"),
    "subscribe": gettext_lazy("Webhooks"),
    "templates": gettext_lazy("Templates"),
}

DONE = {
    "token_valid": gettext_lazy("Meta accepts the token. %(until)s"),
    "token_used": gettext_lazy("Meta accepts the token. It does not say until when."),
    "account_found": gettext_lazy("“%(name)s”"),
    "numbers_found": gettext_lazy("Found: %(count)s"),
    "usable": gettext_lazy("%(phone)s can be connected."),
    "connected": gettext_lazy("The number is connected."),
    "updated": gettext_lazy("The number was connected already; what had changed was updated."),
    "kept": gettext_lazy("The number was connected already; nothing had to be changed."),
    "registered": gettext_lazy("The number is registered for the Cloud API."),
    "registered_now": gettext_lazy("The number is now registered for the Cloud API. The PIN is stored encrypted."),
    "registered_with_new_pin": gettext_lazy(
        "The number is now registered for the Cloud API with a new PIN, which is stored encrypted. You can set another"
        " one in WhatsApp Manager."
    ),
    "profile_read": gettext_lazy("Customers see “%(name)s”: %(about)s"),
    "profile_empty": gettext_lazy(
        "Customers see “%(name)s” and no description. Write one in WhatsApp Manager → Phone numbers → Profile."
    ),
    "subscribed": gettext_lazy("Meta posts messages and statuses to: %(apps)s"),
    "templates_read": gettext_lazy("Templates at Meta: %(total)s; new here: %(created)s"),
}

RUN_AGAIN = gettext_lazy("Run the setup again in a few minutes.")

FAILED = {
    "token_refused": gettext_lazy("Meta does not accept the access token. Make a new one at Meta and enter it here."),
    "token_expired": gettext_lazy(
        "The access token has expired. Make one that does not expire, for a system user of your business at Meta, and"
        " enter it here."
    ),
    "token_unreadable": gettext_lazy("The saved token cannot be read: enter it again."),
    "permission": gettext_lazy(
        "The access token lacks a permission. Make one with whatsapp_business_messaging and"
        " whatsapp_business_management, and enter it here."
    ),
    "scopes": gettext_lazy("The access token lacks: %(scopes)s. Make one that has it, and enter it here."),
    "other_accounts": gettext_lazy(
        "The access token was made for another WhatsApp Business account. Give it this one at Meta, or compare the"
        " account ID."
    ),
    "account_rejected": gettext_lazy("Meta has rejected the account “%(name)s” in its review. Appeal there."),
    "no_numbers": gettext_lazy(
        "The account has no numbers yet. Add one in WhatsApp Manager → Phone numbers, then run the setup again."
    ),
    "list_without_end": gettext_lazy("Meta's list of numbers does not end. Add the number manually."),
    "unusable": gettext_lazy(
        "This phone number ID cannot be connected here. Compare it with WhatsApp → API Setup at Meta."
    ),
    "no_phone": gettext_lazy("Meta does not say which phone number this is. Add the number manually."),
    "lost": gettext_lazy("Meta does not let this number be used (%(status)s). See WhatsApp Manager → Phone numbers."),
    "plan_limit": gettext_lazy("Your plan allows no more numbers. Delete one, or ask for a larger plan."),
    "owner_only": gettext_lazy(
        "The number is connected with another token or app secret, which only the owner may change. Ask the owner to"
        " run the setup."
    ),
    "not_checked": gettext_lazy("The number is saved, but Meta could not be asked about it. %(again)s"),
    "not_verified": gettext_lazy(
        "Meta wants the phone verified first: WhatsApp Manager → Phone numbers, by SMS or call. Then run the setup"
        " again."
    ),
    "pin_needed": gettext_lazy("The number has a PIN of two-step verification. Enter it, and run the setup again."),
    "pin_wrong": gettext_lazy(
        "Meta says that the PIN is wrong. Enter the right one, or switch two-step verification off in WhatsApp"
        " Manager."
    ),
    "pin_too_often": gettext_lazy("Too many wrong PINs. Meta asks to wait a few hours before the next one."),
    "pin_too_fast": gettext_lazy("PINs were tried too fast. Wait a few minutes, then run the setup again."),
    "deleted_lately": gettext_lazy("The number was deleted at Meta just now. Run the setup again in five minutes."),
    "registered_too_often": gettext_lazy(
        "Meta lets a number be registered 10 times in 72 hours, and that is used up. Wait three days."
    ),
    "webhook_secret_missing": gettext_lazy(
        "Meta posts messages and statuses to %(apps)s, but without the secret of this app they are refused here. Copy"
        " it at Meta: App settings → Basic → App secret, enter it here, and run the setup again."
    ),
    "not_listed": gettext_lazy("Meta accepted the subscription, but does not list the app yet. %(again)s"),
    "unknown_at_meta": gettext_lazy(
        "Meta does not know this ID, or the token may not use it. Compare the account ID with WhatsApp → API Setup."
    ),
    "slow_down": gettext_lazy("Meta asks to wait: too many calls. Run the setup again in an hour."),
    "out_of_order": gettext_lazy("Meta has a technical problem. %(again)s"),
    "unreachable": gettext_lazy("Meta cannot be reached. Check this computer's connection to the internet."),
    "answer_lost": gettext_lazy("Meta's answer was lost. %(again)s"),
    "refused": gettext_lazy("Meta has refused this. %(again)s"),
    "later": gettext_lazy("Not done yet: Meta answers slowly. Run the setup again to continue."),
    "waits": gettext_lazy("Waits for: %(step)s"),
}


def result_text(result: Result) -> str:
    """What came of a step, as a sentence."""
    sentence = str((DONE if result.ok else FAILED).get(result.code) or FAILED["refused"])
    # A fact that is missing is left out.
    text = sentence % defaultdict(str, {**result.facts, "again": RUN_AGAIN, **_readable(result.facts)})
    return f"{text} (Meta: {result.facts['meta']})" if result.facts.get("meta") else text


def _readable(facts: Facts) -> dict[str, str]:
    readable = {}
    if "phone" in facts:
        readable["phone"] = readable_phone(str(facts["phone"]))
    if "for" in facts:
        readable["step"] = str(STEPS.get(str(facts["for"]), ""))
    if "expires_at" in facts:
        readable["until"] = _expiry_text(facts["expires_at"])
    return readable


def _expiry_text(expires_at: object) -> str:
    if not expires_at:
        return _("It does not expire.")
    end = moment(expires_at)
    if end is None:
        return ""
    time = date_format(localtime(end), "SHORT_DATETIME_FORMAT")
    return _("It expires on %(time)s; then enter a new one in the settings of the numbers.") % {"time": time}
