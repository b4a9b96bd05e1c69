from collections.abc import Collection, Iterator
from typing import Any, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.models import Revisioned, TenantModel, TenantQuerySet
from bots.document.reading import cached_version
from bots.document.scenario import Scenario
from crm.models import Tag
from crm.normalization import fold_tag
from whatsapp.message_templates.usage import Use
from whatsapp.models import MessageTemplate


def empty_definition() -> dict[str, Any]:
    return {"format": 1, "triggers": [], "steps": []}


class BotScenario(Revisioned, TenantModel):
    """A scenario being written. `definition` is the draft; customers meet only its published versions."""

    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="scenarios", verbose_name=_("bot"))
    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(pgettext_lazy("bot", "active"), default=True)
    definition = models.JSONField(_("scenario"), default=empty_definition, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    tenant_parent = "bot"

    class Meta:
        db_table = "bot_scenarios"
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ["name", "id"]
        # Serves: a business's scenarios.
        indexes = [models.Index("business", "name", name="scenario_by_business")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def uses_of_templates(cls, templates: Collection[MessageTemplate]) -> list[Use]:
        """The scenarios that send one of these templates: published, or so far only in the draft."""
        accounts = {(template.business_id, template.waba_id) for template in templates}
        names = {(template.name, template.language) for template in templates}
        found = []
        for business_id, waba_id in accounts:
            own = cls.objects.filter(business=business_id, bot__whatsapp_number__waba_id=waba_id)
            running = ScenarioVersion.objects.filter(scenario__in=own).that_run().only("scenario_id", "definition")
            live = {version.scenario_id for version in running if _sends(version.definition, names)}
            for scenario in own:
                if scenario.pk in live:
                    found.append(Use(scenario, pgettext("scenario", "published")))
                elif _sends(scenario.definition, names):
                    found.append(Use(scenario, pgettext("scenario", "draft")))
        return found

    @classmethod
    def uses_of_tags(cls, tags: Collection[Tag]) -> list[Use]:
        """The scenarios that name one of these tags of a business: published, or so far only in the draft."""
        folded_names = {fold_tag(tag.name) for tag in tags}
        own = cls.objects.for_business(next(iter(tags)).business_id)
        running = ScenarioVersion.objects.filter(scenario__in=own).that_run().only("scenario_id", "definition")
        live = {version.scenario_id for version in running if _names_tag(version.definition, folded_names)}
        found = [Use(scenario, pgettext("scenario", "published")) for scenario in own if scenario.pk in live]
        drafts = (scenario for scenario in own if scenario.pk not in live)
        found += [
            Use(scenario, pgettext("scenario", "draft"))
            for scenario in drafts
            if _names_tag(scenario.definition, folded_names)
        ]
        return found


def _names_tag(definition: Any, folded_names: set[str]) -> bool:
    """Whether a step of a scenario document gives, takes or asks for one of these tags."""
    return any(fold_tag(str(name)) in folded_names for step in _steps(definition) for name in _tags_of(step))


def _tags_of(step: dict[str, Any]) -> Iterator[Any]:
    yield from _entries(step, "add_tags")
    yield from _entries(step, "remove_tags")
    for rule in _entries(step, "rules"):
        if isinstance(rule, dict) and rule.get("field") == "customer.tags":
            yield rule.get("value", "")


def _entries(step: dict[str, Any], key: str) -> list[Any]:
    """A list of a step; a draft may hold anything there."""
    found = step.get(key)
    return found if isinstance(found, list) else []


def _steps(definition: Any) -> list[dict[str, Any]]:
    """The steps of a document, which a draft may not have."""
    steps = definition.get("steps") if isinstance(definition, dict) else None
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _sends(definition: Any, names: set[tuple[str, str]]) -> bool:
    """Whether a scenario document has a step that sends one of the templates of these (name, language)."""
    return any((step.get("template"), step.get("language")) in names for step in _steps(definition))


class ScenarioVersionQuerySet(TenantQuerySet):
    def latest_of_each(self) -> Self:
        """The one version of each scenario that customers meet."""
        siblings = ScenarioVersion.objects.filter(scenario=OuterRef("scenario")).order_by("-number")
        return self.filter(pk=Subquery(siblings.values("pk")[:1]))

    def that_run(self) -> Self:
        """The latest of each scenario, and those on which a conversation still is."""
        met = self.filter(sessions__isnull=False, sessions__ended_at__isnull=True)
        return self.filter(Q(pk__in=self.latest_of_each().values("pk")) | Q(pk__in=met.values("pk")))


class ScenarioVersion(TenantModel):
    """A published scenario: numbered and never changed. A session stays on its version to the end."""

    scenario = models.ForeignKey(
        BotScenario, on_delete=models.CASCADE, related_name="versions", verbose_name=_("scenario")
    )
    number = models.PositiveIntegerField(_("version"))
    definition = models.JSONField(_("scenario"))
    published_at = models.DateTimeField(_("published"), auto_now_add=True)
    published_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )

    objects = ScenarioVersionQuerySet.as_manager()  # type: ignore[misc]

    tenant_parent = "scenario"

    class Meta:
        db_table = "scenario_versions"
        verbose_name = _("scenario version")
        verbose_name_plural = _("scenario versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["scenario", "number"], name="version_number_once_per_scenario")]

    def __str__(self) -> str:
        return f"{self.scenario} · {self.number}"

    @property
    def document(self) -> Scenario:
        """The definition as the engine plays it."""
        # SQLite gives the id of a deleted row to another.
        return cached_version((self.pk, self.published_at), lambda: self.definition)
