"""
The scenario document as a typed model: what a scenario may hold, what is wrong with one, and its JSON Schema. Pure.
"""
