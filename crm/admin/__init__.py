from . import conversation, customer, deal, message, tag

__all__ = ["conversation", "customer", "deal", "message", "tag"]
