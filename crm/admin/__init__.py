from . import conversation, customer, deal, deal_stage, message, tag

__all__ = ["conversation", "customer", "deal", "deal_stage", "message", "tag"]
