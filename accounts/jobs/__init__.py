"""
Work that rows wait for: claimed for the length of a lease by one worker at a time, in slices of some seconds, and
businesses take turns.
"""
