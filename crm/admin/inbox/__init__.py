from .page import Inbox

__all__ = ["Inbox"]
