from typing import Any

from django.db import migrations
from django.db.models import Max


def find_last_events(apps: Any, schema_editor: Any) -> None:
    """One look-up in an index for each number."""
    events = apps.get_model("whatsapp", "WebhookEvent").objects.order_by()
    numbers = apps.get_model("whatsapp", "WhatsAppNumber").objects
    for pk in list(numbers.values_list("pk", flat=True)):
        latest = events.filter(whatsapp_number=pk).aggregate(latest=Max("received_at"))["latest"]
        if latest:
            numbers.filter(pk=pk).update(last_event_at=latest)


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0012_count_refused_webhooks"),
    ]

    operations = [
        migrations.RunPython(find_last_events, migrations.RunPython.noop),
    ]
