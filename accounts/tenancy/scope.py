"""Who may see what: `scope` is the one rule that narrows rows to a business."""

from typing import Any, cast

from django.apps import apps
from django.http import HttpRequest

from accounts.models import User
from accounts.models.tenant import TenantModel


def tenant_models() -> list[type[TenantModel]]:
    """Every concrete model whose rows belong to a business."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def signed_in(request: HttpRequest) -> User:
    """Who is signed in, where nobody else is let in."""
    return cast(User, request.user)


def scope(queryset: Any, user: Any) -> Any:
    """
    The part of a queryset that the user may see. Raises LookupError for a model without a rule, so that a new model
    cannot be shown to strangers by forgetting it.
    """
    if hasattr(queryset, "for_user"):
        return queryset.for_user(user)
    if user.is_superuser:
        return queryset
    if hasattr(queryset.model, "scope_for"):
        return queryset.model.scope_for(queryset, user)
    raise LookupError(f"No rule says which {queryset.model._meta.label} rows a business may see.")
