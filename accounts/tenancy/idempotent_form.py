"""A form whose button does its work once, however often it is pressed."""

from typing import Any
from uuid import uuid4

from django import forms

from accounts.models import IdempotentRequest


class OnceForm(forms.Form):
    # The same in both requests of a double click.
    once = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)

    def is_first(self, user: Any) -> bool:
        """Whether this very form has not been sent before. Called in the transaction of its work."""
        _request, is_first = IdempotentRequest.objects.get_or_create(user=user, key=str(self.cleaned_data["once"]))
        return is_first
