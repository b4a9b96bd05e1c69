import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from accounts.database.concurrent_indexes import (
    AddIndexConcurrently,
    AddUniqueIndexConcurrently,
    DropIndexOfField,
    DropUniqueOfField,
)


def newest_first(name, *columns, time="created_at", condition=None):
    """An index of a business's rows."""
    return models.Index("business", *columns, F(time).desc(), F("id").desc(), name=name, condition=condition)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("crm", "0018_let_deals_have_no_amount"),
    ]

    operations = [
        AddIndexConcurrently("message", newest_first("message_by_direction", "direction")),
        AddIndexConcurrently("message", newest_first("message_by_origin", "origin")),
        AddIndexConcurrently("message", newest_first("message_accepted", "status", condition=Q(status="accepted"))),
        AddIndexConcurrently("message", newest_first("message_sent", "status", condition=Q(status="sent"))),
        AddIndexConcurrently("message", newest_first("message_failed", "status", condition=Q(status="failed"))),
        AddIndexConcurrently("message", newest_first("message_unknown", "status", condition=Q(status="unknown"))),
        AddIndexConcurrently(
            "conversation", newest_first("conversation_unread", time="last_message_at", condition=Q(unread__gt=0))
        ),
        AddIndexConcurrently(
            "message", models.Index("author", name="message_by_author", condition=Q(author__isnull=False))
        ),
        DropIndexOfField(
            "message",
            "author",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        DropIndexOfField(
            "conversation",
            "whatsapp_number",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="conversations",
                to="whatsapp.whatsappnumber",
                verbose_name="number",
            ),
        ),
        AddUniqueIndexConcurrently(
            "message",
            models.UniqueConstraint(
                fields=["token"], condition=Q(token__isnull=False), name="message_token_once"
            ),
        ),
        DropUniqueOfField("message", "token", models.CharField(editable=False, max_length=32, null=True)),
    ]
