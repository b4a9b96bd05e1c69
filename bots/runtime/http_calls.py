"""
Calls of services that scenarios wait for. A call is begun at most once, outside any transaction; its answer is the
session's next event. Messages that come meanwhile wait for it.

Whether a call arrived that a crash cut off is unknown, and nobody but the service could tell. Such a call is not made
again, also not a harmless looking GET: the scenario goes its way for failures, where its author decides.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.outages import keep_trying
from bots.engine.addresses import BadAddress, read_address
from bots.engine.effects import Call
from bots.engine.events import Answered
from bots.models import AllowedHost, BotCall
from whatsapp.secrets.encryption import UnreadableSecret

from . import http_client, sessions
from .http_client import CallFailed
from .turns import as_person, attempt, locked, resume

#: A call that was begun longer ago was cut off by a crash: `outbound` is done sooner.
LEASE = timedelta(seconds=30)
#: Seconds that an answer waits to be written down while the database is out of reach.
SETTLING_TIMEOUT = 15
#: A call that could not begin for so long is not begun any more: the customer has waited enough.
BEGIN_WITHIN = timedelta(minutes=1)
#: A call that waits this long was forgotten by the broker, or held back.
FORGOTTEN_AFTER = timedelta(seconds=2)
#: Calls of one business under way at once, so that a slow service keeps no worker from the others.
MOST_AT_ONCE = 5
BATCH = 500

#: The largest JSON that is kept: it travels with the session from then on.
MAX_KEPT = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    value: object = None
    status: int | None = None
    failed: str = ""


def wanted_in(conversation_id):
    """The calls that a conversation's session waits for and nobody has begun."""
    calls = BotCall.objects.filter(session__conversation=conversation_id, began_at__isnull=True)
    return list(calls.values_list("pk", flat=True))


def forgotten():
    """The calls that should have been begun by now."""
    calls = BotCall.objects.filter(began_at__isnull=True, created_at__lt=timezone.now() - FORGOTTEN_AFTER)
    return list(calls.order_by("created_at").values_list("pk", flat=True)[:BATCH])


def make(call_id):
    """Make a call that nobody has begun and go on with its session. Returns its conversation's id, or None."""
    call = claim(call_id)
    if call is None:
        return None
    with translation.override(call.business.language):
        outcome = carry_out(call)
    # The service was called, and would not be called again.
    keep_trying(partial(settle, call, outcome), SETTLING_TIMEOUT)
    return call.session.conversation_id


def claim(call_id):
    """The call, begun by us; None when somebody else has begun it, or too many of its business are under way."""
    call = BotCall.objects.select_related("session", "business").filter(pk=call_id, began_at__isnull=True).first()
    if call is None:
        return None
    under_way = BotCall.objects.filter(business=call.business_id, began_at__isnull=False).count()
    if under_way >= MOST_AT_ONCE:
        return None
    begun = BotCall.objects.filter(pk=call_id, began_at__isnull=True).update(began_at=timezone.now())
    return call if begun else None


def carry_out(call):
    """Speak with the service. Whatever goes wrong is an Outcome too."""
    if timezone.now() - call.created_at > BEGIN_WITHIN:
        return Outcome(failed=_("the call could not begin in time"))
    request = Call(**call.request)
    try:
        host = allowed_host(call.business_id, request.url)
        answer = http_client.call(request.method, request.url, request.body, request.has_body, host.authorization)
        return read(answer, request)
    except (BadAddress, CallFailed) as trouble:
        return Outcome(failed=str(trouble))
    except UnreadableSecret:
        return Outcome(failed=_("the saved Authorization header cannot be read: enter it again"))


def allowed_host(business_id, url):
    """The business's row for the host of an address. Raises BadAddress when it allows no such call."""
    address = read_address(url)
    host = AllowedHost.objects.filter(business=business_id, host=address.host).first()
    if host is None:
        raise BadAddress(_("“%(host)s” is not among the allowed hosts") % {"host": address.host})
    if address.scheme == "http" and not host.allow_http:
        raise BadAddress(_("“%(host)s” may be called by https:// only") % {"host": address.host})
    return host


def read(answer, request):
    if not answer.is_fine:
        return Outcome(status=answer.status, failed=_("it answered with the status %(status)s") % vars(answer))
    if not request.wants_json:
        return Outcome(status=answer.status)
    if len(answer.content) > MAX_KEPT:
        return Outcome(status=answer.status, failed=_("its answer is larger than the 64 KB that can be kept"))
    return Outcome(answer.json(), answer.status)


@transaction.atomic
def settle(call, outcome):
    """Go on with the session that waits for a call, once: whoever deletes its row does it."""
    conversation = locked(call.session.conversation_id)
    if conversation is None or not BotCall.objects.filter(pk=call.pk).delete()[0]:
        return
    session = sessions.running(conversation)
    if session is None or call.session_id != session.pk or call.turn != session.turns:
        return
    session.conversation = conversation
    event = Answered(as_person(conversation), value=outcome.value, failed=outcome.failed)
    happened = {
        "kind": "call_failed" if outcome.failed else "answer",
        "step": call.request["step"],
        "status": outcome.status,
        "why": outcome.failed,
    }
    attempt(conversation, lambda: resume(session, event, happened))


def settle_lost():
    """Go on where a crash cut a call off. Returns in how many conversations."""
    lost = BotCall.objects.filter(began_at__lt=timezone.now() - LEASE).select_related("session", "business")
    calls = list(lost.order_by("began_at")[:BATCH])
    for call in calls:
        with translation.override(call.business.language):
            settle(call, Outcome(failed=_("it is not known whether the call arrived")))
    return len(calls)
