from django.db import migrations, models
from django.db.models import F, Q

from accounts.database.concurrent_indexes import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("crm", "0023_give_deals_pipelines"),
    ]

    operations = [
        AddIndexConcurrently(
            "dealstage",
            models.Index("pipeline", "position", "id", name="deal_stage_by_pipeline"),
        ),
        AddIndexConcurrently(
            "deal",
            models.Index("stage", F("moved_at").desc(), F("id").desc(), name="deal_by_stage"),
        ),
        AddIndexConcurrently(
            "deal",
            models.Index("responsible", name="deal_by_responsible", condition=Q(responsible__isnull=False)),
        ),
        AddIndexConcurrently(
            "deal",
            models.Index(
                "business", "next_step_at", name="deal_by_next_step", condition=Q(next_step_at__isnull=False)
            ),
        ),
    ]
