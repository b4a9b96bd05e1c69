"""Who may see what: `scope` is the one rule that narrows rows to a business."""

from typing import Any, TypeVar, cast

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.models.tenant import TenantModel

Rows = TypeVar("Rows", bound=QuerySet[Any])


def tenant_models() -> list[type[TenantModel]]:
    """Every concrete model whose rows belong to a business."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def signed_in(request: HttpRequest) -> User:
    """The user of a request, where only people who are signed in are let in."""
    return cast(User, request.user)


def scope(queryset: Rows, user: User | AnonymousUser) -> Rows:
    """
    The part of a queryset that the user may see: nothing for who is not signed in. Raises LookupError for a model
    without a rule, so that a new model cannot be shown to strangers by forgetting it.
    """
    rows: Any = queryset
    model: Any = queryset.model
    if not user.is_authenticated:
        rows = rows.none()
    elif hasattr(rows, "for_user"):
        rows = rows.for_user(user)
    elif user.is_superuser:
        pass
    elif hasattr(model, "scope_for"):
        rows = model.scope_for(rows, user)
    else:
        raise LookupError(f"No rule says which {model._meta.label} rows a business may see.")
    return cast(Rows, rows)
