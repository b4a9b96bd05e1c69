from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.scope import signed_in
from crm.conversations import saved_replies
from crm.models import SavedReply


class SavedReplyForm(TenantModelForm):
    text = forms.CharField(
        label=_("Text"),
        max_length=4096,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
        help_text=_(
            'Filled in for the customer whom you answer: {{customer.name|default:"friend"}}, {{customer.phone}}, '
            "{{customer.attributes.city}}. You may still change it before it goes out."
        ),
    )
    is_shared = forms.BooleanField(
        label=_("For everybody"), required=False, help_text=_("Otherwise you alone have it.")
    )

    class Meta:
        model = SavedReply
        fields = ["shortcut", "text"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_share = self.user is not None and saved_replies.may_write(self.user, is_shared=True)
        self.fields["is_shared"].initial = self.instance.is_shared if self.instance.pk else self.may_share
        self.fields["is_shared"].disabled = not self.may_share

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        try:
            saved_replies.check_text(text)
        except ValidationError as error:
            raise ValidationError(error.messages) from error
        return text

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("is_shared") or (self.user and self.user.is_superuser):
            self.instance.owner = None
        elif self.instance.pk is None or self.instance.is_shared:
            self.instance.owner = self.user
        return values

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"owner"}


@admin.register(SavedReply)
class SavedReplyAdmin(TenantModelAdmin):
    """Everybody's canned replies, which managers write, and one's own."""

    form = SavedReplyForm
    list_display = ["name", "beginning", "for_everybody"]
    search_fields = ["shortcut", "text"]
    fields = ["shortcut", "text", "is_shared"]
    empty_text = _(
        "No canned replies yet. Write down what you answer every day, and find it by “/” in the box of a reply."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedReply]:
        replies: Any = super().get_queryset(request)
        user = signed_in(request)
        return replies if user.is_superuser else replies.visible_to(user)

    def has_change_permission(self, request: HttpRequest, obj: SavedReply | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_write(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SavedReply | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_write(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Who may not delete everybody's deletes their own one by one."""
        return super().get_actions(request) if saved_replies.may_write(signed_in(request), is_shared=True) else {}

    def _may_write(self, request: HttpRequest, reply: SavedReply | None) -> bool:
        return reply is None or saved_replies.may_write(signed_in(request), reply.is_shared)

    @admin.display(description=_("shortcut"), ordering="shortcut")
    def name(self, reply: SavedReply) -> str:
        return str(reply)

    @admin.display(description=_("text"))
    def beginning(self, reply: SavedReply) -> str:
        return Truncator(" ".join(reply.text.split())).chars(80)

    @admin.display(description=_("for everybody"), boolean=True)
    def for_everybody(self, reply: SavedReply) -> bool:
        return reply.is_shared
