import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models



def nothing_is_due_of_what_is_done(apps, schema_editor):
    apps.get_model("accounts", "Deletion").objects.filter(state="done").update(due_at=None)



class Migration(migrations.Migration):

    lived_with = {
        "AddIndex accounts.deletion.deletion_due": "A deletion is one row: the table is small.",
    }

    dependencies = [
        ('accounts', '0004_let_old_code_write'),
    ]

    operations = [
        migrations.AddField(
            model_name='deletion',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='deletion',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AlterField(
            model_name='deletion',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AlterField(
            model_name='deletion',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='deletion',
            index=models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='deletion_due'),
        ),
        migrations.RunPython(nothing_is_due_of_what_is_done, migrations.RunPython.noop, elidable=True),
    ]
