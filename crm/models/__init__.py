from .conversation import Conversation
from .customer import Customer, Tag
from .deal import Deal, DealStage
from .message import Message

__all__ = ["Conversation", "Customer", "Deal", "DealStage", "Message", "Tag"]
