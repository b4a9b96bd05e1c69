from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0004_resume_customer_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='customerupload',
            name='mistakes',
            field=models.JSONField(default=list, editable=False),
        ),
        migrations.AddField(
            model_name='customerupload',
            name='seen',
            field=models.JSONField(default=dict, editable=False),
        ),
        # Whatever was uploaded before has been tried out.
        migrations.AddField(
            model_name='customerupload',
            name='tried_at',
            field=models.DateTimeField(default=timezone.now, editable=False, null=True),
            preserve_default=False,
        ),
    ]
