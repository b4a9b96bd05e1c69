"""
What the API of every app shares (errors, idempotency, pagination, parsers, throttling), and the endpoints of
accounts.
"""
