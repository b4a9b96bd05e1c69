import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery

#: The first pipeline of a business, in its language.
NAMES = {"ru": "Продажи"}

BATCH = 1000


def put_stages_into_a_pipeline(apps, schema_editor):
    """A pipeline for each business, and its stages in it. A deal has been in its stage since it was made."""
    pipelines, stages = apps.get_model("crm", "DealPipeline").objects, apps.get_model("crm", "DealStage").objects
    businesses = apps.get_model("accounts", "Business").objects.order_by("pk").values_list("pk", "language")
    pipelines.bulk_create(
        (pipelines.model(business_id=pk, name=NAMES.get(language, "Sales")) for pk, language in businesses),
        batch_size=BATCH,
    )
    first = pipelines.filter(business=OuterRef("business")).order_by("position", "pk").values("pk")[:1]
    stages.filter(pipeline=None).update(pipeline=Subquery(first))
    apps.get_model("crm", "Deal").objects.update(moved_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_count_edits"),
        ("crm", "0022_find_who_waits_for_a_person"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DealPipeline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "revision",
                    models.PositiveIntegerField(db_default=1, default=1, editable=False, verbose_name="revision"),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "business",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.business",
                        verbose_name="business",
                    ),
                ),
            ],
            options={
                "verbose_name": "pipeline",
                "verbose_name_plural": "pipelines",
                "db_table": "deal_pipelines",
                "ordering": ["position", "id"],
                "indexes": [models.Index("business", "position", "id", name="deal_pipeline_by_business")],
            },
        ),
        migrations.AddField(
            model_name="dealstage",
            name="pipeline",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="stages",
                to="crm.dealpipeline",
                verbose_name="pipeline",
            ),
        ),
        migrations.AddField(
            model_name="deal",
            name="responsible",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="responsible",
            ),
        ),
        migrations.AddField(
            model_name="deal",
            name="next_step",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="next step"),
        ),
        migrations.AddField(
            model_name="deal",
            name="next_step_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next step is due"),
        ),
        migrations.AddField(
            model_name="deal",
            name="lost_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Only where the stage is a lost one.",
                max_length=300,
                verbose_name="why it was lost",
            ),
        ),
        migrations.AddField(
            model_name="deal",
            name="moved_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
                editable=False,
                verbose_name="in this stage since",
            ),
        ),
        migrations.RunPython(put_stages_into_a_pipeline, migrations.RunPython.noop, elidable=True),
    ]
