"""
Walks one admin class as a stranger and yields every hole it finds, as sentences.

`mine` and `theirs` are World; the client is signed in as the owner of `mine`. Nothing of `theirs` may be seen,
counted, attached or changed, whatever address or form is tried.
"""

import re
from functools import partial

from django import forms
from django.contrib.admin.utils import get_fields_from_path, quote
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory
from django.urls import reverse

from accounts.tests.html_forms import filled_form
from chatbot_site.tests.tenancy.walk import Walk
from chatbot_site.tests.tenancy.world import MARKER, belonging_to

STOCK_PAGES = ("changelist", "add", "history", "delete", "change")


class AdminWalk(Walk):
    looks = (
        "look_at_lists",
        "look_at_foreign_pages",
        "look_at_own_pages",
        "guess_columns",
        "filter_by_foreign_rows",
        "attach_foreign_rows",
        "complete_names",
        "open_further_pages",
        "run_actions",
    )

    def __init__(self, client, model_admin, mine, theirs):
        self.client = client
        self.model_admin = model_admin
        self.model = model_admin.model
        self.mine, self.theirs = mine, theirs
        self.own, self.foreign = mine.rows[self.model], theirs.rows[self.model]

    def url(self, page, row=None):
        options = self.model._meta
        return reverse(
            f"{self.model_admin.admin_site.name}:{options.app_label}_{options.model_name}_{page}",
            args=[quote(row.pk)] if row else [],
        )

    def look_at_lists(self):
        own_count = belonging_to(self.model, self.mine.business).count()
        for query in ("", "?all=1", "?o=1.2", "?o=-1", "?_popup=1", f"?q={MARKER[:5]}", "?_facets=1"):
            response = self.client.get(self.url("changelist") + query)
            yield from self.leak(response, f"list{query}")
            shown = response.context.get("cl") if response.context else None
            if shown and shown.result_count > own_count:
                yield f"list{query} counts {shown.result_count} rows of {own_count}"

    def look_at_foreign_pages(self):
        for page in ("change", "history", "delete"):
            for query in ("", "?_popup=1", "?_popup=1&_to_field=id", "?_changelist_filters=all%3D1"):
                url = self.url(page, self.foreign) + query
                for ask in (self.client.get, partial(self.client.post, data={"post": "yes"})):
                    response = ask(url)
                    yield from self.leak(response, f"{page}{query} of a foreign row")
                    if response.status_code == 200:
                        yield f"{page}{query} of a foreign row opens"
        content_type = ContentType.objects.get_for_model(self.model)
        response = self.client.get(reverse("admin:view_on_site", args=[content_type.pk, self.foreign.pk]))
        if response.status_code != 404:
            yield f"/admin/r/ of a foreign row answers {response.status_code}"

    def look_at_own_pages(self):
        for page in ("change", "history", "delete"):
            yield from self.leak(self.client.get(self.url(page, self.own)), f"own {page}")
        yield from self.leak(self.client.get(self.url("add")), "add")
        yield from self.leak(self.client.get(self.url("add") + self.prefilled()), "add, filled by the address")

    def prefilled(self):
        relations = [field for field in self.model._meta.get_fields() if field.is_relation and field.concrete]
        ids = [f"{field.name}={self.foreign_id(field.related_model)}" for field in relations]
        return "?" + "&".join(ids)

    def foreign_id(self, model):
        return self.theirs.rows[model].pk if model in self.theirs.rows else 1

    def guess_columns(self):
        """A filter on a column that the list does not filter by is an oracle; a pattern can hold the process."""
        for field in self.model._meta.concrete_fields:
            for ending in ("startswith", "regex"):
                query = f"{field.name}__{ending}"
                response = self.client.get(self.url("changelist"), {query: MARKER[0]})
                if response.status_code not in (400, 403):
                    yield f"list?{query}= answers {response.status_code}"
        request = RequestFactory().get(self.url("changelist"))
        request.user = self.mine.owner
        for path in columns_near(self.model):
            for ending in ("exact", "gt", "startswith", "contains", "regex", "iregex"):
                lookup = f"{path}__{ending}"
                is_filter = ending in ("exact", "gt") and self.is_filtered(path)
                is_meant = is_filter or lookup in self.model_admin.extra_lookups
                if self.model_admin.lookup_allowed(lookup, "x", request) and not is_meant:
                    yield f"list?{lookup}= is allowed"

    def is_filtered(self, path):
        return path in self.filtered_paths() or path.removesuffix("__id") in self.filtered_paths()

    def filtered_paths(self):
        filters = [item for item in self.model_admin.list_filter if not isinstance(item, type)]
        paths = {item if isinstance(item, str) else item[0] for item in filters}
        return {*paths, self.model_admin.date_hierarchy, *self.model_admin.extra_lookups}

    def filter_by_foreign_rows(self):
        for path in self.filtered_paths() - {None}:
            path = path.removesuffix("__exact").removesuffix("__id")
            field = get_fields_from_path(self.model, path)[-1]
            if field.is_relation:
                key = f"{path}__{field.target_field.name}__exact"
                response = self.client.get(self.url("changelist"), {key: self.foreign_id(field.related_model)})
                yield from self.leak(response, f"list filtered by a foreign {path}")
                if response.context and response.context.get("cl") and response.context["cl"].result_count:
                    yield f"list filtered by a foreign {path} counts rows"

    def attach_foreign_rows(self):
        for url in (self.url("add"), self.url("change", self.own), self.url("changelist")):
            page = self.client.get(url)
            if page.status_code == 200:
                for name, related_model, data in relations_on(page):
                    response = self.client.post(url, {**data, "_save": "", name: [self.foreign_id(related_model)]})
                    yield from self.leak(response, f"{url} with a foreign {name}")
                    if response.status_code == 302 or not has_error(response, name):
                        yield f"{url} takes a foreign {name}"

    def complete_names(self):
        for field in self.model._meta.get_fields():
            if field.is_relation and field.concrete:
                options = self.model._meta
                response = self.client.get(
                    reverse("admin:autocomplete"),
                    {
                        "app_label": options.app_label,
                        "model_name": options.model_name,
                        "field_name": field.name,
                        "term": "",
                    },
                )
                yield from self.leak(response, f"autocomplete of {field.name}")

    def run_actions(self):
        """On a foreign row; and on "all rows", which must mean the own ones."""
        page = self.client.get(self.url("changelist"))
        form = page.context.get("action_form") if page.context else None
        for select_across in ("0", "1"):
            for action, _ in form.fields["action"].choices if form else ():
                data = {"action": action, "_selected_action": [self.foreign.pk], "index": "0", "post": "yes"}
                response = self.client.post(
                    self.url("changelist"), {**data, "select_across": select_across}, follow=True
                )
                yield from self.leak(response, f"action {action} on a foreign row")

    def open_further_pages(self):
        """Pages that the admin class adds to the stock ones, by the id of a foreign row."""
        for pattern in self.model_admin.get_urls():
            is_stock = (pattern.name or "").endswith(STOCK_PAGES) or str(pattern.pattern) == "<path:object_id>/"
            if pattern.pattern.converters and not is_stock:
                url = self.url("changelist") + re.sub(r"<[^>]+>", quote(str(self.foreign.pk)), str(pattern.pattern))
                for ask in (self.client.get, self.client.post):
                    response = ask(url)
                    yield from self.leak(response, f"page {url}")
                    if response.status_code == 200:
                        yield f"page {url} of a foreign row opens"


