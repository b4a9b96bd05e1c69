from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Revisioned, TenantModel
from accounts.office_hours import clean_office_hours


def default_menu_words() -> list[str]:
    return ["меню", "menu"]


def default_operator_words() -> list[str]:
    return ["оператор", "operator"]


def default_operator_text() -> str:
    """In the language of now: whoever makes a bot switches to that of its business."""
    return gettext("I am calling a person. The answer will come here.")


class Bot(Revisioned, TenantModel):
    """One number's bot: answers by its published scenarios. Of several, the lower priority is asked first."""

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber", on_delete=models.CASCADE, related_name="bots", verbose_name=_("number")
    )
    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(pgettext_lazy("bot", "active"), default=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Of several bots of a number the lowest is asked first.")
    )
    menu_words = models.JSONField(
        _("menu words"), default=default_menu_words, blank=True, help_text=_("Start from the beginning at any time.")
    )
    operator_words = models.JSONField(
        _("operator words"),
        default=default_operator_words,
        blank=True,
        help_text=_("Call a person at any time."),
    )
    operator_text = models.TextField(
        _("answer to an operator word"),
        max_length=1000,
        default=default_operator_text,
        blank=True,
        help_text=_("Empty: nothing is said, only a person is called."),
    )
    # For each day spans like 09:00-18:00 in the business's time zone (accounts.office_hours); empty: always.
    office_hours = models.JSONField(
        _("office hours"), default=dict, db_default={}, blank=True, validators=[clean_office_hours]
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_parent = "whatsapp_number"

    class Meta:
        db_table = "bots"
        verbose_name = _("bot")
        verbose_name_plural = _("bots")
        ordering = ["priority", "id"]
        # Serves: a business's bots.
        indexes = [models.Index("business", "priority", name="bot_by_business")]

    def __str__(self) -> str:
        return self.name

    def retire(self) -> None:
        """Answer nobody any more."""
        self.is_active = False
        self.save(update_fields=["is_active"])
