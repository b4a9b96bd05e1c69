"""Deleting rows with everything that depends on them: counted first, at once or by a job, with a receipt."""
