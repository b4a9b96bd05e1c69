import zoneinfo
from typing import Self

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .revisioned import Revisioned
from .tenant import TenantQuerySet, Viewer
from .user import User


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone. Write it like Europe/Moscow."), code="time_zone")


def validate_country(value: str) -> None:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(
            _("There is no country “%(country)s”. Write two capital letters, for example RU or KZ."),
            code="country",
            params={"country": value},
        )


class BusinessQuerySet(TenantQuerySet):
    def for_user(self, user: Viewer) -> Self:
        if user.is_superuser:
            return self.not_being_deleted()
        return self.filter(pk=user.business_id)


class Business(Revisioned):
    """A tenant: one company with its numbers, people, customers and settings. Businesses never see each other."""

    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(
        _("country"),
        max_length=2,
        default="RU",
        validators=[validate_country],
        help_text=_("Two letters. Phones written without a country code are read as phones of this country."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Moscow", validators=[validate_time_zone]
    )
    language = models.CharField(
        _("language"), max_length=8, choices=[("ru", _("Russian")), ("en", _("English"))], default="ru"
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="RUB",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, for example RUB."))],
        help_text=_("Three letters (ISO 4217) for the amounts of new deals."),
    )
    is_suspended = models.BooleanField(
        _("suspended"),
        default=False,
        help_text=_("Nothing is sent for a suspended business; incoming messages are still kept."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        db_table = "businesses"
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def retire(self) -> None:
        """From now on nobody signs in and nothing is sent."""
        self.is_suspended = True
        self.save(update_fields=["is_suspended"])
        people = User.objects.filter(business=self)
        people.update(is_active=False)
        people.end_access()
