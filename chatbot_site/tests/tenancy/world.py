"""A business with a row of every kind, made by introspection, so that a model added tomorrow is among them."""

import json
from itertools import count

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.models import ApiToken, Business, Deletion, Subscription, User
from accounts.tenancy.scope import tenant_models
from accounts.testing import make_owner

#: Every text of the other business holds this word, which occurs nowhere else.
MARKER = "xqzforeign"

#: Models that belong to a business otherwise than as a TenantModel, and how: the path from the row to it.
OTHER_TENANT_MODELS = {
    Business: "pk",
    User: "business",
    Subscription: "business",
    ApiToken: "user__business",
    Deletion: "business",
}

#: Values that the constraints ask for and a field's type does not tell.
VALUES = {
    "bots.AllowedHost": {"host": lambda serial, word: f"{word}-{serial}.example.com"},
    "bots.ScenarioVersion": {
        "definition": lambda serial, word: {
            "format": 1,
            "triggers": [{"kind": "any"}],
            "steps": [{"key": "hello", "kind": "message", "text": word}],
        }
    },
    "crm.Customer": {"phone": lambda serial, word: f"+7916{serial:07}"},
    "crm.Deal": {"currency": lambda serial, word: "RUB"},
    "crm.Message": {"direction": lambda serial, word: "in", "status": lambda serial, word: "received"},
    # Everybody's.
    "crm.SavedReply": {"owner": lambda serial, word: None, "shortcut": lambda serial, word: f"{word}{serial}"},
    "whatsapp.MessageTemplate": {"components": lambda serial, word: [{"type": "BODY", "text": word}]},
    "whatsapp.WhatsAppNumber": {
        "phone_number": lambda serial, word: f"+7917{serial:07}",
        "phone_number_id": lambda serial, word: f"9{serial:09}",
        "waba_id": lambda serial, word: f"8{serial:09}",
    },
    "broadcasts.BroadcastMessage": {"status": lambda serial, word: "planned"},
}

_serial = count(1)


def all_tenant_models():
    return [*tenant_models(), *OTHER_TENANT_MODELS]


class World:
    """One business with its owner and one row of every model."""

    def __init__(self, word):
        self.word = word
        self.owner = make_owner(f"Shop {word}", email=f"{word}@example.com", name=f"Owner {word}")
        self.business = self.owner.business
        token, self.key = ApiToken.objects.create(user=self.owner, name=f"Program {word}")
        self.rows = {
            Business: self.business,
            User: User.objects.create_user(
                f"colleague-{word}@example.com", name=f"Colleague {word}", business=self.business, role="operator"
            ),
            Subscription: self.business.subscription,
            ApiToken: token,
        }
        for model in all_tenant_models():
            self.row(model)

    def row(self, model):
        """This business's row of a model, made with all it hangs on."""
        if model not in self.rows:
            fields = [field for field in model._meta.concrete_fields if not field.primary_key]
            values = {field.name: self.value(field) for field in fields if self.wants_value(field)}
            row = self.rows[model] = model.objects.create(**values)
            for collection in model._meta.many_to_many:
                getattr(row, collection.name).add(self.row(collection.related_model))
        return self.rows[model]

    def wants_value(self, field):
        """Fill what is required, and every text that has room for the word."""
        if field.is_relation:
            return field.related_model in all_tenant_models()
        return self.has_room(field) or field.name in own_values(field.model) or not (field.null or field.has_default())

    def has_room(self, field):
        is_text = isinstance(field, (models.CharField, models.TextField)) and not field.choices
        return is_text and (field.max_length is None or field.max_length >= len(self.word) + 8)

    def value(self, field):
        serial = next(_serial)
        if field.name in own_values(field.model):
            return own_values(field.model)[field.name](serial, self.word)
        if field.is_relation:
            return self.business if field.related_model is Business else self.row(field.related_model)
        if field.choices:
            return field.choices[0][0]
        if self.has_room(field):
            return f"{self.word}-{serial}"
        if isinstance(field, models.JSONField):
            return {"text": self.word}
        if isinstance(field, models.DateTimeField):
            return self.business.created_at
        return "" if field.empty_strings_allowed else serial


def own_values(model):
    return VALUES.get(model._meta.label, {})


def belonging_to(model, business):
    """The model's rows of a business."""
    if model is Business:
        return Business.objects.filter(pk=business.pk)
    return model._base_manager.filter(**{OTHER_TENANT_MODELS.get(model, "business"): business})


def snapshot(business):
    """Everything a business has, comparable."""
    rows = {}
    for model in all_tenant_models():
        own = belonging_to(model, business)
        rows[model._meta.label] = sorted(json.dumps(row, cls=DjangoJSONEncoder) for row in own.values())
        for collection in model._meta.many_to_many:
            pairs = collection.remote_field.through._base_manager.filter(
                **{f"{collection.m2m_field_name()}__in": own.values("pk")}
            )
            rows[f"{model._meta.label}.{collection.name}"] = sorted(map(str, pairs.values_list()))
    return rows


def links_between_businesses():
    """Foreign keys and collections that lead from a row of one business to a row of another: there must be none."""
    found = []
    for model in apps.get_models():
        path = path_to_business(model)
        relations = [field for field in model._meta.get_fields() if field.is_relation and field.concrete]
        for field in relations:
            target = path_to_business(field.related_model)
            if path and target and field.related_model is not Business:
                strangers = model._base_manager.filter(**{f"{field.name}__isnull": False}).exclude(
                    **{f"{field.name}__{target}": models.F(path)}
                )
                found += [f"{model._meta.label}.{field.name} of {row.pk}" for row in strangers]
    return found


def path_to_business(model):
    if model in OTHER_TENANT_MODELS:
        return OTHER_TENANT_MODELS[model]
    return "business" if model in tenant_models() else None
