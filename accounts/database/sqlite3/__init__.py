"""Django's backend for SQLite, in which threads write in the order of coming."""
