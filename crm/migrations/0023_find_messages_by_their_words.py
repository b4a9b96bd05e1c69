from django.db import migrations

from crm.search.keeping import KeepMessageWords


class Migration(migrations.Migration):
    # Built while others write.
    atomic = False

    dependencies = [
        ("crm", "0022_find_who_waits_for_a_person"),
    ]

    operations = [
        # Serves: searching for messages by their words.
        KeepMessageWords(),
    ]
