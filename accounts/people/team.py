"""The people of a business: inviting, changing and removing them. One owner who can sign in always remains."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.deletion import deletion
from accounts.models import Business, Deletion, Role, User
from accounts.plans import check_limit
from accounts.refusals import Refusal

from . import tasks

#: What others may change about a person.
CHANGEABLE = ("name", "role", "language", "is_active")


@transaction.atomic
def invite(person: User) -> None:
    """
    Store a new person (an unsaved User of a business) without a password, and send the invitation. Raises
    Refusal("plan_limit"), and ValidationError for what the person's fields must not be.
    """
    assert person.business is not None
    _lock(person.business)
    _check_plan(person.business)
    person.set_unusable_password()
    person.full_clean()
    person.save()
    tasks.send_invitation.delay_on_commit(person.pk)  # type: ignore[attr-defined]


@transaction.atomic
def change(person: User) -> None:
    """
    Store what was changed about a person. Whoever is switched off, or on again, has no sign-ins and API tokens left.
    Raises Refusal: `last_owner`, `plan_limit`.
    """
    if person.business:
        _lock(person.business)
    stored = User.objects.get(pk=person.pk)
    if person.business:
        _check_change(person.business, person, stored)
    person.save(update_fields=CHANGEABLE)
    if person.is_active != stored.is_active:
        User.objects.filter(pk=person.pk).end_access()


def _check_change(business: Business, person: User, stored: User) -> None:
    """Raise Refusal where the business would lose its last owner, or exceed its plan."""
    if not (person.is_active and person.role == Role.OWNER):
        _check_not_last_owner(business, stored)
    if person.is_active and not stored.is_active:
        _check_plan(business)


@again_after_deadlock
@transaction.atomic
def remove(person: User, requested_by: User | None) -> Deletion:
    """Delete a person; what they wrote stays. Returns the receipt. Raises Refusal("last_owner")."""
    if person.business:
        _lock(person.business)
        _check_not_last_owner(person.business, User.objects.get(pk=person.pk))
    return deletion.delete(person, requested_by=requested_by)


def _check_plan(business: Business) -> None:
    """Raise Refusal("plan_limit") when the business may not have one person more."""
    check_limit(business, "people", lambda: active_people(business).count() + 1)


def _lock(business: Business) -> None:
    """Have changes to the people of a business happen one after the other."""
    Business.objects.select_for_update().get(pk=business.pk)


def active_people(business: Business) -> QuerySet[User]:
    return User.objects.for_business(business).filter(is_active=True)


def _owners_who_can_sign_in(business: Business) -> QuerySet[User]:
    """The active owners with a password. Django marks an unusable password by a leading exclamation mark."""
    return active_people(business).filter(role=Role.OWNER).exclude(password__startswith="!")


def _check_not_last_owner(business: Business, person: User) -> None:
    """Raise Refusal("last_owner") for the only owner who can sign in."""
    owners = _owners_who_can_sign_in(business)
    if owners.filter(pk=person.pk).exists() and not owners.exclude(pk=person.pk).exists():
        raise Refusal(
            "last_owner",
            _("%(person)s is the only owner. Make somebody else an owner first.") % {"person": person},
        )
