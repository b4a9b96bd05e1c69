"""A form that does its work once, however often its button is pressed."""

from uuid import uuid4

from django import forms

from accounts.models import IdempotentRequest, User


class IdempotentForm(forms.Form):
    # Both requests of a double click have the same.
    idempotency_key = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)

    def is_first(self, user: User) -> bool:
        """Whether this very form has not been sent before. Called in the transaction of its work."""
        key = str(self.cleaned_data["idempotency_key"])
        _request, is_first = IdempotentRequest.objects.get_or_create(user=user, key=key)
        return is_first
