import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    lived_with = {
        "AddIndex broadcasts.broadcast.broadcast_to_plan": "A broadcast is one row: the table is small.",
    }

    dependencies = [
        ('accounts', '0005_make_rows_of_jobs'),
        ('broadcasts', '0006_share_a_number'),
        ('whatsapp', '0008_make_rows_of_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='broadcast',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='broadcast',
            index=models.Index(models.F('due_at'), condition=models.Q(('status', 'planning')), name='broadcast_to_plan'),
        ),
    ]
