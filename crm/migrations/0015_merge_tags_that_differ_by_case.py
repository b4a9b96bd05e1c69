from typing import Any

from django.db import migrations, models

from crm.customers.tags import merge_same_tags


def merge_tags(apps: Any, schema_editor: Any) -> None:
    """One business after the other, so that no more than the tags of one are held."""
    tags, links = apps.get_model("crm", "Tag"), apps.get_model("crm", "Customer").tags.through
    for business in tags.objects.order_by().values_list("business", flat=True).distinct():
        merge_same_tags(business, tags, links)


class Migration(migrations.Migration):
    lived_with = {
        "AddConstraint crm.tag.tag_folded_once_in_business": "Old code leaves the column empty, and tags are few.",
    }

    dependencies = [
        ("crm", "0014_keep_prices"),
    ]

    operations = [
        migrations.AddField(
            model_name="tag",
            name="folded_name",
            field=models.CharField(editable=False, max_length=500, null=True),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                fields=("business", "folded_name"), name="tag_folded_once_in_business"
            ),
        ),
        migrations.RunPython(merge_tags, migrations.RunPython.noop, elidable=True),
    ]
