from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.numbers.issues import issues_of

from . import number_page
from .number_buttons import NumberButtons
from .number_forms import WhatsAppNumberForm
from .quick_setup import QuickSetupPages
from .template_sync import sync_templates

#: What becomes of things while a number is switched off.
SWITCHED_OFF = _(
    "While the number is off, messages and broadcasts wait; they go on when you switch it on again. A broadcast whose"
    " time came meanwhile is paused until you decide. Bots do not answer messages that came meanwhile, and a scenario"
    " that timed out has ended."
)


@admin.register(WhatsAppNumber)
class WhatsAppNumberAdmin(TenantModelAdmin):
    """
    The numbers of a business, with buttons (NumberButtons) and quick setup (QuickSetupPages). Adding one, or changing
    what Meta must confirm, asks Meta.
    """

    form = WhatsAppNumberForm
    types_name = True
    list_display = ["name", number_page.phone, "switch", number_page.connection, number_page.quality]
    list_filter = ["is_active", "status"]
    search_fields = ["name", "phone_number", "phone_number_id"]
    search_help_text = _("Name, phone number or phone number ID")
    readonly_fields: ClassVar[Any] = [*number_page.STATE_FIELDS, *number_page.WEBHOOK_FIELDS, number_page.exported]
    empty_text = _(
        "No numbers yet. “Quick setup” connects all numbers of a WhatsApp Business account with one access token; “Add"
        " manually” adds one number."
    )
    actions = ["activate", "deactivate", "sync_templates"]

    def __init__(self, model: type[WhatsAppNumber], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.buttons = NumberButtons(self)
        self.quick_setup = QuickSetupPages(self)

    def get_urls(self) -> list[URLPattern]:
        return [*self.buttons.urls(), *self.quick_setup.urls(), *super().get_urls()]

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"may_set_up": self.quick_setup.is_allowed(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        if self.has_change_permission(request):
            return columns
        return ["is_active" if column == "switch" else column for column in columns]

    @admin.display(description=_("active"), ordering="is_active")
    def switch(self, number: WhatsAppNumber) -> str:
        """One click on the state switches it."""
        return format_html(
            '<button type="submit" class="number-switch {}" formmethod="post" formaction="{}" title="{}">{}</button>',
            "is-on" if number.is_active else "is-off",
            reverse("admin:whatsapp_whatsappnumber_switch", args=[number.pk]),
            gettext("Switch off") if number.is_active else gettext("Switch on"),
            gettext("on") if number.is_active else gettext("off"),
        )

    @admin.action(description=_("Sync templates"), permissions=["change"])
    def sync_templates(self, request: HttpRequest, queryset: QuerySet[WhatsAppNumber]) -> None:
        sync_templates(request, queryset)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[WhatsAppNumber]) -> None:
        for number in queryset:
            self.buttons.set_active(request, number, True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[WhatsAppNumber]) -> None:
        for number in queryset:
            self.buttons.set_active(request, number, False)

    # The page of a number

    def get_fieldsets(self, request: HttpRequest, obj: WhatsAppNumber | None = None) -> list[Any]:
        fields: list[Any] = ["name", "phone_number", "phone_number_id", "waba_id"]
        if self._asks_for_business(request, obj):
            fields.insert(0, "for_business")
        if obj is None or signed_in(request).has_perm("whatsapp.change_secrets_of_whatsappnumber"):
            # Whoever adds a number enters its token; afterwards only the owner changes it.
            fields += ["access_token", "app_secret"]
        if obj:
            fields.append(number_page.exported)
        fieldsets: list[Any] = [
            (None, {"fields": fields}),
            (
                _("Sending"),
                {"fields": ["is_active", "messages_per_second", "read_receipts"], "description": SWITCHED_OFF},
            ),
        ]
        if obj:
            fieldsets.append((_("What Meta says"), {"fields": number_page.STATE_FIELDS}))
        if obj and self.has_change_permission(request, obj):
            hint = _("Enter the callback URL and the verify token at Meta under WhatsApp → Configuration → Webhook.")
            fieldsets.append((_("Webhook"), {"fields": number_page.WEBHOOK_FIELDS, "description": hint}))
        return fieldsets

    def form_context(self, request: HttpRequest, obj: WhatsAppNumber | None) -> dict[str, Any]:
        return {"needs": issues_of(obj, timezone.now()) if obj else []}

    def confirmation_context(self, request: HttpRequest, rows: Any) -> dict[str, Any]:
        """Whoever runs the installation is reminded of the backup."""
        runs_installation = signed_in(request).is_superuser or settings.DEFAULT_PLAN == "unlimited"
        return {"backup_command": "python manage.py backup_db" if runs_installation else ""}

    # Meta is asked before Django opens the transaction in which it validates and saves the form.

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            cast(_AskingRequest, request).connection = self._ask_meta(request, object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _ask_meta(self, request: HttpRequest, object_id: str | None) -> numbers.Connection | ValidationError | None:
        """What Meta says of the number as it was entered; None where there is nothing to ask."""
        number = self.get_object(request, object_id) if object_id else None
        if not (self.has_change_permission(request, number) if number else self.has_add_permission(request)):
            return None
        form = self.get_form(request, number, change=number is not None)(request.POST, instance=number)
        if not form.is_valid():
            return None
        if number and not numbers.CHECKED_FIELDS & set(form.changed_data):
            return None
        try:
            if not number and form.instance.business_id:
                numbers.check_plan(form.instance.business)
            return numbers.ask_about(form.instance)
        except ValidationError as error:
            return error
        except Refusal as refusal:
            return ValidationError(str(refusal))

    def get_form(
        self, request: HttpRequest, obj: WhatsAppNumber | None = None, change: bool = False, **kwargs: Any
    ) -> type[WhatsAppNumberForm]:
        form: type[WhatsAppNumberForm] = super().get_form(request, obj, change=change, **kwargs)
        form.connection = getattr(request, "connection", None)
        return form

    def save_model(self, request: HttpRequest, obj: WhatsAppNumber, form: Any, change: bool) -> None:
        """Save what was changed on the page and no more: delivery may write down a pause at the same moment."""
        if not change:
            numbers.check_plan(obj.business)
        obj.save(update_fields=form.written if change else None)

    def response_add(
        self, request: HttpRequest, obj: WhatsAppNumber, post_url_continue: str | None = None
    ) -> HttpResponse:
        _warn_of_issues(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: WhatsAppNumber) -> HttpResponse:
        _warn_of_issues(request, obj)
        return super().response_change(request, obj)

    class Media:
        css = {"all": ["whatsapp/numbers.css"]}
        js = ["whatsapp/copy.js"]


class _AskingRequest(HttpRequest):
    """A request with what Meta said of the number that it saves, for the form made from it."""

    connection: numbers.Connection | ValidationError | None


def _warn_of_issues(request: HttpRequest, number: WhatsAppNumber) -> None:
    """Say which issues a saved number has, unless its own page comes next and says so."""
    if "_continue" not in request.POST:
        for issue in issues_of(number, timezone.now()):
            messages.warning(request, f"{number}: {issue.text}")
