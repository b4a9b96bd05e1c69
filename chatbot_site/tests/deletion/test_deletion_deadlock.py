"""A deletion that meets a deadlock begins again, instead of telling an error."""

from threading import Thread

import pytest
from django.db import connection, transaction

from accounts.deletion import deletion
from accounts.models import Deletion
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number
from chatbot_site.tests.system.processes import wait_until
from crm.models import Conversation
from whatsapp.models import WhatsAppNumber

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # SQLite has one writer, so none wait for each other.
    pytest.mark.services,
]


def test_a_deletion_that_meets_a_deadlock_begins_again():
    owner = make_owner()
    number = fill_number(owner, "10001")
    deleting = Thread(target=delete, args=(number,))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The deletion is the one that PostgreSQL ends.
            cursor.execute("SET LOCAL deadlock_timeout = '30s'")
        Conversation.objects.filter(whatsapp_number=number).update(unread=7)
        deleting.start()
        wait_until(somebody_waits)
        WhatsAppNumber.objects.filter(pk=number.pk).update(quality_rating="GREEN")
    deleting.join(30)
    assert not WhatsAppNumber.objects.exists() and Deletion.objects.get().state == "done"


def delete(number):
    try:
        deletion.delete(number)
    finally:
        connection.close()


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
