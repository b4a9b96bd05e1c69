from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("broadcasts", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="broadcastmessage", name="broadcast_message_by_status"),
        migrations.AddIndex(
            model_name="broadcastmessage",
            index=models.Index("broadcast", "status", "id", name="broadcast_message_by_status"),
        ),
    ]
