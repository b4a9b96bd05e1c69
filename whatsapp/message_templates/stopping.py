"""Templates that Meta lets not be sent any more: what is on its way with them is stopped at once."""

from django.utils import translation
from django.utils.translation import gettext as _

from whatsapp.models import MessageTemplate, outbound_models

from .reasons import quality_text, reason_text

Status = MessageTemplate.Status

#: With these Meta takes no message. What is under review, or about to be disabled, it may still take.
STOPPED = frozenset(
    {
        Status.REJECTED,
        Status.PAUSED,
        Status.DISABLED,
        Status.LOCKED,
        Status.LIMIT_EXCEEDED,
        Status.ARCHIVED,
        Status.PENDING_DELETION,
        Status.DELETED,
    }
)

#: So low that Meta pauses a template next.
LOW_QUALITY = "RED"


def is_usable_again(template: MessageTemplate) -> bool:
    """Whether nothing is left of what stops sending with it."""
    return template.status == Status.APPROVED and template.quality_score != LOW_QUALITY


def stop(template: MessageTemplate) -> None:
    """Stop what is on its way with a template, and say why in the language of its business."""
    with translation.override(template.business.language):
        why = reason_text(template) or quality_text(template)
        reason = _("“%(template)s”: %(why)s") % {"template": template, "why": why}
        for model in outbound_models():
            model.stop_template(template, reason)
