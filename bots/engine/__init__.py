"""
A scenario as a pure function: document, state and event in, state and effects out. No database, network or
clock.
"""
