"""The messages by which a customer asks not to be written to any more."""

from crm.models.customer import fold

#: Whoever writes exactly one of these, folded, opts out.
OPT_OUT_TEXTS = frozenset(
    {
        "стоп",
        "stop",
        "отписка",
        "отписаться",
        "отпишите",
        "отпишите меня",
        "не пишите мне",
        "unsubscribe",
        "opt out",
        "stop promotions",
    }
)


def asks_to_stop(text: str) -> bool:
    """Whether a customer's message is a request to opt out."""
    return fold(text).strip(" \t\r\n.!") in OPT_OUT_TEXTS
