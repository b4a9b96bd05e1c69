from .column_mapping import ColumnMapping
from .conversation import Conversation, ConversationRead
from .conversation_export import ConversationExport
from .customer import Customer, Tag
from .customer_merge import CustomerMerge
from .customer_upload import ColumnsFrom, CustomerUpload
from .deal import Deal, DealPipeline, DealStage
from .media_file import MediaFile
from .message import Message
from .saved_reply import SavedReply
from .scheduled_message import ScheduledMessage
from .wait import Wait

__all__ = [
    "ColumnMapping",
    "ColumnsFrom",
    "Conversation",
    "ConversationExport",
    "ConversationRead",
    "Customer",
    "CustomerMerge",
    "CustomerUpload",
    "Deal",
    "DealPipeline",
    "DealStage",
    "MediaFile",
    "Message",
    "SavedReply",
    "ScheduledMessage",
    "Tag",
    "Wait",
]
