"""The API of customers, conversations, messages and deals."""
