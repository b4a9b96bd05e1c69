"""The API of broadcasts and their messages."""
