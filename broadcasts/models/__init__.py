from .broadcast import Broadcast
from .message import BroadcastMessage

__all__ = ["Broadcast", "BroadcastMessage"]
