"""Webhooks from Meta: verified and stored, parsed, and processed in the order in which they came."""
