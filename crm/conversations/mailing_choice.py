"""What a customer's words say about mailings, and the sentence by which it is confirmed."""

from django.utils import translation

from accounts.models import Business
from accounts.models.business import default_opt_in_text, default_opt_out_text
from accounts.refusals import Refusal
from crm.customers.opt_out import asks_to_start, asks_to_stop
from crm.models import Conversation, Message

from . import outbox


def asked(text: str, business: Business) -> bool | None:
    """Whether a text asks for mailings (True) or for none (False) and nothing else; None for any other text."""
    if asks_to_stop(text, business.opt_out_words):
        return False
    return True if asks_to_start(text, business.opt_in_words) else None


def confirmation(business: Business, wants_mailings: bool) -> str:
    """What a business says to whoever chose, in the language of now; empty where it says nothing."""
    if not business.confirms_opt_out:
        return ""
    if wants_mailings:
        return business.opt_in_text.strip() or default_opt_in_text()
    return business.opt_out_text.strip() or default_opt_out_text()


def confirm(conversation: Conversation, wants_mailings: bool) -> None:
    """Queue the confirmation, also where a person answers, if the number may send and the window is open."""
    business = conversation.whatsapp_number.business
    with translation.override(business.language):
        text = confirmation(business, wants_mailings)
    if not text:
        return
    try:
        outbox.queue(conversation, {"type": "text", "text": {"body": text}}, text, Message.Origin.BOT)
    except Refusal:
        return
