from .conversation import Conversation
from .customer import Customer, Tag
from .customer_upload import CustomerUpload
from .deal import Deal, DealStage
from .media_file import MediaFile
from .message import Message

__all__ = [
    "Conversation",
    "Customer",
    "CustomerUpload",
    "Deal",
    "DealStage",
    "MediaFile",
    "Message",
    "Tag",
]
