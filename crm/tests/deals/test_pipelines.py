"""Pipelines, their stages, and the keys of these."""

from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from accounts.testing import make_owner
from crm.deals import deals
from crm.deals.pipelines import first_pipeline, pipelines_of
from crm.deals.stage_keys import MAX_KEY, free_key, key_of
from crm.models import Deal, DealPipeline, DealStage
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

migration = import_module("crm.migrations.0023_give_deals_pipelines")


@pytest.mark.parametrize("language, name, stage", [("en", "Sales", "New"), ("ru", "Продажи", "Новая")])
def test_a_new_business_starts_with_a_pipeline_in_its_language(language, name, stage):
    business = make_owner(language=language).business

    [(pipeline, stages)] = pipelines_of(business)

    assert (pipeline.name, stages[0].name) == (name, stage)
    assert [stage.key for stage in stages] == ["new", "in_progress", "won", "lost"]


def test_stages_that_a_version_without_pipelines_made_are_taken_in(owner):
    DealPipeline.objects.all()[0].stages.update(pipeline=None)
    DealPipeline.objects.all().delete()

    [(pipeline, stages)] = pipelines_of(owner.business)

    assert (pipeline.name, len(stages)) == ("Sales", 4)
    assert pipeline.stages.count() == 4
    assert first_pipeline(owner.business) == pipeline


@pytest.mark.parametrize(
    "name, key",
    [("Ждём оплату", "zhdem_oplatu"), ("In progress", "in_progress"), ("Щука, ёж", "shchuka_ezh"), ("🎂", "stage")],
)
def test_a_key_is_the_name_in_latin_letters(name, key):
    assert key_of(name) == key


def test_a_key_that_is_taken_gets_a_number(owner):
    assert free_key(owner.business_id, "New") == "new_2"


def test_a_key_of_a_long_name_fits(owner):
    DealStage.objects.create(business=owner.business, key=key_of("Ш" * 100), name="Ш")

    assert len(free_key(owner.business_id, "Ш" * 100)) <= MAX_KEY


def test_the_migration_puts_each_businesss_stages_into_a_pipeline_of_its_language():
    english, russian = make_owner(language="en").business, make_owner(language="ru").business
    deal = deals.create_deal(make_customer(english), "Cake")
    Deal.objects.update(created_at="2026-01-01T00:00:00Z")
    DealStage.objects.update(pipeline=None)
    DealPipeline.objects.all().delete()

    migration.put_stages_into_a_pipeline(apps, None)

    for business, name in [(english, "Sales"), (russian, "Продажи")]:
        assert [pipeline.name for pipeline in DealPipeline.objects.for_business(business)] == [name]
        assert set(DealStage.objects.for_business(business).values_list("pipeline__name", flat=True)) == {name}
    deal.refresh_from_db()
    assert deal.moved_at == deal.created_at


def test_a_pipeline_through_which_deals_go_cannot_be_deleted(client, owner):
    deals.create_deal(make_customer(owner.business), "Cake for Anna")
    pipeline = first_pipeline(owner.business)
    client.force_login(owner)

    page = client.post(reverse("admin:crm_dealpipeline_delete", args=[pipeline.pk]), {"post": "yes"}, follow=True)

    assert "Cake for Anna" in page.text
    assert DealPipeline.objects.filter(pk=pipeline.pk).exists()


def test_an_empty_pipeline_goes_with_its_stages(client, owner):
    pipeline = first_pipeline(owner.business)
    client.force_login(owner)

    client.post(reverse("admin:crm_dealpipeline_delete", args=[pipeline.pk]), {"post": "yes"})

    assert not DealStage.objects.for_business(owner.business).exists()


def inline(stages, initial=0):
    data = {"stages-TOTAL_FORMS": len(stages), "stages-INITIAL_FORMS": initial}
    for serial, stage in enumerate(stages):
        data |= {f"stages-{serial}-{name}": value for name, value in {"kind": "open", **stage}.items()}
    return data


def test_people_name_a_pipelines_stages_and_keys_are_made(client, owner):
    client.force_login(owner)
    stages = [{"name": "Заявка", "position": 0}, {"name": "Заявка", "position": 1}]

    client.post(reverse("admin:crm_dealpipeline_add"), {"name": "Опт", "position": 1, **inline(stages)})

    pipeline = DealPipeline.objects.get(name="Опт")
    assert [stage.key for stage in pipeline.stages.all()] == ["zayavka", "zayavka_2"]


def test_a_new_stage_comes_last(client, owner):
    pipeline = first_pipeline(owner.business)
    client.force_login(owner)

    client.post(
        reverse("admin:crm_dealstage_add"),
        {"name": "Paid", "pipeline": pipeline.pk, "kind": "won", "position": 0},
    )

    assert [stage.key for stage in pipeline.stages.all()] == ["new", "in_progress", "won", "lost", "paid"]


def test_a_key_stays_when_its_stage_is_called_otherwise(client, owner):
    stage = DealStage.objects.get(business=owner.business, key="new")
    client.force_login(owner)
    data = {"name": "Fresh", "pipeline": stage.pipeline_id, "kind": "open", "position": 0}

    client.post(reverse("admin:crm_dealstage_change", args=[stage.pk]), data)

    stage.refresh_from_db()
    assert (stage.name, stage.key) == ("Fresh", "new")
