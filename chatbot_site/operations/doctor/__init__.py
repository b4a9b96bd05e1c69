"""
Checks an installation: what is in order, what is broken, and what to do about it. `examination.py` lists the checks;
each module beside it has those of one kind.
"""
