"""What is done with a scenario: checked, published, and taken back to an earlier version."""

from django.db import transaction

from crm.models import DealStage

from .models import BotScenario, ScenarioVersion
from .validator import validate


class BrokenScenario(Exception):
    """The draft has errors, so it is not used. `report` says which."""

    def __init__(self, report):
        super().__init__("; ".join(str(problem) for problem in report.errors))
        self.report = report


def check(scenario):
    """What is wrong with a scenario's draft."""
    stages = DealStage.objects.filter(business=scenario.business_id).values_list("key", flat=True)
    return validate(scenario.definition, stages=list(stages))


@transaction.atomic
def publish(scenario, user):
    """
    The draft becomes the next version, which customers meet from now on; publishing it unchanged is no new version.
    Raises BrokenScenario.
    """
    scenario = BotScenario.objects.select_for_update().get(pk=scenario.pk)
    report = check(scenario)
    if report.errors:
        raise BrokenScenario(report)
    latest = scenario.versions.first()
    if latest and latest.definition == scenario.definition:
        return latest
    return ScenarioVersion.objects.create(
        business_id=scenario.business_id,
        scenario=scenario,
        number=latest.number + 1 if latest else 1,
        definition=scenario.definition,
        published_by=user,
    )


def restore(version):
    """The draft becomes what this version is; it goes live when it is published."""
    scenario = version.scenario
    scenario.definition = version.definition
    scenario.save(update_fields=["definition", "updated_at"])
    return scenario
