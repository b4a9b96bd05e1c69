from dataclasses import asdict
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health, numbers
from whatsapp.numbers.issues import issues_of
from whatsapp.phone_numbers import readable_phone

from .number_forms import WhatsAppNumberForm
from .number_page import NumberPage
from .quick_setup import QuickSetupPages


@admin.register(WhatsAppNumber)
class WhatsAppNumberAdmin(NumberPage, QuickSetupPages, TenantModelAdmin):
    form = WhatsAppNumberForm
    types_name = True
    list_display = ["name", "phone", "switch", "connection", "quality"]
    list_filter = ["is_active", "status"]
    search_fields = ["name", "phone_number", "phone_number_id"]
    search_help_text = _("Name, phone number or phone number ID")
    readonly_fields = [*NumberPage.state_fields, *NumberPage.webhook_fields, "exported"]
    empty_text = _(
        "No numbers yet. “Quick setup” connects all numbers of a WhatsApp Business account by its access token; “Add"
        " manually” takes one."
    )
    actions = ["activate", "deactivate", "sync_templates"]

    @admin.display(description=_("phone number"), ordering="phone_number")
    def phone(self, number):
        return readable_phone(number.phone_number)

    @admin.display(description=_("active"), ordering="is_active")
    def switch(self, number):
        """One click on the status switches it."""
        state = gettext("on") if number.is_active else gettext("off")
        return format_html(
            '<button type="submit" class="number-switch {}" formmethod="post" formaction="{}" title="{}">{}</button>',
            "is-on" if number.is_active else "is-off",
            reverse("admin:whatsapp_whatsappnumber_switch", args=[number.pk]),
            gettext("Switch off") if number.is_active else gettext("Switch on"),
            state,
        )

    def get_list_display(self, request):
        columns = super().get_list_display(request)
        if self.has_change_permission(request):
            return columns
        return ["is_active" if column == "switch" else column for column in columns]

    def get_urls(self):
        own = [
            path(
                "<int:pk>/switch/", self.admin_site.admin_view(self.switch_view), name="whatsapp_whatsappnumber_switch"
            ),
            path("<int:pk>/check/", self.admin_site.admin_view(self.check_view), name="whatsapp_whatsappnumber_check"),
            path(
                "<int:pk>/sync-templates/",
                self.admin_site.admin_view(self.sync_templates_view),
                name="whatsapp_whatsappnumber_sync_templates",
            ),
        ]
        return own + super().get_urls()

    def _number(self, request, pk):
        return self.row_or_404(request, self.get_queryset(request), pk, may_change=True)

    def switch_view(self, request, pk):
        return require_POST(self._switch)(request, self._number(request, pk))

    def _switch(self, request, number):
        self._set_active(request, number, not number.is_active)
        return HttpResponseRedirect(self._where_from(request, number))

    def _where_from(self, request, number):
        """The list as it was filtered, when the click was there; else the number's own page."""
        came_from = urlsplit(request.headers.get("Referer", ""))
        listing = reverse("admin:whatsapp_whatsappnumber_changelist")
        if came_from.path == listing:
            return f"{listing}?{came_from.query}" if came_from.query else listing
        return reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])

    def _set_active(self, request, number, is_active):
        if is_active:
            numbers.activate(number)
            told = gettext("“%(number)s” is on: bots answer and messages go out.")
        else:
            numbers.deactivate(number)
            told = gettext("“%(number)s” is off: incoming messages are kept, bots are silent, nothing is sent.")
        self.log_change(request, number, gettext("Switched on.") if is_active else gettext("Switched off."))
        self.message_user(request, told % {"number": number}, messages.SUCCESS)

    def check_view(self, request, pk):
        return require_POST(self._check)(request, self._number(request, pk))

    def _check(self, request, number):
        try:
            health.check(number)
            found = issues_of(number, timezone.now())
            told = found[0].text if found else gettext("“%(number)s” is in order at Meta.") % {"number": number}
            self.message_user(request, told, messages.WARNING if found else messages.SUCCESS)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]))

    def sync_templates_view(self, request, pk):
        return require_POST(self._sync_templates)(request, self._number(request, pk))

    def _sync_templates(self, request, number):
        told, level = sync_in_words(number)
        self.message_user(request, told, level)
        return HttpResponseRedirect(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]))

    @admin.action(description=_("Sync templates"), permissions=["change"])
    def sync_templates(self, request, queryset):
        for number in queryset:
            self.message_user(request, *sync_in_words(number))

    @admin.action(description=_("Switch on"), permissions=["change"])
    def activate(self, request, queryset):
        for number in queryset:
            self._set_active(request, number, True)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def deactivate(self, request, queryset):
        for number in queryset:
            self._set_active(request, number, False)

    # Meta is asked before Django opens the transaction in which it validates and saves the form.

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method == "POST":
            request.connection = self._ask_meta(request, object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _ask_meta(self, request, object_id):
        number = self.get_object(request, object_id) if object_id else None
        if not (self.has_change_permission(request, number) if number else self.has_add_permission(request)):
            return None
        form = super().get_form(request, number, change=number is not None)(request.POST, instance=number)
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

    def save_model(self, request, obj, form, change):
        """What was not changed here is left alone: delivery may write down a pause at the same moment."""
        if not change:
            numbers.check_plan(obj.business)
        obj.save(update_fields=form.written if change else None)

    def response_add(
        self, request: HttpRequest, obj: WhatsAppNumber, post_url_continue: str | None = None
    ) -> HttpResponse:
        self._tell_needs(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: WhatsAppNumber) -> HttpResponse:
        self._tell_needs(request, obj)
        return super().response_change(request, obj)

    def _tell_needs(self, request: HttpRequest, number: WhatsAppNumber) -> None:
        """What is needed at once stands on the number's own page anyway."""
        if "_continue" in request.POST:
            return
        for need in issues_of(number, timezone.now()):
            self.message_user(request, f"{number}: {need.text}", messages.WARNING)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"connection": getattr(request, "connection", None)})

    def confirmation_context(self, request, rows):
        """Whoever runs the installation is told of the backup."""
        is_own = request.user.is_superuser or settings.DEFAULT_PLAN == "unlimited"
        return {"backup_command": "python manage.py backup_db" if is_own else ""}

    class Media:
        css = {"all": ["whatsapp/numbers.css"]}
        js = ["whatsapp/copy.js"]


def sync_in_words(number):
    """Read a number's templates: what came of it, and the level of that message."""
    try:
        synced = sync.sync(number)
    except Refusal as refusal:
        return f"{number}: {refusal}", messages.ERROR
    told = gettext("“%(number)s”: templates at Meta: %(total)d; new here: %(created)d; deleted: %(deleted)d.")
    return told % {"number": number, **asdict(synced)}, messages.SUCCESS
