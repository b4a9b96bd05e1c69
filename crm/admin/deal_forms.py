"""The forms of deals: of a whole one, of one that is added in passing, of a move."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, User
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.idempotent_form import IdempotentForm
from crm.deals.amounts import parse_amount
from crm.deals.deals import REASON_NEEDED
from crm.deals.pipelines import Pipelines
from crm.models import Conversation, Customer, Deal, DealStage


class AmountField(forms.DecimalField):
    """An amount as people type it: 1500,50 or 1 500.50."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_digits": 14, "decimal_places": 2, "required": False, **kwargs})

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # The stub takes it for whole numbers.
        return parse_amount(value) if isinstance(value, str) else value

    def prepare_value(self, value: Any) -> Any:
        """As people of the page's language write it, so that it can be read again."""
        if not isinstance(value, Decimal | int):
            return value
        decimals = 0 if value == int(value) else 2
        return number_format(value, decimals, use_l10n=True, force_grouping=False)


class DealForm(TenantModelForm):
    """The form of a deal. Who puts it into a lost stage says why."""

    # One field where the stock one has two, and the browser's own calendar.
    next_step_at = forms.DateTimeField(
        label=_("Next step is due"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    amount = AmountField(label=_("Amount"), help_text=_("For example 1500,50. Empty where it is not known yet."))

    class Meta:
        model = Deal
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        stage = cleaned_data.get("stage")
        if stage and "stage" in self.changed_data:
            self._check_move(stage, cleaned_data)
        elif stage and not stage.is_lost:
            cleaned_data["lost_reason"] = ""
        return cleaned_data

    def _check_move(self, stage: DealStage, cleaned_data: dict[str, Any]) -> None:
        if not stage.is_lost:
            cleaned_data["lost_reason"] = ""
        elif not (cleaned_data.get("lost_reason") or "").strip():
            self.add_error("lost_reason", ValidationError(REASON_NEEDED, code="required"))
        self.instance.moved_at = timezone.now()


class MoveForm(forms.Form):
    """Where a deal goes, and why where it is lost."""

    stage = forms.ModelChoiceField(DealStage.objects.none(), label=_("Stage"))
    lost_reason = forms.CharField(
        label=_("Why it was lost"),
        max_length=300,
        required=False,
        help_text=_("Only where the stage is a lost one."),
    )

    def __init__(self, business: Business, pipelines: Pipelines, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stage: Any = self.fields["stage"]
        stage.queryset = DealStage.objects.for_business(business)
        stage.choices = [("", "---------"), *stage_choices(pipelines)]


class QuickAddForm(IdempotentForm):
    """A deal in passing: on the board with the customer in words, beside a conversation with the customer known."""

    title = forms.CharField(label=_("Title"), max_length=200)
    customer = forms.ModelChoiceField(Customer.objects.none(), required=False)
    customer_text = forms.CharField(label=_("Customer"), max_length=300, required=False)
    amount = AmountField(label=_("Amount"))
    stage = forms.ModelChoiceField(DealStage.objects.none(), required=False)
    conversation = forms.ModelChoiceField(Conversation.objects.none(), required=False)

    def __init__(self, business: Business, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("customer", "stage", "conversation"):
            field: Any = self.fields[name]
            field.queryset = field.queryset.model.objects.for_business(business)

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or {}
        is_named = cleaned_data.get("customer") or cleaned_data.get("customer_text")
        if not is_named and not {"customer", "customer_text"} & self.errors.keys():
            self.add_error("customer_text", ValidationError(_("Say whose deal it is."), code="required"))
        return cleaned_data


class BoardFilter(forms.Form):
    """What of the deals a board shows."""

    MINE, NOBODYS = "me", "nobody"

    pipeline = forms.CharField(required=False, widget=forms.HiddenInput)
    responsible = forms.ChoiceField(label=_("Responsible"), required=False)
    q = forms.CharField(label=_("Customer"), max_length=100, required=False)
    overdue = forms.BooleanField(label=_("Overdue only"), required=False)

    def __init__(self, people: list[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        responsible: Any = self.fields["responsible"]
        responsible.choices = [
            ("", _("Everybody's deals")),
            (self.MINE, _("My deals")),
            (self.NOBODYS, _("Nobody's deals")),
            *((str(person.pk), str(person)) for person in people),
        ]


def stage_choices(pipelines: Pipelines) -> Any:
    """The stages for a select; under the names of their pipelines where there are several."""
    groups = [
        (pipeline.name, [(stage.pk, stage.name) for stage in stages]) for pipeline, stages in pipelines if stages
    ]
    return groups if len(groups) > 1 else [choice for _name, choices in groups for choice in choices]
