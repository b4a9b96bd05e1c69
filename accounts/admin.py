import django.contrib.auth.admin  # noqa: F401  It registers Group, which is taken out below.
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.models import Group
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import conditional_page, require_GET

from . import registration, team, tokens
from .admin_forms import ApiTokenForm, BusinessForm, PersonForm
from .deletion_forms import PasswordForm
from .invitations import invitation_url
from .models import ApiToken, Business, Deletion, Subscription, User
from .templatetags.accounts import grouped
from .tenant_admin import ReadOnlyTenantAdmin, TenantModelAdmin
from .tenant_admin_deletion import under_way

# Groups are the roles, written by accounts.roles after each migrate; nobody edits them by hand.
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(TenantModelAdmin):
    """The people of a business. Adding one invites them."""

    form = PersonForm
    list_display = ["email", "name", "role", "is_active", "has_joined", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    search_help_text = _("E-mail or name")
    readonly_fields = ["invitation", "last_login", "date_joined"]

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["email", "name", "role", "language"]
        fields = ["email", "name", "role", "language", "is_active", "last_login", "date_joined"]
        if not obj.business_id:
            fields.remove("role")
        may_invite = self.has_change_permission(request, obj) and not obj.has_usable_password()
        return [*fields, "invitation"] if may_invite else fields

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return ["email", *fields] if obj else fields

    @admin.display(description=_("has joined"), boolean=True)
    def has_joined(self, person):
        return person.has_usable_password()

    @admin.display(description=_("invitation link"))
    def invitation(self, person):
        return format_html(
            "{}<br>{}",
            invitation_url(person),
            gettext("Hand it over as you like, for example in WhatsApp. It opens the page to choose a password."),
        )

    def save_model(self, request, person, form, change):
        if change:
            team.change(person)
            return
        team.invite(person)
        self.message_user(
            request,
            format_html(
                gettext("Invited by e-mail: {}. The same link, for handing over in WhatsApp: {}"),
                person.email,
                invitation_url(person),
            ),
            messages.INFO,
        )

    def delete_cascade(self, row, requested_by):
        return team.remove(row, requested_by)


@admin.register(Business)
class BusinessAdmin(TenantModelAdmin):
    """An owner's own business; all of them for platform administrators."""

    form = BusinessForm
    types_name = True
    list_display = ["name", "plan", "country", "language", "is_suspended", "created_at"]
    list_filter = ["is_suspended", "language"]
    list_select_related = ["subscription"]
    search_fields = ["name"]
    fields = ["name", "country", "time_zone", "language", "currency", "is_suspended", "created_at"]

    def get_readonly_fields(self, request, obj=None):
        return ["created_at"] if request.user.is_superuser else ["is_suspended", "created_at"]

    @admin.display(description=_("plan"))
    def plan(self, business):
        return business.subscription.get_plan_display()

    def save_model(self, request, business, form, change):
        if change:
            business.save(update_fields=form.changed_data)
        else:
            registration.open_business(business)

    # Deleting a business: an administrator types its name, its owner also the password.

    def get_actions(self, request):
        actions = super().get_actions(request)
        return actions if request.user.is_superuser else {}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        # The page has a link of its own.
        context["show_delete"] = False
        return super().render_change_form(request, context, add, change, form_url, obj)

    def confirmations(self, request, rows, data=None):
        forms = super().confirmations(request, rows, data)
        return forms if request.user.is_superuser else [*forms, PasswordForm(data, request=request)]

    def response_delete(self, request, obj_display, obj_id):
        if request.user.is_superuser:
            return super().response_delete(request, obj_display, obj_id)
        logout(request)
        told = _("“%(name)s” has been deleted with all it had.")
        if under_way(request):
            told = _("“%(name)s” is being deleted with all it has. Nobody of it can sign in any more.")
        messages.success(request, told % {"name": obj_display})
        return redirect("admin:login")


@admin.register(Subscription)
class SubscriptionAdmin(TenantModelAdmin):
    """The plan of a business: to look at for its owner, to change for platform administrators."""

    list_display = ["business", "plan", "status", "started_at", "ends_at"]
    list_filter = ["plan", "ends_at"]
    search_fields = ["business__name"]
    fields = ["business", "plan", "status", "started_at", "ends_at"]
    readonly_fields = ["business", "status", "started_at"]

    @admin.display(description=_("status"))
    def status(self, subscription):
        return subscription.status.label

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(TenantModelAdmin):
    """Keys for programs. A key is shown once, when it is made."""

    form = ApiTokenForm
    list_display = ["name", "role", "person", "beginning", "created", "expiry"]
    list_filter = ["role", "expiry"]
    list_select_related = ["user"]
    search_fields = ["name"]
    fields = ["name", "role", "expiry"]

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(name="")

    @admin.display(description=_("person"), ordering="user")
    def person(self, token):
        return token.user

    @admin.display(description=_("key begins with"))
    def beginning(self, token):
        return f"{token.token_key[:8]}…"

    def has_add_permission(self, request):
        """The API works for one business, so a platform administrator has no use for a key."""
        return request.user.business_id is not None and super().has_add_permission(request)

    def has_change_permission(self, request, obj=None):
        return False

    def save_model(self, request, token, form, change):
        token.user = request.user
        key = tokens.issue(token)
        self.message_user(
            request,
            format_html(gettext("The key, shown this once. Copy it now: {}"), key),
            messages.WARNING,
        )

    def delete_model(self, request, token):
        token.delete()

    def delete_queryset(self, request, queryset):
        queryset.delete()


@admin.register(Deletion)
class DeletionAdmin(ReadOnlyTenantAdmin):
    """What is being deleted, which updates by itself, and receipts: what was deleted, when and by whom."""

    list_display = ["name", "kind", "state", "progress", "requested_by_email", "requested"]
    list_filter = ["state", "created_at"]
    search_fields = ["name", "requested_by_email"]
    fields = []

    @admin.display(description=_("kind"), ordering="what")
    def kind(self, deletion):
        model = model_of(deletion)
        return capfirst(model._meta.verbose_name) if model else deletion.what

    @admin.display(description=_("progress"))
    def progress(self, deletion):
        numbers = {"done": grouped(deletion.done), "total": grouped(deletion.total)}
        told = gettext("%(done)s of %(total)s rows") % numbers
        if deletion.state == Deletion.State.DONE:
            return told
        return format_html('<progress max="{}" value="{}"></progress> {}', deletion.total, deletion.done, told)

    @admin.display(description=Deletion._meta.get_field("created_at").verbose_name, ordering="created_at")
    def requested(self, deletion):
        return date_format(localtime(deletion.created_at), "SHORT_DATETIME_FORMAT")

    def get_urls(self):
        view = self.admin_site.admin_view(self.live_view)
        return [path("<int:pk>/live/", view, name="accounts_deletion_live"), *super().get_urls()]

    @method_decorator([require_GET, conditional_page])
    def live_view(self, request, pk):
        """What changes by itself, as a fragment of HTML; 304 while nothing did."""
        deletion = self.row_or_404(request, self.get_queryset(request), pk)
        return render(request, "admin/accounts/deletion/receipt.html", self._receipt(deletion))

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context.update(self._receipt(obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _receipt(self, deletion):
        names = {model._meta.db_table: capfirst(model._meta.verbose_name_plural) for model in apps.get_models()}
        return {
            "deletion": deletion,
            "kind": self.kind(deletion),
            "progress": self.progress(deletion),
            "removed": [(names.get(table, table), grouped(count)) for table, count in deletion.counts.items()],
            "rows": grouped(deletion.done),
            "can_be_exported": hasattr(model_of(deletion), "exported_at"),
        }

    class Media:
        css = {"all": ["accounts/deletion.css"]}


def model_of(deletion):
    """The model of what was deleted, or None when there is none of this name any more."""
    try:
        return apps.get_model(deletion.what)
    except (LookupError, ValueError):
        return None
