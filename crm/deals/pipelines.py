"""The pipelines of a business, with their stages."""

from django.db.models import Max
from django.utils import translation
from django.utils.translation import pgettext

from accounts.models import Business
from crm.models import DealPipeline, DealStage

#: A pipeline and its stages, both in their order.
Pipelines = list[tuple[DealPipeline, list[DealStage]]]


def pipelines_of(business: Business) -> Pipelines:
    """All pipelines of a business with their stages, in two queries."""
    pipelines = list(DealPipeline.objects.for_business(business))
    stages = list(DealStage.objects.for_business(business))
    if strays := [stage for stage in stages if stage.pipeline_id is None]:
        pipelines = _take_in(business, pipelines, strays)
    return [(pipeline, [stage for stage in stages if stage.pipeline_id == pipeline.pk]) for pipeline in pipelines]


def first_pipeline(business: Business) -> DealPipeline:
    """The one that is meant where none is named; made where there is none."""
    return DealPipeline.objects.for_business(business).first() or _make(business)


def first_stage(business: Business) -> DealStage | None:
    """Where a deal begins that is put nowhere else: the first open stage of the first pipeline that has one."""
    for _pipeline, stages in pipelines_of(business):
        for stage in stages:
            if stage.kind == DealStage.Kind.OPEN:
                return stage
    return None


def last_position(pipeline: DealPipeline) -> int:
    """The position of the last stage; -1 where there is none."""
    last: int | None = pipeline.stages.aggregate(last=Max("position"))["last"]
    return -1 if last is None else last


def _make(business: Business) -> DealPipeline:
    with translation.override(business.language):
        return DealPipeline.objects.create(business=business, name=pgettext("deal pipeline", "Sales"))


def _take_in(business: Business, pipelines: list[DealPipeline], strays: list[DealStage]) -> list[DealPipeline]:
    """Put stages that a version without pipelines has made into the first one."""
    pipelines = pipelines or [_make(business)]
    DealStage.objects.filter(pk__in=[stage.pk for stage in strays], pipeline=None).update(pipeline=pipelines[0])
    for stage in strays:
        stage.pipeline = pipelines[0]
    return pipelines
