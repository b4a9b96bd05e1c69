from .number import WhatsAppNumber
from .outbound import IS_OPEN, OutboundMessage, outbound_models
from .template import MessageTemplate
from .webhook_event import WebhookEvent

__all__ = ["IS_OPEN", "MessageTemplate", "OutboundMessage", "WebhookEvent", "WhatsAppNumber", "outbound_models"]
