"""Pages of the admin that show the state of one row, update by themselves, and have buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.views.decorators.http import conditional_page, require_GET, require_POST

from accounts.refusals import Refusal

from .scope import signed_in

if TYPE_CHECKING:
    from .admin import TenantModelAdmin

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Button:
    """
    The label of a button, and what it does with its row for the person who pressed it, or with whatever else its page
    gives it (`LivePage.press`). May raise a Refusal.
    """

    label: str | Promise
    press: Callable[[Any, Any], object]


class LivePage(Generic[Row]):
    """
    The page of one row, in place of its form: `template`, in which `live_template` is the part that accounts/live.js
    reloads every two seconds.

    A ModelAdmin holds one. It adds `urls()` to its own, and returns `show()` from its change view.
    """

    template: str
    live_template: str
    #: The relations that are read together with the row.
    related: tuple[str, ...] = ()
    #: The buttons that act on the row, by the name that they post as `verb`.
    verbs: Mapping[str, Button] = {}
    #: The buttons that act on one of its messages, by the name that they post as `decision`.
    decisions: Mapping[str, Button] = {}

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        self.model_admin = model_admin
        self.opts = model_admin.opts

    # What a page shows

    def live_context(self, request: HttpRequest, row: Row) -> dict[str, Any]:
        """The context of the live part."""
        raise NotImplementedError

    def page_context(self, request: HttpRequest, row: Row) -> dict[str, Any]:
        """The context of the rest of the page."""
        return {}

    def messages_of(self, row: Row) -> QuerySet[Any]:
        """The messages about which `decisions` are made."""
        raise NotImplementedError

    def check_verb(self, request: HttpRequest, row: Row, name: str) -> None:
        """Raise ValidationError or Refusal when a button must not be pressed as it was."""

    # Its views

    def urls(self) -> list[URLPattern]:
        """The addresses below the ModelAdmin's: admin:APP_MODEL_live, and _act and _decide where there are buttons."""
        views: list[tuple[str, str, Callable[..., HttpResponse]]] = [("live", "<int:pk>/live/", self.live_view)]
        if self.verbs:
            views.append(("act", "<int:pk>/act/", self.act_view))
        if self.decisions:
            views.append(("decide", "<int:pk>/decide/<int:message_pk>/", self.decide_view))
        wrap = self.model_admin.admin_site.admin_view
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        return [path(route, wrap(view), name=f"{prefix}_{name}") for name, route, view in views]

    def row(self, request: HttpRequest, pk: Any, may_change: bool = False) -> Row:
        """Raises Http404, and PermissionDenied for people who may not see the row, or change it."""
        rows = self.model_admin.get_queryset(request).select_related(*self.related)
        row: Row = self.model_admin.row_or_404(request, rows, pk, may_change)
        return row

    def show(self, request: HttpRequest, row: Row, **extra: Any) -> TemplateResponse:
        context = {
            **self.model_admin.admin_site.each_context(request),
            **self.live_context(request, row),
            "title": str(row),
            "opts": self.opts,
            "original": row,
            "media": self.model_admin.media,
            "may_change": self.model_admin.has_change_permission(request, row),
            "may_delete": self.model_admin.has_delete_permission(request, row),
            **self.page_context(request, row),
            **extra,
        }
        return TemplateResponse(request, self.template, context)

    @method_decorator([require_GET, conditional_page])
    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The live part, as a fragment of HTML; 304 while it has not changed."""
        return render(request, self.live_template, self.live_context(request, self.row(request, pk)))

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button on the row: one of `verbs`."""
        row = self.row(request, pk, may_change=True)
        name = request.POST.get("verb", "")
        button = _button(self.verbs, name)
        try:
            self.check_verb(request, row, name)
            self.press(request, button, row)
        except (Refusal, ValidationError) as refusal:
            return self.refused(request, row, refusal)
        self.model_admin.log_change(request, row, str(button.label))
        return self.done(request, row)

    @method_decorator(require_POST)
    def decide_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
        """A button on a message whose outcome is unknown: one of `decisions`."""
        row = self.row(request, pk, may_change=True)
        message = get_object_or_404(self.messages_of(row), pk=message_pk)
        button = _button(self.decisions, request.POST.get("decision", ""))
        try:
            button.press(message, signed_in(request))
        except Refusal as refusal:
            return self.refused(request, row, refusal)
        self.model_admin.log_change(request, row, f"{button.label}: {message}")
        return self.done(request, row)

    def press(self, request: HttpRequest, button: Button, row: Row) -> None:
        """Do what a button on the row does."""
        button.press(row, signed_in(request))

    def done(self, request: HttpRequest, row: Row) -> HttpResponse:
        """The answer to a button that did its work."""
        return self.back(row)

    def refused(self, request: HttpRequest, row: Row, refusal: Refusal | ValidationError) -> HttpResponse:
        """The answer to a button that did not."""
        self.refuse(request, refusal)
        return self.back(row)

    def refuse(self, request: HttpRequest, refusal: Refusal | ValidationError) -> None:
        """Have the next page say why something was not done."""
        messages.error(request, sentence_of(refusal))

    def back(self, row: Model) -> HttpResponse:
        """To the row's page."""
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)


def sentence_of(refusal: Refusal | ValidationError) -> str:
    """Why something was not done, for people."""
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


def labels(buttons: Mapping[str, Button], names: list[str] | None = None) -> list[tuple[str, str | Promise]]:
    """(name, label) of buttons, for a template: of all, or of those named."""
    return [(name, buttons[name].label) for name in (buttons if names is None else names)]


def _button(buttons: Mapping[str, Button], name: str) -> Button:
    if name not in buttons:
        raise Http404
    return buttons[name]
