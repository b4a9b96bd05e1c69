"""
What names tags, in whichever app it lives. A model whose rows name tags has a classmethod `uses_of_tags(tags)`, which
returns a Use for each of its rows that names one of these tags of one business.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.apps import apps

from crm.models import Customer, Tag
from whatsapp.message_templates.usage import Use


def uses_of_tags(tags: Iterable[Tag]) -> list[Use]:
    """All that names one of these tags, however its case is written there."""
    by_business: defaultdict[int, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_business[tag.business_id].append(tag)
    finders = [model.uses_of_tags for model in apps.get_models() if hasattr(model, "uses_of_tags")]
    return [use for own in by_business.values() for find in finders for use in find(own)]


def count_customers(tags: Iterable[Tag]) -> int:
    """How many customers have one of these tags."""
    pks = [tag.pk for tag in tags]
    return Customer.tags.through.objects.filter(tag__in=pks).values("customer").distinct().count()
