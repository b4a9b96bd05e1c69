"""Stand-ins for WHATSAPP_EVENT_HANDLER."""

seen = []


def remember(number, changes):
    """Note the text of every message."""
    seen.extend(message.text for message in changes[0].messages)
    return 1, []


def stumble(number, changes):
    """Fail at messages that say so."""
    if any(message.text == "fail" for message in changes[0].messages):
        raise KeyError("stumbled")
    return remember(number, changes)
