"""Deleting anything with all that depends on it: counted first, at once or by a job, with a receipt."""
