from typing import Any

from django.db import migrations
from django.db.models import Q
from django.db.models.functions import Coalesce, Now


def confirm_connected(apps: Any, schema_editor: Any) -> None:
    """
    Take the phone number IDs as confirmed that Meta has told of. The accounts are confirmed by the next check of the
    numbers, which is due at once.
    """
    numbers = apps.get_model("whatsapp", "WhatsAppNumber").objects.exclude(phone_number_id__startswith="deleted-")
    told_of = Q(status="connected") | Q(status="problem") & ~Q(meta_status="")
    numbers.filter(told_of).update(confirmed_at=Coalesce("checked_at", Now()))
    numbers.filter(Q(confirmed_at=None) | ~Q(waba_id="")).update(check_due_at=Now())


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0009_confirm_numbers_at_meta"),
    ]

    operations = [
        migrations.RunPython(confirm_connected, migrations.RunPython.noop),
    ]