def columns_near(model):
    """Paths of a model's own columns and of those of what it points to, hidden ones included."""
    for field in model._meta.concrete_fields:
        if field.is_relation:
            related = field.related_model._meta.concrete_fields
            yield from (f"{field.name}__{column.name}" for column in related if not column.is_relation)
        else:
            yield field.name


def formsets_on(page):
    """The formsets of a change page's inlines, or of an editable list."""
    if page.context.get("cl"):
        return [page.context["cl"].formset] if page.context["cl"].formset else []
    return [inline.formset for inline in page.context.get("inline_admin_formsets", [])]


def forms_on(page):
    if page.context.get("adminform"):
        yield page.context["adminform"].form
    for formset in formsets_on(page):
        yield from formset.forms


def relations_on(page):
    """Each control of a page that takes an id: its name, the model, and what the page's form sends otherwise."""
    sent = filled_form(page)
    for form in forms_on(page):
        for name, field in related_fields(form):
            yield form.add_prefix(name), field.queryset.model, sent
    for formset in formsets_on(page):
        total = formset.total_form_count()
        if total >= formset.max_num:
            continue
        for name, field in related_fields(formset.empty_form):
            one_more = {**sent, f"{formset.prefix}-TOTAL_FORMS": [total + 1]}
            yield f"{formset.prefix}-{total}-{name}", field.queryset.model, one_more


def related_fields(form):
    return [(name, field) for name, field in form.fields.items() if isinstance(field, forms.ModelChoiceField)]


def has_error(response, name):
    return any(form.add_prefix(field) == name for form in forms_on(response) for field in form.errors)
