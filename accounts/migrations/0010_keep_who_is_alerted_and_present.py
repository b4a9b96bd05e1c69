import accounts.office_hours
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_count_edits'),
    ]

    operations = [
        migrations.AddField(
            model_name='business',
            name='alerts_about_numbers',
            field=models.BooleanField(db_default=False, default=True, help_text='To the owners, once for each trouble, at any hour.', verbose_name='e-mail when a number needs you'),
        ),
        # Businesses that are there get no letters that they did not ask for; new ones do.
        migrations.AddField(
            model_name='business',
            name='alerts_after',
            field=models.PositiveSmallIntegerField(blank=True, help_text='During working hours, to whoever the dialogue is assigned to, else to the owners; one letter in half an hour at most, with everybody who waits. Empty: no letters.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='e-mail when a customer waits longer than (minutes)'),
        ),
        migrations.AlterField(
            model_name='business',
            name='alerts_after',
            field=models.PositiveSmallIntegerField(blank=True, default=15, help_text='During working hours, to whoever the dialogue is assigned to, else to the owners; one letter in half an hour at most, with everybody who waits. Empty: no letters.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='e-mail when a customer waits longer than (minutes)'),
        ),
        migrations.AddField(
            model_name='business',
            name='assigns_automatically',
            field=models.BooleanField(db_default=False, default=False, help_text='Who waits for an answer is given to the one of those present who has the fewest waiting. Present is who has had a page open within the last two minutes.', verbose_name='assign dialogues automatically'),
        ),
        migrations.AddField(
            model_name='business',
            name='office_hours',
            field=models.JSONField(blank=True, db_default={}, default=dict, validators=[accounts.office_hours.clean_office_hours], verbose_name='working hours'),
        ),
        migrations.AddField(
            model_name='business',
            name='returns_after',
            field=models.PositiveSmallIntegerField(blank=True, help_text='During working hours it returns to those that nobody answers yet. Empty: never.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='take a dialogue back when it is unanswered for (minutes)'),
        ),
        migrations.AddField(
            model_name='business',
            name='shows_first_steps',
            field=models.BooleanField(db_default=False, default=True, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='alerted_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='last_seen_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='last seen'),
        ),
        migrations.CreateModel(
            name='MailedAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=120)),
                ('mailed_at', models.DateTimeField(auto_now_add=True, verbose_name='mailed')),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.business', verbose_name='business')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'alert',
                'verbose_name_plural': 'alerts',
                'db_table': 'mailed_alerts',
                'indexes': [models.Index(models.F('business'), name='mailed_alert_business'), models.Index(models.F('mailed_at'), name='mailed_alert_age')],
                'constraints': [models.UniqueConstraint(fields=('user', 'subject'), name='alert_mailed_once')],
            },
        ),
    ]
