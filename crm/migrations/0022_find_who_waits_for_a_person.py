from django.db import migrations, models
from django.db.models import F, Q

from accounts.database.concurrent_indexes import AddIndexConcurrently

LATEST_FIRST = (F("last_message_at").desc(), F("id").desc())


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("crm", "0021_keep_who_waits_for_a_person"),
    ]

    operations = [
        AddIndexConcurrently(
            "conversation",
            models.Index("business", *LATEST_FIRST, name="conversation_open", condition=Q(status="open")),
        ),
        AddIndexConcurrently(
            "conversation",
            models.Index(
                "business",
                "waiting_since",
                "id",
                name="conversation_waiting",
                condition=Q(waiting_since__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "conversation",
            models.Index(
                "business",
                "snoozed_until",
                "id",
                name="conversation_snoozed",
                condition=Q(snoozed_until__isnull=False),
            ),
        ),
        AddIndexConcurrently(
            "conversation",
            models.Index("business", "updated_at", name="conversation_updated"),
        ),
    ]
