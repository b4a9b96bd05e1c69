from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken, AuthTokenManager

from .user import Role, User


class ApiToken(AbstractAuthToken):
    """
    A key for the API. Signing in makes one without a name, which stays valid while it is used; one made for a program
    has a name and the role it acts with. Only a digest is stored.
    """

    name = models.CharField(_("name"), max_length=100, blank=True)
    role = models.CharField(
        _("role"),
        max_length=20,
        choices=Role.choices,
        blank=True,
        help_text=_("What the program may do; never more than the person it belongs to."),
    )

    # Knox's own, with names for people.
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="auth_token_set", verbose_name=_("person")
    )
    created = models.DateTimeField(_("made"), auto_now_add=True)
    expiry = models.DateTimeField(_("works until"), null=True, blank=True, help_text=_("Empty: until it is deleted."))

    objects = AuthTokenManager()

    class Meta:
        db_table = "api_tokens"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name or self.user} ({self.token_key[:8]}…)"

    @property
    def is_sign_in(self) -> bool:
        return not self.name

    @classmethod
    def scope_for(cls, queryset: models.QuerySet[Any], user: User) -> models.QuerySet[Any]:
        return queryset.filter(user__business_id=user.business_id, user__business__isnull=False)
