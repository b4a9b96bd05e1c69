"""Deleting in the admin: a page with exact counts, then at once, or by a job whose page shows how far it is."""

from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import model_ngettext, unquote
from django.db import models
from django.http import HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped

from . import deletion
from . import page as deletion_page
from .forms import NameForm

#: Rows that one action deletes, within one request.
MAX_DELETED_AT_ONCE = 2000


class ChosenRows:
    """The chosen rows as one whose key names them all: Django reads no more than a thousand fields of a form."""

    def __init__(self, rows: list[models.Model]) -> None:
        self.pk = ",".join(str(row.pk) for row in rows)


class DeletesCascades:
    """What TenantModelAdmin knows about deleting. Where `types_name`, whoever deletes a row types its name."""

    types_name = False

    def delete_cascades(self, rows, requested_by):
        """Delete rows with all that hangs on them; returns the Deletion of each."""
        return deletion.delete_all(rows, requested_by)

    def confirmations(self, request, rows, data=None):
        """The forms that are filled in before these rows are deleted."""
        return [NameForm(data, row=row) for row in rows] if self.types_name else []

    def confirmation_context(self, request, rows):
        """What the page says besides, by rows."""
        return {}

    def get_deleted_objects(self, objs, request):
        """What the confirmation page shows: exact counts, and up to 50 linked rows a kind."""
        if getattr(request, "is_confirmed", False):
            return [], {}, set(), []
        cascade = deletion.Cascade(self.model._base_manager.filter(pk__in=[obj.pk for obj in objs]))
        return deletion_page.deleted_objects(cascade, self.admin_site, request)

    # One row, on its page

    def delete_view(self, request, object_id, extra_context=None):
        row = self.get_object(request, unquote(object_id))
        rows = [] if row is None else [row]
        try:
            context = {**self._asked(request, rows, request.method == "POST"), **(extra_context or {})}
            if not request.is_confirmed:
                # Whoever posts nothing sees the page.
                request.POST = QueryDict()
            return deletion_page.with_counts(again_after_deadlock(super().delete_view)(request, object_id, context))
        except Refusal as refusal:
            return self._tell(request, refusal)

    def _asked(self, request, rows, is_answered):
        """Whether it is confirmed, and what the page asks for and says."""
        forms = self.confirmations(request, rows, request.POST if is_answered else None)
        unconfirmed = [form for form in forms if not form.is_valid()]
        request.is_confirmed = is_answered and not unconfirmed
        return {"confirmations": forms, **self.confirmation_context(request, rows)}

    def delete_model(self, request, obj):
        request.deletions = self.delete_cascades([obj], request.user)

    def response_delete(self, request, obj_display, obj_id):
        return self._to_the_job(request) or super().response_delete(request, obj_display, obj_id)

    # Many, from the list

    def get_actions(self, request):
        actions = super().get_actions(request)
        if "delete_selected" in actions:
            _function, name, description = actions["delete_selected"]
            actions[name] = (type(self).delete_selected, name, description)
        return actions

    def delete_selected(self, request, queryset):
        if queryset.count() > MAX_DELETED_AT_ONCE:
            sentence = _("Choose at most %(count)s rows at once: narrow the list by a filter or a search.")
            self.message_user(request, sentence % {"count": grouped(MAX_DELETED_AT_ONCE)}, messages.ERROR)
            return None
        context = self._asked(request, queryset, is_answered="post" in request.POST)
        if request.is_confirmed:
            return self._delete_selected(request, queryset)
        request.POST = request.POST.copy()
        request.POST.pop("post", None)
        page = delete_selected(self, request, queryset)
        page.context_data.update(context, queryset=[ChosenRows(list(queryset))], rows=queryset)
        return deletion_page.with_counts(page)

    def _delete_selected(self, request, queryset):
        rows = list(queryset)
        self.delete_queryset(request, queryset)
        self.log_deletions(request, rows)
        gone = len(rows) - len(under_way(request))
        if gone:
            told = _("Successfully deleted %(count)d %(items)s.")
            told %= {"count": gone, "items": model_ngettext(self.opts, gone)}
            self.message_user(request, told, messages.SUCCESS)
        return self._to_the_job(request)

    def delete_queryset(self, request, queryset):
        request.deletions = self.delete_cascades(queryset, request.user)

    def _to_the_job(self, request):
        """To the page of the deletion that goes on, or to the list of several. None when all is gone."""
        going_on = under_way(request)
        if len(going_on) > 1:
            return redirect("admin:accounts_deletion_changelist")
        return redirect("admin:accounts_deletion_change", going_on[0].pk) if going_on else None

    def _tell(self, request, refusal):
        self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def under_way(request):
    """Of the deletions that this request asked for, those that a job goes on with."""
    return [asked for asked in getattr(request, "deletions", ()) if asked.state != asked.State.DONE]
