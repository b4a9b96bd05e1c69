"""The API's permissions: who is let in, and what their role allows."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from .scope import signed_in


class IsMember(IsAuthenticated):
    """Signed in as a person of a business. The API serves businesses; platform administrators have the admin."""

    message = _("Sign in as a member of a business: the API works within one business.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and signed_in(request).business_id is not None


class RolePermission(IsMember):
    """
    Django's permission for what a request does to a model: `view` to read it, and `add`, `change` and `delete`.

    A viewset's own actions need `change`, unless its `action_permissions` names another permission:
    `action_permissions = {"export": "export"}`.
    """

    message = _("Your role does not allow this. Ask the owner of the business.")

    by_action = {
        "list": "view",
        "retrieve": "view",
        "metadata": "view",
        "create": "add",
        "update": "change",
        "partial_update": "change",
        "destroy": "delete",
    }
    by_method = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "DELETE": "delete"}

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            self.message = IsMember.message
            return False
        if getattr(view, "action", "") is None:
            raise MethodNotAllowed(request.method or "")
        return signed_in(request).has_perm(self.permission_for(request, view))

    def permission_for(self, request: Request, view: Any) -> str:
        """The permission that a request needs, as app.permission_model."""
        action = getattr(view, "action", None) or ""
        by_action = {**self.by_action, **getattr(view, "action_permissions", {})}
        permission = by_action.get(action) or self.by_method.get(request.method or "", "change")
        options = view.queryset.model._meta
        return f"{options.app_label}.{permission}_{options.model_name}"
