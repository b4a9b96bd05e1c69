"""
Walks one address of the API as a stranger and yields every hole it finds, as sentences.

A route is a URL pattern below /api/v1/ with the view behind it. Ids of the other business are tried in the address,
in every field of the body, in every filter.
"""

import re
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

from django.urls import get_resolver
from django.urls.resolvers import URLPattern
from django_filters import ModelChoiceFilter
from rest_framework.relations import ManyRelatedField, RelatedField

from chatbot_site.tests.tenancy.walk import Walk
from chatbot_site.tests.tenancy.world import MARKER, all_tenant_models, belonging_to

PREFIX = "api/v1/"
ALLOWED = {"get", "post", "patch", "put", "delete"}


#: Arguments of other pages that are no ids of rows: signed ones.
SIGNED = {"uidb64"}


@dataclass(frozen=True)
class Route:
    path: str
    view_class: type
    actions: dict
    takes_id: bool

    @property
    def model(self):
        queryset = getattr(self.view_class, "queryset", None)
        return None if queryset is None else queryset.model

    @property
    def methods(self):
        """What the address answers, as attributes of the view or by the viewset's actions."""
        declared = self.actions or {name for name in ALLOWED if hasattr(self.view_class, name)}
        return ALLOWED & set(declared) & set(self.view_class.http_method_names)

    def __str__(self):
        return self.path


def api_routes():
    """Every address of the API, once (format suffixes apart)."""
    return [route for route in map(as_route, patterns_below(get_resolver())) if route]


def patterns_below(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLPattern):
            yield path, pattern
        else:
            yield from patterns_below(pattern, path)


def as_route(found):
    path, pattern = found
    if not path.startswith(PREFIX) or "format" in path:
        return None
    view_class = getattr(pattern.callback, "cls", None)
    takes_id = bool(re.search(r"[<(]", path))
    return Route("/" + path, view_class, getattr(pattern.callback, "actions", None) or {}, takes_id)


def other_addresses():
    """Every page outside the admin and the API that takes an argument, as functions of the row to ask for."""
    paths = [path for path, _ in patterns_below(get_resolver()) if not path.startswith(("admin/", PREFIX))]
    return [Address("/" + path) for path in paths if "<" in path and not any(name in path for name in SIGNED)]


@dataclass(frozen=True)
class Address:
    path: str

    def __call__(self, row):
        return re.sub(r"\(\?P<[^)]+\)|<[^>]+>", str(row.pk), self.path)


