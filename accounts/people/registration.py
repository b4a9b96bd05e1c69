"""Registration: a new business and its owner."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Business, Role, Subscription, User
from accounts.plans import PLANS
from accounts.refusals import Refusal
from accounts.tenancy.scope import tenant_models


def check_registration_is_open() -> None:
    """Raise Refusal("registration_closed") where REGISTRATION is not `open`."""
    if settings.REGISTRATION != "open":
        raise Refusal(
            "registration_closed",
            _("Registration is closed here. Ask the owner of your business for an invitation."),
            status=403,
        )


def register(*, email: str, password: str, business_name: str, name: str = "", language: str = "") -> User:
    """
    Store a new business on the installation's default plan, with its owner. Returns the owner. Raises ValidationError
    for an e-mail that is taken and for a weak password.
    """
    owner = User(email=email, name=name, role=Role.OWNER, language=language)
    owner.validate_unique()
    try:
        validate_password(password, owner)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error
    owner.set_password(password)
    try:
        with transaction.atomic():
            owner.business = Business(name=business_name, language=language or settings.LANGUAGE_CODE)
            open_business(owner.business)
            owner.save()
    except IntegrityError:  # The same e-mail was registered at the same moment.
        owner.validate_unique()
        raise
    return owner


@transaction.atomic
def open_business(business: Business) -> None:
    """Store a new business on the installation's default plan, with the rows that every business starts with."""
    business.save()
    start_plan(business, settings.DEFAULT_PLAN)
    for model in tenant_models():
        model.seed(business)


def start_plan(business: Business, plan_key: str, until: datetime | None = None) -> None:
    """Put a business on a plan until a time, or else for the plan's own length."""
    plan = PLANS[plan_key]
    now = timezone.now()
    if until is None and plan.length:
        until = now + plan.length
    Subscription.objects.update_or_create(
        business=business,
        defaults={"plan": plan.key, "started_at": now, "ends_at": until},
    )
