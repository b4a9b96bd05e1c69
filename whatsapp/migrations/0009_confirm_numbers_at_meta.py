from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("whatsapp", "0008_make_rows_of_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="whatsappnumber",
            name="confirmed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="confirmed by Meta"),
        ),
        migrations.AddField(
            model_name="whatsappnumber",
            name="waba_confirmed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="account confirmed by Meta"),
        ),
    ]
