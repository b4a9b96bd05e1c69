import zoneinfo
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.office_hours import clean_office_hours, is_open

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


#: How many words a business may have of a kind, and the characters of each.
MAX_WORDS = 50
MAX_WORD = 100


def validate_words(value: Any) -> None:
    """Raise ValidationError for what is no list of words as `clean_words` makes it."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValidationError(_("Write a list of words."), code="words")
    if len(value) > MAX_WORDS:
        raise ValidationError(_("At most 50 words. Keep those that people write."), code="words")
    if any(len(word) > MAX_WORD for word in value):
        raise ValidationError(_("A word or phrase has at most 100 characters. Shorten it."), code="words")


def clean_words(words: Iterable[str]) -> list[str]:
    """Words without blanks around and between them, each once, whatever its case; what is empty is left out."""
    cleaned = (" ".join(word.split()) for word in words)
    return list({word.casefold(): word for word in reversed(list(cleaned)) if word}.values())[::-1]


def default_opt_out_text() -> str:
    """What is said to whoever opted out where the business has no text of its own, in the language of now."""
    return gettext("You will receive no more mailings. To receive them again, write START.")


def default_opt_in_text() -> str:
    """The same to whoever opted in again."""
    return gettext("You will receive our mailings again. To stop them, write STOP.")


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
    bot_returns_after = models.PositiveSmallIntegerField(
        _("the bot returns after (hours)"),
        null=True,
        blank=True,
        default=12,
        db_default=12,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text=_(
            "A bot is silent where a person answers. It speaks again so long after that person's last message, or "
            "when the conversation is closed. Empty: only when it is closed."
        ),
    )
    # For each day spans like 09:00-18:00 in the business's time zone (accounts.office_hours); empty: always.
    office_hours = models.JSONField(
        _("working hours"), default=dict, db_default={}, blank=True, validators=[clean_office_hours]
    )
    # Crm does by these what is done for whoever waits (crm.teamwork).
    alerts_after = models.PositiveSmallIntegerField(
        _("e-mail when a customer waits longer than (minutes)"),
        null=True,
        blank=True,
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text=_(
            "During working hours, to whoever the dialogue is assigned to, else to the owners; one letter in half an "
            "hour at most, with everybody who waits. Empty: no letters."
        ),
    )
    alerts_about_numbers = models.BooleanField(
        _("e-mail when a number needs you"),
        default=True,
        db_default=False,
        help_text=_("To the owners, once for each trouble, at any hour."),
    )
    assigns_automatically = models.BooleanField(
        _("assign dialogues automatically"),
        default=False,
        db_default=False,
        help_text=_(
            "Who waits for an answer is given to the one of those present who has the fewest waiting. Present is who "
            "has had a page open within the last two minutes."
        ),
    )
    returns_after = models.PositiveSmallIntegerField(
        _("take a dialogue back when it is unanswered for (minutes)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text=_("During working hours it returns to those that nobody answers yet. Empty: never."),
    )
    shows_first_steps = models.BooleanField(default=True, db_default=False, editable=False)
    # Crm decides what is asked by these words (crm.customers.opt_out).
    opt_out_words = models.JSONField(
        _("opt-out words"), default=list, db_default=[], blank=True, validators=[validate_words]
    )
    opt_in_words = models.JSONField(
        _("opt-in words"), default=list, db_default=[], blank=True, validators=[validate_words]
    )
    confirms_opt_out = models.BooleanField(
        _("confirm opt-outs"),
        default=True,
        db_default=True,
        help_text=_("Whoever opts out by a word, or in again, is told so once."),
    )
    opt_out_text = models.CharField(_("answer to an opt-out"), max_length=1000, blank=True, default="", db_default="")
    opt_in_text = models.CharField(_("answer to an opt-in"), max_length=1000, blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        db_table = "businesses"
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.opt_out_words, self.opt_in_words = clean_words(self.opt_out_words), clean_words(self.opt_in_words)
        both = {word.casefold() for word in self.opt_out_words} & {word.casefold() for word in self.opt_in_words}
        if both:
            sentence = _("“%(word)s” is an opt-out word as well. Remove it here or there.")
            raise ValidationError({"opt_in_words": ValidationError(sentence, params={"word": min(both)})})

    def is_at_work(self, now: datetime) -> bool:
        """Whether this moment lies in the working hours."""
        return is_open(self.office_hours, now.astimezone(zoneinfo.ZoneInfo(self.time_zone)))

    def retire(self) -> None:
        """From now on nobody signs in and nothing is sent."""
        self.is_suspended = True
        self.save(update_fields=["is_suspended"])
        people = User.objects.filter(business=self)
        people.update(is_active=False)
        people.end_access()
