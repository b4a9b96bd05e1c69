"""
Looks at an installation: what is in order, what is broken, and what to do about it. `examination.py` lists what is
looked at; each module beside it looks at things of one kind.
"""
