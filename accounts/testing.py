"""People for tests: an owner, colleagues with lesser roles, a platform administrator."""

from itertools import count
from typing import Any

from accounts.jobs.job import Job, run_claimed
from accounts.people.registration import register

from .models import Business, Role, User

_serial = count(1)

PASSWORD = "correct horse battery"


def make_owner(business_name: str | None = None, **fields: Any) -> User:
    """The owner of a new business, registered as people register."""
    serial = next(_serial)
    return register(
        email=fields.pop("email", f"owner{serial}@example.com"),
        password=PASSWORD,
        business_name=business_name or f"Shop {serial}",
        **fields,
    )


def make_business(name: str | None = None) -> Business:
    return Business.objects.get(people=make_owner(name))


def make_colleague(owner: User, role: Role = Role.OPERATOR) -> User:
    return User.objects.create_user(f"{role}{next(_serial)}@example.com", PASSWORD, business=owner.business, role=role)


def make_administrator() -> User:
    """A platform administrator, who belongs to no business."""
    return User.objects.create_superuser(f"admin{next(_serial)}@example.com", PASSWORD)


def work_off(job: Job, seconds: float = 10) -> int:
    """Work on the due rows of a job, as workers do, until none is left. Returns how often one was claimed."""
    claimed = 0
    while row := job.claim():
        claimed += 1
        run_claimed(job, row, seconds)
    return claimed
