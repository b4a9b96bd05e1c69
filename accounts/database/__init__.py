"""
What databases ask of those who write much: many rows in one statement, short transactions, retries after a
deadlock.
"""
