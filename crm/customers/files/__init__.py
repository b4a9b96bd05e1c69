"""Customers in files: read from CSV and Excel, with columns headed by anybody, imported and exported."""
