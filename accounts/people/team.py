"""The people of a business: inviting, changing and removing them. One owner who can sign in always remains."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.deletion import deletion
from accounts.models import Business, Role, User
from accounts.plans import check_limit
from accounts.refusals import Refusal

from . import tasks

#: What may be changed about a person by others.
CHANGEABLE = ("name", "role", "language", "is_active")


@transaction.atomic
def invite(person):
    """Store a new person (an unsaved User of a business) without a password, and send the invitation."""
    lock(person.business)
    check_plan(person.business)
    person.set_unusable_password()
    person.full_clean()
    person.save()
    tasks.send_invitation.delay_on_commit(person.pk)


@transaction.atomic
def change(person: User) -> None:
    """
    Store what was changed about a person. Who may not sign in any more, or may again, has no sign-ins and keys left.
    """
    if person.business_id:
        lock(person.business)
    stored = User.objects.get(pk=person.pk)
    if person.business_id:
        _check_change(person, stored)
    person.save(update_fields=CHANGEABLE)
    if person.is_active != stored.is_active:
        User.objects.filter(pk=person.pk).end_access()


def _check_change(person: User, stored: User) -> None:
    """Raise Refusal for what the business would lose, or has no room for."""
    if not (person.is_active and person.role == Role.OWNER):
        refuse_losing_last_owner(stored)
    if person.is_active and not stored.is_active:
        check_plan(person.business)


@again_after_deadlock
@transaction.atomic
def remove(person, requested_by):
    """Remove a person; what they wrote stays. Returns the receipt."""
    if person.business_id:
        lock(person.business)
        refuse_losing_last_owner(User.objects.get(pk=person.pk))
    return deletion.delete(person, requested_by=requested_by)


def check_plan(business):
    """Raise Refusal("plan_limit") when the business may not have one person more."""
    check_limit(business, "people", lambda: active_people(business).count() + 1)


def lock(business):
    """Let changes to the people of a business happen one after the other."""
    Business.objects.select_for_update().get(pk=business.pk)


def active_people(business):
    return User.objects.for_business(business).filter(is_active=True)


def owners_who_can_sign_in(business):
    """Owners with a password: Django marks an unusable one by a leading exclamation mark."""
    return active_people(business).filter(role=Role.OWNER).exclude(password__startswith="!")


def refuse_losing_last_owner(person):
    owners = owners_who_can_sign_in(person.business)
    if owners.filter(pk=person.pk).exists() and not owners.exclude(pk=person.pk).exists():
        raise Refusal(
            "last_owner",
            _("%(person)s is the only owner. Make somebody else an owner first.") % {"person": person},
        )
