from .header_file import HeaderFile
from .number import WhatsAppNumber
from .outbound import IS_OPEN, Claimed, Claimer, OutboundMessage, outbound_models
from .quick_setup import QuickSetup
from .template import MessageTemplate
from .webhook_event import WebhookEvent

__all__ = [
    "IS_OPEN",
    "Claimed",
    "Claimer",
    "HeaderFile",
    "MessageTemplate",
    "OutboundMessage",
    "QuickSetup",
    "WebhookEvent",
    "WhatsAppNumber",
    "outbound_models",
]
