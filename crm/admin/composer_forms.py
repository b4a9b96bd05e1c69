"""The forms by which people write in a conversation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.tenancy.idempotent_form import IdempotentForm
from crm.conversations import outbox
from crm.models import Conversation, Message
from whatsapp.graph.media_types import EXTENSIONS

REPLY, NOTE = "reply", "note"


class LaterInput(forms.DateTimeInput):
    """A moment in the time zone of the business."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class LaterForm(IdempotentForm):
    """What may go out later."""

    send_at = forms.DateTimeField(label=_("Send at"), required=False, widget=LaterInput())
    cancel_if_customer_writes = forms.BooleanField(label=_("Not if the customer writes first"), required=False)


class MessageField(forms.IntegerField):
    """A message of the conversation, by its id."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)
        self.conversation: Conversation | None = None

    def clean(self, value: Any) -> Message | None:
        pk = super().clean(value)
        if pk is None:
            return None
        message = self.conversation.messages.filter(pk=pk).first() if self.conversation else None
        if message is None:
            raise forms.ValidationError(_("This message does not exist."), code="does_not_exist")
        return message


class ReplyForm(LaterForm):
    mode = forms.ChoiceField(
        label=_("What you write"),
        choices=[(REPLY, pgettext_lazy("to the customer", "Reply")), (NOTE, pgettext_lazy("to colleagues", "Note"))],
        initial=REPLY,
        required=False,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Reply"),
        max_length=outbox.MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "placeholder": _("“/” for canned replies")}),
    )
    file = forms.FileField(
        label=_("Photo or file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ",".join(EXTENSIONS)}),
        help_text=_("It goes out with your text as its caption."),
    )
    reply_to = MessageField(required=False)

    def __init__(self, *args: Any, conversation: Conversation | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reply_to"]
        assert isinstance(field, MessageField)
        field.conversation = conversation

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or REPLY

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        has_file = values.get("file") and values.get("mode") != NOTE
        if not (values.get("text") or has_file or self.errors):
            self.add_error("text", forms.ValidationError(_("Write something, or choose a file."), code="required"))
        elif has_file and values.get("send_at"):
            sentence = _("A file cannot go out later. Send it now, or leave a text for later.")
            self.add_error("file", forms.ValidationError(sentence, code="not_later"))
        return values


class ReactionForm(IdempotentForm):
    message = MessageField()
    emoji = forms.CharField(required=False, max_length=outbox.MAX_EMOJI)

    def __init__(self, *args: Any, conversation: Conversation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["message"]
        assert isinstance(field, MessageField)
        field.conversation = conversation
