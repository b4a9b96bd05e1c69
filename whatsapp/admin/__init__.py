from . import message_template, number, webhook_event

__all__ = ["message_template", "number", "webhook_event"]
