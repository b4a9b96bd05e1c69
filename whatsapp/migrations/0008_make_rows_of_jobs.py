import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('whatsapp', '0007_let_old_code_write'),
    ]

    operations = [
        migrations.AddField(
            model_name='quicksetup',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='quicksetup',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddField(
            model_name='quicksetup',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='webhookevent',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='check_attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='check_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='check_lease_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='templates_attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='templates_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='whatsappnumber',
            name='templates_lease_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='quicksetup',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='webhookevent',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AlterField(
            model_name='webhookevent',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AlterField(
            model_name='webhookevent',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
    ]
