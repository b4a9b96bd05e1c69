"""
Calls of services that scenarios wait for. A call is begun at most once, outside any transaction; its answer is the
session's next event. Messages that come meanwhile wait for it.

Whether a call arrived that a crash cut off is unknown, and nobody but the service could tell. Such a call is not made
again, also not a harmless looking GET: the scenario goes its way for failures, where its author decides.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.outages import keep_trying
from accounts.jobs.job import Job
from bots.document.addresses import BadAddress, read_address
from bots.engine.effects import Call
from bots.engine.events import Answered
from bots.models import AllowedHost, BotCall
from whatsapp.secrets.encryption import UnreadableSecret

from . import http_client
from .http_client import Answer, CallFailed
from .turns import resume, take_turns
from .writing import CALLS

#: A call that was begun longer ago was cut off by a crash: `http_client` is done sooner.
LEASE = timedelta(seconds=30)
#: Seconds that an answer waits to be written down while the database is out of reach.
SETTLING_TIMEOUT = 15
#: A call that could not begin for so long is not begun any more: the customer has waited enough.
BEGIN_TIMEOUT = timedelta(minutes=1)
#: Calls of one business under way at once, so that a slow service keeps no worker from the others.
MAX_UNDER_WAY = 5

#: The largest JSON that is saved (bytes): it travels with the session from then on.
MAX_SAVED_JSON = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    """What came of a call: the JSON and status of its answer, or in `failed` why there is none to work with."""

    value: object = None
    status: int | None = None
    failed: str = ""


def work(call: BotCall, seconds: float) -> bool:
    """Make a claimed call, and take the turns that have waited for it. Nothing is left of it then."""
    make(call)
    # What came during the call.
    take_turns(call.session.conversation_id)
    return False


def make(call: BotCall) -> None:
    """Make a claimed call and let its session continue. One that was begun before is not made again."""
    with translation.override(call.business.language):
        unknown = Outcome(failed=_("it is not known whether the call arrived"))
        outcome = _perform(call) if begin(call) else unknown
    # The service was called, and would not be called again.
    keep_trying(partial(settle, call, outcome), SETTLING_TIMEOUT)


def begin(call: BotCall) -> bool:
    """Note that a claimed call is begun. Returns whether it is the first time, in the version before too."""
    is_new = BotCall.objects.filter(pk=call.pk, began_at=None).update(began_at=timezone.now())
    return bool(is_new) and call.attempts == 1


def not_with_the_version_before(calls: QuerySet[BotCall]) -> QuerySet[BotCall]:
    """The calls that no worker of the version before, which knows no leases, may have under way."""
    return calls.filter(Q(began_at=None) | Q(began_at__lte=timezone.now() - LEASE))


def _perform(call: BotCall) -> Outcome:
    """Speak with the service. Whatever goes wrong is an Outcome too."""
    if timezone.now() - call.created_at > BEGIN_TIMEOUT:
        return Outcome(failed=_("the call could not begin in time"))
    request = Call(**call.request)
    try:
        host = _allowed_host(call.business_id, request.url)
        answer = http_client.call(request.method, request.url, request.body, request.has_body, host.authorization)
        return _outcome_of(answer, request)
    except (BadAddress, CallFailed) as trouble:
        return Outcome(failed=str(trouble))
    except UnreadableSecret:
        return Outcome(failed=_("the saved Authorization header cannot be read: enter it again"))


def _allowed_host(business_id: int, url: str) -> AllowedHost:
    """The business's row for the host of an address. Raises BadAddress when it allows no such call."""
    address = read_address(url)
    host = AllowedHost.objects.filter(business=business_id, host=address.host).first()
    if host is None:
        raise BadAddress(_("“%(host)s” is not among the allowed hosts") % {"host": address.host})
    if address.scheme == "http" and not host.allow_http:
        raise BadAddress(_("“%(host)s” may be called by https:// only") % {"host": address.host})
    return host


def _outcome_of(answer: Answer, request: Call) -> Outcome:
    if not answer.is_fine:
        return Outcome(status=answer.status, failed=_("it answered with the status %(status)s") % vars(answer))
    if not request.wants_json:
        return Outcome(status=answer.status)
    if len(answer.content) > MAX_SAVED_JSON:
        return Outcome(status=answer.status, failed=_("its answer is larger than the 64 KB that can be saved"))
    return Outcome(answer.json(), answer.status)


def settle(call: BotCall, outcome: Outcome) -> None:
    """Let the session that waits for a call have its answer, once."""
    step = call.request["step"]
    resume(call, Answered(value=outcome.value, failed=outcome.failed, step=step, status=outcome.status))


JOB = Job(
    name="call services",
    model=BotCall,
    work=work,
    queue=CALLS,
    interval=2,
    lease=LEASE,
    share=MAX_UNDER_WAY,
    delays=(timedelta(seconds=2),),
    claimable=not_with_the_version_before,
    stuck_after=timedelta(minutes=2),
)
