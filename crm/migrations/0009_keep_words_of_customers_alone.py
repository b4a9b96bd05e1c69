from typing import Any

from django.db import migrations, models

from whatsapp.webhooks.parsing import words_of

#: Messages that are read, and changed, at a time.
BATCH = 2000


def keep_words_alone(apps: Any, schema_editor: Any) -> None:
    """
    Have the `text` of what came in be what the customer wrote, tapped or captioned: until now a phrase of ours stood
    there where it was nothing. What a message says is in its `content`; one without it is left alone. In short
    statements, one transaction each, and repeated without harm when it is cut off.
    """
    rows = apps.get_model("crm", "Message").objects.using(schema_editor.connection.alias)
    described = rows.filter(direction="in").exclude(text="").order_by("pk").only("type", "content")
    last = 0
    while batch := list(described.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        ours = [row.pk for row in batch if row.content and not words_of(row.content, row.type)]
        rows.filter(pk__in=ours).update(text="")


class Migration(migrations.Migration):
    # Rows are changed in many transactions, before the schema is, so that all of it may be cut off and repeated.
    atomic = False

    dependencies = [
        ("crm", "0008_make_rows_of_jobs"),
    ]

    operations = [
        migrations.RunPython(keep_words_alone, migrations.RunPython.noop),
        migrations.AddField(
            model_name="customer",
            name="ad",
            field=models.JSONField(editable=False, null=True, verbose_name="ad"),
        ),
    ]
