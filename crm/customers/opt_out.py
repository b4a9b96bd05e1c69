"""The words by which a customer asks not to be written to any more."""

from crm.models.customer import fold

#: A message that is exactly one of these, folded.
OPT_OUT_WORDS = frozenset(
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


def asks_to_stop(text):
    return fold(text).strip(" \t\r\n.!") in OPT_OUT_WORDS
