"""Customers: identified, merged, searched, opted out, imported from files and exported to them."""
