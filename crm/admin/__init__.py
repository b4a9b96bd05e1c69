from . import conversation, customer, deal, deal_stage, message, saved_reply, tag

__all__ = ["conversation", "customer", "deal", "deal_stage", "message", "saved_reply", "tag"]
