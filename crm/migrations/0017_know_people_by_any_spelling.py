from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db import migrations, models
from django.db.models import Q

from whatsapp.phone_numbers import variants_of

BATCH = 1000


def fill_in_canonical_phones(apps: Any, schema_editor: Any) -> None:
    """Of rows that are one person, the first holds the canonical spelling and the others their own."""
    customers = apps.get_model("crm", "Customer").objects
    countries = Q(phone__startswith="+52") | Q(phone__startswith="+54") | Q(phone__startswith="+55")
    rows = customers.filter(countries).order_by("pk").values_list("pk", "business_id", "phone")
    for filled in _batches(_filled(customers.model, rows.iterator(chunk_size=BATCH))):
        customers.bulk_update(filled, ["canonical_phone"], batch_size=200)


def _filled(model: Any, rows: Iterable[tuple[int, int, str]]) -> Iterable[Any]:
    taken = set()
    for pk, business_id, phone in rows:
        spellings = variants_of(phone)
        if len(spellings) > 1:
            is_first = (business_id, spellings[0]) not in taken
            taken.add((business_id, spellings[0]))
            own = phone if phone != spellings[0] or is_first else spellings[1]
            yield model(pk=pk, canonical_phone=spellings[0] if is_first else own)


def _batches(rows: Iterable[Any]) -> Iterable[list[Any]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def opt_people_out_by_any_spelling(apps: Any, schema_editor: Any) -> None:
    """Who has opted out as one of two rows that are one person has opted out as the other too."""
    customers = apps.get_model("crm", "Customer").objects
    opted_out = customers.filter(canonical_phone__isnull=False, opted_out_at__isnull=False)
    rows = opted_out.values_list("business_id", "phone", "opted_out_at")
    for business_id, phone, opted_out_at in rows.iterator(chunk_size=BATCH):
        same = customers.filter(business=business_id, phone__in=variants_of(phone), opted_out_at=None)
        same.update(opted_out_at=opted_out_at)


class Migration(migrations.Migration):
    # Rows are changed in many transactions, before the schema is, so that all of it may be cut off and repeated.
    atomic = False

    lived_with = {
        "AddConstraint crm.customer.customer_once_by_any_spelling": (
            "Old code writes no canonical phone; the index is of the few rows that have one."
        ),
    }

    dependencies = [
        ("crm", "0016_count_edits"),
    ]

    operations = [
        migrations.RunPython(fill_in_canonical_phones, migrations.RunPython.noop),
        migrations.RunPython(opt_people_out_by_any_spelling, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("canonical_phone__isnull", False)),
                fields=("business", "canonical_phone"),
                name="customer_once_by_any_spelling",
            ),
        ),
    ]
