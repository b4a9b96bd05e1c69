"""
Meta's error codes: what each class of them means for delivery, and what a person can do about it.

The codes are those of Cloud API, "Error codes"; what is done about each is our policy.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Action(Enum):
    """What delivery does about a refusal."""

    RETRY = "retry this message later"
    SLOW = "send more slowly through this number, and this message later"
    PAUSE_NUMBER = "pause the number"
    PAUSE_WABA = "pause every number of the WhatsApp Business account"
    STOP_TEMPLATE = "fail this message, and send no more with this template"
    FAIL = "fail this message only"
    SUPPRESS = "fail this message, and write to this person no more"
    AUTHORIZE = "stop the number until it is connected again"


@dataclass(frozen=True)
class ErrorClass:
    """
    Codes that are met in the same way. `tries` is how often in all a message is tried (None: as long as it takes),
    `delay` the seconds before the second try, four times as many before each further one; for a pause, its length.
    """

    action: Action
    sentence: "_StrPromise"
    tries: int | None = 1
    delay: int = 5

    max_delay = 300

    def retry_after(self, attempts: int) -> int | None:
        """Seconds to wait after so many attempts; None when there are to be no more."""
        if self.tries is not None and attempts >= self.tries:
            return None
        return min(self.delay * int(4 ** min(attempts - 1, 10)), self.max_delay)


def _retry(tries: int | None, sentence: "_StrPromise", delay: int = 5) -> ErrorClass:
    return ErrorClass(Action.RETRY, sentence, tries, delay)


def _slow(sentence: "_StrPromise") -> ErrorClass:
    return ErrorClass(Action.SLOW, sentence, None)


def _fail(sentence: "_StrPromise") -> ErrorClass:
    return ErrorClass(Action.FAIL, sentence)


def _pause(sentence: "_StrPromise", seconds: int, action: Action = Action.PAUSE_NUMBER) -> ErrorClass:
    return ErrorClass(action, sentence, None, seconds)


def _stop_template(sentence: "_StrPromise") -> ErrorClass:
    return ErrorClass(Action.STOP_TEMPLATE, sentence)


def _authorize(sentence: "_StrPromise") -> ErrorClass:
    return ErrorClass(Action.AUTHORIZE, sentence, None)


HOUR = 60 * 60

TOKEN = _authorize(
    _("Meta no longer accepts the access token. Make a new one at Meta and enter it in the settings of this number.")
)
PERMISSION = _authorize(
    _(
        "The access token lacks a permission. Make one with whatsapp_business_messaging and"
        " whatsapp_business_management, and enter it in the settings of this number."
    )
)
DISCONNECTED = _authorize(
    _("Meta does not know this phone number ID any more. Compare it with WhatsApp → API Setup at Meta.")
)
REGISTRATION = _authorize(
    _("The number is not registered for the Cloud API. Register it at Meta, then check the number here.")
)
PIN = _fail(_("Meta asks for the number's PIN or its verification. Finish it at Meta, then try again."))
WAIT_AT_META = _fail(_("Meta asks to wait before this number is registered again. Try again in a few days."))

UNAVAILABLE = _retry(None, _("WhatsApp was out of order for a while. The message is sent again by itself."))
UNCLEAR = _retry(3, _("WhatsApp failed without saying why. Send the message again later."))
UNCLEAR_ONCE = _retry(2, _("WhatsApp refused the message without saying why. Send it again later."))
PAIR_LIMIT = _retry(
    6, _("Too many messages to one person in a short time. The next ones go out more slowly."), delay=4
)
SLOWER = _slow(_("Meta asks to send more slowly. Messages go out later by themselves."))
MAINTENANCE = _pause(_("Meta is changing this number's limits. Sending goes on by itself in a few minutes."), 120)

SPAM = _pause(
    _(
        "Meta has limited this number because people blocked or reported it. Sending pauses for some hours; write only"
        " to those who expect it."
    ),
    4 * HOUR,
)
DISPLAY_NAME = _pause(_("Meta has not approved the display name of this number. Ask for approval at Meta."), HOUR)
POLICY = _pause(
    _("Meta has locked the WhatsApp Business account. See “Account quality” at Meta, and appeal there."),
    HOUR,
    Action.PAUSE_WABA,
)
PAYMENT = _pause(
    _("Meta cannot charge for messages. Add a payment method to the WhatsApp Business account at Meta."),
    HOUR,
    Action.PAUSE_WABA,
)

PARAMETER = _fail(_("Meta does not accept this message: something in it is wrong or missing."))
SELF = _fail(_("A number cannot write to itself. Choose another recipient."))
UNDELIVERABLE = _fail(
    _("This person cannot be reached: no WhatsApp on this phone, an old version, or its terms not accepted.")
)
TEST_NUMBER = _fail(
    _("A test number writes only to phones on its list. Add the phone under WhatsApp → API Setup at Meta.")
)
WINDOW = _fail(_("More than 24 hours have passed since this person wrote. Send a template instead."))
MARKETING_CAP = _fail(
    _("Meta holds back marketing to this person, who gets too much of it. Try again after a day or later.")
)
EXPERIMENT = _fail(_("Meta does not deliver marketing to this person at present. Another try changes nothing."))
STOPPED_MARKETING = ErrorClass(
    Action.SUPPRESS, _("This person has asked WhatsApp to stop marketing from you. Do not send them any more.")
)
TYPE = _fail(_("WhatsApp does not support this kind of message."))
MEDIA = _retry(2, _("Meta could not load the file. Check its type, its size, and that its address opens."))
PHONE_NEEDED = _fail(_("This message needs the person's phone number, which WhatsApp has not shared."))
MARKETING_OFF = _stop_template(
    _("Marketing is switched off for the Cloud API of this number. See its settings at Meta.")
)
COUNTRY = _fail(_("Meta does not allow your business to write to this country."))
IDENTITY = _fail(_("This person's WhatsApp identity has changed. Make sure who it is before writing again."))

TEMPLATE_PARAMETERS = _fail(_("The values do not fit the template. Compare them with its placeholders."))
TEMPLATE_MISSING = _stop_template(
    _("Meta has no such approved template in this language. Sync the templates, and choose an approved one.")
)
TEMPLATE_TEXT = _fail(_("The template's text is too long with these values. Shorten them."))
TEMPLATE_POLICY = _stop_template(_("The template's text breaks Meta's rules. Change it at Meta."))
TEMPLATE_PAUSED = _stop_template(
    _("Meta has paused or switched off this template because of complaints. Choose another, or change it at Meta.")
)
TEMPLATE_LIMIT = _pause(
    _("Meta has cut this number's limit because templates are in the wrong category. See the templates at Meta."), HOUR
)
FLOW_BLOCKED = _stop_template(_("Meta has blocked the form (flow) of this template. Repair it at Meta."))

OTHER_REFUSAL = _fail(_("Meta has refused the message."))
OTHER_FAILURE = UNCLEAR

ERROR_CLASSES = {
    0: TOKEN,
    190: TOKEN,
    3: PERMISSION,
    10: PERMISSION,
    **dict.fromkeys(range(200, 300), PERMISSION),
    131005: PERMISSION,
    33: DISCONNECTED,
    131045: REGISTRATION,
    133010: REGISTRATION,
    133000: REGISTRATION,
    133005: PIN,
    133006: PIN,
    133008: PIN,
    133009: PIN,
    133015: WAIT_AT_META,
    133016: WAIT_AT_META,
    1: UNCLEAR,
    131000: UNCLEAR,
    135000: UNCLEAR_ONCE,
    2: UNAVAILABLE,
    131016: UNAVAILABLE,
    133004: UNAVAILABLE,
    4: SLOWER,
    80007: SLOWER,
    130429: SLOWER,
    132069: SLOWER,
    131056: PAIR_LIMIT,
    131057: MAINTENANCE,
    131048: SPAM,
    131064: TEMPLATE_LIMIT,
    131037: DISPLAY_NAME,
    368: POLICY,
    131031: POLICY,
    131042: PAYMENT,
    100: PARAMETER,
    131008: PARAMETER,
    131009: PARAMETER,
    131021: SELF,
    131026: UNDELIVERABLE,
    131030: TEST_NUMBER,
    131047: WINDOW,
    131049: MARKETING_CAP,
    130472: EXPERIMENT,
    131050: STOPPED_MARKETING,
    131051: TYPE,
    131052: MEDIA,
    131053: MEDIA,
    131062: PHONE_NEEDED,
    131063: MARKETING_OFF,
    130497: COUNTRY,
    137000: IDENTITY,
    132000: TEMPLATE_PARAMETERS,
    132008: TEMPLATE_PARAMETERS,
    132012: TEMPLATE_PARAMETERS,
    132018: TEMPLATE_PARAMETERS,
    132001: TEMPLATE_MISSING,
    132005: TEMPLATE_TEXT,
    132007: TEMPLATE_POLICY,
    132015: TEMPLATE_PAUSED,
    132016: TEMPLATE_PAUSED,
    132068: FLOW_BLOCKED,
}


#: "Invalid parameter": also the answer about an object that a token may not see (Graph API, "Error handling").
INVALID_PARAMETER = 100

#: The error_subcode of "Object with ID … does not exist": the phone number ID, as messages are posted to it.
NO_SUCH_OBJECT = 33


def classify(code: int | None, http_status: int = 400, subcode: int | None = None) -> ErrorClass:
    """
    The class of an error by its code. A code Meta has added since fails the one message, or is tried again when the
    answer says that the fault is Meta's; without a code (None) something on the way answered in Meta's place.
    """
    if subcode == NO_SUCH_OBJECT:
        return DISCONNECTED
    if code in ERROR_CLASSES:
        return ERROR_CLASSES[code]
    if http_status == 429:
        return SLOWER
    if code is None or http_status >= 500:
        return OTHER_FAILURE
    return OTHER_REFUSAL


def explain(code: int | None, title: str = "", http_status: int = 400, subcode: int | None = None) -> str:
    """A sentence for people about an error, with the fix where there is one, then Meta's own words and code."""
    sentence = str(classify(code, http_status, subcode).sentence)
    words = ", ".join(str(part) for part in (code, title) if part not in (None, ""))
    return f"{sentence} (Meta: {words})" if words else sentence
