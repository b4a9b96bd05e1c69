from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import IsAuthenticated


class IsMember(IsAuthenticated):
    """Signed in as a person of a business. The API serves businesses; platform administrators have the admin."""

    message = _("Sign in as a person of a business: the API works for one business.")

    def has_permission(self, request: Any, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.business_id is not None


class RolePermission(IsMember):
    """
    The Django permission that belongs to what is asked: view to read, add, change and delete to write.

    A viewset's own actions need `change`, unless `action_permissions` names another word for them:
    `action_permissions = {"export": "export"}`.
    """

    message = _("Your role does not allow this. Ask the owner of the business.")

    words = {
        "list": "view",
        "retrieve": "view",
        "metadata": "view",
        "create": "add",
        "update": "change",
        "partial_update": "change",
        "destroy": "delete",
    }

    def has_permission(self, request: Any, view: Any) -> bool:
        if not super().has_permission(request, view):
            self.message = IsMember.message
            return False
        if getattr(view, "action", "") is None:
            raise MethodNotAllowed(request.method)
        return request.user.has_perm(self.permission_for(request, view))

    def permission_for(self, request: Any, view: Any) -> str:
        options = view.queryset.model._meta
        default = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "DELETE": "delete"}.get(request.method, "change")
        own, action = getattr(view, "action_permissions", {}), getattr(view, "action", None)
        word = own.get(action) or self.words.get(action, default)
        return f"{options.app_label}.{word}_{options.model_name}"
