from django.db import migrations

from crm.search.keeping import KeepMessageWords


class Migration(migrations.Migration):
    # Built while others write.
    atomic = False

    dependencies = [
        ("crm", "0026_keep_how_long_people_waited"),
    ]

    operations = [
        # Serves: searching for messages by their words.
        KeepMessageWords(),
    ]
