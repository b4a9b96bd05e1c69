import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_keep_who_is_alerted_and_present'),
        ('crm', '0025_keep_canned_replies_and_messages_for_later'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='assigned_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='assigned'),
        ),
        migrations.CreateModel(
            name='Wait',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ending', models.CharField(choices=[('answered', 'answered'), ('closed', 'closed without an answer')], max_length=10, verbose_name='ending')),
                ('waited_seconds', models.PositiveIntegerField(verbose_name='waited (seconds)')),
                ('ended_at', models.DateTimeField(verbose_name='ended')),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.business', verbose_name='business')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waits', to='crm.conversation', verbose_name='conversation')),
                ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'wait',
                'verbose_name_plural': 'waits',
                'db_table': 'waits',
                'indexes': [models.Index(models.F('business'), models.F('ended_at'), name='wait_by_business'), models.Index(models.F('user'), condition=models.Q(('user__isnull', False)), name='wait_by_user')],
            },
        ),
    ]
