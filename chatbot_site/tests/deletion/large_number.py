"""A number with very many rows, made in a second: one row of each kind, and copies of it by INSERT … SELECT."""

from django.db import connection
from django.utils import timezone

from bots.models import BotTimer, BotTurn
from broadcasts.models import Broadcast, BroadcastMessage
from crm.models import Customer, Message
from whatsapp.models import WebhookEvent

COUNTING = "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < %s)"


def enlarge(number, customers, messages, recipients):
    """
    Give the number, which has some row of each kind, so many conversations more, each with so many messages and
    turns of its bot, and a broadcast to so many of the customers.
    """
    business, now = number.business, timezone.now()
    # Nothing of it is to be worked on any more.
    BotTimer.objects.filter(business=business).delete()
    Message.objects.filter(whatsapp_number=number).update(automated_at=now)
    WebhookEvent.objects.filter(whatsapp_number=number).update(processed_at=now)
    first = multiply(Customer.objects.for_business(business).first(), customers, phone="'+7926' || (1000000 + n)")
    conversations = multiply(number.conversations.first(), customers, customer_id=f"{first} + n - 1")
    of_each = f"{conversations} + (n - 1) %% {customers}"
    said = Message.objects.filter(whatsapp_number=number).first()
    said_first = multiply(said, customers * messages, conversation_id=of_each, wamid=f"'wamid.{number.pk}.' || n")
    turn = BotTurn.objects.filter(conversation__whatsapp_number=number).first()
    multiply(turn, customers, conversation_id=of_each, message_id=f"{said_first} + n - 1", session_id="NULL")
    multiply(WebhookEvent.objects.filter(whatsapp_number=number).first(), customers)
    broadcast = Broadcast.objects.filter(whatsapp_number=number).first()
    multiply(BroadcastMessage.objects.filter(broadcast=broadcast).first(), recipients, customer_id=f"{first} + n - 1")


def multiply(row, times, **expressions):
    """Insert copies of a row, with other values for some columns, in SQL of n = 1, 2, 3 …; returns the first's id."""
    table, model = row._meta.db_table, type(row)
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    chosen = ", ".join(expressions.get(column, f'"{table}"."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    last = model._base_manager.order_by("pk").values_list("pk", flat=True).last()
    with connection.cursor() as cursor:
        cursor.execute(
            f'{COUNTING} INSERT INTO "{table}" ({names}) SELECT {chosen} FROM "{table}", series '
            f'WHERE "{table}".id = %s ORDER BY n',
            [times, row.pk],
        )
    return model._base_manager.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[0]
