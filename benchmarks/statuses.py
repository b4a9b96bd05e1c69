"""W3: 1000 statuses in one POST, from the stored event to the rows they are about."""

from .measuring import database, in_turns, main, seconds_of, use
from .results import Row

STATUSES = 1000


def measure(_whole):
    with database("benchmark_statuses") as url:
        use(url)
        yield from rows()


def rows():
    from django.db import connection

    from accounts.testing import make_business
    from whatsapp.models import WebhookEvent
    from whatsapp.testing import make_number, status_element, value_of
    from whatsapp.webhooks import process as events

    number = make_number(make_business())
    wamids = make_messages(number)
    statements = []

    def process():
        make_unread(wamids)
        statuses = [status_element(wamid, "read") for wamid in wamids]
        WebhookEvent.objects.create(
            business=number.business,
            whatsapp_number=number,
            field="messages",
            value=value_of(number, statuses=statuses),
        )
        counted = []
        with connection.execute_wrapper(lambda run, *query: (counted.append(query[0]), run(*query))[1]):
            seconds = seconds_of(lambda: events.process_line(number.pk))
        statements.append(len(counted))
        return STATUSES / seconds

    [rate] = in_turns(process)
    yield Row("W3 statuses", "≥ 3000 /s", rate, "/s")
    yield Row("W3 statements for all of them", "≤ 10", max(statements))
    connection.close()


def make_messages(number):
    """The wamids of messages that were sent, each to somebody else."""
    from crm.models import Conversation, Customer, Message

    business = number.business
    phones = [f"+7916{serial:07}" for serial in range(STATUSES)]
    customers = Customer.objects.bulk_create(Customer(business=business, phone=phone) for phone in phones)
    conversations = Conversation.objects.bulk_create(
        Conversation(business=business, whatsapp_number=number, customer=customer) for customer in customers
    )
    messages = Message.objects.bulk_create(
        Message(
            business=business,
            whatsapp_number=number,
            conversation=conversation,
            direction="out",
            origin="bot",
            type="text",
            text="Здравствуйте!",
            status="sent",
            wamid=f"wamid.BENCHMARK{serial:06}",
        )
        for serial, conversation in enumerate(conversations)
    )
    return [message.wamid for message in messages]


def make_unread(wamids):
    from crm.models import Message

    Message.objects.filter(wamid__in=wamids).update(status="sent", read_at=None)


if __name__ == "__main__":
    main({f"{STATUSES} statuses in one POST": measure})
