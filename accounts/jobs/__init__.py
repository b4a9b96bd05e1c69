"""
Work that rows wait for. One worker at a time claims a row for the length of a lease and works on it for a slice of
some seconds. Businesses take turns.
"""
