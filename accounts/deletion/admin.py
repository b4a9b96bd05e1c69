"""Deleting in the admin: a page with exact counts, then at once, or by a job whose page shows its progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import model_ngettext, unquote
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.models import Deletion, Selection, User
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped

from . import deletion, selections
from . import page as deletion_page
from .cascade import Cascade
from .forms import NameForm

#: Chosen rows that are deleted within one request. More of them are left to a job.
MAX_DELETED_AT_ONCE = 2000

#: Rows, with all that depends on them, that are deleted within one request.
MAX_ROWS_IN_REQUEST = 20_000

#: The field by which the confirmation page names the rows it is about, when they are written down.
SELECTION_FIELD = "selection"


class ChosenRows:
    """The chosen rows as one, whose key lists theirs: Django reads at most a thousand fields of a form."""

    def __init__(self, pks: list[Any]) -> None:
        self.pk = ",".join(map(str, pks))


if TYPE_CHECKING:
    from django.contrib import admin

    Base = admin.ModelAdmin[Any]
else:
    Base = object


class DeletesCascades(Base):
    """The part of TenantModelAdmin that deletes. Where `types_name`, whoever deletes a row types its name first."""

    types_name = False
    # Whether very many rows may be deleted by a job. Not where each needs a decision, or its name.
    leaves_many_to_job = True

    def delete_cascades(self, rows: Iterable[Any], requested_by: User | None) -> list[Deletion]:
        """Delete rows with everything that depends on them. Returns the Deletion of each."""
        return deletion.delete_all(rows, requested_by)

    def confirmations(
        self, request: HttpRequest, rows: Iterable[Any], data: Mapping[str, Any] | None = None
    ) -> Sequence[forms.Form]:
        """The forms that are filled in before these rows are deleted."""
        return [NameForm(data, row=row) for row in rows] if self.types_name else []

    def confirmation_context(self, request: HttpRequest, rows: Iterable[Any]) -> dict[str, Any]:
        """What else the page says about these rows."""
        return {}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What the confirmation page shows: exact counts, and links to up to 50 rows of each kind."""
        if _is_confirmed(request):
            return [], {}, set(), []
        rows = objs if isinstance(objs, models.QuerySet) else self._rows([obj.pk for obj in objs])
        return deletion_page.deleted_objects(Cascade(rows), self.admin_site, request)

    def _rows(self, pks: list[Any]) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._base_manager.filter(pk__in=pks)
        return rows

    # One row, on its page

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        row = self.get_object(request, unquote(object_id))
        rows = [] if row is None else [row]
        try:
            context = {**self._confirm(request, rows, request.method == "POST"), **(extra_context or {})}
            if not _is_confirmed(request):
                # Django shows the page to whoever posts nothing.
                request.POST = QueryDict()
            return deletion_page.with_counts(again_after_deadlock(super().delete_view)(request, object_id, context))
        except Refusal as refusal:
            return self._redirect_refused(request, refusal)

    def _confirm(self, request: HttpRequest, rows: Any, is_answered: bool) -> dict[str, Any]:
        """Set `request.is_confirmed`. Returns the context of the confirmation page."""
        forms = self.confirmations(request, rows, request.POST if is_answered else None)
        unconfirmed = [form for form in forms if not form.is_valid()]
        request.is_confirmed = is_answered and not unconfirmed  # type: ignore[attr-defined]
        return {"confirmations": forms, **self.confirmation_context(request, rows)}

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._delete(request, [obj])

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        return self._redirect_to_job(request) or super().response_delete(request, obj_display, obj_id)

    # Many, from the list

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            _function, name, description = actions["delete_selected"]
            actions[name] = (type(self).delete_selected, name, description)
        return actions

    def delete_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        if SELECTION_FIELD in request.POST:
            return self._delete_selection(request)
        pks = list(queryset.order_by().values_list("pk", flat=True).distinct())
        if len(pks) > MAX_DELETED_AT_ONCE:
            return self._confirm_selection(request, pks)
        context = self._confirm(request, queryset, is_answered="post" in request.POST)
        if _is_confirmed(request):
            return self._delete_selected(request, queryset)
        context |= {"queryset": [ChosenRows(pks)], "rows": queryset}
        return self._confirmation_page(request, self._rows(pks), context)

    def _confirmation_page(self, request: HttpRequest, rows: models.QuerySet[Any], context: dict[str, Any]) -> Any:
        """Django's page, which tells what is deleted with these rows."""
        values = request.POST.copy()
        values.pop("post", None)
        request.POST = values  # type: ignore[assignment]
        page: Any = delete_selected(self, request, rows)
        page.context_data.update(context)
        return deletion_page.with_counts(page)

    def _confirm_selection(self, request: HttpRequest, pks: list[Any]) -> Any:
        """Write down very many rows, as they match now, and ask whether these are to be deleted."""
        if not self.leaves_many_to_job or self.types_name:
            text = _("Choose at most %(count)s rows at once: narrow the list by a filter or a search.")
            self.message_user(request, text % {"count": grouped(MAX_DELETED_AT_ONCE)}, messages.ERROR)
            return None
        selection = selections.select(self.model, pks, _user(request))
        rows = selection.rows()
        context = {"selection": selection, "queryset": [], **self.confirmation_context(request, rows)}
        page = self._confirmation_page(request, rows, context)
        page.template_name = "admin/accounts/delete_selection.html"
        return page

    def _delete_selection(self, request: HttpRequest) -> HttpResponse:
        """Begin the deletion of the rows that the confirmation page was about, or go to the one that has begun."""
        try:
            asked = selections.find(request.POST[SELECTION_FIELD], self.model, _user(request))
        except Refusal as refusal:
            return self._redirect_refused(request, refusal)
        return self._leave_to_job(request, asked)

    def _leave_to_job(self, request: HttpRequest, asked: Selection | Deletion) -> HttpResponse:
        begun = asked if isinstance(asked, Deletion) else selections.delete(asked, _user(request))
        return redirect("admin:accounts_deletion_change", begun.pk)

    def _delete_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        rows: Any = list(queryset)
        if self._are_many(rows):
            selection = selections.select(self.model, [row.pk for row in rows], _user(request))
            return self._leave_to_job(request, selection)
        self.delete_queryset(request, queryset)
        self.log_deletions(request, rows)
        gone = len(rows) - len(under_way(request))
        if gone:
            text = _("Successfully deleted %(count)d %(items)s.")
            text %= {"count": gone, "items": model_ngettext(self.opts, gone)}
            self.message_user(request, text, messages.SUCCESS)
        return self._redirect_to_job(request)

    def _are_many(self, rows: list[Any]) -> bool:
        """Whether so much depends on these rows together that a job deletes them."""
        if not self.leaves_many_to_job or self.types_name or len(rows) < 2:
            return False
        return Cascade(self._rows([row.pk for row in rows])).total > MAX_ROWS_IN_REQUEST

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        deletions = self.delete_cascades(rows, _user(request))
        request.deletions = deletions  # type: ignore[attr-defined]

    def _redirect_to_job(self, request: HttpRequest) -> HttpResponse | None:
        """Redirect to the deletion that a job continues, or to the list if there are several. None if all are done."""
        deletions = under_way(request)
        if len(deletions) > 1:
            return redirect("admin:accounts_deletion_changelist")
        return redirect("admin:accounts_deletion_change", deletions[0].pk) if deletions else None

    def _redirect_refused(self, request: HttpRequest, refusal: Refusal) -> HttpResponse:
        self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _is_confirmed(request: HttpRequest) -> bool:
    return getattr(request, "is_confirmed", False)


def under_way(request: HttpRequest) -> list[Deletion]:
    """Those of the deletions begun by this request that a job continues."""
    return [deletion for deletion in getattr(request, "deletions", ()) if deletion.state != Deletion.State.DONE]