class ApiWalk(Walk):
    """`client` sends the token of the owner of `mine`."""

    looks = ("look", "ask_for_foreign_rows", "filter_by_foreign_rows", "attach_foreign_rows")

    def __init__(self, client, route, mine, theirs):
        self.client, self.route = client, route
        self.mine, self.theirs = mine, theirs

    def url(self, world):
        row = world.rows.get(self.route.model)
        value = getattr(row, getattr(self.route.view_class, "lookup_field", "pk"), 1)
        return self.url_of(str(value))

    def url_of(self, value):
        return re.sub(r"\(\?P<[^)]+\)|<[^>]+>", lambda found: value, self.route.path)

    @property
    def own_url(self):
        return self.url(self.mine)

    def look(self):
        """At an own address: as JSON, as a page with its forms, and as a description."""
        response = self.client.get(self.own_url)
        yield from self.leak(response, "GET")
        yield from self.leak(self.client.get(self.own_url, headers={"Accept": "text/html"}), "browsable page")
        yield from self.leak(self.client.options(self.own_url), "OPTIONS")
        if self.route.actions.get("get") == "list" and response.status_code == 200:
            shown, own = len(response.json()["results"]), belonging_to(self.route.model, self.mine.business).count()
            if shown > own:
                yield f"list has {shown} rows of {own}"

    def ask_for_foreign_rows(self):
        if not self.route.takes_id:
            return
        for method in self.route.methods:
            response = getattr(self.client, method)(self.url(self.theirs), {}, content_type="application/json")
            yield from self.leak(response, f"{method.upper()} of a foreign row")
            if response.status_code != 404:
                yield f"{method.upper()} of a foreign row answers {response.status_code}"

    def answers_to_nobody(self):
        """Without a token an address is closed, apart from those by which one gets a token."""
        for method in self.route.methods:
            status = getattr(self.client, method)(self.own_url, {}, content_type="application/json").status_code
            if status not in (400, 401):
                yield f"{method.upper()} without a token answers {status}"

    def filter_by_foreign_rows(self):
        if "get" not in self.route.actions or self.route.takes_id:
            return
        for name in ("business__name__startswith", "pk__regex", "id__regex", *secret_columns(self.route.model)):
            response = self.client.get(self.own_url, {name: MARKER[0]})
            if self.route.actions["get"] == "list" and response.status_code not in (400, 403):
                yield f"?{name}= answers {response.status_code}"
        filterset_class = getattr(self.route.view_class, "filterset_class", None)
        for name, declared in filterset_class.base_filters.items() if filterset_class else ():
            if "regex" in declared.lookup_expr:
                yield f"filter {name} takes patterns"
            if isinstance(declared, ModelChoiceFilter):
                model = declared.extra["queryset"](SimpleNamespace(user=self.theirs.owner)).model
                response = self.client.get(self.own_url, {name: self.theirs.rows[model].pk})
                yield from self.leak(response, f"?{name}= of a foreign row")
                if response.status_code != 400:
                    yield f"?{name}= of a foreign row answers {response.status_code}"

    def attach_foreign_rows(self):
        for method in self.route.methods & {"post", "patch"}:
            ask = partial(getattr(self.client, method), self.own_url, content_type="application/json")
            for name, model in self.related_fields(method):
                foreign = self.theirs.rows[model].pk
                for value in (foreign, [foreign]):
                    response = ask({name: value})
                    yield from self.leak(response, f"{method.upper()} with a foreign {name}")
                    if response.status_code not in (400, 403):
                        yield f"{method.upper()} with a foreign {name} answers {response.status_code}"
                    if response.status_code == 400 and name not in response.json():
                        yield f"{method.upper()} with a foreign {name} finds nothing wrong with it"
            own_body = self.body_of_ids(ask)
            for name in own_body.keys() & ID_WORDS.keys():
                response = ask({**own_body, name: self.theirs.rows[ID_WORDS[name]].pk})
                yield from self.leak(response, f"{method.upper()} of own ids with a foreign {name}")

    def body_of_ids(self, ask):
        """A body of own ids under every likely word, less those that this address has an objection to."""
        body = {**TYPICAL_BODY, **{word: self.mine.rows[model].pk for word, model in ID_WORDS.items()}}
        answer = ask(body)
        return {key: body[key] for key in body.keys() - set(answer.json())} if answer.status_code == 400 else body

    def related_fields(self, method):
        """The fields of a row that are ids, where the address creates or changes one."""
        if self.route.actions.get(method) not in (None, "create", "partial_update"):
            return
        view = self.route.view_class()
        view.action = self.route.actions.get(method)
        view.request, view.format_kwarg, view.kwargs = None, None, {}
        for name, field in serializer_of(view).items():
            relation = field.child_relation if isinstance(field, ManyRelatedField) else field
            if isinstance(relation, RelatedField) and not field.read_only:
                yield name, relation.queryset.model


def id_words():
    """Words under which a body might hold an id: the models' names and those of their foreign keys."""
    words = {model._meta.model_name: model for model in all_tenant_models()}
    for model in all_tenant_models():
        words |= {
            field.name: field.related_model
            for field in model._meta.get_fields()
            if field.is_relation and field.concrete and field.related_model in all_tenant_models()
        }
    return words


ID_WORDS = id_words()

#: What bodies often hold besides.
TYPICAL_BODY = {"text": "Hi", "to": "+79160000000", "name": "Name", "title": "Title", "messages": ["Hi"]}


def serializer_of(view):
    if not hasattr(view, "get_serializer_class"):
        return {}
    try:
        return view.get_serializer_class()(context={"view": view}).fields
    except (AssertionError, AttributeError):  # The action takes no body, or reads the request.
        return {}


def secret_columns(model):
    """Look-ups into columns that no list filters by."""
    return [f"{field.name}__startswith" for field in model._meta.concrete_fields] if model else []
