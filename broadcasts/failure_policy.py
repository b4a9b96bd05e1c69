"""Which of Meta's refusals concern a whole broadcast, and not one recipient alone."""

from whatsapp.graph.error_codes import HOUR, PARAMETER, TEMPLATE_PARAMETERS, Action

#: So many recipients refused for what the template or its values are, and none accepted: the template is at fault.
MOST_WRONG = 10


def stops_number(error):
    """Whether nothing can be sent through the number for long: token, payment, a lock, complaints."""
    match error.action:
        case Action.AUTHORIZE:
            return True
        case Action.PAUSE_NUMBER | Action.PAUSE_WABA:
            return error.error_class.delay >= HOUR
    return False


def stops_template(error):
    """Whether nothing can be sent with the template: it is missing, paused, or breaks a rule."""
    return error.action is Action.STOP_TEMPLATE


def doubts_template(error):
    """Whether the template or its values may be wrong for everybody."""
    return error.error_class in (PARAMETER, TEMPLATE_PARAMETERS)


def suppresses_customer(error):
    """Whether the person has asked WhatsApp to get no more marketing."""
    return error.action is Action.SUPPRESS
