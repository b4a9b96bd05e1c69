from django.db import migrations

from accounts.database.trigram_indexes import AddTrigramIndex


class Migration(migrations.Migration):
    # Built while others write.
    atomic = False

    dependencies = [
        ("crm", "0019_find_rare_messages"),
    ]

    operations = [
        # Serves: searching for customers by part of a name, a phone or a username.
        AddTrigramIndex("customer", "search_text", "customer_by_any_part"),
    ]
