from django.db import migrations, models
from django.db.models import Q

from accounts.database.concurrent_indexes import AddUniqueIndexConcurrently, DropUniqueOfField


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("broadcasts", "0009_count_edits"),
    ]

    operations = [
        AddUniqueIndexConcurrently(
            "broadcastmessage",
            models.UniqueConstraint(
                fields=["token"], condition=Q(token__isnull=False), name="broadcastmessage_token_once"
            ),
        ),
        DropUniqueOfField("broadcastmessage", "token", models.CharField(editable=False, max_length=32, null=True)),
    ]
