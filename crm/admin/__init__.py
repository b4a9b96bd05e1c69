from . import conversation, customer, deal, message, saved_reply, tag

__all__ = ["conversation", "customer", "deal", "message", "saved_reply", "tag"]
