from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0011_let_confirmed_numbers_hold_their_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="whatsappnumber",
            name="last_event_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="last event"),
        ),
        migrations.AddField(
            model_name="whatsappnumber",
            name="webhooks_refused",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, verbose_name="webhooks refused"
            ),
        ),
        migrations.AddField(
            model_name="whatsappnumber",
            name="webhooks_refused_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="last webhook refused"),
        ),
    ]
