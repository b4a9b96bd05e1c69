from datetime import timedelta

import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F



def what_was_begun_is_not_begun_again(apps, schema_editor):
    """Its lease ran out, or will: whoever claims it sees that it is not the first attempt."""
    calls = apps.get_model("bots", "BotCall").objects
    calls.update(due_at=F("created_at"))
    calls.filter(began_at__isnull=False).update(attempts=1, lease_until=F("began_at") + timedelta(seconds=30))



class Migration(migrations.Migration):

    lived_with = {
        "AlterField bots.bottimer.due_at": "Nobody writes a timer without a time.",
        "AddIndex bots.botcall.call_waiting": "Only the calls under way have rows.",
    }

    dependencies = [
        ('accounts', '0005_make_rows_of_jobs'),
        ('bots', '0004_let_old_code_write'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='botcall',
            name='call_due',
        ),
        migrations.AddField(
            model_name='botcall',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='botcall',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddField(
            model_name='botcall',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='botcall',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='bottimer',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='bottimer',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='bottimer',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='bottimer',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddIndex(
            model_name='botcall',
            index=models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='call_waiting'),
        ),
        migrations.RunPython(what_was_begun_is_not_begun_again, migrations.RunPython.noop, elidable=True),
    ]
