"""The API of bots and scenarios."""
