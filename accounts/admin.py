import django.contrib.auth.admin  # noqa: F401  It registers Group, which is taken out below.
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import registration, team, tokens
from .admin_forms import ApiTokenForm, BusinessForm, PersonForm
from .invitations import invitation_url
from .models import ApiToken, Business, Deletion, Subscription, User
from .tenant_admin import ReadOnlyTenantAdmin, TenantModelAdmin

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

    def delete_model(self, request, person):
        team.remove(person, requested_by=request.user)

    def delete_queryset(self, request, people):
        for person in people:
            team.remove(person, requested_by=request.user)


@admin.register(Business)
class BusinessAdmin(TenantModelAdmin):
    """An owner's own business; all of them for platform administrators."""

    form = BusinessForm
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
    """Receipts: what was deleted, when and by whom."""

    list_display = ["name", "kind", "state", "progress", "requested_by_email", "created_at", "finished_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["name", "requested_by_email"]
    fields = ["name", "kind", "state", "progress", "removed", "requested_by_email", "created_at", "finished_at"]

    @admin.display(description=_("kind"), ordering="what")
    def kind(self, deletion):
        try:
            return capfirst(apps.get_model(deletion.what)._meta.verbose_name)
        except (LookupError, ValueError):
            return deletion.what

    @admin.display(description=_("progress"))
    def progress(self, deletion):
        return gettext("%(done)s of %(total)s rows") % {"done": deletion.done, "total": deletion.total}

    @admin.display(description=_("what was deleted"))
    def removed(self, deletion):
        names = {model._meta.db_table: capfirst(model._meta.verbose_name_plural) for model in apps.get_models()}
        lines = [(names.get(table, table), count) for table, count in deletion.counts.items()]
        return format_html_join("\n", "<div>{}: {}</div>", lines) or "—"
