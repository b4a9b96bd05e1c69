from . import broadcast, message

__all__ = ["broadcast", "message"]
