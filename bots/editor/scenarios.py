"""What is done with a scenario: checked, published, and taken back to an earlier version."""

from dataclasses import replace as replace_in
from typing import Any

from django.db import transaction

from accounts.models import User
from bots.document.matching import compared
from bots.document.reading import read_draft
from bots.document.report import Report
from bots.document.step_checks import Known
from bots.document.triggers import Keyword
from bots.document.validator import validate
from bots.models import AllowedHost, BotScenario, ScenarioVersion
from crm.models import DealStage
from whatsapp.message_templates.availability import usable_with

#: A keyword: how it is compared, and what of it is.
Key = tuple[str, str]


class BrokenScenario(Exception):
    """The draft has errors, so it is not used. `report` says which."""

    def __init__(self, report: Report) -> None:
        super().__init__("; ".join(str(problem) for problem in report.errors))
        self.report = report


def check(scenario: BotScenario) -> Report:
    """What is wrong with a scenario's draft, also beside the other scenarios of its bot."""
    return validate(scenario.definition, replace_in(known_of(scenario), keywords=taken_keywords(scenario)))


def check_alone(scenario: BotScenario) -> Report:
    """What is wrong with a scenario's draft by itself: as much as trying it out needs."""
    return validate(scenario.definition, known_of(scenario))


def known_of(scenario: BotScenario) -> Known:
    """What of the business a scenario may name."""
    business_id = scenario.business_id
    number = scenario.bot.whatsapp_number
    return Known(
        stages=list(DealStage.objects.filter(business=business_id).values_list("key", flat=True)),
        templates={(template.name, template.language): template for template in usable_with(number)},
        hosts=dict(AllowedHost.objects.filter(business=business_id).values_list("host", "allow_http")),
    )


def taken_keywords(scenario: BotScenario) -> dict[Key, str]:
    """
    The keywords of the bot's other active scenarios, each with the name of its scenario: those that are live, and
    those of drafts, unless this scenario itself is live with it.
    """
    versions = ScenarioVersion.objects.latest_of_each().filter(scenario__bot=scenario.bot_id)
    live = {pk: _keywords(definition) for pk, definition in versions.values_list("scenario", "definition")}
    own = live.get(scenario.pk, set())
    others = BotScenario.objects.for_business(scenario.business_id).filter(bot=scenario.bot_id, is_active=True)
    taken: dict[Key, str] = {}
    for other in others.exclude(pk=scenario.pk):
        taken |= dict.fromkeys(live.get(other.pk, set()) | (_keywords(other.definition) - own), other.name)
    return taken


def _keywords(definition: dict[str, Any]) -> set[Key]:
    keywords = read_draft(definition).triggers_of(Keyword)
    return {(word.match, compared(word.match, word.value)) for word in keywords if word.value}


@transaction.atomic
def publish(scenario: BotScenario, user: User | None) -> ScenarioVersion:
    """
    The draft becomes the next version, which customers meet from now on; publishing it unchanged is no new version.
    Raises BrokenScenario, and ChangedMeanwhile when the draft is not of the revision that was expected.
    """
    locked = BotScenario.objects.select_for_update().get(pk=scenario.pk)
    scenario = locked.expect(scenario.expected_revision)
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


def replace(scenario: BotScenario, definition: dict[str, Any]) -> None:
    """Another document becomes the draft. Raises ChangedMeanwhile when it is not of the revision that was expected."""
    scenario.definition = definition
    scenario.save(update_fields=["definition", "updated_at"])


def restore(version: ScenarioVersion) -> BotScenario:
    """The draft becomes what this version is; it goes live when it is published. Raises ChangedMeanwhile."""
    scenario = version.scenario
    replace(scenario, version.definition)
    return scenario
