"""Customers as a file that a spreadsheet opens and that can be imported again."""

from collections.abc import Iterator
from itertools import chain

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from crm.models import Customer
from crm.models.customer import attribute_text

from .columns import HEADINGS, attribute_heading, heading
from .file_format import format_opted_out, format_phone, format_tags
from .spreadsheets import download


def download_customers(customers: QuerySet[Customer]) -> StreamingHttpResponse:
    """The customers of a queryset as a download: streamed, with a column for every attribute that one of them has."""
    attributes = _attribute_names(customers)
    headings = [heading(column) for column in HEADINGS] + [attribute_heading(name) for name in attributes]
    return download(chain([headings], _rows(customers, attributes)), "customers.csv")


def _attribute_names(customers: QuerySet[Customer]) -> list[str]:
    """In the order in which they first come."""
    names: dict[str, None] = {}
    for attributes in customers.order_by("pk").values_list("attributes", flat=True).iterator(chunk_size=1000):
        names.update(dict.fromkeys(attributes))
    return list(names)


def _rows(customers: QuerySet[Customer], attributes: list[str]) -> Iterator[list[str]]:
    streamed = customers.select_related("business").prefetch_related("tags").order_by("pk").iterator(chunk_size=500)
    return (_cells(customer, attributes) for customer in streamed)


def _cells(customer: Customer, attributes: list[str]) -> list[str]:
    known = customer.attributes
    return [
        format_phone(customer.phone, customer.business.country) if customer.phone else "",
        customer.name,
        format_tags([tag.name for tag in customer.tags.all()]),
        format_opted_out(customer.opted_out),
        customer.whatsapp_user_id or "",
        customer.username,
        *(attribute_text(known[name]) if name in known else "" for name in attributes),
    ]


def download_example() -> StreamingHttpResponse:
    """A file to fill in."""
    headings = [heading(column) for column in ("phone", "name", "tags", "opted_out")]
    return download(
        [
            [*headings, _("City")],
            ["8 916 123-45-67", _("Anna"), _("regular, delivery"), "", _("Kazan")],
            ["8 916 765-43-21", _("Ivan"), "", format_opted_out(True), ""],
        ],
        "customers-example.csv",
    )
