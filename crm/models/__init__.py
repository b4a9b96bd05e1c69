from .conversation import Conversation
from .customer import Customer, Tag
from .deal import Deal, DealStage
from .media_file import MediaFile
from .message import Message

__all__ = ["Conversation", "Customer", "Deal", "DealStage", "MediaFile", "Message", "Tag"]
