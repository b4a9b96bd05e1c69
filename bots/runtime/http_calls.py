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
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.outages import keep_trying
from accounts.jobs.job import Job
from accounts.jobs.tasks import work_off
from bots.document.addresses import BadAddress, read_address
from bots.engine.effects import Call
from bots.engine.events import Answered
from bots.models import AllowedHost, BotCall
from whatsapp.secrets.encryption import UnreadableSecret

from . import http_client, sessions
from .http_client import CallFailed
from .turns import as_person, attempt, locked, resume, take_turns

#: A call that was begun longer ago was cut off by a crash: `http_client` is done sooner.
LEASE = timedelta(seconds=30)
#: Seconds that an answer waits to be written down while the database is out of reach.
SETTLING_TIMEOUT = 15
#: A call that could not begin for so long is not begun any more: the customer has waited enough.
BEGIN_WITHIN = timedelta(minutes=1)
#: Calls of one business under way at once, so that a slow service keeps no worker from the others.
MAX_UNDER_WAY = 5

#: The largest JSON that is kept: it travels with the session from then on.
MAX_KEPT = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    value: object = None
    status: int | None = None
    failed: str = ""


def offer(conversation_id: int) -> None:
    """Have the calls made for which a conversation's session waits."""
    if BotCall.objects.filter(session__conversation=conversation_id, attempts=0).exists():
        work_off.delay(JOB.queue)


def work(call: BotCall, seconds: float) -> bool:
    """Make a claimed call, and take the turns that have waited for it. Nothing is left of it then."""
    make(call)
    # What came during the call.
    take_turns(call.session.conversation_id)
    return False


def make(call: BotCall) -> None:
    """Make a claimed call and go on with its session. One that was begun before is not made again."""
    with translation.override(call.business.language):
        unknown = Outcome(failed=_("it is not known whether the call arrived"))
        outcome = carry_out(call) if begin(call) else unknown
    # The service was called, and would not be called again.
    keep_trying(partial(settle, call, outcome), SETTLING_TIMEOUT)


def begin(call: BotCall) -> bool:
    """Note that a claimed call is begun. Returns whether it is the first time, in the version before too."""
    is_new = BotCall.objects.filter(pk=call.pk, began_at=None).update(began_at=timezone.now())
    return bool(is_new) and call.attempts == 1


def not_with_the_version_before(calls: QuerySet[BotCall]) -> QuerySet[BotCall]:
    """The calls that no worker of the version before, which knows no leases, may have under way."""
    return calls.filter(Q(began_at=None) | Q(began_at__lte=timezone.now() - LEASE))


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


JOB = Job(
    name="call services",
    model=BotCall,
    work=work,
    queue="calls",
    interval=2,
    lease=LEASE,
    share=MAX_UNDER_WAY,
    delays=(timedelta(seconds=2),),
    claimable=not_with_the_version_before,
    patience=timedelta(minutes=2),
)
