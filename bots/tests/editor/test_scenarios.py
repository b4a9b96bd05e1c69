import pytest
from django.db import IntegrityError, transaction

from accounts.testing import make_business, make_colleague, make_owner
from bots.editor import scenarios
from bots.models import ScenarioVersion
from bots.testing import make_bot, make_scenario, order
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenario():
    return make_scenario(make_bot(make_number(make_business())))


def test_publishing_numbers_the_versions(scenario):
    publisher = make_colleague(make_owner())
    assert scenarios.publish(scenario, publisher).number == 1
    scenario.definition["steps"][0]["text"] = "Привет!"
    scenario.save()
    version = scenarios.publish(scenario, publisher)
    assert (version.number, version.published_by) == (2, publisher)
    assert version.definition["steps"][0]["text"] == "Привет!"
    assert scenario.versions.get(number=1).definition == order()


def test_publishing_the_same_twice_is_one_version(scenario):
    assert scenarios.publish(scenario, None) == scenarios.publish(scenario, None)
    assert ScenarioVersion.objects.count() == 1


def test_a_broken_draft_is_not_published(scenario):
    scenario.definition["steps"][4]["next"] = "nowhere"
    scenario.save()
    with pytest.raises(scenarios.BrokenScenario) as refusal:
        scenarios.publish(scenario, None)
    assert [problem.path for problem in refusal.value.report.errors] == ["steps[4].next"]
    assert not ScenarioVersion.objects.exists()


def test_a_deal_stage_that_the_business_does_not_have_is_an_error(scenario):
    scenario.definition["steps"][3]["deal"]["stage"] = "nirvana"
    assert [problem.code for problem in scenarios.check(scenario).errors] == ["unknown_stage"]


def test_an_earlier_version_becomes_the_draft_again(scenario):
    version = scenarios.publish(scenario, None)
    scenario.definition = {**order(), "triggers": []}
    scenario.save()
    scenarios.restore(version)
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_the_database_holds_each_number_once(scenario):
    version = scenarios.publish(scenario, None)
    version.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        version.save()
