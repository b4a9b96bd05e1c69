from .conversation import Conversation
from .conversation_export import ConversationExport
from .customer import Customer, Tag
from .customer_merge import CustomerMerge
from .customer_upload import CustomerUpload
from .deal import Deal, DealStage
from .media_file import MediaFile
from .message import Message

__all__ = [
    "Conversation",
    "ConversationExport",
    "Customer",
    "CustomerMerge",
    "CustomerUpload",
    "Deal",
    "DealStage",
    "MediaFile",
    "Message",
    "Tag",
]
