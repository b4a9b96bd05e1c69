import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    lived_with = {
        "AlterField crm.deal.amount": (
            "Old code always writes an amount. It cannot show a deal without one, and there is none before a new worker"
            " meets an amount that it cannot read."
        ),
    }

    dependencies = [
        ("crm", "0017_know_people_by_any_spelling"),
    ]

    operations = [
        migrations.AlterField(
            model_name="deal",
            name="amount",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                default=0,
                max_digits=14,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="amount",
            ),
        ),
    ]
