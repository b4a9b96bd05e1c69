from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .tenant import TenantQuerySet


class Role(models.TextChoices):
    """What a person may do in their business. Each role is also a group that holds its permissions (roles.py)."""

    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    OPERATOR = "operator", _("operator")


def lesser_role(first: str, second: str) -> Role:
    """The role with fewer rights of two."""
    return max(Role(first), Role(second), key=list(Role).index)


class LowercaseEmailField(models.EmailField):
    """An e-mail stored and looked up in lower case, so that unique means unique to people."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if value else value


class UserQuerySet(TenantQuerySet):
    def end_access(self) -> None:
        """End every sign-in of these people for good, and delete every API token they made, programs' included."""
        apps.get_model("accounts.ApiToken").objects.filter(user__in=self).delete()
        self.update(session_epoch=F("session_epoch") + 1)


class UserManager(BaseUserManager["User"]):
    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A platform administrator: belongs to no business and sees all of them."""
        return self.create_user(email, password, is_superuser=True, **fields)


# Knox has no types, and so the manager of tokens has none.
class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """
    A person who signs in by e-mail: a member of one business with a role there, or a platform administrator
    (superuser, no business).
    """

    email = LowercaseEmailField(
        _("e-mail"),
        unique=True,
        error_messages={"unique": _("This e-mail is already registered. Sign in, or use another one.")},
    )
    name = models.CharField(pgettext_lazy("person", "name"), max_length=150, blank=True)
    business = models.ForeignKey(
        "accounts.Business",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="people",
        verbose_name=_("business"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, blank=True)
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=[("ru", _("Russian")), ("en", _("English"))],
        blank=True,
        help_text=_("Empty: as the browser asks."),
    )
    is_active = models.BooleanField(
        _("may sign in"), default=True, help_text=_("Switch off instead of deleting, to keep what they wrote.")
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    # When a page of theirs was last asked for, to the minute (accounts.people.presence).
    last_seen_at = models.DateTimeField(_("last seen"), null=True, editable=False)
    # When they were last written to about what waits for them.
    alerted_at = models.DateTimeField(null=True, editable=False)

    # Sessions are bound to it, as they are to the password: counting it up ends them all.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    # The role of the API token that a request came with; set by authentication, never stored.
    token_role: str = ""
    # Whether a job may be deleting something now. RoleBackend loads people with the answer, because hiding what is
    # being deleted makes long lists slower.
    has_open_deletions: bool = True

    # Django's: a new password that is not saved yet.
    _password: str | None

    objects = UserManager.from_queryset(UserQuerySet)()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "users"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                name="user_has_role_in_business",
                condition=Q(business__isnull=True, role="") | Q(business__isnull=False, role__in=Role.values),
                violation_error_message=_("A member of a business needs a role; an administrator has none."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new password ends every sign-in, by API too. Tokens made for programs stay."""
        password_is_new = self._password is not None
        super().save(*args, **kwargs)
        if password_is_new:
            self.auth_token_set.filter(name="").delete()

    def get_session_auth_hash(self) -> str:
        return self._in_this_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        yield from map(self._in_this_epoch, super().get_session_auth_fallback_hash())

    def _in_this_epoch(self, digest: str) -> str:
        return f"{digest}.{self.session_epoch}" if self.session_epoch else digest

    @property
    def acting_role(self) -> str:
        """The role whose rights count now: the lesser of the person's and the token's."""
        return lesser_role(self.role, self.token_role) if self.role and self.token_role else self.role

    @property
    def is_staff(self) -> bool:
        """The admin is everybody's interface."""
        return self.is_superuser or self.business_id is not None

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email
