import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models



def nothing_is_due_of_what_is_done(apps, schema_editor):
    # A file that was tried out stays due: the version before may start it yet.
    apps.get_model("crm", "CustomerUpload").objects.filter(applied_at__isnull=False).update(due_at=None)
    apps.get_model("crm", "ConversationExport").objects.filter(finished_at__isnull=False).update(due_at=None)



class Migration(migrations.Migration):

    lived_with = {
        "AddIndex crm.conversationexport.conversation_export_waiting": "Exports are kept for a week: the table is small.",
        "AddIndex crm.customerupload.customer_upload_due": "Uploads are kept for a day: the table is small.",
    }

    dependencies = [
        ('accounts', '0005_make_rows_of_jobs'),
        ('crm', '0007_let_old_code_write'),
        ('whatsapp', '0008_make_rows_of_jobs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='conversationexport',
            name='conversation_export_due',
        ),
        migrations.AddField(
            model_name='conversationexport',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='conversationexport',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddField(
            model_name='customerupload',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddField(
            model_name='customerupload',
            name='due_at',
            field=models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, null=True, verbose_name='due'),
        ),
        migrations.AddField(
            model_name='customerupload',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='mediafile',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AddField(
            model_name='mediafile',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='conversationexport',
            name='last_error',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='last error'),
        ),
        migrations.AlterField(
            model_name='conversationexport',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='customerupload',
            name='lease_until',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='mediafile',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='attempts'),
        ),
        migrations.AddIndex(
            model_name='conversationexport',
            index=models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='conversation_export_waiting'),
        ),
        migrations.AddIndex(
            model_name='customerupload',
            index=models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='customer_upload_due'),
        ),
        migrations.RunPython(nothing_is_due_of_what_is_done, migrations.RunPython.noop, elidable=True),
    ]
