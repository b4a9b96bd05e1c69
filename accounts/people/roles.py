"""The matrix of rights: what each role may do with each model. Admin and API both check Django's permissions."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.db.models import Exists, Q, QuerySet

from accounts.models import Deletion, User

ALL = ("view", "add", "change", "delete")
READ = ("view",)
NOTHING: tuple[str, ...] = ()
NO_DELETE = ("view", "add", "change")

#: app.model → what an owner, a manager and an operator may do. Other words than Django's are permissions of the model.
RIGHTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "accounts.business": (("view", "change", "delete"), READ, NOTHING),
    "accounts.subscription": (READ, READ, NOTHING),
    "accounts.user": (ALL, READ, NOTHING),
    "accounts.apitoken": (ALL, READ, NOTHING),
    "accounts.deletion": (READ, READ, NOTHING),
    "whatsapp.whatsappnumber": ((*ALL, "change_secrets_of"), NO_DELETE, READ),
    "whatsapp.messagetemplate": (ALL, ALL, READ),
    "whatsapp.headerfile": (("view", "add"), ("view", "add"), ("view", "add")),
    "whatsapp.webhookevent": (READ, READ, NOTHING),
    "bots.bot": (ALL, ALL, READ),
    "bots.botscenario": (ALL, ALL, READ),
    "bots.allowedhost": (ALL, ALL, READ),
    "bots.scenarioversion": (READ, READ, READ),
    "bots.botsession": (READ, READ, READ),
    "bots.botturn": (READ, READ, READ),
    "broadcasts.broadcast": (ALL, ALL, READ),
    "broadcasts.broadcastmessage": (READ, READ, READ),
    "crm.customer": ((*ALL, "export"), (*ALL, "export"), NO_DELETE),
    "crm.customermerge": (("view", "add", "change"), ("view", "add", "change"), NOTHING),
    "crm.tag": (ALL, ALL, NO_DELETE),
    "crm.deal": (ALL, ALL, NO_DELETE),
    "crm.dealpipeline": (ALL, ALL, NO_DELETE),
    "crm.dealstage": (ALL, ALL, NO_DELETE),
    "crm.conversation": ((*ALL, "export"), (*ALL, "export"), NO_DELETE),
    "crm.savedreply": ((*ALL, "share"), (*ALL, "share"), ALL),
    "crm.scheduledmessage": (NO_DELETE, NO_DELETE, NO_DELETE),
    "crm.message": (("view", "add"), ("view", "add"), ("view", "add")),
}

ROLES = ("owner", "manager", "operator")


def permissions_of(role: str) -> QuerySet[Permission]:
    """The Permission rows of a role, as the matrix says."""
    chosen = Q(pk__in=[])
    for app_label, names in groupby(_names_of(role), key=itemgetter(0)):
        chosen |= Q(content_type__app_label=app_label, codename__in=[codename for _app_label, codename in names])
    return Permission.objects.filter(chosen)


def are_granted() -> bool:
    """Whether the groups of the roles have exactly the permissions of the matrix."""
    of_groups = Permission.objects.filter(group__name__in=ROLES)
    granted = of_groups.values_list("group__name", "content_type__app_label", "codename")
    return set(granted) == {(role, *names) for role in ROLES for names in _names_of(role)}


def _names_of(role: str) -> Iterator[tuple[str, str]]:
    """App and codename of each permission of a role."""
    for label, rights in RIGHTS.items():
        app_label, model = label.split(".")
        for word in rights[ROLES.index(role)]:
            yield app_label, f"{word}_{model}"


def grant_rights(**kwargs: Any) -> None:
    """Create the groups of the roles with the permissions of the matrix. Receives `post_migrate`."""
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions_of(role))


class RoleBackend(ModelBackend):
    """Django's backend. A person's permissions are those of the group named after their acting role."""

    def get_user(self, user_id: int) -> User | None:
        people = User.objects.annotate(has_open_deletions=Exists(Deletion.objects.open())).select_related("business")
        user = people.filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def _get_group_permissions(self, user: User) -> QuerySet[Permission]:
        return Permission.objects.filter(group__name=user.acting_role)
