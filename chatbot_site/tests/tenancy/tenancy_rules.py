"""What must hold of every model, admin class and API view, so that nothing can be added outside the fences."""

from django.contrib.admin import site
from rest_framework.relations import ManyRelatedField, RelatedField

from accounts.models import Business, TenantModel
from accounts.people.roles import RIGHTS
from accounts.tenancy.admin import TenantInline, TenantModelAdmin
from accounts.tenancy.api import TenantScope
from accounts.tenancy.filters import TenantFilterSet
from accounts.tenancy.permissions import IsMember
from accounts.tenancy.scope import scope
from accounts.tenancy.serializers import TenantRelatedField
from chatbot_site.tests.tenancy.world import OTHER_TENANT_MODELS

#: Models that lead to a business and are shown to nobody but the person they are about.
PERSONAL = {"accounts.IdempotentRequest", "accounts.SelectedRow", "accounts.Selection", "admin.LogEntry"}

#: Models without a page or an address of their own, or with one for whoever made the row.
WITHOUT_SURFACE = {
    "accounts.MailedAlert",
    "bots.BotCall",
    "bots.BotTimer",
    "crm.ColumnMapping",
    "crm.ConversationExport",
    "crm.ConversationRead",
    "crm.CustomerUpload",
    "crm.MediaFile",
    "crm.Wait",
    "whatsapp.QuickSetup",
}

#: Other people's admin classes, without a business: only platform administrators may open them.
ADMINISTRATORS_ONLY = {"axes.AccessAttempt", "axes.AccessFailureLog", "axes.AccessLog"}

#: Addresses of the API for those who have no token yet.
PUBLIC = {"/api/v1/auth/register/", "/api/v1/auth/login/"}

#: And for everybody who has one, platform administrators too.
FOR_EVERYBODY = {"/api/v1/auth/logout/"}


def leads_to_business(model, seen=()):
    related = {field.related_model for field in model._meta.concrete_fields if field.is_relation}
    return Business in related or any(
        leads_to_business(other, (*seen, model)) for other in related if other not in (*seen, model)
    )


def faults_of_model(model):
    """A model whose rows belong to a business says so in one of the known ways, and somebody has rights to it."""
    label = model._meta.label
    is_tenant = issubclass(model, TenantModel) or model in OTHER_TENANT_MODELS
    if leads_to_business(model) and not is_tenant and label not in PERSONAL:
        yield f"{label} leads to a business, but is no TenantModel"
    if is_tenant and label.lower() not in RIGHTS and label not in WITHOUT_SURFACE:
        yield f"{label} is not in the matrix of rights"


def faults_of_scope(model, mine, theirs):
    """The rule shows a business its own row and not the other's."""
    try:
        rows = scope(model._default_manager.all(), mine.owner)
    except LookupError as error:
        yield str(error)
        return
    if not rows.filter(pk=mine.rows[model].pk).exists():
        yield f"{model._meta.label}: the own row is hidden"
    if rows.filter(pk=theirs.rows[model].pk).exists():
        yield f"{model._meta.label}: the other business's row is shown"


def faults_of_admin(model_admin):
    label = model_admin.model._meta.label
    if label in ADMINISTRATORS_ONLY:
        return
    if not isinstance(model_admin, TenantModelAdmin):
        yield f"the admin class of {label} is no TenantModelAdmin"
    for inline in model_admin.inlines:
        if not issubclass(inline, TenantInline):
            yield f"the inline {inline.__name__} of {label} is no TenantInline"


def faults_of_route(route):
    if route.path in PUBLIC:
        return
    view_class = route.view_class
    if not issubclass(view_class, TenantScope):
        yield f"{route}: {view_class.__name__} has no TenantScope"
    needs_business = any(issubclass(permission, IsMember) for permission in view_class.permission_classes)
    if not needs_business and route.path not in FOR_EVERYBODY:
        yield f"{route}: {view_class.__name__} is open to people without a business"
    filterset_class = getattr(view_class, "filterset_class", None)
    if filterset_class and not issubclass(filterset_class, TenantFilterSet):
        yield f"{route}: {filterset_class.__name__} is no TenantFilterSet"
    for name, field in fields_of(getattr(view_class, "serializer_class", None)):
        relation = field.child_relation if isinstance(field, ManyRelatedField) else field
        takes_ids = isinstance(relation, RelatedField) and not relation.read_only
        if takes_ids and not isinstance(relation, TenantRelatedField):
            yield f"{route}: the field {name} takes any row"


def fields_of(serializer_class):
    return serializer_class().fields.items() if serializer_class else ()


def registered_admins():
    return list(site._registry.values())
