from collections.abc import Iterable
from itertools import islice
from typing import Any

import django.db.models.deletion
from django.conf import settings
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
    lived_with = {
        "AddConstraint crm.customer.customer_once_by_any_spelling": (
            "Old code writes no canonical phone; the index is of the few rows that have one."
        ),
    }

    dependencies = [
        ("accounts", "0006_end_sessions_of_people"),
        ("crm", "0012_remember_columns_of_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="username",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=100,
                verbose_name="WhatsApp username",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="canonical_phone",
            field=models.CharField(editable=False, max_length=20, null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="is_shown_read",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
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
        migrations.CreateModel(
            name="CustomerMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("source_pk", models.BigIntegerField(editable=False)),
                ("source", models.JSONField(default=dict, editable=False)),
                ("target", models.JSONField(default=dict, editable=False)),
                ("changes", models.JSONField(default=dict, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="merged")),
                ("undone_at", models.DateTimeField(editable=False, null=True, verbose_name="undone")),
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
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merges",
                        to="crm.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "merged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "merge of customers",
                "verbose_name_plural": "merges of customers",
                "db_table": "customer_merges",
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        models.F("business"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="customer_merge_by_business",
                    ),
                    models.Index(models.F("created_at"), name="customer_merge_age"),
                ],
            },
        ),
    ]
