"""
Writing to databases: many rows in one statement, short transactions, deadlocks, outages, indexes of large tables.
"""
