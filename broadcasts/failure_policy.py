"""Which of Meta's refusals concern a whole broadcast, and not one recipient alone."""

from whatsapp.graph.error_codes import HOUR, PARAMETER, TEMPLATE_PARAMETERS, Action
from whatsapp.graph.errors import CloudApiError

#: That many recipients refused because of the template or its values, and none accepted: the template is at fault.
MIN_TEMPLATE_FAILURES = 10


def stops_number(error: CloudApiError) -> bool:
    """Whether nothing can be sent through the number for long: token, payment, a lock, complaints."""
    match error.action:
        case Action.AUTHORIZE:
            return True
        case Action.PAUSE_NUMBER | Action.PAUSE_WABA:
            return error.error_class.delay >= HOUR
    return False


def stops_template(error: CloudApiError) -> bool:
    """Whether nothing can be sent with the template: it is missing, paused, or breaks a rule."""
    return error.action is Action.STOP_TEMPLATE


def doubts_template(error: CloudApiError) -> bool:
    """Whether the template or its values may be wrong for everybody."""
    return error.error_class in (PARAMETER, TEMPLATE_PARAMETERS)


def suppresses_customer(error: CloudApiError) -> bool:
    """Whether the person has asked WhatsApp to get no more marketing."""
    return error.action is Action.SUPPRESS
