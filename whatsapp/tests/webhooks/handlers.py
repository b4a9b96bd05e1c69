"""Stand-ins for WHATSAPP_EVENT_HANDLER."""

seen = []


def remember(number, change):
    """Note the text of every message."""
    seen.extend(message.text for message in change.messages)


def stumble(number, change):
    """Fail at messages that say so."""
    if any(message.text == "fail" for message in change.messages):
        raise KeyError("stumbled")
    remember(number, change)
