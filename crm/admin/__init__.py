from . import conversation, customer, deal, message

__all__ = ["conversation", "customer", "deal", "message"]
