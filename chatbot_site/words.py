"""What people call things: the title of a page, and of the button that leads to it, where Django names a model."""

from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

#: What a new row of a model is called. Russian would need the model's gender and case.
NEW: dict[str, str | Promise] = {
    "accounts.apitoken": _("New API token"),
    "accounts.business": _("New business"),
    "accounts.user": _("Invite a person"),
    "bots.allowedhost": _("New allowed host"),
    "bots.bot": _("New bot"),
    "bots.botscenario": _("New scenario"),
    "broadcasts.broadcast": _("New broadcast"),
    "crm.customer": _("New customer"),
    "crm.deal": _("New deal"),
    "crm.dealpipeline": _("New pipeline"),
    "crm.dealstage": _("New stage"),
    "crm.savedreply": _("New canned reply"),
    "crm.tag": _("New tag"),
    "whatsapp.messagetemplate": _("New template"),
    "whatsapp.whatsappnumber": _("New number"),
}


def new_one(options: Any) -> str:
    """The title of the page of a new row, by the model's `_meta`."""
    known = NEW.get(options.label_lower)
    return str(known) if known else capfirst(gettext("Add %s") % options.verbose_name)
