"""
Forms of rows that count their edits. A form that was opened before somebody else's save is not saved: it is shown
again as it was typed, with what is saved now beside each field that differs. Sent once more, it is saved.
"""

from copy import copy
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Revisioned, User

from .shown_value import shown_value

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

REVISION = "revision"
OPENED_AT = "revision_opened_at"


class _HiddenNumber(forms.FloatField):
    """What the page remembers; nobody edits it, and what is no number of ours is nothing."""

    widget = forms.HiddenInput

    def __init__(self, initial: Any) -> None:
        super().__init__(required=False, initial=initial)

    def clean(self, value: Any) -> float | None:
        try:
            number: float | None = super().clean(value)
        except ValidationError:
            return None
        return number

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class RevisionForm(ModelForm):
    """
    The form of a row that may be Revisioned. It remembers the revision that it shows; where none comes back, nothing
    is compared. Whoever saves it has locked the row (TenantModelAdmin.get_object).
    """

    user: User | None = None
    #: Whether the form was refused because the row was changed after the page had been opened.
    changed_meanwhile = False
    #: The fields that are saved only if they were changed on the page, so that an old page cannot overwrite them.
    saved_if_changed: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.instance, Revisioned) and self.instance.pk and self.fields:
            self.fields[REVISION] = _HiddenNumber(self.instance.revision)
            self.fields[OPENED_AT] = _HiddenNumber(time)

    @property
    def revision_fields(self) -> SafeString:
        """The hidden fields, for the page."""
        names = [name for name in (REVISION, OPENED_AT) if name in self.fields]
        return SafeString("".join(str(self[name]) for name in names))

    def _post_clean(self) -> None:
        shown = self.cleaned_data.get(REVISION)
        if shown is not None and shown != self.instance.revision and self.differing:
            self.changed_meanwhile = True
            self._show_both_versions()
        super()._post_clean()  # type: ignore[misc]  # Not in the stubs.

    @cached_property
    def differing(self) -> list[str]:
        """The fields in which something else is saved than was typed."""
        return [name for name in self.fields if self._differs(self[name])]

    def _differs(self, bound: BoundField) -> bool:
        if bound.name in self.saved_if_changed:
            return bound.name in self.changed_data
        typed, saved = bound.data, bound.field.prepare_value(bound.initial)
        if isinstance(typed, str) and isinstance(saved, str) and with_plain_ends(typed) == with_plain_ends(saved):
            return False
        return bound.field.has_changed(bound.initial, typed)

    def _show_both_versions(self) -> None:
        text = _(
            "%(who)s changed this after you had opened it, so nothing was saved. What you typed is still here, and"
            " what is saved now stands beside it. Save again to keep yours, or"
        ) % {"who": self._who_changed_it()}
        self.add_error(None, format_html('{} <a href="">{}</a>.', text, _("load what is saved")))
        for name in self.differing:
            if name in self.fields:
                self.add_error(name, self._saved_text(name))
        self._show_revision(self.instance.revision)

    def _saved_text(self, name: str) -> str:
        """What is saved in a field, in words. A secret is not shown."""
        value = shown_value(self[name])
        if value is None:
            return _("Another value is saved now.")
        text = _("Saved now: “%(value)s”.") % {"value": value} if value else _("Saved now: nothing.")
        return linebreaksbr(text) if "\n" in text else text

    def _show_revision(self, revision: int) -> None:
        """Have the page, shown again, remember this revision."""
        data: Any = copy(self.data)
        data[self.add_prefix(REVISION)] = str(revision)
        data[self.add_prefix(OPENED_AT)] = str(time())
        self.data = data

    def _who_changed_it(self) -> str:
        opened_at = self.cleaned_data.get(OPENED_AT) or time()
        entry = _last_entry(self.instance, since=datetime.fromtimestamp(max(0, min(opened_at, time())), UTC))
        if entry is None:
            return _("Another person or a program")
        who = _("You, in another window") if entry.user == self.user else str(entry.user)
        at = date_format(timezone.localtime(entry.action_time), "SHORT_DATETIME_FORMAT")
        return f"{who} ({at})"


def with_plain_ends(text: str) -> str:
    """A text without the line ends that browsers send."""
    return text.replace("\r\n", "\n")


def revision_shown(request: HttpRequest) -> int | None:
    """The revision that the page of a button showed; None where the page did not say."""
    text = request.POST.get(REVISION, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _last_entry(row: Any, since: datetime) -> LogEntry | None:
    """Who saved a row in the admin last, since a moment."""
    content_type = ContentType.objects.get_for_model(row)
    entries = LogEntry.objects.filter(content_type=content_type, object_id=str(row.pk), action_time__gte=since)
    return entries.select_related("user").order_by("-action_time").first()
