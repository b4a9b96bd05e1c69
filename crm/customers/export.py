"""Customers as a file that a spreadsheet opens and that can be imported again."""

from itertools import chain

from django.utils.translation import gettext as _

from crm.models.customer import attribute_text

from .file_format import HEADINGS, attribute_heading, heading_of, written_opted_out, written_phone, written_tags
from .spreadsheets import download


def response(customers):
    """The customers of a queryset as a download: streamed, with a column for every attribute that one of them has."""
    attributes = names_of_attributes(customers)
    headings = [heading_of(column) for column in HEADINGS] + [attribute_heading(name) for name in attributes]
    return download(chain([headings], rows(customers, attributes)), "customers.csv")


def names_of_attributes(customers):
    """In the order in which they are met."""
    names = {}
    for attributes in customers.order_by("pk").values_list("attributes", flat=True).iterator(chunk_size=1000):
        names.update(dict.fromkeys(attributes))
    return list(names)


def rows(customers, attributes):
    streamed = customers.select_related("business").prefetch_related("tags").order_by("pk").iterator(chunk_size=500)
    return (cells(customer, attributes) for customer in streamed)


def cells(customer, attributes):
    known = customer.attributes
    return [
        customer.phone and written_phone(customer.phone, customer.business.country) or "",
        customer.name,
        written_tags([tag.name for tag in customer.tags.all()]),
        written_opted_out(customer.opted_out),
        customer.whatsapp_user_id or "",
        *(attribute_text(known[name]) if name in known else "" for name in attributes),
    ]


def example():
    """A file to fill in, as a download."""
    headings = [heading_of(column) for column in ("phone", "name", "tags", "opted_out")]
    return download(
        [
            [*headings, _("City")],
            ["8 916 123-45-67", _("Anna"), _("regular, delivery"), "", _("Kazan")],
            ["8 916 765-43-21", _("Ivan"), "", written_opted_out(True), ""],
        ],
        "customers-example.csv",
    )
