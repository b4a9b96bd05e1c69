import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    lived_with = {
        "AlterField whatsapp.whatsappnumber.phone_number_id": "Old code looks for an ID that is taken by itself.",
        "AddIndex whatsapp.whatsappnumber.number_by_meta_id": "A number is one row: the table is small.",
        "AddConstraint whatsapp.whatsappnumber.number_confirmed_once": "Old code confirms no number.",
        "AddConstraint whatsapp.whatsappnumber.number_once_in_business": "Old code keeps IDs unique over all businesses.",
    }

    dependencies = [
        ("whatsapp", "0010_take_connected_numbers_as_confirmed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="whatsappnumber",
            name="phone_number_id",
            field=models.CharField(
                help_text="Meta's “Phone number ID”, under WhatsApp → API Setup.",
                max_length=30,
                validators=[
                    django.core.validators.RegexValidator(
                        "^\\d{5,30}$", "Digits only, as Meta shows it under WhatsApp → API Setup."
                    )
                ],
                verbose_name="phone number ID",
            ),
        ),
        migrations.AddIndex(
            model_name="whatsappnumber",
            index=models.Index(models.F("phone_number_id"), name="number_by_meta_id"),
        ),
        migrations.AddConstraint(
            model_name="whatsappnumber",
            constraint=models.UniqueConstraint(
                condition=models.Q(("confirmed_at__isnull", False)),
                fields=("phone_number_id",),
                name="number_confirmed_once",
                violation_error_code="unique",
                violation_error_message=(
                    "This phone number ID is already connected. Open that number, or check the ID at Meta."
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="whatsappnumber",
            constraint=models.UniqueConstraint(
                fields=("business", "phone_number_id"),
                name="number_once_in_business",
                violation_error_code="unique",
                violation_error_message=(
                    "This phone number ID is already connected. Open that number, or check the ID at Meta."
                ),
            ),
        ),
    ]
