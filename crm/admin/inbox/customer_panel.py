"""The customer beside the thread: what a person changes there without leaving the conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from crm.customers import customers, details
from crm.models import Customer

from .actions import is_fetch

if TYPE_CHECKING:
    from ..conversation_page import ConversationPage

#: What is done with a customer, by the name that a button posts as `verb`, with the values of its form.
VERBS: dict[str, tuple[Any, Callable[[Customer, dict[str, str]], object]]] = {
    "rename": (_("Renamed"), lambda customer, values: details.rename(customer, values["name"])),
    "add_tag": (_("Tag added"), lambda customer, values: customers.add_tags(customer, [values["tag"]])),
    "remove_tag": (_("Tag removed"), lambda customer, values: customers.remove_tags(customer, [values["tag"]])),
    "set_attribute": (
        _("Attribute changed"),
        lambda customer, values: details.set_attribute(customer, values["attribute"], values["value"]),
    ),
    "remove_attribute": (
        _("Attribute removed"),
        lambda customer, values: details.remove_attribute(customer, values["attribute"]),
    ),
    "opt_out": (_("Opted out"), lambda customer, values: customers.opt_out(customer)),
    "opt_in": (_("Opted in"), lambda customer, values: customers.opt_in(customer)),
}

#: The field of what is removed, by the verb.
REMOVED = {"remove_tag": "tag", "remove_attribute": "attribute"}

FIELDS = ("name", "tag", "attribute", "value")

#: What a form's field takes: no NUL, which PostgreSQL does not store.
STORABLE = forms.CharField(required=False, strip=False)


class CustomerPanel:
    """The forms of the panel, which all post to one address."""

    def __init__(self, page: ConversationPage) -> None:
        self.page = page
        self.model_admin = page.model_admin

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view
        return [path("inbox/<int:pk>/customer/", view(self.change_view), name="crm_inbox_customer")]

    @method_decorator(require_POST)
    def change_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One change; who asks by a script gets the panel as it is now, or the sentence of why not."""
        conversation = self.page.row(request, pk)
        if not request.user.has_perm("crm.change_customer"):
            raise PermissionDenied
        problem = self._change(request, conversation.customer)
        if is_fetch(request):
            if problem:
                return JsonResponse({"problem": problem}, status=400)
            return render(request, "admin/crm/inbox/customer_pane.html", self.page.pane_context(request, conversation))
        if problem:
            messages.error(request, problem)
        return redirect("admin:crm_inbox_conversation", pk)

    def _change(self, request: HttpRequest, customer: Customer) -> str:
        """Do what a form says. Returns why it was not done; nothing when it was."""
        values = {name: request.POST.get(name, "") for name in (*FIELDS, *REMOVED)}
        verb = request.POST.get("verb", "")
        # A button beside a tag or an attribute says by its value which one it removes.
        for name in REMOVED.keys() & request.POST.keys():
            verb, values[REMOVED[name]] = name, values[name]
        if verb not in VERBS:
            raise Http404
        label, change = VERBS[verb]
        try:
            with transaction.atomic():
                change(customer, {name: STORABLE.clean(value) for name, value in values.items()})
        except ValidationError as error:
            return " ".join(error.messages)
        except Refusal as refusal:
            return str(refusal)
        self.model_admin.log_change(request, customer, str(label))
        return ""
